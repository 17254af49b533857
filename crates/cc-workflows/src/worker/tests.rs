use cc_claude::Observer;
use cc_core::process::Survivors;
use cc_core::{FailureClass, Time};

use super::*;

/// A job that runs in this process.
fn running(project: &Project) -> (Job, FileLock) {
    let draft = Draft {
        kind: Kind::Review,
        title: "Review".into(),
        summary: String::new(),
        write: false,
        session: None,
        thread: None,
        model: None,
        request: serde_json::Value::Null,
    };
    let (job, alive) = project.store.create(draft, "").unwrap();
    (begin(project, &job.id).unwrap().unwrap(), alive)
}

/// How a job ends of whose run something survived, `cancelled` or not, `locked` meanwhile or not.
#[track_caller]
fn check(cancelled: bool, locked: bool, expected: &str) {
    let dir = tempfile::tempdir().unwrap();
    let env = Env::fixed(dir.path(), "/bin/cc", [("PATH", "/bin")]);
    let workspace = Workspace::from_canonical(dir.path().into());
    let project = Project::at(&env, DataDir::at(dir.path().join("data")), workspace);
    let (job, _alive) = running(&project);
    if cancelled {
        let event = Event::Cancel {
            at: Time::from_millis(0),
        };
        project.store.lock(&job.id).unwrap().apply(event).unwrap();
    }
    let log = Log::append_to(&project.store.dir().log(&job.id)).unwrap();
    let mut scribe = Scribe::new(&project.store, &job.id, log);
    let processes = vec![Proc {
        pid: 7,
        identity: String::new(),
    }];
    let lock = project.store.dir().lock(&job.id);
    if locked {
        // A directory where the lock file should be stops every writer.
        std::fs::remove_file(&lock).unwrap();
        std::fs::create_dir(&lock).unwrap();
    }
    scribe.survived(&Survivors { processes });
    if locked {
        std::fs::remove_dir(&lock).unwrap();
    }
    let mut done = Done::failed(FailureClass::Internal, "still running: pid 7");
    done.report.cost_usd = Some(0.5);
    done.report.partial_output = Some("so far".into());
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let saved = runtime.block_on(save(&project, &job.id, done, &mut scribe));
    saved.unwrap();
    let (job, body) = project.store.read(&job.id).unwrap();
    assert_eq!(job.state().status(), expected);
    assert_eq!(job.cost_usd, Some(0.5));
    assert_eq!(body.partial_output.as_deref(), Some("so far"));
    let spent = cc_jobs::spending::of_a_day(&project.data, project.store.now());
    assert_eq!(spent, 0.5, "what it cost counts");
    let listed = cc_jobs::spending::of_workspace(project.store.dir(), [&job], project.store.now());
    assert_eq!(listed.cost_usd, 0.5);
}

#[test]
fn a_job_is_not_cancelled_while_something_of_it_runs() {
    check(true, false, "cancel_failed");
}

#[test]
fn a_job_that_nobody_cancelled_fails_with_what_survived() {
    check(false, false, "failed");
}

#[test]
fn what_survived_is_told_with_the_end_where_it_could_not_be_before() {
    check(true, true, "cancel_failed");
}
