//! Finding and ending the processes of a sandbox.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use cc_core::Proc;
use cc_core::process::{Processes, Signal};
use serde_json::Value;

use super::world::Sandbox;
use crate::eventually;

impl Sandbox {
    /// The processes of this sandbox that run now, detached ones too.
    ///
    /// On Linux all of them; elsewhere those that job records and the fake Claude name.
    pub fn processes(&self) -> Vec<Proc> {
        of(self)
    }

    /// Waits until no process of this sandbox runs.
    ///
    /// # Panics
    /// When some still run after `timeout`, naming them.
    #[track_caller]
    pub fn wait_quiet(&self, timeout: Duration) {
        let probe = || self.processes().is_empty().then_some(());
        eventually(timeout, "the end of every process of the sandbox", probe);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.print_jobs();
        }
        end_all(self);
    }
}

/// Ends every process of the sandbox; repeats to catch processes that were started meanwhile.
pub(super) fn end_all(sandbox: &Sandbox) {
    for _ in 0..5 {
        let running = of(sandbox);
        if running.is_empty() {
            return;
        }
        end(&running);
    }
}

/// Kills processes, the groups they lead and their descendants, and waits until they are gone.
pub(super) fn end(procs: &[Proc]) {
    let mut all = Processes::now().descendants(procs);
    all.extend_from_slice(procs);
    for proc in &all {
        let _ = proc.signal_group(Signal::Kill);
        let _ = proc.signal(Signal::Kill);
    }
    let until = Instant::now() + Duration::from_secs(60);
    while Instant::now() < until && all.iter().any(Proc::is_running) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The processes of the sandbox that run now.
pub(super) fn of(sandbox: &Sandbox) -> Vec<Proc> {
    let mut named = sandbox.grandchildren();
    named.extend(sandbox.claude_calls().into_iter().map(|call| call.proc));
    recorded(&sandbox.data_dir().states(), &mut named);
    named.extend(carrying(&sandbox.home()));
    named.retain(Proc::is_running);
    named.sort_by_key(|proc| proc.pid);
    named.dedup();
    named
}

/// Every pid with its identity in the job records below a directory, whatever the record's shape.
fn recorded(states: &Path, into: &mut Vec<Proc>) {
    for state in fs::read_dir(states).into_iter().flatten().flatten() {
        let jobs = fs::read_dir(state.path().join("jobs"));
        for job in jobs.into_iter().flatten().flatten() {
            let text = fs::read(job.path()).unwrap_or_default();
            if let Ok(record) = serde_json::from_slice(&text) {
                collect(&record, into);
            }
        }
    }
}

fn collect(value: &Value, into: &mut Vec<Proc>) {
    match value {
        Value::Object(fields) => {
            let identity = fields.get("pidIdentity").or(fields.get("identity"));
            let pid = fields.get("pid").and_then(Value::as_u64);
            if let (Some(pid), Some(identity)) = (pid, identity.and_then(Value::as_str))
                && let Ok(pid) = pid.try_into()
            {
                into.push(Proc {
                    pid,
                    identity: identity.to_owned(),
                });
            }
            fields.values().for_each(|field| collect(field, into));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        _ => {}
    }
}

/// The processes whose environment names the sandbox's home, including detached ones.
#[cfg(target_os = "linux")]
fn carrying(home: &Path) -> Vec<Proc> {
    use std::os::unix::ffi::OsStrExt;

    let home = [b"HOME=", home.as_os_str().as_bytes()].concat();
    let carries = |pid: u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .split(|&byte| byte == 0)
            .any(|variable| variable == home)
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|&pid| carries(pid))
        .filter_map(Proc::of)
        .collect()
}

#[cfg(not(target_os = "linux"))]
fn carrying(_: &Path) -> Vec<Proc> {
    Vec::new()
}
