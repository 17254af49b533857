//! `setup`: what is missing, each with its remedy; what it mends itself; the switch of the gate.

mod checks;
#[cfg(unix)]
mod installed;
#[cfg(unix)]
mod mending;

use cc_tests::Sandbox;
use serde_json::Value;

/// What `setup --json` says, and how it ends.
fn document(sandbox: &Sandbox, code: i32) -> Value {
    sandbox.cc(["setup", "--json"]).run().exits(code).json()
}

/// The steps that it names, as one text.
fn next_steps(document: &Value) -> String {
    let steps = document["nextSteps"].as_array().expect("a list of steps");
    let steps: Vec<&str> = steps.iter().filter_map(Value::as_str).collect();
    steps.join("\n")
}
