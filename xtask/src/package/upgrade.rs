//! This version and the next one, after each other in the same homes: an update and a downgrade under jobs that
//! run, and what each version makes of the records of the other.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use cc_tests::fake::{Run, Step};
use cc_tests::peers::CODEX;
use cc_tests::sandbox::{Cmd, Output};
use cc_tests::{ResponsesApi, Sandbox, Scenario, binaries, eventually};
use serde_json::{Value, json};

type Checked<T = ()> = Result<T, Box<dyn Error>>;

/// The version of this build.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(60);

/// The session of Codex that goes on meanwhile.
const SESSION: &str = "0196a1b2-0000-7000-8000-000000000001";

/// A build of the product.
struct Build<'a> {
    dir: &'a Path,
    version: &'a str,
    /// Of the records that it writes.
    format: u32,
}

pub(super) fn check(newer: &Path, next: &str, format: u32) -> Checked {
    let older = Build {
        dir: binaries::product(),
        version: VERSION,
        format: format - 1,
    };
    let newer = Build {
        dir: newer,
        version: next,
        format,
    };
    let api = ResponsesApi::start([]);
    let mut sandbox = Sandbox::codex_at(CODEX, &api)
        .with_fake_claude(&Scenario::runs([
            Run::says("Read by the older."),
            waits("end-of-the-older", "Begun by the older."),
            Run::says("Read by the newer."),
            waits("end-of-the-newer", "Begun by the newer."),
            Run::says("Read by the older again."),
        ]))
        .with_change();

    sandbox.use_binaries(older.dir);
    sandbox = sandbox.installed();
    is_there(&sandbox.installation(), &older)?;
    let session = json!({"session_id": SESSION, "cwd": sandbox.repo(), "prompt": "go on"});
    sandbox.hook("session-start", &session).run().success();
    let of_older = review(&sandbox, "Read by the older.")?;
    let begun_by_older = begin(&sandbox);

    update(&mut sandbox, &newer)?;
    let goes_on = runs_under(&sandbox, &begun_by_older, &older)?;
    sandbox.write("end-of-the-older", "");
    ends_well(&sandbox, &goes_on, &session)?;
    shows(&sandbox, &of_older, "Read by the older.")?;
    shows(&sandbox, &begun_by_older, "Begun by the older.")?;
    let of_newer = review(&sandbox, "Read by the newer.")?;
    let begun_by_newer = begin(&sandbox);

    update(&mut sandbox, &older)?;
    let goes_on = runs_under(&sandbox, &begun_by_newer, &newer)?;
    shows(&sandbox, &of_newer, "Read by the newer.")?;
    refuses(&cc(&sandbox, &["cancel", &begun_by_newer]).run().exits(1))?;
    sandbox.write("end-of-the-newer", "");
    ends_well(&sandbox, &goes_on, &session)?;
    shows(&sandbox, &begun_by_newer, "Begun by the newer.")?;
    review(&sandbox, "Read by the older again.")?;
    unreadable(&sandbox, &record(&sandbox, &of_newer)?)?;

    update(&mut sandbox, &newer)?;
    sandbox.installer(["uninstall", "--yes"]).run().success();
    println!("{VERSION} and {next} follow each other, also under jobs that run");
    Ok(())
}

/// A Claude that answers once the file `end` is there.
fn waits(end: &str, says: &str) -> Run {
    let waits = Run::started().step(Step::Await(end.into()));
    waits.text(says).success(says, None)
}

/// Installs a build over another one.
fn update(sandbox: &mut Sandbox, build: &Build<'_>) -> Checked {
    sandbox.use_binaries(build.dir);
    let update = sandbox.installer(["update", "--yes", "--trust-hooks", "--json"]);
    is_there(&update.run().success().json()["status"], build)
}

fn is_there(status: &Value, build: &Build<'_>) -> Checked {
    let agrees = status["binaries"]["versionsAgree"] == true
        && status["plugin"]["version"] == build.version
        && status["hooks"]["runs"] == true
        && status["problems"] == json!([]);
    holds(agrees, || format!("after {}: {status:#}", build.version))
}

/// A call of the installed `cc-cli` in the session.
fn cc<'a>(sandbox: &'a Sandbox, args: &[&str]) -> Cmd<'a> {
    let cc = sandbox.command(&sandbox.installed_file("cc-cli"));
    cc.args(args).env("CODEX_THREAD_ID", SESSION)
}

