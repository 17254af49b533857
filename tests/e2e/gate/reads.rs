//! What one stop of the gate reads: everything that it decides on, once.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use cc_core::SessionId;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

use super::*;

/// Which files were opened and replaced, by the kernel's own account.
struct FileEvents(OwnedFd);

impl FileEvents {
    fn in_dirs(dirs: &[&Path]) -> Self {
        let events = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
        for dir in dirs {
            let what = WatchFlags::OPEN | WatchFlags::MOVED_TO;
            inotify::add_watch(&events, *dir, what).unwrap();
        }
        Self(events)
    }

    /// What happened so far: whether a file was opened, else replaced, and its name.
    fn so_far(&self) -> Vec<(bool, String)> {
        let mut buffer = [MaybeUninit::uninit(); 16 << 10];
        let mut reader = Reader::new(&self.0, &mut buffer);
        let mut events = Vec::new();
        while let Ok(event) = reader.next() {
            let name = event.file_name().map(|name| name.to_string_lossy());
            let was_opened = event.events().contains(ReadFlags::OPEN);
            events.extend(name.map(|name| (was_opened, name.into_owned())));
        }
        events
    }
}

/// A `git` that notes down what it is called with, first on the PATH.
fn with_git_noted(session: &mut Session) -> std::path::PathBuf {
    let sandbox = &mut session.sandbox;
    let (dir, calls) = (sandbox.bin().join("noted"), sandbox.root().join("calls"));
    std::fs::create_dir(&dir).unwrap();
    let (git, note) = (sandbox.bin().join("git"), calls.display());
    let script = format!(
        "#!/bin/sh\necho \"$*\" >>{note}\nexec {} \"$@\"\n",
        git.display()
    );
    cc_executable::write(dir.join("git"), script);
    let path = [dir, sandbox.bin(), "/usr/bin".into(), "/bin".into()];
    sandbox.set_env("PATH", std::env::join_paths(path).unwrap());
    calls
}

#[test]
fn settings_turn_and_repository_are_read_once() {
    for by_settings in [false, true] {
        let mut session = Session::with_verdicts(["block"]);
        session.set("gate.enabled", &by_settings.to_string());
        if by_settings {
            std::fs::remove_file(session.sandbox.state_dir().config()).unwrap();
        }
        // What Git says of a repository of this form is never kept, however slow the machine is.
        let repo = session.sandbox.repo();
        session
            .sandbox
            .git(["config", "core.worktree", repo.to_str().unwrap()]);
        let calls = with_git_noted(&mut session);
        session.turn_with_edit();
        std::fs::write(&calls, "").unwrap();
        let (data, state) = (session.sandbox.data_dir(), session.sandbox.state_dir());
        let events = FileEvents::in_dirs(&[data.root(), state.root()]);

        assert!(reason(&session.stop().unwrap()).contains("it subtracts"));
        let events = events.so_far();
        let times = |was_opened: bool, file: &Path| {
            let event = (
                was_opened,
                file.file_name().unwrap().to_str().unwrap().to_owned(),
            );
            events.iter().filter(|other| **other == event).count()
        };
        assert_eq!(times(true, &data.settings()), 1, "settings: {events:?}");
        // Before it is replaced, it is looked whether another turn has begun.
        let turn = state.turn_baseline(&SessionId::parse("s").unwrap());
        let (opened, replaced) = (times(true, &turn), times(false, &turn));
        assert_eq!((opened, replaced), (1 + replaced, 2), "turn: {events:?}");
        let calls = std::fs::read_to_string(&calls).unwrap();
        let discoveries = calls
            .lines()
            .filter(|call| call.contains("--show-toplevel"));
        assert_eq!(discoveries.count(), 1, "repository: {calls}");
    }
}
