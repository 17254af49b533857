//! Records of the plugin before this one. They have no `schemaVersion`, its workers hold no lock and hear
//! no request of ours, and its process identities are bare start times, without the boot.

use std::time::Duration;

use cc_core::{Proc, Time};

use crate::Job;
use crate::state::JobState;

/// How far a start by the wall clock may be off.
const CLOCK_ERROR: Duration = Duration::from_secs(2);

/// How long the caller may take to start the worker of a queued job.
const STARTING: Duration = Duration::from_secs(15);

impl Job {
    /// Whether the plugin before this one wrote it.
    pub fn is_older(&self) -> bool {
        self.schema_version.is_none()
    }

    /// Its worker, if that very process still runs.
    pub fn running_worker(&self) -> Option<Proc> {
        let (worker, _) = self.state.processes();
        let worker = worker?;
        let now = Proc::of(worker.pid)?;
        let is_same = match self.is_older() {
            true => is_older_worker(self, worker, &now),
            false => worker.is(&now),
        };
        is_same.then_some(now)
    }

    /// Whether it has not ended, and nothing but the end of its older worker will end it.
    pub(crate) fn waits_for_older_worker(&self, now: Time) -> bool {
        self.is_older() && self.state.is_active() && self.has_older_worker(now)
    }

    /// Whether a worker of the plugin before this one runs the job, or is about to.
    pub(crate) fn has_older_worker(&self, now: Time) -> bool {
        match self.state {
            JobState::Queued => self.created_at.until(now) < STARTING,
            // Its worker does not know of this: whoever reads the job ends it.
            JobState::Cancelling { .. } => false,
            _ => self.running_worker().is_some(),
        }
    }
}

/// Whether `now`, which has the pid of the worker, is the worker. Where the identity does not tell, a
/// process that started after the last change of the record is another one.
fn is_older_worker(job: &Job, worker: &Proc, now: &Proc) -> bool {
    match worker.identity.parse() {
        Ok(ticks) if cfg!(target_os = "linux") => now.start_number() == Some(ticks),
        _ => (now.started_at()).is_some_and(|start| start <= job.updated_at.plus(CLOCK_ERROR)),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::process::{Child, Command};

    use cc_core::Clock;
    use serde_json::{Value, json};

    use super::*;

    fn process() -> (Child, Proc) {
        let child = Command::new("sleep").arg("600").spawn().unwrap();
        let proc = Proc::of(child.id()).unwrap();
        (child, proc)
    }

    fn job(status: &str, pid: u32, identity: Value, updated: Time) -> Job {
        let record = json!({
            "id": "task-old", "kind": "task", "status": status, "createdAt": "2026-03-01T10:00:00Z",
            "updatedAt": updated, "pid": pid, "pidIdentity": identity,
        });
        crate::record::read_head(record.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn the_worker_is_known_by_its_start_and_without_it_by_the_last_change() {
        let (mut child, proc) = process();
        let now = Clock::System.now();
        let before = Time::from_millis(now.as_millis() - 60_000);
        let start = proc.start_number().unwrap();
        let text = |number: u64| Value::from(number.to_string());
        let linux = cfg!(target_os = "linux");
        for (identity, updated, expected) in [
            (text(start), before, linux),
            (text(start + 1), now, !linux),
            (json!(null), now, true),
            (json!(null), before, false),
            (json!("Fri Nov 27 10:00:00 2026"), now, true),
            (json!("Fri Nov 27 10:00:00 2026"), before, false),
        ] {
            for status in ["running", "queued", "cancel_failed"] {
                let job = job(status, proc.pid, identity.clone(), updated);
                let known = job.running_worker();
                assert_eq!(known.is_some(), expected, "{status} {identity}");
                assert!(known.is_none_or(|known| known == proc), "in our own terms");
                assert_eq!(job.has_older_worker(now), expected);
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let job = job("running", proc.pid, text(start), now);
        assert_eq!(job.running_worker(), None);
    }

    #[test]
    fn a_job_that_was_queued_just_now_may_get_its_worker_any_moment() {
        let now = Clock::System.now();
        let mut job = job("queued", 0, json!(null), now);
        job.state = JobState::Queued;
        for (age, expected) in [(1_000, true), (60_000, false)] {
            job.created_at = Time::from_millis(now.as_millis() - age);
            assert_eq!(job.has_older_worker(now), expected);
        }
    }
}
