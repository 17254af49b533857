//! The first request that the real Claude Code makes for a review.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

use cc_tests::peers::CLAUDE;
use cc_tests::{MessagesApi, Sandbox, Turn, binaries};
use serde_json::json;

use super::measure::{Failed, Subject, millis, race, silent};
use super::table::{Limit, Measured, Row};

/// What a first request may have beyond the diff, in bytes.
const LIMIT: usize = 16_000;

pub(super) fn rows() -> Measured {
    let floor = first_request(|sandbox| {
        let args = ["-p", "--setting-sources", "", "--strict-mcp-config"];
        let more = ["--tools", "Read,Grep", "--system-prompt", "Review."];
        let claude = sandbox.claude(args.iter().chain(&more)).stdin("Review.");
        claude.run().success();
    })?;
    let mut rows = vec![first_event()?];
    for command in ["review", "adversarial-review"] {
        let mut diff = 0;
        let bytes = first_request(|sandbox| {
            diff = sandbox.git(["diff", "HEAD"]).len();
            sandbox.cc([command, "--background"]).run().success();
            drop(sandbox.cc(["wait", "review-"]).run());
        })?;
        let limit = Limit::AtMost((LIMIT + diff) as f64 / 1e3);
        let name = format!("first request of `{command}`");
        let row = Row::counted(name, "kB", bytes as f64 / 1e3, limit);
        rows.push(row.with_floor(floor as f64 / 1e3));
    }
    Ok(rows)
}

/// How long Claude takes to its first event with our Git server, which it waits for; without it is the floor.
fn first_event() -> Result<Row, Failed> {
    let api = MessagesApi::start([Turn::text("No findings.").forever()]);
    let sandbox = Sandbox::real_at(&CLAUDE.ensure()?, &api).with_change();
    let cli = binaries::product().join("cc-cli");
    let config = json!({"mcpServers": {"git": {"command": cli, "args": ["git-server", "--data", sandbox.tmp()]}}});
    let config = format!("--mcp-config={config}");
    let time = |with: &[&str]| -> Result<f64, Failed> {
        let args = ["-p", "--output-format", "stream-json", "--verbose"];
        let closed = ["--setting-sources", "", "--strict-mcp-config"];
        let args = args.iter().chain(&closed).chain(with);
        let mut command = silent(&sandbox.claude(args));
        let prompt = sandbox.tmp().join("prompt");
        fs::write(&prompt, "Review.")?;
        command.stdin(File::open(&prompt)?).stdout(Stdio::piped());
        let begun = Instant::now();
        let mut claude = command.spawn()?;
        let output = claude.stdout.take().ok_or("no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let taken = millis(begun.elapsed());
        claude.wait()?;
        Ok(taken)
    };
    let mut subjects: Vec<Subject<'_>> =
        vec![Box::new(|| time(&[&config])), Box::new(|| time(&[]))];
    let samples = race(11, &mut subjects)?;
    let operation = "first event of Claude with the Git server";
    let limit = Limit::Floor {
        times: 1.0,
        plus: 150.0,
    };
    Ok(Row::timed(operation, "ms", &samples, limit))
}

/// The bytes of the first request for a message that is made.
fn first_request(by: impl FnOnce(&Sandbox)) -> Result<usize, Failed> {
    let api = MessagesApi::start([Turn::text("No findings.").forever()]);
    let sandbox = Sandbox::real_at(&CLAUDE.ensure()?, &api).with_change();
    by(&sandbox);
    let requests = api.requests();
    Ok(requests.first().ok_or("Claude made no request")?.bytes)
}
