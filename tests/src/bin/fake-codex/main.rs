//! A scripted stand-in for Codex, and one in front of the real Codex that changes what it hears.
//!
//! It reads what to do from the file beside its own binary (see `cc_tests::fake_codex`), notes how it was called, and
//! does it.

use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use cc_core::{Env, Proc};
use cc_tests::fake_codex::{self, FakeCodex, OnMessage};
use cc_tests::{eventually, fake};

/// The hidden argument of a process left behind; see `OnMessage::TakeAndLeaveHelper`.
const HELPER: &str = "--helper";

/// How long a helper runs, and the longest that a held call waits.
const LONG: Duration = Duration::from_secs(3600);

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    if args.first().is_some_and(|arg| arg == HELPER) {
        thread::sleep(LONG);
        return ExitCode::SUCCESS;
    }
    let env = Env::from_process().expect("the process has a directory and a binary");
    let dir = env.exe.parent().expect("a file is in a directory");
    note(dir, &args);
    let held = fake_codex::hold_file(dir);
    eventually(LONG, "the file to go", || (!held.exists()).then_some(()));
    let is_server = args.first().is_some_and(|arg| arg == "app-server");
    let done = match FakeCodex::read(dir) {
        FakeCodex::Queue { help, .. } if args.last().is_some_and(|arg| arg == "--help") => {
            writeln!(io::stdout(), "{help}").map(|()| ExitCode::SUCCESS)
        }
        FakeCodex::Queue { message, .. } => on_message(dir, &env.exe, message),
        FakeCodex::Silent { n, .. } if is_server && servers(dir) == n => be_silent(dir),
        FakeCodex::WithoutPlugins { real } if is_server => without_plugins(&real),
        FakeCodex::WithoutPlugins { .. } if args.first().is_some_and(|arg| arg == "plugin") => {
            Ok(ExitCode::from(2))
        }
        FakeCodex::Silent { real, .. } | FakeCodex::WithoutPlugins { real } => {
            Command::new(real).args(&args).status().map(code)
        }
    };
    done.unwrap_or(ExitCode::FAILURE)
}

/// Notes a call in one write, so that processes do not mix theirs.
fn note(dir: &Path, args: &[String]) {
    let file = fake_codex::calls_file(dir);
    let file = OpenOptions::new().append(true).create(true).open(file);
    let line = format!("{}\n", args.join(" "));
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .expect("the sandbox is writable");
}

/// How many app-servers were started, this one among them.
fn servers(dir: &Path) -> usize {
    let calls = fake_codex::calls(dir);
    calls
        .iter()
        .filter(|call| call.starts_with("app-server"))
        .count()
}

fn on_message(dir: &Path, exe: &Path, message: OnMessage) -> io::Result<ExitCode> {
    match message {
        OnMessage::Take => Ok(ExitCode::SUCCESS),
        OnMessage::Refuse => Ok(ExitCode::FAILURE),
        OnMessage::TakeAndLeaveHelper => {
            let helper = Command::new(exe).arg(HELPER).stdin(Stdio::null()).spawn()?;
            let proc = Proc::of(helper.id()).ok_or(io::ErrorKind::NotFound)?;
            fs::write(fake::grandchildren_file(dir), serde_json::to_vec(&proc)?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Reads without a word until nobody talks to it any more.
fn be_silent(dir: &Path) -> io::Result<ExitCode> {
    fs::write(fake_codex::silent_file(dir), "")?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(ExitCode::SUCCESS)
}

/// Plays the app-server of the real one, which is asked for methods that no version knows instead of those for plugins.
fn without_plugins(real: &Path) -> io::Result<ExitCode> {
    const KNOWN: &str = r#""method":"plugin/"#;
    const UNKNOWN: &str = r#""method":"no-plugin/"#;
    let mut server = Command::new(real)
        .arg("app-server")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdin = server.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let stdout = server.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    thread::spawn(move || pass_on(io::stdin().lock(), &mut stdin, KNOWN, UNKNOWN));
    pass_on(
        BufReader::new(stdout),
        &mut io::stdout(),
        "no-plugin/",
        "plugin/",
    )?;
    server.wait().map(code)
}

/// Passes on each line as it comes, with `from` replaced.
fn pass_on(input: impl BufRead, output: &mut impl Write, from: &str, to: &str) -> io::Result<()> {
    for line in input.lines() {
        writeln!(output, "{}", line?.replace(from, to))?;
        output.flush()?;
    }
    Ok(())
}

fn code(status: std::process::ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
