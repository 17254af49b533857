//! What was done to the product.

use std::fmt;

/// Counts of one round or of all.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Calls that were to start a job.
    pub(super) launches: u64,
    /// Jobs that there were.
    pub(super) jobs: u64,
    /// Other calls: hooks, cancel, prune, reads.
    pub(super) calls: u64,
    /// Killed calls: launchers, hooks and others.
    pub(super) killed_calls: u64,
    /// Killed workers.
    pub(super) killed_workers: u64,
    /// Killed Claudes.
    pub(super) killed_claudes: u64,
    /// Killed installers.
    pub(super) killed_installers: u64,
    /// Processes that were stopped for a while.
    pub(super) stopped: u64,
    /// Files that were damaged.
    pub(super) damaged: u64,
    /// Rounds on a disk that was full at times, or with a limit on the size of files.
    pub(super) full: u64,
    /// Changes of a record that were seen.
    pub(super) changes: u64,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        self.launches += other.launches;
        self.jobs += other.jobs;
        self.calls += other.calls;
        self.killed_calls += other.killed_calls;
        self.killed_workers += other.killed_workers;
        self.killed_claudes += other.killed_claudes;
        self.killed_installers += other.killed_installers;
        self.stopped += other.stopped;
        self.damaged += other.damaged;
        self.full += other.full;
        self.changes += other.changes;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let killed = [
            self.killed_calls,
            self.killed_workers,
            self.killed_claudes,
            self.killed_installers,
        ];
        write!(
            f,
            "{} launches, {} jobs, {} other calls; {} kills ({} calls, {} workers, {} Claudes, {} installers), \
             {} processes stopped, {} files damaged, {} rounds with too little room; {} changes of records seen",
            self.launches,
            self.jobs,
            self.calls,
            killed.iter().sum::<u64>(),
            killed[0],
            killed[1],
            killed[2],
            killed[3],
            self.stopped,
            self.damaged,
            self.full,
            self.changes,
        )
    }
}
