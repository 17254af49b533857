//! The first request that the real Claude Code makes for a review.

use std::error::Error;

use cc_tests::peers::CLAUDE;
use cc_tests::{MessagesApi, Sandbox, Turn};

use super::table::{Measured, Row};

/// What a first request may have beyond the diff, in bytes.
const LIMIT: usize = 21_000;

pub(super) fn rows() -> Measured {
    let floor = first_request(|sandbox| {
        let args = ["-p", "--setting-sources", "", "--strict-mcp-config"];
        let more = [
            "--tools",
            "Read,Glob,Grep,Bash",
            "--system-prompt",
            "Review.",
        ];
        let claude = sandbox.claude(args.iter().chain(&more)).stdin("Review.");
        claude.run().success();
    })?;
    let mut rows = Vec::new();
    for command in ["review", "adversarial-review"] {
        let mut diff = 0;
        let bytes = first_request(|sandbox| {
            diff = sandbox.git(["diff", "HEAD"]).len();
            sandbox.cc([command, "--background"]).run().success();
            drop(sandbox.cc(["wait", "review-"]).run());
        })?;
        let row = Row::at_most(
            format!("first request of `{command}`"),
            "kB",
            bytes as f64 / 1e3,
            (LIMIT + diff) as f64 / 1e3,
        );
        rows.push(row.with_floor(floor as f64 / 1e3));
    }
    Ok(rows)
}

/// The bytes of the first request for a message that is made.
fn first_request(by: impl FnOnce(&Sandbox)) -> Result<usize, Box<dyn Error>> {
    let api = MessagesApi::start([Turn::text("No findings.").forever()]);
    let sandbox = Sandbox::real_at(&CLAUDE.ensure()?, &api).with_change();
    by(&sandbox);
    let requests = api.requests();
    Ok(requests.first().ok_or("Claude made no request")?.bytes)
}
