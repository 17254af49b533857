use cc_core::FailureClass;

use super::*;

fn proc(pid: u32) -> Proc {
    Proc {
        pid,
        identity: "t".into(),
    }
}

fn survivors() -> Survivors {
    Survivors {
        processes: vec![proc(12)],
    }
}

fn states() -> Vec<JobState> {
    let (since, worker, claude) = (Time::from_millis(1), proc(10), Some(proc(11)));
    let done = |ending| JobState::Done {
        since: Some(since),
        at: since,
        ending,
    };
    vec![
        JobState::Queued,
        JobState::Running {
            since,
            worker: worker.clone(),
            claude: None,
        },
        JobState::Running {
            since,
            worker: worker.clone(),
            claude: claude.clone(),
        },
        JobState::Cancelling {
            since,
            worker: worker.clone(),
            claude: claude.clone(),
            survivors: Vec::new(),
        },
        JobState::CancelFailed {
            since,
            worker,
            claude,
            survivors: survivors().processes,
            why: survivors().to_string(),
        },
        done(Ending::Completed),
        done(Ending::Failed(Failure::new(FailureClass::Lost, "gone"))),
        done(Ending::Cancelled),
    ]
}

fn events() -> Vec<JobEvent> {
    let at = Time::from_millis(2);
    vec![
        JobEvent::Start {
            at,
            worker: proc(20),
        },
        JobEvent::Spawned { claude: proc(21) },
        JobEvent::Cancel { at },
        JobEvent::CancelFailed {
            survivors: survivors(),
        },
        JobEvent::Finish {
            at,
            ending: Ending::Completed,
        },
        JobEvent::Finish {
            at,
            ending: Ending::Failed(Failure::new(FailureClass::Model, "no")),
        },
    ]
}

/// Every state against every event, as one table: rows are states, columns events.
#[test]
fn every_pair_of_state_and_event() {
    let table: Vec<String> = states()
        .into_iter()
        .map(|state| {
            let row: Vec<&str> = events()
                .into_iter()
                .map(|event| state.clone().on(event).map_or("-", |next| next.status()))
                .collect();
            format!("{}: {}", state.phase(), row.join(" "))
        })
        .collect();
    let expected = [
        "queued: running - cancelled - completed failed",
        "starting: - running cancelling - completed failed",
        "running: - running cancelling - completed failed",
        "cancelling: - - - cancel_failed cancelled cancelled",
        "cancel_failed: - - cancelling cancel_failed cancelled cancelled",
        "done: - - - - - -",
        "failed: - - - - - -",
        "cancelled: - - - - - -",
    ];
    assert_eq!(table, expected);
}

#[test]
fn a_rejected_event_gives_the_state_back() {
    for state in states() {
        for event in events() {
            if let Err(rejected) = state.clone().on(event) {
                assert_eq!(*rejected.state, state);
            }
        }
    }
}

#[test]
fn cancelling_remembers_whom_to_end() {
    let [_, _, running, _, failed, ..] = &states()[..] else {
        unreachable!()
    };
    for (state, survivors) in [(running, vec![]), (failed, vec![proc(12)])] {
        let at = Time::from_millis(9);
        let cancelling = state.clone().on(JobEvent::Cancel { at }).unwrap();
        assert_eq!(cancelling.processes(), (Some(&proc(10)), Some(&proc(11))));
        assert_eq!(cancelling.survivors(), survivors);
    }
}
