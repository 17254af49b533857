//! A round about jobs and hooks.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use cc_core::Proc;
use cc_core::process::Signal;
use cc_tests::fake::{Run, Step};
use cc_tests::sandbox::{Cmd, Running};
use cc_tests::{Sandbox, Scenario};
use fastrand::Rng;
use rustix::process::{Pid, Signal as OsSignal, kill_process};
use serde_json::{Value, json};

use super::checks::{self, Foreign};
use super::disk::{Disk, Shortage};
use super::history::Watch;
use super::tally::Tally;

/// What Claude answers where it does.
const ANSWER: &str = "Nothing is wrong here.";

/// How many things happen in a round.
const ACTIONS: std::ops::Range<usize> = 20..60;

/// How long a call may take.
const CALL: Duration = Duration::from_secs(60);

/// How long jobs may take to end once nothing disturbs them.
const SETTLED: Duration = Duration::from_secs(90);

/// The longest pause between two actions, in milliseconds.
const PAUSE: u64 = 40;

/// A round that goes on.
struct Round<'a> {
    sandbox: &'a Sandbox,
    rng: &'a mut Rng,
    shortage: Shortage,
    gate: bool,
    damages: bool,
    tally: Tally,
    /// What runs, whether it starts a job, and whether it was killed.
    calls: Vec<(Running, CallKind)>,
    stopped: Vec<Proc>,
    /// The jobs that were killed, cancelled or damaged.
    hurt: HashSet<String>,
    pruned: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum CallKind {
    Launch,
    Hook,
    Other,
}

/// Plays a round.
pub(super) fn round(rng: &mut Rng, binaries: Option<&Path>) -> Result<Tally, String> {
    let (run, answers) = claude(rng);
    let mut sandbox = Sandbox::fake(&Scenario::runs([run])).with_change();
    if let Some(dir) = binaries {
        sandbox.use_binaries(dir);
    }
    let shortage = shortage(rng, &sandbox);
    let is_short = !matches!(shortage, Shortage::No);
    let foreign = Foreign::plant(&sandbox);
    let watch = Watch::start(sandbox.state_dir().jobs());
    let mut round = Round {
        sandbox: &sandbox,
        gate: rng.u8(..3) == 0,
        damages: rng.u8(..6) == 0,
        rng,
        shortage,
        tally: Tally::default(),
        calls: Vec::new(),
        stopped: Vec::new(),
        hurt: HashSet::new(),
        pruned: false,
    };
    round.tally.full = u64::from(is_short);
    if round.gate {
        round.start(&["setup", "--enable-review-gate"]);
        round.hook("session-start");
    }
    for _ in 0..round.rng.usize(ACTIONS) {
        round.act();
        thread::sleep(Duration::from_millis(round.rng.u64(..PAUSE)));
    }
    let receipts = round.end_calls(answers && !is_short)?;
    round.settle()?;
    checks::all_ended(&sandbox)?;
    checks::no_orphans(&sandbox)?;
    foreign.check()?;
    if !round.pruned && !round.damages {
        checks::have_jobs(&sandbox, &receipts)?;
        let most = round.tally.launches + round.tally.calls;
        let there = checks::records(&sandbox).len() as u64;
        if there > most {
            return Err(format!("{there} jobs of {most} calls"));
        }
    }
    if answers && !is_short && !round.damages {
        round.check_unhurt(&receipts)?;
    }
    round.tally.jobs = checks::records(&sandbox).len() as u64;
    checks::next_works(&sandbox)?;
    let seen = watch.end();
    round.tally.changes = seen.changes;
    if let Some(wrong) = seen.wrong.filter(|_| !round.damages) {
        return Err(wrong);
    }
    Ok(round.tally)
}

/// What Claude does in each run of the round, and whether it answers.
fn claude(rng: &mut Rng) -> (Run, bool) {
    let slow = Duration::from_millis(rng.u64(1..120));
    match rng.u8(..8) {
        0 => (Run::says(ANSWER), true),
        1..=3 => {
            let run = Run::started().sleep(slow).text(ANSWER).sleep(slow);
            (run.success(ANSWER, None), true)
        }
        4 => (Run::hangs(), false),
        5 => {
            let grandchild = Step::Grandchild {
                holds_output: rng.bool(),
            };
            let run = Run::started().step(grandchild).step(Step::Hang);
            (run.ignoring_signals(), false)
        }
        6 => (
            Run::started().text("Half").sleep(slow).step(Step::Kill),
            false,
        ),
        _ => (Run::api_error(Some(529), "Overloaded"), false),
    }
}

fn shortage(rng: &mut Rng, sandbox: &Sandbox) -> Shortage {
    match rng.u8(..8) {
        0 => Shortage::FileSize {
            blocks: rng.u32(..8),
            kills: rng.bool(),
        },
        1 => Disk::mount(sandbox).map_or(Shortage::No, Shortage::Disk),
        _ => Shortage::No,
    }
}

