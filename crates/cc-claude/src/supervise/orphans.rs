//! Descendants of Claude whose parents ended: they become our children instead of init's.
//!
//! That keeps them in sight, and makes it our duty to collect them once they end.

#[cfg(target_os = "linux")]
pub(super) use linux::Orphans;
#[cfg(not(target_os = "linux"))]
pub(super) use other::Orphans;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::sync::{Mutex, PoisonError};

    use cc_core::Proc;
    use rustix::io::Errno;
    use rustix::process::{
        Pid, WaitId, WaitIdOptions, WaitOptions, child_subreaper, getpid, set_child_subreaper,
        waitid, waitpid,
    };
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use crate::run_processes::group_and_session;

    /// How many runs of this process adopt; `None` where the process adopted before and goes on.
    static ADOPTING: Mutex<Option<u32>> = Mutex::new(Some(0));

    /// Adopts orphans as long as it lives.
    pub(crate) struct Orphans {
        child_ended: Option<Signal>,
        /// Whether this process starts nothing but Claude: then all other children are orphans.
        alone: bool,
    }

    impl Orphans {
        pub(crate) fn adopt(alone: bool) -> Self {
            let mut runs = ADOPTING.lock().unwrap_or_else(PoisonError::into_inner);
            if *runs == Some(0) && matches!(child_subreaper(), Ok(Some(_))) {
                *runs = None;
            }
            if let Some(runs) = runs.as_mut() {
                *runs += 1;
                // Without it orphans go to init: their mark still identifies them.
                let _ = set_child_subreaper(Some(getpid()));
            }
            Self {
                child_ended: signal(SignalKind::child()).ok(),
                alone,
            }
        }

        /// Waits until some child of ours may have ended.
        pub(crate) async fn wait(&mut self) {
            match &mut self.child_ended {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }

        /// Whether a Claude that was waited for can have left something: all of it would be below us.
        pub(crate) fn may_be_left(&self) -> bool {
            let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            let childless = matches!(waitid(WaitId::All, look), Err(Errno::CHILD));
            !(childless && matches!(child_subreaper(), Ok(Some(_))))
        }

        /// Collects ended orphans of the Claude with this pid; never a child somebody else started.
        pub(crate) fn collect(&self, claude: u32, known: &[Proc]) {
            let us = group_and_session(std::process::id()).map(|(_, session)| session);
            for pid in children() {
                if pid != claude && (self.alone || is_orphan(pid, claude, us, known)) {
                    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
                    let _ = pid.map(|pid| waitpid(Some(pid), WaitOptions::NOHANG));
                }
            }
        }
    }

    impl Drop for Orphans {
        fn drop(&mut self) {
            let mut runs = ADOPTING.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(runs) = runs.as_mut() {
                *runs -= 1;
                if *runs == 0 {
                    let _ = set_child_subreaper(None);
                }
            }
        }
    }

    /// A child we did not start: it is in Claude's group, was seen below Claude, or is in a
    /// session that is neither ours nor its own, which a child of our own cannot get into.
    fn is_orphan(pid: u32, claude: u32, us: Option<u32>, known: &[Proc]) -> bool {
        let is_foreign = match (group_and_session(pid), us) {
            (Some((group, session)), Some(us)) => {
                group == claude || (session != us && session != pid)
            }
            _ => false,
        };
        is_foreign || known.iter().any(|proc| proc.pid == pid)
    }

    /// All children of this process, ended ones too.
    fn children() -> Vec<u32> {
        let Ok(threads) = fs::read_dir("/proc/self/task") else {
            return Vec::new();
        };
        threads
            .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
            .flat_map(|list| {
                list.split_ascii_whitespace()
                    .filter_map(|pid| pid.parse().ok())
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use cc_core::Proc;

    /// Only Linux lets a process adopt.
    pub(crate) struct Orphans;

    impl Orphans {
        pub(crate) fn adopt(_: bool) -> Self {
            Self
        }

        pub(crate) fn may_be_left(&self) -> bool {
            true
        }

        pub(crate) async fn wait(&mut self) {
            std::future::pending().await
        }

        pub(crate) fn collect(&self, _: u32, _: &[Proc]) {}
    }
}
