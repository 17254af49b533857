mod lost;
mod many;
mod pruning;

use std::{fs, thread};

use cc_core::{FailureClass, Proc, ThreadId};
use serde_json::json;

use super::*;
use crate::{Draft, Ending, JobEvent, JobKind, JobReport, JobState, find_anywhere};

struct World {
    dir: tempfile::TempDir,
    store: Store,
}

fn world() -> World {
    world_with(|_, _| Ok(None))
}

fn world_with(clean_up: CleanUp) -> World {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::at(dir.path().join("data"));
    let store = Store::new(
        &data,
        Workspace::from_canonical("/home/dev/demo".into()),
        Clock::System,
        clean_up,
    );
    World { dir, store }
}

fn draft() -> Draft {
    Draft {
        kind: JobKind::Review,
        title: "Review of working tree".into(),
        summary: "2 files".into(),
        write: false,
        session: None,
        model: Some("opus".into()),
        request: json!({"effort": "high"}),
    }
}

fn started(store: &Store, id: &JobId, claude: Option<Proc>) {
    let mut guard = store.lock(id).unwrap();
    guard
        .apply(JobEvent::Start {
            at: store.now(),
            worker: Proc::current().unwrap(),
        })
        .unwrap();
    if let Some(claude) = claude {
        guard.apply(JobEvent::Spawned { claude }).unwrap();
    }
}

fn no_such_process() -> Proc {
    Proc {
        pid: u32::MAX,
        identity: "gone".into(),
    }
}

/// What runs as long as the test does.
fn survivors() -> Survivors {
    Survivors {
        processes: Proc::current().into_iter().collect(),
    }
}

/// A job without a worker that was cancelled, but something of it survived.
fn cancel_failed(store: &Store, survivors: Survivors) -> JobId {
    let (job, _) = store.create(draft(), "").unwrap();
    started(store, &job.id, Some(no_such_process()));
    let mut guard = store.lock(&job.id).unwrap();
    guard.apply(JobEvent::Cancel { at: store.now() }).unwrap();
    guard.apply(JobEvent::CancelFailed { survivors }).unwrap();
    job.id
}

fn status(store: &Store, id: &JobId) -> &'static str {
    store.read(id).unwrap().0.state().status()
}

