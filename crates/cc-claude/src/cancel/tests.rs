//! Orphans: processes in the place of a Claude whose worker is gone.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};

use super::*;
use crate::family::MARK;

/// A shell that runs `script` as Claude would, with `vars`, in a group of its own.
fn orphan(dir: &Path, script: &str, vars: &[(&str, &str)]) -> (Child, Proc) {
    let child = Command::new("sh")
        .args(["-c", script])
        .current_dir(dir)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .envs(vars.iter().copied())
        .process_group(0)
        .spawn()
        .unwrap();
    while !dir.join("ready").exists() {
        thread::sleep(Duration::from_millis(5));
    }
    let proc = Proc::of(child.id()).unwrap_or(Proc {
        pid: child.id(),
        identity: "ended".into(),
    });
    (child, proc)
}

fn noted(dir: &Path) -> Option<Proc> {
    let pid = std::fs::read_to_string(dir.join("pid")).unwrap();
    Proc::of(pid.trim().parse().unwrap())
}

#[test]
fn an_orphan_ends_with_everything_that_carries_its_mark() {
    let dir = tempfile::tempdir().unwrap();
    let script = "trap '' INT TERM
        (setsid sh -c 'echo $$ > p; mv p pid; exec sleep 600' &)
        while ! [ -e pid ]; do sleep 0.01; done
        : > ready; exec sleep 600";
    let mark = format!("an-orphan-{}", std::process::id());
    let (mut child, proc) = orphan(dir.path(), script, &[(MARK, &mark)]);
    assert!(noted(dir.path()).is_some());
    end_orphan(&proc).unwrap();
    assert!(!proc.is_running());
    assert_eq!(noted(dir.path()), None);
    child.wait().unwrap();
    end_orphan(&proc).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn of_an_ended_orphan_only_the_group_is_found_and_only_when_it_is_ours() {
    for (vars, ours) in [(&[("CC_NESTED", "1")][..], true), (&[], false)] {
        let dir = tempfile::tempdir().unwrap();
        let script = "sleep 600 & echo $! > pid; : > ready";
        let (mut child, proc) = orphan(dir.path(), script, vars);
        child.wait().unwrap();
        let member = noted(dir.path()).unwrap();
        end_orphan(&proc).unwrap();
        assert_eq!(!member.is_running(), ours, "{vars:?}");
        member.signal(Signal::Kill).unwrap();
    }
}

#[test]
fn somebody_else_with_that_pid_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, proc) = orphan(dir.path(), ": > ready; exec sleep 600", &[]);
    let earlier = Proc {
        pid: proc.pid,
        identity: "an earlier process".into(),
    };
    end_orphan(&earlier).unwrap();
    assert!(proc.is_running());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn survivors_are_named() {
    let processes = [7, 8].map(|pid| Proc {
        pid,
        identity: String::new(),
    });
    let survivors = Survivors {
        processes: processes.into(),
    };
    assert_eq!(
        survivors.to_string(),
        "still running after SIGKILL: pid 7, 8"
    );
}
