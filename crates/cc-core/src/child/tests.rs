use std::fs;

use super::*;
use crate::Proc;

const LONG: Duration = Duration::from_secs(60);
/// So long that a script has started on any machine.
const SHORT: Duration = Duration::from_secs(5);

fn sh(script: &str, timeout: Duration) -> ShortCommand {
    ShortCommand::new(Path::new("/bin/sh"), timeout)
        .args(["-c", script])
        .envs([("PATH", "/usr/bin:/bin")])
}

#[test]
fn a_command_says_what_it_printed_and_how_it_ended() {
    let printed = sh("echo out; echo oops >&2; pwd; exit 3", LONG)
        .run()
        .unwrap();
    assert!(!printed.success);
    assert_eq!((&*printed.stdout, &*printed.stderr), ("out\n/\n", "oops\n"));
    assert!(sh("exit 0", LONG).run().unwrap().success);
    assert!(sh("exit 0", LONG).run_silently().unwrap());
    assert!(!sh("exit 1", LONG).run_silently().unwrap());
}

#[test]
fn only_the_given_environment_is_passed_on() {
    let command = ShortCommand::new(Path::new("/usr/bin/env"), LONG).envs([("A", "b")]);
    assert_eq!(command.run().unwrap().stdout, "A=b\n");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let error = ShortCommand::new(Path::new("/nowhere/x"), LONG)
        .run()
        .unwrap_err();
    assert!(
        error.to_string().starts_with("cannot start `/nowhere/x`: "),
        "{error}"
    );
}

/// Waits until the process whose pid `file` names has ended.
fn wait_for_end(file: &Path) {
    let pid = fs::read_to_string(file).unwrap().trim().parse().unwrap();
    let deadline = Instant::now() + LONG;
    while Proc::of(pid).is_some() {
        assert!(Instant::now() < deadline, "pid {pid} still runs");
        thread::yield_now();
    }
}

#[test]
fn a_command_out_of_time_is_killed_with_its_children() {
    let dir = tempfile::tempdir().unwrap();
    let script = "sleep 300 & echo $! > child; wait";
    for run in [
        |command: &ShortCommand| command.run().map(drop),
        |command: &ShortCommand| command.run_silently().map(drop),
    ] {
        let error = run(&sh(script, SHORT).current_dir(dir.path())).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`sh -c {script}` did not end within 5s")
        );
        wait_for_end(&dir.path().join("child"));
    }
}

#[test]
fn a_command_that_prints_too_much_is_killed_with_its_children() {
    let dir = tempfile::tempdir().unwrap();
    let script = "sleep 300 & echo $! > child; yes";
    let command = sh(script, LONG).current_dir(dir.path()).stdout_limit(1_000);
    let error = command.run().unwrap_err();
    assert!(
        error.to_string().ends_with("printed more than 1000 bytes"),
        "{error}"
    );
    wait_for_end(&dir.path().join("child"));
    let much = sh(
        "head -c 1000 /dev/zero; head -c 9000 /dev/zero >&2; echo end >&2",
        LONG,
    );
    let printed = much.stdout_limit(1_000).run().unwrap();
    assert!(printed.stdout.len() == 1_000 && printed.stderr.ends_with("end\n"));
    assert_eq!(printed.stderr.len(), STDERR_LIMIT, "the end of it");
}

#[test]
fn what_a_command_leaves_behind_goes_on_and_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let script = "sleep 300 & echo $! > child; echo done";
    let begun = Instant::now();
    let printed = sh(script, LONG).current_dir(dir.path()).run().unwrap();
    assert!(printed.success && begun.elapsed() < LONG);
    assert_eq!(printed.stdout, "done\n");
    let pid = fs::read_to_string(dir.path().join("child")).unwrap();
    let left = Proc::of(pid.trim().parse().unwrap()).expect("it runs");
    left.signal(crate::process::Signal::Kill).unwrap();
}

#[test]
fn what_a_command_leaves_behind_may_print_forever() {
    let begun = Instant::now();
    let printed = sh("yes >&2 & exit 0", LONG).run().unwrap();
    assert!(printed.success && printed.stderr.contains("y\ny\n"));
    assert!(begun.elapsed() < LONG, "it is not waited for");
}
