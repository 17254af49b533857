//! Living with jobs: every command, against the scripted Claude.

#[cfg(target_os = "linux")]
mod answers;
mod attached;
#[cfg(target_os = "linux")]
mod costs;
#[cfg(target_os = "linux")]
mod damaged;
mod ending;
#[cfg(unix)]
mod instructions;
#[cfg(target_os = "linux")]
mod left_running;
#[cfg(target_os = "linux")]
mod named;
#[cfg(target_os = "linux")]
mod no_threads;
#[cfg(target_os = "linux")]
mod older;
mod origins;
mod outcomes;
mod places;
#[cfg(target_os = "linux")]
mod progress;
mod reading;
#[cfg(target_os = "linux")]
mod repository_file;
mod sessions;
#[cfg(target_os = "linux")]
mod settings;
#[cfg(target_os = "linux")]
mod signals;
mod structure;
#[cfg(target_os = "linux")]
mod unwritable;
#[cfg(target_os = "linux")]
mod verdicts;
#[cfg(target_os = "linux")]
mod width;

use std::time::Duration;

use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario};

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