fn names(store: &Store) -> Vec<String> {
    let entries = fs::read_dir(store.dir().jobs()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_whole_life() {
    let World { store, .. } = world();
    let (job, alive) = store.create(draft(), "please review").unwrap();
    assert_eq!(status(&store, &job.id), "queued");
    assert_eq!(store.prompt(&job.id).unwrap(), "please review");
    started(&store, &job.id, Some(no_such_process()));
    assert_eq!(status(&store, &job.id), "running");
    let report = JobReport {
        thread: ThreadId::parse("t-1").ok(),
        result: json!({"fine": true}),
        rendered: Some("# Fine".into()),
        ..JobReport::default()
    };
    store
        .lock(&job.id)
        .unwrap()
        .finish(Ending::Completed, report)
        .unwrap();
    drop(alive);
    let (job, body) = store.read(&job.id).unwrap();
    assert_eq!(
        (job.state().status(), job.thread.unwrap().as_str()),
        ("completed", "t-1")
    );
    assert_eq!(
        (body.rendered.as_deref(), &body.request),
        (Some("# Fine"), &json!({"effort": "high"}))
    );
    assert!(
        store.prompt(&job.id).is_err(),
        "the prompt goes with the end"
    );
    let again = store
        .lock(&job.id)
        .unwrap()
        .finish(Ending::Cancelled, JobReport::default());
    assert!(
        matches!(again, Err(StoreError::Rejected(_))),
        "an end is for ever"
    );
}

#[test]
fn damaged_and_foreign_files_are_passed_over_and_named() {
    let World { store, .. } = world();
    assert!(
        store.list().unwrap().jobs.is_empty(),
        "no directory, no jobs"
    );
    let (job, _alive) = store.create(draft(), "").unwrap();
    let jobs = store.dir().jobs();
    fs::write(jobs.join("half.json"), "{\"id\": \"half\"").unwrap();
    fs::write(
        jobs.join("other.json"),
        fs::read(store.dir().record(&job.id)).unwrap(),
    )
    .unwrap();
    fs::write(jobs.join("notes.txt"), "mine").unwrap();
    fs::create_dir(jobs.join("folder.json")).unwrap();
    let listing = store.list().unwrap();
    assert_eq!(listing.jobs.len(), 1);
    let skipped: Vec<_> = listing
        .skipped
        .iter()
        .map(|skipped| skipped.path.file_name().unwrap())
        .collect();
    assert_eq!(skipped, ["folder.json", "half.json", "other.json"]);
    let half = JobId::parse("half").unwrap();
    assert!(matches!(store.read(&half), Err(StoreError::Damaged { .. })));
}

#[test]
fn many_jobs_are_listed_as_a_few_are() {
    let World { store, .. } = world();
    let jobs = store.dir().jobs();
    let (lost, _) = store.create(draft(), "").unwrap();
    let (live, _alive) = store.create(draft(), "").unwrap();
    let record = fs::read_to_string(store.dir().record(&live.id)).unwrap();
    let record = record.replace("\"queued\"", "\"completed\"");
    let day = |n: usize| format!("2025-01-01T{:02}:{:02}:00.000Z", n / 60, n % 60);
    let created = live.created_at.to_string();
    for n in 0..1_203 {
        // The names sort otherwise than the times.
        let id = format!("job-{}", n * 7 % 1_203);
        let copy = record
            .replace(live.id.as_str(), &id)
            .replace(&created, &day(n));
        fs::write(jobs.join(format!("{id}.json")), copy).unwrap();
    }
    fs::write(jobs.join("damaged.json"), "{").unwrap();

    let listing = store.list().unwrap();
    let [first, second, old @ ..] = &listing.jobs[..] else {
        panic!("{} jobs", listing.jobs.len())
    };
    for job in [first, second] {
        let expect = if job.id == lost.id {
            "failed"
        } else {
            "queued"
        };
        assert_eq!(job.state().status(), expect);
    }
    let times: Vec<String> = old.iter().map(|job| job.created_at.to_string()).collect();
    let expect: Vec<String> = (0..1_203).rev().map(day).collect();
    assert!(times == expect, "{times:?}");
    assert_eq!(listing.skipped.len(), 1);
}

#[test]
fn a_record_of_a_newer_version_is_read_but_not_changed() {
    let World { store, .. } = world();
    let (job, _alive) = store.create(draft(), "").unwrap();
    let path = store.dir().record(&job.id);
    let newer = fs::read_to_string(&path)
        .unwrap()
        .replace("\"schemaVersion\": 1", "\"schemaVersion\": 9");
    fs::write(&path, &newer).unwrap();
    assert_eq!(status(&store, &job.id), "queued");
    assert!(matches!(store.lock(&job.id), Err(StoreError::Newer { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), newer);
}

#[test]
fn a_record_that_only_a_newer_version_can_read_is_not_called_damaged_and_left_alone() {
    let World { store, .. } = world_with(|id, _| panic!("{id} is of a newer version"));
    let (job, alive) = store.create(draft(), "").unwrap();
    let path = store.dir().record(&job.id);
    let written = fs::read_to_string(&path).unwrap();
    drop(alive);
    for (current, new) in [
        ("\"status\": \"queued\"", "\"status\": \"paused\""),
        ("\"kind\": \"review\"", "\"kind\": \"dance\""),
        ("\"createdAt\"", "\"created\""),
        (
            "\"title\": \"Review of working tree\"",
            "\"title\": [\"Review\"]",
        ),
    ] {
        let newer = written
            .replace("\"schemaVersion\": 1", "\"schemaVersion\": 2")
            .replace(current, new);
        fs::write(&path, &newer).unwrap();
        let errors = [
            store.read(&job.id).err(),
            store.find(&job.id).err(),
            store.lock(&job.id).err(),
            find_anywhere(store.data(), &job.id).err(),
        ];
        for error in errors {
            assert!(
                matches!(error, Some(StoreError::Newer { .. })),
                "{new}: {error:?}"
            );
        }
        let listing = store.list().unwrap();
        assert_eq!(
            listing.skipped[0].reason,
            "written by a newer version of cc"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), newer);
        assert!(store.dir().alive(&job.id).exists(), "{new}");
        // Of this version it is a damaged record.
        let ours = newer.replace("\"schemaVersion\": 2", "\"schemaVersion\": 1");
        fs::write(&path, ours).unwrap();
        assert!(
            matches!(store.load(&job.id), Err(StoreError::Damaged { .. })),
            "{new}"
        );
    }
}

#[test]
fn a_job_that_is_removed_while_it_is_read_is_gone_and_has_not_failed() {
    // Whoever removes it does so between the read and the lock.
    let World { store, .. } = world();
    let (job, alive) = store.create(draft(), "").unwrap();
    drop(alive);
    let read = store.load(&job.id).unwrap().0;
    fs::remove_file(store.dir().record(&job.id)).unwrap();
    assert!(store.settle(read).is_none());
    // And while readers and a pruning race.
    for _ in 0..50 {
        let (job, alive) = store.create(draft(), "").unwrap();
        drop(alive);
        let id = &job.id;
        thread::scope(|scope| {
            let reads = scope.spawn(|| (store.read(id), store.find(id), store.list()));
            let path = store.dir().record(id);
            fs::remove_file(&path).unwrap();
            let (read, found, listed) = reads.join().unwrap();
            for error in [read.err(), found.err()].into_iter().flatten() {
                assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
            }
            assert!(listed.unwrap().skipped.is_empty());
        });
        let _ = fs::remove_file(store.dir().record(id));
    }
}

#[test]
fn a_record_is_never_larger_than_what_is_read() {
    let World { store, .. } = world();
    // One that grows sixfold as JSON, and one of many small parts.
    let control = "\u{1}".repeat(6 << 20);
    let many: Vec<String> = vec!["path/".repeat(200); 35_000];
    let reports = [
        JobReport {
            result: json!({"claude": {"stdout": control}, "list": [[control]]}),
            ..JobReport::default()
        },
        JobReport {
            touched_files: many,
            rendered: Some("# Fine".into()),
            ..JobReport::default()
        },
    ];
    for report in reports {
        let (job, _alive) = store.create(draft(), "").unwrap();
        started(&store, &job.id, None);
        let mut guard = store.lock(&job.id).unwrap();
        guard.finish(Ending::Completed, report).unwrap();
        drop(guard);
        let size = fs::metadata(store.dir().record(&job.id)).unwrap().len();
        assert!(size <= RECORD_LIMIT, "{size}");
        let (job, body) = store.read(&job.id).unwrap();
        assert_eq!(job.state().status(), "completed");
        let text = body.report().unwrap();
        assert!(
            text == "# Fine" || text.contains("[cut: "),
            "{}",
            text.len()
        );
        assert_eq!(body.request, json!({"effort": "high"}));
    }
}

#[test]
fn an_unknown_job_leaves_no_file() {
    let World { store, .. } = world();
    drop(store.create(draft(), "").unwrap());
    let before = names(&store);
    let id = JobId::parse("review-nope").unwrap();
    assert!(matches!(store.read(&id), Err(StoreError::NotFound { .. })));
    assert!(matches!(store.lock(&id), Err(StoreError::NotFound { .. })));
    assert_eq!(names(&store), before);
}

#[test]
fn a_job_that_cannot_be_written_leaves_nothing() {
    let World { store, dir } = world();
    fs::write(
        dir.path().join("data"),
        "a file where the directory should be",
    )
    .unwrap();
    assert!(matches!(store.create(draft(), ""), Err(StoreError::Io(_))));
}

#[test]
fn a_worker_that_starts_first_waits_for_its_record() {
    let World { store, .. } = world();
    let (new, _alive) = store.begin(draft(), "").unwrap();
    let id = new.id().clone();
    thread::scope(|scope| {
        let worker = scope.spawn(|| store.lock_made(&id).map(|guard| guard.job().id.clone()));
        thread::sleep(Duration::from_millis(100));
        assert!(!worker.is_finished());
        assert!(matches!(store.read(&id), Err(StoreError::NotFound { .. })));
        assert_eq!(store.list().unwrap().jobs.len(), 0);
        new.save().unwrap();
        assert_eq!(worker.join().unwrap().unwrap(), id);
    });
}

#[test]
fn a_job_that_is_not_saved_was_never_there() {
    let World { store, .. } = world();
    let (new, alive) = store.begin(draft(), "please review").unwrap();
    let id = new.id().clone();
    thread::scope(|scope| {
        let worker = scope.spawn(|| store.lock_made(&id).map(drop));
        thread::sleep(Duration::from_millis(100));
        assert!(names(&store).len() > 1);
        drop(new);
        let found = worker.join().unwrap();
        assert!(
            matches!(found, Err(StoreError::NotFound { .. })),
            "{found:?}"
        );
    });
    drop(alive);
    assert_eq!(names(&store), Vec::<String>::new());
}

#[test]
fn what_a_killed_caller_left_of_a_job_is_removed_by_its_worker() {
    let World { store, .. } = world();
    let (job, alive) = store.create(draft(), "please review").unwrap();
    // On Windows its file stays as long as the worker runs.
    drop(alive);
    fs::remove_file(store.dir().record(&job.id)).unwrap();
    assert!(names(&store).len() > 1);
    let found = store.lock_made(&job.id);
    assert!(
        matches!(found, Err(StoreError::NotFound { .. })),
        "{found:?}"
    );
    assert_eq!(names(&store), Vec::<String>::new());
}

#[test]
fn changes_of_one_job_do_not_overtake_each_other() {
    let World { store, .. } = world();
    let (job, _alive) = store.create(draft(), "").unwrap();
    started(&store, &job.id, None);
    thread::scope(|scope| {
        for part in 0..8 {
            let (store, id) = (&store, &job.id);
            scope.spawn(move || {
                for _ in 0..5 {
                    let mut guard = store.lock(id).unwrap();
                    let before = guard.body().partial_output.clone().unwrap_or_default();
                    guard.keep_partial(&format!("{before}{part}")).unwrap();
                }
            });
        }
    });
    let (_, body) = store.read(&job.id).unwrap();
    assert_eq!(body.partial_output.unwrap().len(), 40);
}

#[test]
fn of_two_who_end_a_job_one_wins() {
    let World { store, .. } = world();
    for _ in 0..10 {
        let (job, _alive) = store.create(draft(), "").unwrap();
        started(&store, &job.id, None);
        let wins = thread::scope(|scope| {
            let finish = || {
                store
                    .lock(&job.id)
                    .unwrap()
                    .finish(Ending::Completed, JobReport::default())
                    .is_ok()
            };
            let (a, b) = (scope.spawn(finish), scope.spawn(finish));
            usize::from(a.join().unwrap()) + usize::from(b.join().unwrap())
        });
        assert_eq!(wins, 1);
    }
}

#[test]
fn what_was_read_or_announced_is_not_announced() {
    let World { store, .. } = world();
    let (read, told) = (
        store.create(draft(), "").unwrap().0,
        store.create(draft(), "").unwrap().0,
    );
    store.lock(&read.id).unwrap().mark_viewed().unwrap();
    assert!(!store.lock(&read.id).unwrap().mark_notified().unwrap());
    let mut guard = store.lock(&told.id).unwrap();
    assert!(guard.mark_notified().unwrap() && !guard.mark_notified().unwrap());
    guard.unmark_notified().unwrap();
    assert!(
        guard.mark_notified().unwrap(),
        "the announcement had failed"
    );
}
