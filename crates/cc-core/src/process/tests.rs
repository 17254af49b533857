use super::*;

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
#[cfg(unix)]
fn a_child_is_a_descendant_until_it_is_killed() {
    let mut child = std::process::Command::new("sleep")
        .arg("600")
        .spawn()
        .unwrap();
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
#[cfg(unix)]
fn the_start_of_a_process_is_known_by_the_wall_clock() {
    let mut child = std::process::Command::new("sleep")
        .arg("600")
        .spawn()
        .unwrap();
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
    let mut child = std::process::Command::new("sleep")
        .arg("600")
        .spawn()
        .unwrap();
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
