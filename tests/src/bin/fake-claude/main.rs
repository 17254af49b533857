//! A scripted stand-in for Claude Code, for faults and for speed.
//!
//! It reads what to do from the file beside its own binary (see `cc_tests::fake`), notes how it was
//! called, and does it.

mod mcp;
mod signals;
mod steps;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::panic;
use std::path::Path;
use std::process::ExitCode;

use cc_core::{Env, Proc};
use cc_tests::fake::{self, Call, Run, Scenario};

fn main() -> ExitCode {
    // Says so without the word by which tests know a panic of the product: the log of a job has both.
    panic::set_hook(Box::new(|panic| {
        let why = panic.payload_as_str().unwrap_or_default();
        let place = panic.location().map(ToString::to_string);
        let _ = writeln!(
            io::stderr(),
            "the scripted Claude fails at {place:?}: {why}"
        );
    }));
    let args: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    if args.first().is_some_and(|arg| arg == steps::GRANDCHILD) {
        return steps::be_grandchild();
    }
    let env = Env::from_process().expect("the process has a directory and a binary");
    let dir = env
        .exe
        .parent()
        .expect("a file is in a directory")
        .to_owned();
    let scenario = Scenario::read(&dir);
    let mut call = Call {
        env: env
            .vars()
            .iter()
            .map(|(name, value)| (lossy(name), lossy(value)))
            .collect(),
        cwd: env.cwd,
        settings: None,
        stdin: String::new(),
        proc: Proc::current().expect("this process runs"),
        args,
    };
    let settings = call.flag("--settings").map(fs::read);
    call.settings = settings.map(|file| {
        let file = file.expect("the settings are in a file");
        serde_json::from_slice(&file).expect("the settings are JSON")
    });
    if !call.is_run() {
        steps::note(&fake::calls_file(&dir), &call);
        return probe(&scenario, &call.args);
    }
    let run = next_run(&dir, &scenario);
    let session = call.flag("--session-id").or(call.flag("--resume"));
    let session = session
        .unwrap_or("93181002-53bd-4758-b915-28352356f5e7")
        .to_owned();
    signals::take(run.ignores_signals, &session);
    let mut stdin = Vec::new();
    io::stdin()
        .read_to_end(&mut stdin)
        .expect("standard input can be read");
    call.stdin = String::from_utf8_lossy(&stdin).into_owned();
    steps::note(&fake::calls_file(&dir), &call);
    let player = steps::Player {
        session,
        cwd: lossy(call.cwd.as_os_str()),
        dir: &dir,
        servers: mcp::Servers::start(call.flag("--mcp-config")),
    };
    match player.play(&run.steps) {
        Ok(()) => ExitCode::from(u8::try_from(run.exit).expect("an exit code is a byte")),
        // Nobody reads any more.
        Err(_) => ExitCode::from(141),
    }
}

fn lossy(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}

/// Answers `--version` and `auth status`.
fn probe(scenario: &Scenario, args: &[String]) -> ExitCode {
    let mut out = io::stdout();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    // Both flags that a login is asked for with.
    let words = match words.as_slice() {
        ["--setting-sources", "", settings, rest @ ..] if settings.starts_with("--settings=") => {
            rest
        }
        ["--setting-sources", "", rest @ ..] => rest,
        words => words,
    };
    let said = match words {
        ["--version" | "-v"] => writeln!(out, "{} (Claude Code)", scenario.version),
        ["auth", "status", ..] => {
            let method = if scenario.logged_in {
                "claude.ai"
            } else {
                "none"
            };
            let status = serde_json::json!({
                "loggedIn": scenario.logged_in, "authMethod": method, "apiProvider": "firstParty",
            });
            writeln!(out, "{status:#}")
        }
        _ => writeln!(io::stderr(), "error: unknown command {words:?}")
            .and(Err(io::Error::other(""))),
    };
    let bad = said.is_err() || (words[0] == "auth" && !scenario.logged_in);
    ExitCode::from(u8::from(bad))
}

/// The run that this process plays: the first that no other process has claimed.
fn next_run(dir: &Path, scenario: &Scenario) -> Run {
    let free = |n: &usize| File::create_new(fake::claim(dir, *n)).is_ok();
    let n = (0..).find(free).expect("some run is free");
    let run = scenario.runs.get(n).or(scenario.runs.last());
    run.cloned().expect("a scenario has a run")
}
