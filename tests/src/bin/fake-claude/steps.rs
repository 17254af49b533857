//! Plays the steps of a run.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use cc_core::Proc;
use cc_core::process::Signal;
use cc_tests::fake::{self, Step};
use serde::Serialize;
use serde_json::json;

use super::mcp::Servers;

/// The hidden argument of a process left behind; see `Step::Grandchild`.
pub(super) const GRANDCHILD: &str = "--grandchild";

pub(crate) struct Player<'a> {
    pub(crate) session: String,
    pub(crate) cwd: String,
    pub(crate) dir: &'a Path,
    pub(crate) servers: Servers,
}

impl Player<'_> {
    pub(crate) fn play(&self, steps: &[Step]) -> io::Result<()> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&self, step: &Step) -> io::Result<()> {
        let mut out = io::stdout();
        match step {
            Step::Line(line) => {
                let mut line = line.clone();
                self.servers.add_to(&mut line);
                let line = line.to_string().replace("{session}", &self.session);
                // A path in JSON: only what stands between the quotes.
                let cwd = json!(self.cwd).to_string();
                writeln!(out, "{}", line.replace("{cwd}", &cwd[1..cwd.len() - 1]))
            }
            Step::Raw(text) => {
                out.write_all(text.as_bytes())?;
                out.flush()
            }
            Step::File(path) => {
                io::copy(&mut File::open(path)?, &mut out).and_then(|_| out.flush())
            }
            Step::Deltas { total, each } => self.deltas(*total, *each),
            Step::LongLine(bytes) => {
                out.write_all(br#"{"type":"assistant","filler":""#)?;
                flood(&mut out, *bytes, &[b'x'; 64 * 1024])?;
                out.write_all(b"\"}\n")
            }
            Step::Stderr(text) => io::stderr().write_all(text.as_bytes()),
            Step::StderrFlood(bytes) => {
                let line = [[b'e'; 127].as_slice(), b"\n"].concat();
                flood(&mut io::stderr(), *bytes, &line.repeat(512))
            }
            Step::Sleep(millis) => {
                thread::sleep(Duration::from_millis(*millis));
                Ok(())
            }
            Step::Await(path) => {
                let there = || path.exists().then_some(());
                cc_tests::eventually(Duration::from_secs(300), "a file", there);
                Ok(())
            }
            Step::Write { path, content } => write(path, content),
            Step::Grandchild { holds_output } => self.grandchild(*holds_output),
            Step::Shell(command) => {
                let mut shell = Command::new("/bin/sh");
                shell.args(["-c", command]).stdin(Stdio::null());
                shell.stdout(Stdio::null()).status().map(drop)
            }
            Step::CloseStdout => close_stdout(),
            Step::Hang => loop {
                thread::park();
            },
            Step::Kill => {
                let me = Proc::current().ok_or(io::ErrorKind::Unsupported)?;
                me.signal(Signal::Kill)?;
                // Wine takes a moment.
                loop {
                    thread::park();
                }
            }
        }
    }

    fn deltas(&self, total: u64, each: usize) -> io::Result<()> {
        let delta = json!({"type": "text_delta", "text": "x".repeat(each)});
        let event = json!({"type": "content_block_delta", "index": 0, "delta": delta});
        let line = json!({
            "type": "stream_event", "event": event, "session_id": self.session,
            "parent_tool_use_id": null,
        });
        let line = format!("{line}\n");
        // Not line by line: the reader is what is measured.
        let mut out = io::BufWriter::with_capacity(64 * 1024, io::stdout().lock());
        for _ in 0..total.div_ceil(each as u64) {
            out.write_all(line.as_bytes())?;
        }
        out.flush()
    }

    fn grandchild(&self, holds_output: bool) -> io::Result<()> {
        let stdio = || {
            if holds_output {
                Stdio::inherit()
            } else {
                Stdio::null()
            }
        };
        let child = Command::new(std::env::current_exe()?)
            .arg(GRANDCHILD)
            .stdin(Stdio::null())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()?;
        let proc = Proc::of(child.id()).ok_or(io::ErrorKind::NotFound)?;
        note(&fake::grandchildren_file(self.dir), &proc);
        Ok(())
    }
}

fn flood(out: &mut dyn Write, mut bytes: u64, piece: &[u8]) -> io::Result<()> {
    while bytes > 0 {
        let length = usize::try_from(bytes).map_or(piece.len(), |left| left.min(piece.len()));
        out.write_all(&piece[..length])?;
        bytes -= length as u64;
    }
    Ok(())
}

fn write(path: &Path, content: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, content)
}

#[cfg(unix)]
fn close_stdout() -> io::Result<()> {
    let null = File::options().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdout(null)?)
}

#[cfg(not(unix))]
fn close_stdout() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Leaves the session of its parent, ignores signals, and ends by itself so that no failed test
/// leaves it for good.
pub(crate) fn be_grandchild() -> ExitCode {
    #[cfg(unix)]
    rustix::process::setsid().expect("a fresh child leads no group");
    super::signals::take(true, "");
    thread::sleep(Duration::from_secs(3600));
    ExitCode::SUCCESS
}

/// Appends a JSON line in one write, so that processes do not mix theirs. It begins with a line break,
/// because the line before may be cut off.
pub(super) fn note<T: Serialize>(path: &Path, value: &T) {
    let line = serde_json::to_vec(value).expect("plain data");
    let line = [b"\n", line.as_slice(), b"\n"].concat();
    let file = fs::OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(&line))
        .expect("the sandbox is writable");
}
