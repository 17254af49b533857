//! Living with jobs: every command, against the scripted Claude.

mod ending;
mod reading;
mod sessions;
mod structure;

use std::time::Duration;

use cc_tests::{Sandbox, Scenario};

/// How long anything may take that a test waits for.
const SOON: Duration = Duration::from_secs(30);

/// A sandbox with a change to review and a Claude that answers at once.
fn answering() -> Sandbox {
    Sandbox::fake(&Scenario::says("No findings.")).with_change()
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
