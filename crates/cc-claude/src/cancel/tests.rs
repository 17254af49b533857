//! Orphans: processes in the place of a Claude whose worker is gone.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};

use cc_core::Time;

use super::*;
use crate::run_processes::MARK;

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

fn job() -> JobId {
    JobId::fresh("test", Time::from_millis(0))
}

/// What is older than everything that a test starts.
fn worker() -> Proc {
    Proc::current().unwrap()
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
    let job = job();
    let (mut child, proc) = orphan(dir.path(), script, &[(MARK, job.as_str())]);
    assert!(noted(dir.path()).is_some());
    end_orphans(&job, &worker(), Some(&proc), &[]).unwrap();
    assert!(!proc.is_running());
    assert_eq!(noted(dir.path()), None);
    child.wait().unwrap();
    end_orphans(&job, &worker(), Some(&proc), &[]).unwrap();
}

/// Ends what is left of a job whose Claude has ended, and tells whether that reached a process of
/// Claude's group with `mark` in its environment.
#[cfg(target_os = "linux")]
fn reaches(job: &JobId, worker: &Proc, claude_is_known: bool, mark: Option<&str>) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let vars: Vec<_> = mark.iter().map(|&mark| (MARK, mark)).collect();
    let script = "sleep 600 & echo $! > pid; : > ready";
    let (mut child, claude) = orphan(dir.path(), script, &vars);
    child.wait().unwrap();
    let member = noted(dir.path()).unwrap();
    end_orphans(job, worker, claude_is_known.then_some(&claude), &[]).unwrap();
    let reached = !member.is_running();
    member.signal(Signal::Kill).unwrap();
    reached
}

#[cfg(target_os = "linux")]
#[test]
fn what_outlived_its_claude_is_found_by_the_job_alone() {
    let (job, other) = (job(), job());
    for claude_is_known in [true, false] {
        for (mark, expected) in [
            (Some(job.as_str()), true),
            (Some(other.as_str()), false),
            (Some(""), false),
            (None, false),
        ] {
            let reached = reaches(&job, &worker(), claude_is_known, mark);
            assert_eq!(reached, expected, "{claude_is_known} {mark:?}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_older_than_the_worker_is_not_reached_whatever_it_carries() {
    let (boot, start) = worker()
        .identity
        .rsplit_once(':')
        .map(|(boot, start)| (boot.to_owned(), start.to_owned()))
        .unwrap();
    let job = job();
    for identity in [
        format!("{boot}:9{start}"),
        format!("another:{start}"),
        String::new(),
    ] {
        let worker = Proc {
            identity,
            ..worker()
        };
        assert!(
            !reaches(&job, &worker, false, Some(job.as_str())),
            "{worker:?}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn where_only_the_id_is_known_what_carries_it_and_is_no_older_is_ended() {
    let now = cc_core::Clock::System.now();
    let later = now.plus(Duration::from_secs(600));
    for (made, is_ended) in [(now, true), (later, false)] {
        let dir = tempfile::tempdir().unwrap();
        let script = "trap '' INT TERM; : > ready; exec sleep 600";
        let job = JobId::fresh("test", made);
        let (mut child, proc) = orphan(dir.path(), script, &[(MARK, job.as_str())]);
        end_marked(&JobId::fresh("test", made)).unwrap();
        assert!(proc.is_running(), "of another job");
        end_marked(&job).unwrap();
        assert_eq!(proc.is_running(), !is_ended);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// Only the administrator can start processes as somebody else, and would reach them.
#[cfg(target_os = "linux")]
#[test]
fn another_users_process_is_not_reached() {
    if !rustix::process::getuid().is_root() {
        eprintln!("not tested: only root can start a process as somebody else");
        return;
    }
    let job = job();
    let mut child = Command::new("sleep")
        .arg("600")
        .env(MARK, job.as_str())
        .uid(65_534)
        .spawn()
        .unwrap();
    end_orphans(&job, &worker(), None, &[]).unwrap();
    assert_eq!(child.try_wait().unwrap(), None);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn somebody_else_with_that_pid_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, proc) = orphan(dir.path(), ": > ready; exec sleep 600", &[]);
    let earlier = Proc {
        pid: proc.pid,
        identity: "an earlier process".into(),
    };
    end_orphans(&job(), &worker(), Some(&earlier), &[]).unwrap();
    assert!(proc.is_running());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_survived_an_earlier_try_is_ended_though_nothing_marks_it() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, proc) = orphan(dir.path(), ": > ready; exec sleep 600", &[]);
    let survivors = std::slice::from_ref(&proc);
    end_orphans(&job(), &worker(), None, survivors).unwrap();
    assert!(!proc.is_running());
    child.wait().unwrap();
}
