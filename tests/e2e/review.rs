//! Reviews by a scripted Claude: which part of a change reaches it, and what the user is told of the rest.

mod again;
#[cfg(unix)]
mod in_hooks;
mod shown;

use std::time::Duration;

use cc_tests::{Sandbox, Scenario};
use serde_json::json;

/// How long anything may take that a test waits for.
const SOON: Duration = Duration::from_secs(120);

/// A sandbox whose Claude finds nothing.
fn fine() -> Sandbox {
    Sandbox::fake(&Scenario::says("Fine."))
}

/// What the `n`-th run was asked, counted from 1.
#[track_caller]
fn prompt(sandbox: &Sandbox, n: usize) -> String {
    sandbox.wait_for_run(n, SOON).stdin
}

/// Claude closes the server's input at its end; the answer that is on its way still comes.
#[test]
fn the_git_server_ends_well_with_its_input() {
    let sandbox = Sandbox::new().with_change();
    let greeting = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    });
    let begin = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let call = json!({
        "jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": {"name": "status", "arguments": {}},
    });
    let input = format!("{greeting}\n{begin}\n{call}\n");
    let output = sandbox.cc(["git-server"]).stdin(input).run().success();
    assert_eq!(output.stderr, "");
    assert!(output.stdout.contains("M src/lib.rs"), "{}", output.stdout);
}
