use super::*;
use crate::retention::{Kept, waits_for_reader};
use crate::{EndedJob, Latest, Listing};
use cc_core::SessionId;

/// So many that what is known of them is kept in a file.
const MANY: usize = 200;

/// Jobs that ended one after another, every second one of session `a`; the oldest first.
fn ended(store: &Store, count: usize) -> Vec<JobId> {
    let first: Time = serde_json::from_str("\"2026-03-01T10:00:00Z\"").unwrap();
    fs::create_dir_all(store.dir().jobs()).unwrap();
    let at = |minute: usize| Time::from_millis(first.as_millis() + minute as i64 * 60_000);
    let ids: Vec<JobId> = (0..count).map(|n| JobId::fresh("review", at(n))).collect();
    for (n, id) in ids.iter().enumerate() {
        let session = ["a", "b"][n % 2];
        let record = json!({
            "schemaVersion": 1, "id": id, "kind": "review", "createdAt": at(n), "status": "completed",
            "completedAt": at(n), "resultViewedAt": at(n), "sessionId": session, "costUsd": 0.5,
        });
        fs::write(store.dir().record(id), record.to_string()).unwrap();
    }
    ids
}

fn of(session: &str) -> impl Fn(&EndedJob) -> bool {
    let session = SessionId::parse(session).unwrap();
    move |job| job.session.as_ref() == Some(&session)
}

fn read(listing: &Listing) -> Vec<&JobId> {
    listing.jobs.iter().map(|job| &job.id).collect()
}

/// Makes the record unreadable, so that reading it shows.
fn damage(store: &Store, id: &JobId) {
    fs::write(store.dir().record(id), "{").unwrap();
}

#[test]
fn only_what_is_chosen_is_read_of_many_jobs_and_the_rest_is_known() {
    let World { store, .. } = world();
    let ids = ended(&store, MANY);
    assert_eq!(store.list().unwrap().jobs.len(), MANY);
    for id in &ids[..MANY - 4] {
        damage(&store, id);
    }
    let of_a = of("a");
    let latest = Latest {
        count: 2,
        fits: &of_a,
    };
    let listing = store.list_with(&[latest]).unwrap();
    assert_eq!(read(&listing), [&ids[MANY - 2], &ids[MANY - 4]]);
    assert_eq!(listing.others.len(), MANY - 2);
    assert!(listing.skipped.is_empty());
    let spent = listing.others.iter().map(|job| job.cost_usd.unwrap());
    assert_eq!(spent.sum::<f64>(), (MANY - 2) as f64 / 2.0);
    assert_eq!(
        store.list().unwrap().skipped.len(),
        MANY - 4,
        "all are read"
    );
}

#[test]
fn a_chosen_job_that_is_gone_or_damaged_makes_room_for_the_next() {
    let World { store, .. } = world();
    let ids = ended(&store, MANY);
    store.list().unwrap();
    fs::remove_file(store.dir().record(&ids[MANY - 1])).unwrap();
    damage(&store, &ids[MANY - 2]);
    let listing = store.list_with(&[Latest::one(&|_| true)]).unwrap();
    assert_eq!(read(&listing), [&ids[MANY - 3]]);
    assert_eq!((listing.skipped.len(), listing.others.len()), (1, MANY - 3));
}

