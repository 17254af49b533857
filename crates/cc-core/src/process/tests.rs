use std::process::{Child, Command, Stdio};

use super::*;

/// A process that runs until its input ends.
fn running() -> Child {
    let reader = if cfg!(windows) { "cmd" } else { "cat" };
    Command::new(reader)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn we_run_and_are_ourselves() {
    let me = Proc::current().expect("this test runs");
    assert!(me.is_running());
    let imposter = Proc {
        identity: "somebody else".into(),
        ..me
    };
    assert!(!imposter.is_running());
}

#[test]
fn no_process_has_the_highest_pid() {
    assert_eq!(Proc::of(u32::MAX), None);
}

#[test]
fn a_child_is_a_descendant_until_it_is_killed() {
    let mut child = running();
    let proc = Proc::of(child.id()).unwrap();
    let me = Proc::current().unwrap();
    let all = Processes::now();
    assert!(all.descendants(std::slice::from_ref(&me)).contains(&proc));
    assert!(proc.is_no_older_than(&me));
    assert!(all.iter().any(|other| *other == proc));
    proc.signal(Signal::Kill).unwrap();
    child.wait().unwrap();
    assert!(!proc.is_running());
    proc.signal(Signal::Kill).unwrap();
}

#[test]
fn the_start_of_a_process_is_known_by_the_wall_clock() {
    let mut child = running();
    let now = crate::Clock::System.now();
    let started = Proc::of(child.id()).unwrap().started_at().unwrap();
    let apart = started.until(now).max(now.until(started));
    assert!(
        apart < std::time::Duration::from_secs(60),
        "{started} {now}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_process_that_started_at_another_time_is_left_alone() {
    let mut child = running();
    let proc = Proc::of(child.id()).unwrap();
    let start = proc.start_number().unwrap();
    let boot = proc.identity.trim_end_matches(char::is_numeric);
    let earlier = Proc {
        identity: format!("{boot}{}", start - 1),
        ..proc.clone()
    };
    assert!(!earlier.is_running());
    earlier.signal(Signal::Kill).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert!(proc.is_running());
    proc.signal(Signal::Kill).unwrap();
    child.wait().unwrap();
}

#[test]
#[cfg(windows)]
fn a_process_that_an_earlier_version_recorded_is_known_by_its_second() {
    let mut child = running();
    let proc = Proc::of(child.id()).unwrap();
    let second = proc.started_at().unwrap().as_millis() / 1_000;
    let recorded = |second: i64| Proc {
        identity: second.to_string(),
        ..proc.clone()
    };
    for other in [second - 1, second + 1] {
        assert!(!recorded(other).is_running());
        recorded(other).signal(Signal::Kill).unwrap();
    }
    assert!(proc.is_running());
    assert!(recorded(second).is_running());
    recorded(second).signal(Signal::Kill).unwrap();
    child.wait().unwrap();
    assert!(!recorded(second).is_running());
}

/// Elsewhere an orphan gets another parent.
#[test]
#[cfg(windows)]
fn an_orphan_is_no_child_of_who_has_the_pid_of_its_parent_now() {
    let proc = |pid, start: &str| Proc {
        pid,
        identity: start.into(),
    };
    let (orphan, parent, child) = (proc(12, "100"), proc(8, "101"), proc(16, "101"));
    let all = Processes {
        all: vec![(orphan, 8), (parent.clone(), 4), (child.clone(), 8)],
    };
    assert_eq!(all.descendants(&[parent]), [child]);
}

#[test]
fn which_process_is_older_is_known_only_within_one_boot() {
    let proc = |identity: &str| Proc {
        pid: 7,
        identity: identity.into(),
    };
    for (one, other, expected) in [
        ("b:10", "b:9", true),
        ("b:10", "b:10", true),
        ("b:9", "b:10", false),
        ("c:10", "b:9", false),
        ("10", "9", true),
        ("10", "b:9", false),
        ("ended", "b:9", false),
        ("b:9", "", false),
    ] {
        let told = proc(one).is_no_older_than(&proc(other));
        assert_eq!(told, expected, "{one} {other}");
    }
}

#[test]
#[cfg(unix)]
fn a_reused_pid_is_not_signalled() {
    let mut child = running();
    let before = Proc {
        pid: child.id(),
        identity: "an earlier process".into(),
    };
    before.signal(Signal::Kill).unwrap();
    before.signal_group(Signal::Kill).unwrap();
    assert!(Proc::of(child.id()).unwrap().is_running());
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
