//! When a run has to be ended, or no longer listened to: decided from points in time alone.

use std::time::{Duration, Instant};

use crate::Limits;

/// How long Claude may stay after its result, or after it closed its output.
const LINGER: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 10 });

/// How long after Claude's end its pipes may stay silent: whoever still holds them is not Claude.
const DRAIN_SILENCE: Duration = Duration::from_millis(250);

/// How long after Claude's end its pipes are read at all.
const DRAIN: Duration = Duration::from_secs(5);

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The observer wants to save what it heard.
    Save,
    /// Claude printed nothing for too long.
    Idle,
    /// The run took too long.
    Total,
    /// Claude has given its result but does not end.
    Lingering,
    /// Claude has ended, and what is left of its output has been read.
    Drained,
}

/// What happened when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    limits: Limits,
    started: Instant,
    heard: Instant,
    /// Since when nothing more is expected: a result or the end of the output.
    finished: bool,
    exited: Option<Instant>,
}

impl Watch {
    pub(super) fn new(limits: Limits, now: Instant) -> Self {
        Self {
            limits,
            started: now,
            heard: now,
            finished: false,
            exited: None,
        }
    }

    /// Something came on standard output.
    pub(super) fn hear(&mut self, now: Instant) {
        self.heard = now;
    }

    /// Claude gave its result, or closed its output.
    pub(super) fn finish(&mut self, now: Instant) {
        if !self.finished {
            self.finished = true;
            self.heard = now;
        }
    }

    /// Claude ended.
    pub(super) fn exit(&mut self, now: Instant) {
        self.exited = Some(now);
    }

    /// What comes next, and when; `None` where that lies beyond all time.
    pub(super) fn next(&self) -> Option<(Instant, Due)> {
        if let Some(exited) = self.exited {
            let silence = self.heard.max(exited) + DRAIN_SILENCE;
            return Some((silence.min(exited + DRAIN), Due::Drained));
        }
        // Overflow happens for limits that mean "never".
        let total = self.started.checked_add(self.limits.total);
        let total = total.map(|at| (at, Due::Total));
        let (silence, due) = if self.finished {
            (LINGER.min(self.limits.idle), Due::Lingering)
        } else {
            (self.limits.idle, Due::Idle)
        };
        let silent = self.heard.checked_add(silence).map(|at| (at, due));
        [total, silent]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn watch(idle: Duration, total: Duration) -> (Instant, Watch) {
        let start = Instant::now();
        (start, Watch::new(Limits { idle, total }, start))
    }

    #[track_caller]
    fn check(start: Instant, watch: Watch, after: Duration, due: Due) {
        assert_eq!(watch.next(), Some((start + after, due)));
    }

    #[test]
    fn silence_is_counted_from_the_last_sound() {
        let (start, mut watch) = watch(secs(30), secs(100));
        check(start, watch, secs(30), Due::Idle);
        watch.hear(start + secs(29));
        check(start, watch, secs(59), Due::Idle);
        watch.hear(start + secs(80));
        check(start, watch, secs(100), Due::Total);
    }

    #[test]
    fn after_the_result_patience_is_short() {
        let (start, mut watch) = watch(secs(300), secs(1_000));
        watch.finish(start + secs(20));
        check(start, watch, secs(20) + LINGER, Due::Lingering);
        watch.finish(start + secs(25));
        check(start, watch, secs(20) + LINGER, Due::Lingering);
        watch.hear(start + secs(27));
        check(start, watch, secs(27) + LINGER, Due::Lingering);
    }

    #[test]
    fn pipes_that_outlive_claude_are_read_for_a_short_time() {
        let (start, mut watch) = watch(secs(1), secs(1));
        watch.exit(start + secs(9));
        check(start, watch, Duration::from_millis(9_250), Due::Drained);
        watch.hear(start + secs(10));
        check(start, watch, Duration::from_millis(10_250), Due::Drained);
        watch.hear(start + secs(1_000));
        check(start, watch, secs(14), Due::Drained);
    }

    #[test]
    fn never_is_a_limit() {
        let (_, watch) = watch(Duration::MAX, Duration::MAX);
        assert_eq!(watch.next(), None);
    }
}