/// A review to its end; its job.
fn review(sandbox: &Sandbox, text: &str) -> Checked<String> {
    let said = cc(sandbox, &["review", "--json"]).run().success().json();
    let id = said["jobId"].as_str().ok_or("a review has a job")?;
    shows(sandbox, id, text)?;
    Ok(id.to_owned())
}

/// Starts a review in the background; its job.
fn begin(sandbox: &Sandbox) -> String {
    let started = cc(sandbox, &["review", "--background", "--json"]);
    let id = started.run().success().json()["jobId"].take();
    let id = id.as_str().expect("a receipt names the job").to_owned();
    eventually(SOON, "a Claude that works", || {
        let record = record(sandbox, &id).ok()?;
        (record["status"] == "running" && record["claudePid"].is_u64()).then_some(())
    });
    id
}

fn record(sandbox: &Sandbox, id: &str) -> Checked<Value> {
    let mut records = sandbox.records().into_iter();
    Ok(records
        .find(|it| it["id"] == id)
        .ok_or(format!("no record of {id}"))?)
}

/// The record of a job that runs, whose worker is of `build`, as the installed version sees it too.
fn runs_under(sandbox: &Sandbox, id: &str, build: &Build<'_>) -> Checked<Value> {
    let status = cc(sandbox, &["status", id, "--json"])
        .run()
        .success()
        .json();
    let record = record(sandbox, id)?;
    let holds_on = status["job"]["status"] == "running"
        && record["status"] == "running"
        && record["schemaVersion"] == build.format;
    holds(holds_on, || format!("{status:#}\n{record:#}"))?;
    Ok(record)
}

/// Waits for the end of the job, of which the session is told once: by the worker, through Codex's queue.
fn ends_well(sandbox: &Sandbox, before: &Value, session: &Value) -> Checked {
    let id = before["id"].as_str().ok_or("a record has an id")?;
    cc(sandbox, &["wait", id]).run().success();
    let after = record(sandbox, id)?;
    // No other worker took it up: that would have noted its own start.
    let same = ["startedAt", "schemaVersion"];
    let ended = after["status"] == "completed" && same.iter().all(|it| after[it] == before[it]);
    holds(ended, || format!("{before:#}\n{after:#}"))?;
    eventually(SOON, "the queue of the session", || {
        let record = record(sandbox, id).ok()?;
        record["notifiedAt"].is_string().then_some(())
    });
    let again = sandbox.hook("user-prompt-submit", session);
    let again = again.run().success().stdout;
    holds(again.is_empty(), || format!("told twice: {again}"))
}

fn shows(sandbox: &Sandbox, id: &str, text: &str) -> Checked {
    let shown = cc(sandbox, &["result", id]).run().success();
    holds(shown.stdout.contains(text), || format!("{id}: {shown}"))
}

fn refuses(output: &Output) -> Checked {
    let says_why = output
        .stderr
        .contains("was written by a newer version of cc");
    holds(says_why, || output.to_string())
}

/// A record that nobody of today can read.
fn unreadable(sandbox: &Sandbox, record: &Value) -> Checked {
    let mut record = record.clone();
    record["id"] = json!("review-of-a-later-day");
    record["schemaVersion"] = json!(99);
    record["status"] = json!("paused");
    let text = record.to_string();
    sandbox.write_record("review-of-a-later-day", &text);
    let listed = cc(sandbox, &["status"]).run().success();
    let named = listed.stderr.contains("written by a newer version of cc");
    holds(named, || format!("a list names it: {listed}"))?;
    for command in ["result", "cancel", "status"] {
        refuses(
            &cc(sandbox, &[command, "review-of-a-later-day"])
                .run()
                .exits(1),
        )?;
    }
    let path = sandbox
        .state_dir()
        .jobs()
        .join("review-of-a-later-day.json");
    let unchanged = std::fs::read_to_string(&path)? == text;
    holds(unchanged, || {
        "the record of a later day was changed".to_owned()
    })
}

fn holds(condition: bool, or: impl FnOnce() -> String) -> Checked {
    if condition { Ok(()) } else { Err(or().into()) }
}