#[test]
fn what_the_file_does_not_know_is_read() {
    let World { store, .. } = world();
    let ids = ended(&store, MANY);
    store.list().unwrap();
    let (job, _alive) = store.create(draft(), "").unwrap();
    let check = |expect: usize| {
        let listing = store.list_with(&[]).unwrap();
        assert_eq!(listing.jobs.len(), expect);
        assert_eq!(listing.jobs.len() + listing.others.len(), MANY + 1);
        assert!(read(&listing).contains(&&job.id));
    };
    check(1);
    let file = store.dir().ended_jobs();
    let text = fs::read_to_string(&file).unwrap();
    let other_line = text.replace("\"review\"", "\"inspection\"");
    let lines: Vec<&str> = text.lines().collect();
    let cut = &text[..text.len() - 5];
    let other_version = text.replacen("1}", "2}", 1);
    let twice = format!("{text}\n{}", lines[1]);
    for (damaged, read) in [
        (cut, MANY + 1),
        (&*other_line, MANY + 1),
        (&*other_version, MANY + 1),
        ("", MANY + 1),
        // A part is no damage, it is only behind.
        (&*lines[..MANY - 9].join("\n"), 11),
        (&*twice, 1),
    ] {
        fs::write(&file, damaged).unwrap();
        check(read);
    }
    // It is rewritten once it is far behind.
    fs::write(&file, "").unwrap();
    check(MANY + 1);
    check(1);
    assert!(
        ids.iter()
            .all(|id| fs::read_to_string(&file).unwrap().contains(id.as_str()))
    );
}

#[test]
fn a_reader_that_may_not_write_reads_all() {
    let World { store, .. } = world();
    ended(&store, MANY);
    fs::create_dir(store.dir().ended_jobs()).unwrap();
    for _ in 0..2 {
        assert_eq!(store.list_with(&[]).unwrap().jobs.len(), MANY);
    }
}

#[test]
fn the_end_counts_not_the_start() {
    let World { store, .. } = world();
    let ids = ended(&store, MANY);
    let long = store.dir().record(&ids[0]);
    let text = fs::read_to_string(&long).unwrap();
    let completed = "\"completedAt\":\"2026-03-01T10:00:00.000Z\"";
    assert!(text.contains(completed), "{text}");
    let later = completed.replace("03-01", "04-01");
    fs::write(&long, text.replace(completed, &later)).unwrap();
    for _ in 0..2 {
        let listing = store.list_with(&[Latest::one(&|_| true)]).unwrap();
        let latest = crate::select::latest_finished(&listing.jobs, &listing.others, None);
        assert_eq!(latest.unwrap().id, ids[0]);
    }
}

#[test]
fn a_workspace_keeps_a_number_of_jobs_however_many_sessions_it_had() {
    let World { store, .. } = world();
    let ids = ended(&store, MANY);
    let kept = Kept {
        of_a_session: 80,
        of_a_workspace: 90,
        removed_at_once: usize::MAX,
    };
    assert!(store.prune(kept, true, |_| true).unwrap().jobs.is_empty());
    let few = Kept {
        removed_at_once: 3,
        ..kept
    };
    let pruned = store.prune(few, false, |_| false).unwrap();
    assert_eq!(pruned.jobs, [&ids[2], &ids[1], &ids[0]].map(Clone::clone));
    let pruned = store.prune(kept, false, |_| false).unwrap();
    assert_eq!((pruned.jobs.len(), pruned.unread), (MANY - 93, 0));
    let left = store.list().unwrap();
    assert_eq!(left.jobs.len(), 90);
    assert_eq!(left.jobs[89].id, ids[MANY - 90]);
}

#[test]
fn a_result_waits_a_month_for_somebody_to_read_it() {
    let World { store, .. } = world();
    let id = ended(&store, 1).remove(0);
    let text = fs::read_to_string(store.dir().record(&id)).unwrap();
    fs::write(store.dir().record(&id), text.replace("resultViewedAt", "x")).unwrap();
    let job = store.find(&id).unwrap();
    let days_later = |days: i64| Time::from_millis(job.created_at.as_millis() + days * 86_400_000);
    assert!(waits_for_reader(&job, days_later(29)));
    assert!(!waits_for_reader(&job, days_later(31)));
    let none = Kept {
        of_a_session: 0,
        of_a_workspace: 0,
        removed_at_once: usize::MAX,
    };
    let waiting = |days: i64| {
        let now = days_later(days);
        move |job: &Job| waits_for_reader(job, now)
    };
    assert!(
        store
            .prune(none, false, waiting(29))
            .unwrap()
            .jobs
            .is_empty()
    );
    let pruned = store.prune(none, false, waiting(31)).unwrap();
    assert_eq!((pruned.jobs, pruned.unread), (vec![id], 1));
}
