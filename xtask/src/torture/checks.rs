//! The statements that hold after every round.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::{JobId, lock};
use cc_tests::sandbox::Output;
use cc_tests::{Sandbox, Scenario};
use serde_json::Value;

/// How long the processes of a job may take to end after it.
const SOON: Duration = Duration::from_secs(20);

/// Files that are not ours, and what was in them.
pub(super) struct Foreign(BTreeMap<PathBuf, Vec<u8>>);

impl Foreign {
    /// Puts files of others where the product has its own.
    pub(super) fn plant(sandbox: &Sandbox) -> Self {
        let (data, state) = (sandbox.data_dir(), sandbox.state_dir());
        let files = [
            data.root().join(".tmp-mine"),
            data.root().join("notes.txt"),
            state.root().join(".tmp-abcdef/inner"),
            state.jobs().join("notes.txt"),
            state.jobs().join("task-notes.txt"),
            sandbox.home().join(".profile"),
            sandbox.home().join(".claude/settings.json"),
            sandbox.codex_home().join("config.toml"),
            sandbox.codex_home().join("AGENTS.md"),
            sandbox.codex_home().join("hooks/mine.sh"),
        ];
        for file in &files {
            let dir = file.parent().unwrap_or(Path::new(""));
            cc_core::fs::create_private_dir(dir).expect("a sandbox is writable");
            if !file.exists() {
                fs::write(file, "# theirs\n").expect("a sandbox is writable");
            }
        }
        Self(
            files
                .into_iter()
                .map(|file| (file.clone(), read(&file)))
                .collect(),
        )
    }

    /// No file of others was touched.
    pub(super) fn check(&self) -> Result<(), String> {
        let changed = self
            .0
            .iter()
            .find(|(file, content)| read(file) != **content);
        changed.map_or(Ok(()), |(file, _)| {
            Err(format!("`{}` of others was changed", file.display()))
        })
    }
}

fn read(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap_or_default()
}

/// A call ended as calls do: with a code of ours and without a panic.
pub(super) fn ended_well(output: &Output) -> Result<(), String> {
    let is_known = match output.code() {
        Some(code) => [0, 1, 2, 3, 4, 10, 11, 124].contains(&code),
        None => true,
    };
    let has_panicked =
        output.stderr.contains("panicked") || output.stderr.contains("internal error");
    match is_known && !has_panicked {
        true => Ok(()),
        false => Err(format!("a call ended badly: {output:?}")),
    }
}

/// The largest record that the product reads, in bytes.
const RECORD: u64 = 32 << 20;

/// The ids and records that can be read, by the product too.
pub(super) fn records(sandbox: &Sandbox) -> Vec<(JobId, Value)> {
    let entries = fs::read_dir(sandbox.state_dir().jobs())
        .into_iter()
        .flatten()
        .flatten();
    let record = |path: PathBuf| {
        let id = JobId::parse(path.file_name()?.to_str()?.strip_suffix(".json")?).ok()?;
        let bytes = cc_core::fs::read_own(&path, RECORD).ok()?;
        Some((id, serde_json::from_slice(&bytes).ok()?))
    };
    entries.filter_map(|entry| record(entry.path())).collect()
}

/// The jobs that have a worker, whatever their records say.
pub(super) fn with_worker(sandbox: &Sandbox) -> Vec<String> {
    let state = sandbox.state_dir();
    let entries = fs::read_dir(state.jobs()).into_iter().flatten().flatten();
    let id = |path: PathBuf| JobId::parse(path.file_name()?.to_str()?.strip_suffix(".alive")?).ok();
    let ids = entries.filter_map(|entry| id(entry.path()));
    let working = ids.filter(|id| lock::is_held(&state.alive(id)).unwrap_or(true));
    working.map(|id| id.to_string()).collect()
}

/// Whether a record says that its job has not ended.
pub(super) fn is_active(record: &Value) -> bool {
    let status = record["status"].as_str().unwrap_or_default();
    ["queued", "running", "cancelling", "cancel_failed"].contains(&status)
}

/// Every job has ended, or truly runs. A read makes that true of jobs whose worker is gone.
pub(super) fn tell_the_truth(sandbox: &Sandbox) -> Result<(), String> {
    let read = || ended_well(&sandbox.cc(["status", "--all", "--json"]).run());
    let without_worker = || {
        let records = records(sandbox).into_iter();
        let active = records.filter(|(_, record)| is_active(record));
        let lost =
            active.filter(|(id, _)| !lock::is_held(&sandbox.state_dir().alive(id)).unwrap_or(true));
        lost.map(|(id, _)| id).collect::<HashSet<_>>()
    };
    read()?;
    // The worker of some may have ended since that read.
    let before = without_worker();
    if before.is_empty() {
        return Ok(());
    }
    read()?;
    let now = without_worker();
    let lie = before.intersection(&now).next();
    lie.map_or(Ok(()), |id| {
        Err(format!("`{id}` is active without a worker"))
    })
}

/// Every job has ended; whoever completed has its result.
pub(super) fn all_ended(sandbox: &Sandbox) -> Result<(), String> {
    for (id, record) in records(sandbox) {
        if is_active(&record) {
            return Err(format!("`{id}` is still {}", record["status"]));
        }
        let has_result = record["rendered"]
            .as_str()
            .is_some_and(|text| !text.is_empty());
        // Checks of the gate have a verdict instead.
        let is_check = record["kind"].as_str() == Some("gate");
        if record["status"] == "completed" && !has_result && !is_check {
            return Err(format!("`{id}` completed without a result"));
        }
        let log = read(&sandbox.state_dir().log(&id));
        let log = String::from_utf8_lossy(&log);
        if let Some(line) = log.lines().find(|line| line.contains("panicked")) {
            return Err(format!("the worker of `{id}` panicked: {line}"));
        }
    }
    Ok(())
}

/// Every receipt has its job.
pub(super) fn have_jobs(sandbox: &Sandbox, receipts: &HashSet<String>) -> Result<(), String> {
    let known: HashSet<String> = records(sandbox)
        .into_iter()
        .map(|(id, _)| id.to_string())
        .collect();
    let lost = receipts.difference(&known).next();
    lost.map_or(Ok(()), |id| {
        Err(format!("`{id}` was started, and is not there"))
    })
}

/// No process of the product or of Claude is left.
pub(super) fn no_orphans(sandbox: &Sandbox) -> Result<(), String> {
    let quiet = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sandbox.wait_quiet(SOON)));
    quiet.map_err(|_| {
        let left = sandbox.processes();
        let name = |pid: u32| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let names = left.iter().map(|proc| {
            let name = String::from_utf8_lossy(&name(proc.pid)).replace('\0', " ");
            format!("{} {name}", proc.pid)
        });
        format!("orphans: {}", names.collect::<Vec<_>>().join("; "))
    })
}

/// The next command works.
pub(super) fn next_works(sandbox: &Sandbox) -> Result<(), String> {
    sandbox.set_scenario(&Scenario::says("All is well."));
    let args = ["rescue", "--read-only", "--json", "Look around."];
    let output = sandbox.cc(args).run();
    match output.code() == Some(0) && output.stdout.contains("All is well.") {
        true => Ok(()),
        false => Err(format!("the next command does not work: {output:?}")),
    }
}
