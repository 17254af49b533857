use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[test]
fn a_job_whose_worker_is_gone_is_finished_by_the_next_reader() {
    let World { store, .. } = world();
    for (started_first, by_list) in [(false, false), (false, true), (true, false), (true, true)] {
        let (job, alive) = store.create(draft(), "").unwrap();
        if started_first {
            started(&store, &job.id, Some(no_such_process()));
            store.lock(&job.id).unwrap().keep_partial("so far").unwrap();
        }
        drop(alive);
        if by_list {
            let listed = store
                .list()
                .unwrap()
                .jobs
                .into_iter()
                .find(|other| other.id == job.id)
                .unwrap();
            assert_eq!(listed.state().status(), "failed");
        }
        let (job, body) = store.read(&job.id).unwrap();
        let Some(Ending::Failed(failure)) = job.state().ending() else {
            panic!("{:?}", job.state())
        };
        assert_eq!(failure.class, FailureClass::Lost);
        assert_eq!(body.partial_output.is_some(), started_first);
        let saved = fs::read_to_string(store.dir().record(&job.id)).unwrap();
        assert!(saved.contains("\"failed\""), "the end is on disk");
    }
}

/// A job that was told to cancel, and whose worker then ended without doing so.
fn lost_on_the_way_to_its_cancel(store: &Store) -> Job {
    let (job, alive) = store.create(draft(), "").unwrap();
    started(store, &job.id, Some(no_such_process()));
    let mut guard = store.lock(&job.id).unwrap();
    guard.apply(JobEvent::Cancel { at: store.now() }).unwrap();
    drop(alive);
    job
}

#[test]
fn a_lost_job_that_was_to_be_cancelled_is_cancelled() {
    let World { store, .. } = world();
    let job = lost_on_the_way_to_its_cancel(&store);
    assert_eq!(status(&store, &job.id), "cancelled");
}

#[test]
fn an_orphaned_claude_is_ended_once_and_its_survival_is_reported() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let World { store, .. } = world_with(|_, _| {
        CALLS.fetch_add(1, Ordering::SeqCst);
        Err(survivors())
    });
    let job = lost_on_the_way_to_its_cancel(&store);
    let (read, _) = store.read(&job.id).unwrap();
    let JobState::CancelFailed { why, .. } = read.state() else {
        panic!("{:?}", read.state())
    };
    assert_eq!(*why, survivors().to_string());
    assert_eq!(CALLS.load(Ordering::SeqCst), 1);
    // Claude itself is gone, but not what it started: that is no cancelled job.
    assert_eq!(status(&store, &job.id), "cancel_failed");
}

#[test]
fn a_job_that_could_not_be_stopped_is_cancelled_once_nothing_of_it_runs() {
    let World { store, .. } = world();
    let held_up = cancel_failed(&store, survivors());
    let mut rebooted = survivors();
    for proc in &mut rebooted.processes {
        let start = proc.identity.rsplit(':').next().unwrap();
        proc.identity = format!("earlier:{start}");
    }
    for processes in [vec![no_such_process()], rebooted.processes] {
        let id = cancel_failed(&store, Survivors { processes });
        let saved = || fs::read_to_string(store.dir().record(&id)).unwrap();
        assert!(saved().contains("\"cancel_failed\""));
        assert_eq!(status(&store, &id), "cancelled");
        assert!(saved().contains("\"cancelled\""), "the end is on disk");
    }
    assert_eq!(status(&store, &held_up), "cancel_failed");
}

#[test]
fn what_survived_in_place_of_others_is_what_a_job_waits_for_then() {
    let World { store, .. } = world_with(|_, _| Err(survivors()));
    let processes = vec![no_such_process()];
    let id = cancel_failed(&store, Survivors { processes });
    let (job, _) = store.read(&id).unwrap();
    assert_eq!(job.state().status(), "cancel_failed");
    assert_eq!(job.state().survivors(), survivors().processes);
}

#[test]
fn what_survives_a_lost_job_is_named() {
    let World { store, .. } = world_with(|_, _| Err(survivors()));
    let (job, alive) = store.create(draft(), "").unwrap();
    started(&store, &job.id, Some(no_such_process()));
    drop(alive);
    let (read, _) = store.read(&job.id).unwrap();
    let Some(Ending::Failed(failure)) = read.state().ending() else {
        panic!("{:?}", read.state())
    };
    assert!(
        failure.detail.ends_with(&format!("; {}", survivors())),
        "{failure:?}"
    );
}

