//! `setup`: what is missing, each with its remedy; what it mends itself; the switch of the gate.

mod checks;
mod mending;

use cc_tests::peers::{self, CODEX};
use cc_tests::sandbox::Output;
use cc_tests::{MessagesApi, ResponsesApi, Sandbox};
use serde_json::Value;

/// A world with the real Codex, the real Claude and an installation that may do everything.
fn installed() -> (Sandbox, ResponsesApi, MessagesApi) {
    let (codex, claude) = (ResponsesApi::start([]), MessagesApi::reviewer());
    let sandbox = Sandbox::codex_at(CODEX, &codex);
    let sandbox = sandbox.with_real_claude(&peers::claude(), &claude);
    let mut sandbox = sandbox.installed();
    let cc_cli = sandbox.installed_file("cc-cli");
    sandbox.use_binaries(cc_cli.parent().expect("a directory"));
    (sandbox, codex, claude)
}

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

/// The lines that show something in disorder.
fn disorder(output: &Output) -> Vec<&str> {
    let lines = output.stdout.lines();
    lines.filter(|line| line.starts_with("  ! ")).collect()
}
