//! What a review costs beyond Claude's own time: milliseconds and processes.

use std::error::Error;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use cc_core::Env;
use cc_tests::{Sandbox, Scenario, binaries};

use super::measure::{median, millis, silent, wall};
use super::table::{Measured, Row};

const RUNS: usize = 21;

pub(super) fn rows() -> Measured {
    let sandbox = Sandbox::fake(&Scenario::says("No findings.")).with_change();
    let review = median(RUNS, || wall(&sandbox.cc(["review"])))?;
    let claude = median(RUNS, || claude_alone(&sandbox))?;
    Ok(vec![
        Row::at_most(
            "review, instant Claude: time beyond it",
            "ms",
            review - claude,
            25.0,
        ),
        processes(&sandbox)?,
    ])
}

/// The time of the fake Claude, called as the product calls it.
fn claude_alone(sandbox: &Sandbox) -> Result<f64, Box<dyn Error>> {
    let call = sandbox.wait_for_run(1, Duration::from_secs(5));
    let prompt = sandbox.tmp().join("prompt");
    fs::write(&prompt, &call.stdin)?;
    let mut command = silent(&sandbox.claude(&call.args));
    command.stdin(File::open(&prompt)?).stdout(Stdio::piped());
    let begun = Instant::now();
    command.output()?;
    Ok(millis(begun.elapsed()))
}

/// How many processes a review makes, its own and Claude's included.
fn processes(sandbox: &Sandbox) -> Result<Row, Box<dyn Error>> {
    let operation = "review, instant Claude: processes";
    let Some(strace) = strace()? else {
        return Ok(Row::skipped(operation, "strace is not installed"));
    };
    let trace = sandbox.tmp().join("trace");
    let cc = binaries::product().join("cc-cli");
    let traced = sandbox
        .command(&strace)
        .args(["-f", "-qq", "-e", "trace=process", "-o"]);
    let status = silent(&traced.args([&trace, &cc]).args(["review"])).status()?;
    if !status.success() {
        return Ok(Row::skipped(
            operation,
            format!("strace ended with {status}"),
        ));
    }
    sandbox.wait_quiet(Duration::from_secs(5));
    let calls = fs::read_to_string(&trace)?;
    let made = 1 + calls.lines().filter(|line| makes_process(line)).count();
    Ok(Row::at_most(operation, "processes", made as f64, 8.0))
}

fn strace() -> Result<Option<PathBuf>, Box<dyn Error>> {
    let env = Env::from_process()?;
    let path = env.var("PATH").unwrap_or_default();
    let mut files = std::env::split_paths(path).map(|dir| dir.join("strace"));
    Ok(files.find(|file| file.is_file()))
}

/// Whether a line of the trace is a call that makes a process, not a thread.
fn makes_process(line: &str) -> bool {
    let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
    let makes = ["clone(", "clone3(", "fork(", "vfork("]
        .iter()
        .any(|name| call.starts_with(name));
    makes && !call.contains("CLONE_THREAD")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_told_from_threads() {
        let made = [
            (
                "7 clone3({flags=CLONE_VM|CLONE_VFORK|CLONE_CLEAR_SIGHAND, exit_signal=SIGCHLD}, 88 <unfinished ...>",
                true,
            ),
            (
                "12 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD|CLONE_SYSVSEM} => {parent_tid=[9]}, 88) = 9",
                false,
            ),
            ("12 <... clone3 resumed>) = 9", false),
            ("12 vfork( <unfinished ...>", true),
            (
                r#"12 execve("/usr/bin/git", ["git"], 0x7ff /* 9 vars */) = 0"#,
                false,
            ),
        ];
        for (line, expect) in made {
            assert_eq!(makes_process(line), expect, "{line}");
        }
    }
}
