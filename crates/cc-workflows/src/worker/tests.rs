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

/// How a job ends of whose run something survived, `cancelled` or not.
#[track_caller]
fn check(cancelled: bool, expected: &str) {
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
    scribe.survived(&Survivors { processes });
    let done = Done::failed(FailureClass::Internal, "still running: pid 7");
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let saved = runtime.block_on(save(&project, &job.id, done, &mut scribe));
    saved.unwrap();
    let (job, _) = project.store.read(&job.id).unwrap();
    assert_eq!(job.state().status(), expected);
}

#[test]
fn a_job_is_not_cancelled_while_something_of_it_runs() {
    check(true, "cancel_failed");
}

#[test]
fn a_job_that_nobody_cancelled_fails_with_what_survived() {
    check(false, "failed");
}
