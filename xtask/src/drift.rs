//! `cargo xtask drift`: what works with which versions of Codex and Claude Code.
//!
//! Each pair of versions gets a home and a repository of its own, in which every [check](checks) runs
//! once. The pairs are the newest of both, and each other version with the newest of the other program:
//! what breaks in an older one is then its own.

mod checks;
mod matrix;

use std::error::Error;
use std::panic::{self, AssertUnwindSafe};
use std::process::Command;

use cc_tests::peers::{CLAUDE, CODEX, EVERY_CLAUDE, EVERY_CODEX, Peer};
use cc_tests::{MessagesApi, ResponsesApi, Sandbox, binaries};

use checks::{CHECKS, Hosts};
use matrix::{Cell, Column, Matrix};

/// What differs between versions of the hosts.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Test the newest versions in the registry instead of the pinned ones.
    #[arg(long)]
    latest: bool,
    /// Test these versions with the newest of the other program, for example `codex@0.145.0`.
    #[arg(value_name = "NAME@VERSION", conflicts_with = "latest")]
    peers: Vec<String>,
    /// Print the matrix as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let latest;
    let pairs = if args.latest {
        latest = [
            newest("@openai/codex")?,
            newest("@anthropic-ai/claude-code")?,
        ];
        let [codex, claude] = &latest;
        vec![[
            Peer {
                version: codex,
                ..CODEX
            },
            Peer {
                version: claude,
                ..CLAUDE
            },
        ]]
    } else if args.peers.is_empty() {
        let older = EVERY_CLAUDE[1..].iter().chain(&EVERY_CODEX[1..]);
        let older = older.map(|peer| with_newest(*peer));
        std::iter::once([CODEX, CLAUDE]).chain(older).collect()
    } else {
        let named = args
            .peers
            .iter()
            .map(|peer| Ok(with_newest(peer.as_str().try_into()?)));
        named.collect::<Result<_, Box<dyn Error>>>()?
    };
    binaries::product();
    let mut matrix = Matrix::default();
    for pair in pairs {
        let [codex, claude] = pair;
        eprintln!("== {codex} with {claude}");
        for peer in pair {
            peer.ensure()?;
        }
        matrix.columns.push(column(codex, claude)?);
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&matrix)?);
    } else {
        print!("{matrix}");
    }
    match matrix.failures() {
        0 => Ok(()),
        n => Err(format!("{n} cells of the matrix are not green").into()),
    }
}

/// `peer` and the newest pinned version of the other program, Codex first.
fn with_newest(peer: Peer<'_>) -> [Peer<'_>; 2] {
    if peer.program == CODEX.program {
        [peer, CLAUDE]
    } else {
        [CODEX, peer]
    }
}

fn column(codex: Peer<'_>, claude: Peer<'_>) -> Result<Column, Box<dyn Error>> {
    let apis = (ResponsesApi::start([]), MessagesApi::start([]));
    let sandbox = Sandbox::codex_at(codex, &apis.0).with_real_claude(&claude.ensure()?, &apis.1);
    let mut hosts = Hosts::new(sandbox.with_change(), apis);
    let mut column = Column::new(codex, claude);
    for check in &CHECKS {
        let lacks = check.needs.filter(|needed| !column.is_green(needed));
        let cell = match lacks {
            Some(needed) => Cell::NotRun(format!("needs {needed}")),
            None => quietly(|| (check.run)(&mut hosts)),
        };
        eprintln!("   {:<11} {cell}", check.name);
        column.cells.push((check.name, cell));
    }
    Ok(column)
}

/// A check fails by an error or, in the test kit, by a panic; neither ends the others.
fn quietly(check: impl FnOnce() -> checks::Checked) -> Cell {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let ended = panic::catch_unwind(AssertUnwindSafe(check));
    panic::set_hook(hook);
    match ended {
        Ok(Ok(())) => Cell::Green,
        Ok(Err(error)) => Cell::Failed(error.to_string()),
        Err(payload) => {
            let said = payload.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| payload.downcast_ref::<&str>().copied());
            Cell::Failed(said.unwrap_or("panicked").to_owned())
        }
    }
}

/// The newest version of a package in the registry.
fn newest(package: &str) -> Result<String, Box<dyn Error>> {
    let output = Command::new("npm")
        .args(["view", package, "version"])
        .output()?;
    let version = String::from_utf8(output.stdout)?.trim().to_owned();
    if output.status.success() && !version.is_empty() {
        return Ok(version);
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("npm does not tell the newest {package}: {said}").into())
}
