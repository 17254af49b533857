use std::path::Path;

use super::*;
use crate::retention::Kept;

#[test]
fn pruning_keeps_the_newest_and_everything_alive() {
    let World { store, .. } = world();
    let mut ids = Vec::new();
    let mut running = None;
    for number in 0..6 {
        let (job, alive) = store.create(draft(), "").unwrap();
        if number == 0 {
            running = Some(alive);
        } else {
            store
                .lock(&job.id)
                .unwrap()
                .finish(Ending::Completed, JobReport::default())
                .unwrap();
        }
        ids.push(job.id);
        thread::sleep(std::time::Duration::from_millis(2));
    }
    let would = store
        .prune(Kept::of_each_session(2), true, |_| false)
        .unwrap()
        .jobs;
    assert_eq!(would, [ids[3].clone(), ids[2].clone(), ids[1].clone()]);
    assert_eq!(store.list().unwrap().jobs.len(), 6);
    assert_eq!(
        store
            .prune(Kept::of_each_session(2), false, |_| false)
            .unwrap()
            .jobs,
        would
    );
    let kept: Vec<JobId> = store
        .list()
        .unwrap()
        .jobs
        .into_iter()
        .map(|job| job.id)
        .collect();
    assert_eq!(kept, [ids[5].clone(), ids[4].clone(), ids[0].clone()]);
    let left = names(&store);
    assert!(
        left.iter()
            .all(|name| kept.iter().any(|id| name.starts_with(id.as_str()))),
        "{left:?}"
    );
    drop(running);
}

#[test]
fn pruning_removes_what_could_not_be_stopped_once_nothing_of_it_runs() {
    let World { store, .. } = world();
    let held_up = cancel_failed(&store, survivors());
    let processes = vec![no_such_process()];
    let ended = cancel_failed(&store, Survivors { processes });
    assert_eq!(
        store
            .prune(Kept::of_each_session(0), false, |_| false)
            .unwrap()
            .jobs,
        [ended]
    );
    assert_eq!(status(&store, &held_up), "cancel_failed");
}

#[test]
fn what_another_pruning_took_is_no_failure() {
    let World { store, .. } = world();
    let (job, _alive) = store.create(draft(), "").unwrap();
    let mut guard = store.lock(&job.id).unwrap();
    guard
        .finish(Ending::Completed, JobReport::default())
        .unwrap();
    drop(guard);
    let faster = |job: &Job| {
        store.lock(&job.id).unwrap().remove().unwrap();
        false
    };
    let pruned = store
        .prune(Kept::of_each_session(0), false, faster)
        .unwrap();
    assert!(pruned.jobs.is_empty() && pruned.failed.is_empty());
}

#[test]
fn pruning_sweeps_old_leftovers_only() {
    let World { store, .. } = world();
    drop(store.create(draft(), "").unwrap());
    let jobs = store.dir().jobs();
    for (name, old) in [
        ("task-x.alive", true),
        (".tmp-Abc012", true),
        (".tmp-abc", true),
        ("task-y.log", false),
        ("mine.txt", true),
    ] {
        let file = fs::File::create(jobs.join(name)).unwrap();
        if old {
            file.set_modified(std::time::SystemTime::UNIX_EPOCH)
                .unwrap();
        }
    }
    assert_eq!(
        store
            .prune(Kept::of_each_session(10), false, |_| false)
            .unwrap()
            .leftovers,
        2
    );
    let left = names(&store);
    for kept in ["task-y.log", "mine.txt", ".tmp-abc"] {
        assert!(left.contains(&kept.into()), "{left:?}");
    }
}

#[test]
fn pruning_sweeps_temporary_files_and_locks_wherever_they_are() {
    let World { store, .. } = world();
    drop(store.create(draft(), "").unwrap());
    let (root, state) = (store.data().root(), store.dir().root());
    let repository = root.join("repositories/0123456789ab");
    let running = root.join("running");
    let elsewhere = root.join("scratch/thread");
    let old = |dir: &Path, name: &str| {
        fs::create_dir_all(dir).unwrap();
        let file = fs::File::create(dir.join(name)).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH)
            .unwrap();
        file
    };
    let temporary = [root, state, &repository, &running, &elsewhere];
    let files = temporary.map(|dir| old(dir, ".tmp-abcdef"));
    drop(files);
    drop(old(state, "turn.gone.lock"));
    drop(old(state, "config.lock"));
    let held = old(state, "turn.here.lock");
    held.lock().unwrap();
    let pruned = store.prune(Kept::of_each_session(10), false, |_| false);
    assert_eq!(pruned.unwrap().leftovers, 5);
    // What a rescue's commands wrote is not ours to name.
    assert!(elsewhere.join(".tmp-abcdef").exists());
    assert!(state.join("turn.here.lock").exists() && state.join("config.lock").exists());
}

#[test]
fn a_burst_of_changes_leaves_no_lock_of_a_job_that_was_removed() {
    let World { store, .. } = world();
    for _ in 0..20 {
        let (job, alive) = store.create(draft(), "").unwrap();
        drop(alive);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| store.lock(&job.id).map(|guard| guard.into_job()));
            }
            scope.spawn(|| store.lock(&job.id).unwrap().remove().unwrap());
        });
        let left = names(&store);
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn pruning_forgets_the_turns_of_sessions_that_never_told_their_end() {
    let World { store, .. } = world();
    drop(store.create(draft(), "").unwrap());
    let turn = |session: &str| {
        let session = cc_core::SessionId::parse(session).unwrap();
        store.dir().turn_baseline(&session)
    };
    for (session, days) in [("gone", 8), ("away", 6)] {
        let age = std::time::Duration::from_secs(days * 24 * 3_600);
        let file = fs::File::create(turn(session)).unwrap();
        let now = file.metadata().unwrap().modified().unwrap();
        file.set_modified(now - age).unwrap();
    }
    assert_eq!(
        store
            .prune(Kept::of_each_session(10), false, |_| false)
            .unwrap()
            .leftovers,
        1
    );
    assert!(!turn("gone").exists() && turn("away").exists());
}
