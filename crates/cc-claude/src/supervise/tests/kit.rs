//! A shell script in the place of Claude, and somebody who watches it.

use std::fs;
use std::future::{Future, pending};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::process::Signal;
use cc_core::{Env, FailureClass, JobId, Proc, Time};

use crate::{Claude, End, Limits, Observer, Outcome, Progress, Request, Tools, run};

/// Shell functions for scripts that speak as Claude does.
const SPEECH: &str = r#"#!/bin/sh
init() { echo '{"type":"system","subtype":"init","session_id":"t1","model":"m","tools":["Read"]}'; }
say() { echo '{"type":"assistant","parent_tool_use_id":null,"message":{"id":"m1","content":[{"type":"text","text":"'"$1"'"}]}}'; }
result() { echo '{"type":"result","subtype":"success","is_error":false,"result":"done","session_id":"t1","num_turns":1}'; }
ready() { : > "$DIR/ready"; }
note() { echo "$2" > "$DIR/$1.new" && mv "$DIR/$1.new" "$DIR/$1"; }
"#;

pub(super) const FOREVER: Limits = Limits {
    idle: Duration::MAX,
    total: Duration::MAX,
};

/// One script and the directory it works in.
pub(super) struct Script {
    dir: tempfile::TempDir,
    pub(super) request: Request,
    pub(super) watcher: Watcher,
}

/// Remembers what it was told.
pub(super) struct Watcher {
    pub(super) job: JobId,
    pub(super) breaks_off: bool,
    pub(super) claude: Option<Proc>,
    pub(super) progress: Vec<Progress>,
    /// How long it works on what is read at once, as one that writes a log does.
    pub(super) work: Duration,
}

impl Observer for Watcher {
    fn job(&self) -> &JobId {
        &self.job
    }

    fn spawned(&mut self, claude: &Proc) -> ControlFlow<()> {
        self.claude = Some(claude.clone());
        if self.breaks_off {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn progress(&mut self, progress: Progress) {
        self.progress.push(progress);
    }

    fn heard(&mut self) {
        std::thread::sleep(self.work);
    }
}

impl Script {
    pub(super) fn new(body: &str) -> Self {
        let dir = cc_executable::dir();
        let path = dir.path().join("claude");
        let vars = format!("DIR='{}'\n", dir.path().display());
        cc_executable::write(&path, SPEECH.to_owned() + &vars + body);
        let request = Request {
            prompt: "review".into(),
            tools: Tools::ReadOnly,
            limits: FOREVER,
            ..Request::new(dir.path())
        };
        Self {
            dir,
            request,
            watcher: Watcher {
                job: JobId::fresh("test", Time::from_millis(0)),
                breaks_off: false,
                claude: None,
                progress: Vec::new(),
                work: Duration::ZERO,
            },
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What the script wrote there.
    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(super) fn env(&self) -> Env {
        let vars = [("PATH", "/usr/bin:/bin"), ("CLAUDECODE", "1")];
        Env::fixed(self.dir.path(), "/bin/cc", vars)
    }

    pub(super) fn claude(&self) -> Claude {
        let workspace = Path::new("/nowhere/workspace");
        Claude::locate(&self.env(), workspace, Some(&self.path("claude"))).unwrap()
    }

    pub(super) async fn run(&mut self) -> Outcome {
        self.run_until(pending()).await
    }

    /// Runs the script, and cancels once it says that it is ready.
    pub(super) async fn run_until_ready(&mut self) -> Outcome {
        let ready = self.path("ready");
        self.run_until(appears(ready)).await
    }

    pub(super) async fn run_until(&mut self, cancelled: impl Future<Output = ()>) -> Outcome {
        let (claude, env) = (self.claude(), self.env());
        let run = run(&claude, &self.request, &env, cancelled, &mut self.watcher);
        tokio::time::timeout(Duration::from_secs(60), run)
            .await
            .expect("the run ends")
    }

    /// The process whose pid the script noted, unless it has ended.
    pub(super) fn noted(&self, name: &str) -> Option<Proc> {
        Proc::of(self.read(name).trim().parse().unwrap())
    }

    #[track_caller]
    pub(super) fn assert_claude_ended(&self) {
        let claude = self.watcher.claude.as_ref().expect("it was started");
        assert!(!claude.is_running());
    }
}

/// Waits for a file.
pub(super) async fn appears(path: PathBuf) {
    while !path.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[track_caller]
pub(super) fn assert_failed(outcome: &Outcome, class: FailureClass) {
    match &outcome.end {
        End::Failed(failure) if failure.class == class => {}
        other => panic!("expected {class:?}, got {other:?}"),
    }
}

pub(super) fn kill(proc: &Proc) {
    proc.signal(Signal::Kill).unwrap();
}
