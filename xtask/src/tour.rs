//! `cargo xtask tour`: the product at work, for somebody without any account.
//!
//! The real `cc`, the real Codex and the real Claude Code run in a throw-away home and repository.
//! Only the two models are played, by scripts on the loopback interface: Codex's does what its skills
//! say, Claude's finds the two bugs of [`demo`]. What is shown is what the programs print; the tour
//! fails where that is not what it should be.

mod by_hand;
pub(crate) mod demo;
mod in_codex;
mod terminal;

use std::fs;
use std::time::{Duration, Instant};

use cc_tests::peers::{CLAUDE, CODEX};
use cc_tests::{MessagesApi, ResponsesApi, Sandbox, binaries};

use demo::Reviewer;
use terminal::{Checked, Shown, Terminal};

/// How long the real programs may take to get to their next request on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run() -> Checked {
    let begun = Instant::now();
    let terminal = Terminal::open()?;
    terminal.say("The real cc, Codex and Claude Code, in a throw-away home and repository.");
    terminal.say("Only the models are played, by scripts on this machine: no account, no cost.");
    terminal.say("Getting ready: builds cc, installs the pinned Codex and Claude Code (once) ...");
    binaries::product();
    let (codex, claude) = (ResponsesApi::start([]), MessagesApi::start([]));
    CODEX.ensure()?;
    let sandbox = Sandbox::codex_at(CODEX, &codex);
    let sandbox = sandbox.with_real_claude(&CLAUDE.ensure()?, &claude);
    demo::change(&sandbox);
    let mut tour = Tour {
        reviewer: Reviewer::of(&sandbox),
        terminal,
        sandbox,
        codex,
        claude,
    };
    let config = tour.sandbox.codex_home().join("config.toml");
    let before = fs::read(&config)?;
    tour.change()?;
    tour.install()?;
    let session = tour.review_from_codex()?;
    let review = tour.adversarial_review_by_hand()?;
    tour.cancel()?;
    tour.rescue(&review)?;
    tour.gate(&session)?;
    tour.uninstall()?;
    if fs::read(&config)? != before {
        return Err("config.toml is not what it was before the installation".into());
    }
    tour.terminal.end(format_args!(
        "Tour complete: {} commands did what they should, in {:.0} s.",
        tour.terminal.commands(),
        begun.elapsed().as_secs_f64()
    ));
    Ok(())
}

struct Tour {
    terminal: Terminal,
    sandbox: Sandbox,
    /// Codex's model.
    codex: ResponsesApi,
    /// Claude's model.
    claude: MessagesApi,
    reviewer: Reviewer,
}

impl Tour {
    fn change(&self) -> Checked {
        self.terminal
            .say("A change that makes the paging of a list shorter, and wrong in two places.");
        let words = ["diff", "--unified=1", demo::FILE];
        let git = self.sandbox.command(&self.sandbox.bin().join("git"));
        let diff = self
            .terminal
            .run(&["git", words[0], words[1], words[2]], git.args(words));
        diff.exits(0)?.says("+    items / per_page + 1")?;
        Ok(())
    }

    fn cc(&self, args: &[&str]) -> Shown {
        let words: Vec<&str> = std::iter::once(&"cc-cli").chain(args).copied().collect();
        self.terminal.run(&words, self.sandbox.cc(args))
    }

    /// The id of the job that was made last.
    fn newest_job(&self) -> Checked<String> {
        let records = self.sandbox.records();
        let newest = records
            .iter()
            .max_by_key(|record| record["createdAt"].as_str().map(str::to_owned));
        let id = newest.and_then(|record| record["id"].as_str());
        Ok(id.ok_or("no job was made")?.to_owned())
    }
}
