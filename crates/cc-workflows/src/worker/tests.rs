use cc_claude::Observer;
use cc_core::process::Survivors;
use cc_core::{Failure, FailureClass, Time};
use cc_jobs::{JobKind, JobReport};

use super::*;

fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread();
    { runtime }.enable_all().build().unwrap()
}

/// A job that runs in this process.
fn running(project: &Project) -> (Remembered, FileLock) {
    let draft = Draft {
        kind: JobKind::Review,
        title: "Review".into(),
        summary: String::new(),
        write: false,
        session: None,
        model: None,
        request: serde_json::Value::Null,
    };
    let (job, alive) = project.store.create(draft, "").unwrap();
    (begin(project, &job.id).unwrap().unwrap().0, alive)
}

/// How a job ends of whose run something survived, `cancelled` or not, `locked` meanwhile or not.
#[track_caller]
fn check(cancelled: bool, locked: bool, expected: &str) {
    let dir = tempfile::tempdir().unwrap();
    let env = Env::fixed(dir.path(), "/bin/cc", [("PATH", "/bin")]);
    let workspace = Workspace::from_canonical(dir.path().into());
    let project = Project::at(&env, DataDir::at(dir.path().join("data")), workspace);
    let (remembered, _alive) = running(&project);
    let job = remembered.job().clone();
    if cancelled {
        let event = JobEvent::Cancel {
            at: Time::from_millis(0),
        };
        project.store.lock(&job.id).unwrap().apply(event).unwrap();
    }
    let log = Log::append_to(&project.store.dir().log(&job.id)).unwrap();
    let processes = vec![Proc {
        pid: 7,
        identity: String::new(),
    }];
    let runtime = runtime();
    let mut run = {
        let _inside = runtime.enter();
        let stop = StopRequest::listen(&job.id).unwrap();
        let recorder = RunRecorder::new(&project.store, remembered, log, stop.removed());
        Run {
            project: &project,
            job: &job,
            stop,
            recorder,
        }
    };
    let lock = project.store.dir().lock(&job.id);
    if locked {
        // A directory where the lock file should be stops every writer.
        std::fs::remove_file(&lock).unwrap();
        std::fs::create_dir(&lock).unwrap();
    }
    run.recorder.survived(&Survivors { processes });
    if locked {
        std::fs::remove_dir(&lock).unwrap();
    }
    let failure = Failure::new(FailureClass::Internal, "still running: pid 7");
    let end = JobEnd {
        ending: Ending::Failed(failure),
        report: JobReport {
            cost_usd: Some(0.5),
            partial_output: Some("so far".into()),
            ..JobReport::default()
        },
    };
    runtime
        .block_on(save(&mut run, end, SAVE_PATIENCE))
        .unwrap();
    let (job, body) = project.store.read(&job.id).unwrap();
    assert_eq!(job.state().status(), expected);
    assert_eq!(job.cost_usd, Some(0.5));
    assert_eq!(body.partial_output.as_deref(), Some("so far"));
    let spent = cc_jobs::spending::of_a_day(&project.data, project.store.now()).unwrap();
    assert_eq!(spent, 0.5, "what it cost counts");
    let listed = cc_jobs::spending::of_workspaces(
        [project.store.dir()],
        std::slice::from_ref(&job),
        &[],
        project.store.now(),
    );
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
fn what_survived_is_reported_with_the_end_where_it_could_not_be_before() {
    check(true, true, "cancel_failed");
}

#[test]
fn a_request_to_stop_between_two_runs_is_heard_by_the_next_one_and_all_later() {
    use std::time::Duration;

    use crate::run::ask_to_stop;

    let dir = tempfile::tempdir().unwrap();
    let env = Env::fixed(dir.path(), "/bin/cc", [("PATH", "/bin")]);
    let workspace = Workspace::from_canonical(dir.path().into());
    let project = Project::at(&env, DataDir::at(dir.path().join("data")), workspace);
    let (remembered, _alive) = running(&project);
    let job = remembered.job();
    runtime().block_on(async {
        let mut stop = StopRequest::listen(&job.id).unwrap();
        let in_a_run = async |stop: &mut StopRequest, patience| {
            let requested = tokio::time::timeout(patience, stop.requested()).await;
            requested.is_ok()
        };
        assert!(!in_a_run(&mut stop, Duration::from_millis(1)).await);
        // Nobody listens now.
        ask_to_stop(&job.id, &Proc::current().unwrap()).unwrap();
        for run in ["second", "third"] {
            assert!(in_a_run(&mut stop, Duration::from_secs(60)).await, "{run}");
        }
    });
}
