//! Living with jobs: every command, against the scripted Claude.

mod answers;
#[cfg(unix)]
mod attached;
mod costs;
mod damaged;
mod ending;
mod instructions;
#[cfg(target_os = "linux")]
mod left_running;
#[cfg(target_os = "linux")]
mod limits;
mod named;
#[cfg(target_os = "linux")]
mod no_threads;
#[cfg(target_os = "linux")]
mod older;
mod origins;
mod outcomes;
#[cfg(target_os = "linux")]
mod owners;
mod places;
mod progress;
mod reading;
mod repository_file;
mod sessions;
mod settings;
#[cfg(target_os = "linux")]
mod signals;
#[cfg(windows)]
mod stop_events;
mod structure;
mod unwritable;
mod verdicts;
#[cfg(target_os = "linux")]
mod width;

use std::time::Duration;

use cc_core::Proc;
use cc_core::process::Signal;
use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario, eventually};
use serde_json::Value;

/// How long anything may take that a test waits for.
const SOON: Duration = Duration::from_secs(120);

/// A sandbox with a change to review and a Claude that answers at once.
fn answering() -> Sandbox {
    Sandbox::fake(&Scenario::says("No findings.")).with_change()
}

/// A sandbox with a change to review and a Claude that begins to answer and never ends.
fn hanging() -> Sandbox {
    let hangs = Run::started().text("So far so good.").step(Step::Hang);
    Sandbox::fake(&Scenario::runs([hangs])).with_change()
}

/// A sandbox with a change to review and a Claude that answers once the file `go` is there.
fn waiting_for_go() -> Sandbox {
    let waits = Run::started().step(Step::Await("go".into()));
    let waits = waits.text("Fine.").success("Fine.", None);
    Sandbox::fake(&Scenario::runs([waits])).with_change()
}

/// A background review; its id.
fn background(sandbox: &Sandbox) -> String {
    let receipt = sandbox
        .cc(["review", "--background", "--json"])
        .run()
        .success()
        .json();
    assert_eq!(receipt["status"], "queued");
    receipt["jobId"].as_str().unwrap().to_owned()
}

fn recorded(record: &Value, pid: &str, identity: &str) -> Proc {
    Proc {
        pid: record[pid].as_u64().unwrap().try_into().unwrap(),
        identity: record[identity].as_str().unwrap().to_owned(),
    }
}

fn worker(sandbox: &Sandbox) -> Proc {
    recorded(&sandbox.record(), "pid", "pidIdentity")
}

/// Claude, once the record names it.
fn claude(sandbox: &Sandbox) -> Proc {
    let named = || Some(sandbox.record()).filter(|record| record["claudePid"].is_u64());
    let record = eventually(SOON, "the record names Claude", named);
    recorded(&record, "claudePid", "claudePidIdentity")
}

fn kill_and_await(procs: &[Proc]) {
    for proc in procs {
        proc.signal(Signal::Kill).unwrap();
    }
    eventually(SOON, "they are gone", || {
        (!procs.iter().any(Proc::is_running)).then_some(())
    });
}