impl Round<'_> {
    /// Does the next thing.
    fn act(&mut self) {
        match self.rng.u8(..24) {
            0..=4 => self.launch(),
            5..=7 => self.kill_call(),
            8..=10 => self.kill_process("pid"),
            11..=13 => self.kill_process("claudePid"),
            14 => self.stop_process(),
            15 | 16 => self.cancel(),
            17 => self.start(&["status", "--all", "--json"]),
            18 => self.read(),
            19 if self.rng.bool() => {
                self.pruned = true;
                self.start(&["prune", "--yes", "--keep", "1"]);
            }
            20 if self.damages => self.damage(),
            21 | 22 if self.gate => self.turn(),
            _ => self.change_disk(),
        }
    }

    fn launch(&mut self) {
        let args: &[&str] = match self.rng.u8(..4) {
            0 => &["review", "--background", "--json"],
            1 => &["review"],
            _ => &["rescue", "--read-only", "--background", "--json", "Look."],
        };
        let command = self.shortage.limit(self.sandbox, args);
        self.tally.launches += 1;
        self.spawn(command, CallKind::Launch);
    }

    fn start(&mut self, args: &[&str]) {
        let command = self.sandbox.cc(args);
        self.tally.calls += 1;
        self.spawn(command, CallKind::Other);
    }

    fn spawn(&mut self, command: Cmd<'_>, kind: CallKind) {
        self.calls.push((command.timeout(CALL).spawn(), kind));
    }

    fn hook(&mut self, event: &str) {
        let input = json!({
            "session_id": "torture", "turn_id": "t", "cwd": self.sandbox.repo(), "prompt": "do it",
            "last_assistant_message": "Done.",
        });
        self.tally.calls += 1;
        self.spawn(self.sandbox.hook(event, &input), CallKind::Hook);
    }

    /// A turn with an edit, which two hooks check at once.
    fn turn(&mut self) {
        self.hook("user-prompt-submit");
        let text = format!("pub fn edited() -> u64 {{ {} }}\n", self.rng.u64(..));
        self.sandbox.write("src/edited.rs", text);
        for _ in 0..self.rng.u8(1..3) {
            self.hook("stop");
        }
    }

    fn kill_call(&mut self) {
        let running: Vec<_> = (0..self.calls.len())
            .filter(|&at| !self.calls[at].0.has_ended())
            .collect();
        if let Some(&at) = self.rng.choice(&running) {
            self.calls[at].0.signal(Signal::Kill);
            self.tally.killed_calls += 1;
        }
    }

    /// A process of a job that has not ended, by the name of its pid in the record.
    fn process(&mut self, pid: &str) -> Option<(String, Proc)> {
        let active = checks::records(self.sandbox).into_iter();
        let procs: Vec<_> = active
            .filter(|(_, record)| checks::is_active(record))
            .filter_map(|(id, record)| {
                let proc = Proc {
                    pid: record[pid].as_u64()?.try_into().ok()?,
                    identity: record[format!("{pid}Identity")].as_str()?.to_owned(),
                };
                proc.is_running().then(|| (id.to_string(), proc))
            })
            .collect();
        self.rng.choice(&procs).cloned()
    }

    fn kill_process(&mut self, pid: &str) {
        let Some((id, proc)) = self.process(pid) else {
            return;
        };
        self.hurt.insert(id);
        if proc.signal(Signal::Kill).is_ok() {
            match pid {
                "pid" => self.tally.killed_workers += 1,
                _ => self.tally.killed_claudes += 1,
            }
        }
    }

    fn stop_process(&mut self) {
        let pid = if self.rng.bool() { "pid" } else { "claudePid" };
        if let Some((_, proc)) = self.process(pid) {
            signal(&proc, OsSignal::STOP);
            self.tally.stopped += 1;
            self.stopped.push(proc);
        }
    }

    fn job(&mut self) -> Option<String> {
        let records = checks::records(self.sandbox);
        self.rng.choice(&records).map(|(id, _)| id.to_string())
    }

    fn cancel(&mut self) {
        if let Some(id) = self.job() {
            self.start(&["cancel", &id, "--json"]);
            self.hurt.insert(id);
        }
    }

    fn read(&mut self) {
        let Some(id) = self.job() else { return };
        let args: &[&str] = match self.rng.u8(..4) {
            0 => &["result", &id, "--json"],
            1 => &["logs", &id],
            2 => &["status", &id, "--json"],
            _ => &["wait", &id, "--timeout-ms", "50"],
        };
        self.start(args);
    }

    fn change_disk(&mut self) {
        if let Shortage::Disk(disk) = &self.shortage {
            match self.rng.bool() {
                true => disk.fill(self.rng.usize(..24)),
                false => disk.free(),
            }
        }
    }

    /// Damages a file of the product, other than a lock and what a person writes.
    fn damage(&mut self) {
        let state = self.sandbox.state_dir();
        let files = |dir: PathBuf| {
            let entries = fs::read_dir(dir).into_iter().flatten().flatten();
            let files = entries
                .map(|entry| entry.path())
                .filter(|path| path.is_file());
            files.filter(|path| {
                path.extension()
                    .is_some_and(|end| end == "json" || end == "jsonl")
            })
        };
        let mut all: Vec<_> = files(state.root().to_owned())
            .chain(files(state.jobs()))
            .collect();
        all.sort();
        let Some(path) = self.rng.choice(&all).cloned() else {
            return;
        };
        let name = path.file_stem().unwrap_or_default();
        self.hurt.insert(name.to_string_lossy().into_owned());
        let mut content = fs::read(&path).unwrap_or_default();
        match self.rng.u8(..4) {
            0 => content.truncate(self.rng.usize(..content.len().max(1))),
            1 => (0..8).for_each(|_| {
                let at = self.rng.usize(..content.len().max(1));
                content
                    .get_mut(at)
                    .into_iter()
                    .for_each(|byte| *byte = self.rng.u8(..));
            }),
            2 => content.resize(33 << 20, b' '),
            _ => content.clear(),
        }
        match fs::write(&path, content) {
            Ok(()) => self.tally.damaged += 1,
            // It must not take all the room of a small disk.
            Err(_) => drop(fs::write(&path, "")),
        }
    }

    /// Waits for the calls; gives the ids of the receipts.
    fn end_calls(&mut self, answers: bool) -> Result<HashSet<String>, String> {
        self.stopped
            .iter()
            .for_each(|proc| signal(proc, OsSignal::CONT));
        if let Shortage::Disk(disk) = &self.shortage {
            disk.free();
        }
        // A hook ends by itself; a review in the foreground ends with its job.
        self.wait_until(CALL, |round| {
            let hooks = round
                .calls
                .iter_mut()
                .filter(|(_, kind)| *kind == CallKind::Hook);
            hooks.into_iter().all(|(hook, _)| hook.has_ended()) || !answers
        });
        checks::tell_the_truth(self.sandbox)?;
        if answers {
            self.wait_until(SETTLED, |round| round.active().next().is_none());
        }
        // What was queued until now starts a job.
        self.wait_until(CALL, |round| {
            round.cancel_all();
            round.calls.iter_mut().all(|(call, _)| call.has_ended())
        });
        let mut receipts = HashSet::new();
        for (call, kind) in self.calls.drain(..) {
            let output = call.wait();
            checks::ended_well(&output)?;
            let json = serde_json::from_str::<Value>(&output.stdout);
            match kind {
                CallKind::Launch if output.code() == Some(0) => {
                    let id = json
                        .ok()
                        .and_then(|json| Some(json["jobId"].as_str()?.to_owned()));
                    receipts.extend(id);
                }
                CallKind::Hook if output.code().is_some() => {
                    let speaks = output.stdout.is_empty() || json.is_ok();
                    if output.code() == Some(2) || !speaks {
                        return Err(format!("a hook ended badly: {output:?}"));
                    }
                }
                _ => {}
            }
        }
        Ok(receipts)
    }

    /// Waits until something is so, or for some time.
    fn wait_until(&mut self, most: Duration, mut is_so: impl FnMut(&mut Self) -> bool) {
        let until = Instant::now() + most;
        while !is_so(self) && Instant::now() < until {
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Cancels what has not ended.
    fn cancel_all(&mut self) {
        let active: Vec<_> = self.active().collect();
        for id in active {
            // How it ends is what the records tell.
            let _ = self.sandbox.cc(["cancel", &id]).timeout(CALL).run();
            self.hurt.insert(id);
        }
    }

    fn active(&self) -> impl Iterator<Item = String> + use<> {
        let records = checks::records(self.sandbox).into_iter();
        let active = records.filter(|(_, record)| checks::is_active(record));
        let mut active: BTreeSet<_> = active.map(|(id, _)| id.to_string()).collect();
        if self.damages {
            active.extend(checks::with_worker(self.sandbox));
        }
        active.into_iter()
    }

    /// Brings every job to its end.
    fn settle(&mut self) -> Result<(), String> {
        let until = Instant::now() + SETTLED;
        while let Some(id) = self.active().next() {
            if Instant::now() > until {
                return Err(format!("`{id}` does not end"));
            }
            checks::ended_well(
                &self
                    .sandbox
                    .cc(["status", "--all", "--json"])
                    .timeout(CALL)
                    .run(),
            )?;
            if self.active().next().is_some() {
                self.cancel_all();
            }
        }
        Ok(())
    }

    /// Jobs that nothing was done to have Claude's answer.
    fn check_unhurt(&self, receipts: &HashSet<String>) -> Result<(), String> {
        for (id, record) in checks::records(self.sandbox) {
            let id = id.to_string();
            if self.hurt.contains(&id) || !receipts.contains(&id) {
                continue;
            }
            let rendered = record["rendered"].as_str().unwrap_or_default();
            if record["status"] != "completed" || !rendered.contains(ANSWER) {
                return Err(format!("nothing was done to `{id}`, which is {record}"));
            }
        }
        Ok(())
    }
}

fn signal(proc: &Proc, signal: OsSignal) {
    if let Some(pid) = i32::try_from(proc.pid).ok().and_then(Pid::from_raw)
        && proc.is_running()
    {
        // Ended meanwhile.
        let _ = kill_process(pid, signal);
    }
}