#[test]
#[cfg(unix)]
fn who_may_not_write_still_tells_the_truth() {
    use std::os::unix::fs::PermissionsExt;
    let World { store, .. } = world();
    let (job, alive) = store.create(draft(), "").unwrap();
    drop(alive);
    // A directory where the lock file should be stops every writer, root included.
    fs::remove_file(store.dir().lock(&job.id)).unwrap();
    fs::create_dir(store.dir().lock(&job.id)).unwrap();
    fs::set_permissions(store.dir().jobs(), fs::Permissions::from_mode(0o500)).unwrap();
    assert_eq!(status(&store, &job.id), "failed");
    assert_eq!(store.list().unwrap().jobs[0].state().status(), "failed");
    let saved = fs::read_to_string(store.dir().record(&job.id)).unwrap();
    assert!(saved.contains("\"queued\""));
    fs::set_permissions(store.dir().jobs(), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn what_cannot_be_saved_of_a_lost_job_is_the_same_for_each_reader() {
    let World { store, .. } = world();
    let later = Store {
        clock: Clock::Fixed(Time::from_millis(store.now().as_millis() + 60_000)),
        ..store.clone()
    };
    for head_only in [false, true] {
        let (job, alive) = store.create(draft(), "").unwrap();
        started(&store, &job.id, Some(no_such_process()));
        drop(alive);
        fs::remove_file(store.dir().lock(&job.id)).unwrap();
        if head_only {
            // The start of it can be read, the whole cannot.
            let path = store.dir().record(&job.id);
            let record = fs::read(&path).unwrap();
            fs::write(&path, [record, vec![b' '; 33 << 20]].concat()).unwrap();
        } else {
            fs::create_dir(store.dir().lock(&job.id)).unwrap();
        }
        let [first, second] = [&store, &later].map(|store| store.find(&job.id).unwrap());
        assert_eq!(first.state().status(), "failed");
        assert_eq!(first.state(), second.state());
    }
}

#[test]
fn who_may_not_write_takes_no_job_for_cancelled_of_which_something_survived() {
    let World { store, .. } = world_with(|_, _| Err(survivors()));
    let ended = Survivors {
        processes: vec![no_such_process()],
    };
    // In a sandbox of its own, a reader sees none that runs.
    for survivors in [survivors(), ended] {
        let id = cancel_failed(&store, survivors);
        fs::remove_file(store.dir().lock(&id)).unwrap();
        fs::create_dir(store.dir().lock(&id)).unwrap();
        assert!(store.lock(&id).is_err(), "nobody may write");
        assert_eq!(status(&store, &id), "cancel_failed");
    }
    for job in store.list().unwrap().jobs {
        assert_eq!(job.state().status(), "cancel_failed");
    }
}

/// Ways in which a file can be damaged.
fn damages() -> [Vec<u8>; 4] {
    let other = br#"{"id":"review-1-2","kind":"review","status":"queued","createdAt":"2026-01-01T00:00:00Z"}"#;
    [
        Vec::new(),
        b"{\"schemaVersion\": 1, \"id\"".to_vec(),
        vec![b' '; 33 << 20],
        other.to_vec(),
    ]
}

#[test]
fn the_worker_rewrites_a_damaged_record() {
    let World { store, .. } = world();
    let (job, _alive) = store.create(draft(), "").unwrap();
    started(&store, &job.id, Some(no_such_process()));
    let known = store.lock(&job.id).unwrap().remember();
    for damage in damages() {
        fs::write(store.dir().record(&job.id), &damage).unwrap();
        let mut guard = store.lock_at_work(&known).unwrap();
        assert_eq!(status(&store, &job.id), "running");
        guard.keep_partial("so far").unwrap();
    }
    let record = fs::read_to_string(store.dir().record(&job.id)).unwrap();
    let worker = format!("\"pid\": {}", std::process::id());
    assert!(record.contains(&worker), "{record}");
    fs::write(
        store.dir().record(&job.id),
        record.replacen(&worker, "\"pid\": 1", 1),
    )
    .unwrap();
    drop(store.lock_at_work(&known).unwrap());
    let (again, _) = store.read(&job.id).unwrap();
    assert_eq!(again.state().processes().0, Proc::current().as_ref());
    // What has ended or is gone stays so.
    let mut guard = store.lock_at_work(&known).unwrap();
    guard
        .finish(Ending::Completed, JobReport::default())
        .unwrap();
    drop(guard);
    let mut guard = store.lock_at_work(&known).unwrap();
    let again = guard.finish(Ending::Cancelled, JobReport::default());
    assert!(matches!(again, Err(StoreError::Rejected(_))));
    guard.remove().unwrap();
    let gone = store.lock_at_work(&known);
    assert!(matches!(gone, Err(StoreError::NotFound { .. })));
}

#[test]
fn what_a_job_with_a_damaged_record_left_is_ended_once_its_worker_is_gone() {
    static ENDED: std::sync::Mutex<Vec<JobId>> = std::sync::Mutex::new(Vec::new());
    let World { store, .. } = world_with(|id, record| {
        assert!(record.is_none());
        ENDED.lock().unwrap().push(id.clone());
        Ok(None)
    });
    for damage in damages() {
        for by_list in [true, false] {
            let (job, alive) = store.create(draft(), "").unwrap();
            started(&store, &job.id, Some(no_such_process()));
            fs::write(store.dir().record(&job.id), &damage).unwrap();
            let read = || match by_list {
                true => assert_eq!(store.list().unwrap().skipped.len(), 1),
                false => {
                    let found = store.find(&job.id);
                    assert!(matches!(found, Err(StoreError::Damaged { .. })));
                }
            };
            read();
            assert_eq!(ENDED.lock().unwrap().len(), 0, "its worker runs");
            drop(alive);
            read();
            read();
            let ended: Vec<_> = ENDED.lock().unwrap().drain(..).collect();
            assert_eq!(ended, std::slice::from_ref(&job.id), "once");
            fs::remove_file(store.dir().record(&job.id)).unwrap();
        }
    }
}
