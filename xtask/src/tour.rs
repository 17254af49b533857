//! `cargo xtask tour`: the product at work, for somebody without any account.
//!
//! The real `cc-cli` and the real, pinned Claude Code run in a throw-away home and repository. Only
//! the model is played: a script on the loopback interface finds the two bugs of [`demo`]. What is
//! shown is what the programs print; the tour fails where that is not what it should be.

mod demo;
mod terminal;

use std::error::Error;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use cc_tests::peers::CLAUDE;
use cc_tests::{MessagesApi, Sandbox, Turn, binaries, eventually};
use serde_json::Value;

use demo::Reviewer;
use terminal::{Shown, Terminal};

/// How long the real Claude Code may take to get to its next request on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

type Checked<T = ()> = Result<T, Box<dyn Error>>;

pub(crate) fn run() -> Checked {
    let begun = Instant::now();
    let terminal = Terminal::open()?;
    terminal.say("The real cc-cli and the real Claude Code, in a throw-away home and repository.");
    terminal.say("Only the model is played, by a script on this machine: no account, no cost.");
    terminal.say("Getting ready: builds cc-cli, installs the pinned Claude Code (once) ...");
    binaries::product();
    let api = MessagesApi::start([]);
    let sandbox = Sandbox::real_at(&CLAUDE.ensure()?, &api);
    demo::change(&sandbox);
    let tour = Tour {
        reviewer: Reviewer::of(&sandbox),
        terminal,
        sandbox,
        api,
    };
    tour.change()?;
    tour.foreground()?;
    let job = tour.background()?;
    tour.results(&job)?;
    tour.cancel()?;
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
    api: MessagesApi,
    reviewer: Reviewer,
}

impl Tour {
    fn change(&self) -> Checked {
        self.terminal
            .say("Somebody made the paging of a list shorter, and wrong in two places.");
        let words = ["diff", "--unified=1", demo::FILE];
        let git = self.sandbox.command(&self.sandbox.bin().join("git"));
        let diff = self
            .terminal
            .run(&["git", words[0], words[1], words[2]], git.args(words));
        diff.exits(0)?.says("+    items / per_page + 1")?;
        self.terminal
            .say("What would a review look at? This starts nothing and sends nothing.");
        let scope = self.cc(&["scope"]);
        scope.exits(0)?.says("src/pages.rs")?.says("small enough")?;
        Ok(())
    }

    fn foreground(&self) -> Checked {
        self.api
            .push([self.reviewer.looks(), self.reviewer.writes_prose()]);
        self.terminal.say(
            "A plain review in the foreground: Claude reads the file, then says what it found.",
        );
        let review = self.cc(&["review"]);
        review.exits(0)?.says("[high]")?.says("src/pages.rs:")?;
        Ok(())
    }

    /// Starts a review in the background, looks at it and waits for it; gives the job's id.
    fn background(&self) -> Checked<String> {
        let before = self.api.requests().len();
        let (open, gate) = mpsc::channel();
        let answer = self.reviewer.fills_the_form(gate);
        self.api.push([self.reviewer.looks(), answer]);
        self.terminal
            .say("An adversarial review in the background: the shell is free at once.");
        let focus = "what happens on the last page";
        let started = self.cc(&["adversarial-review", "--background", focus]);
        started.exits(0)?.says("started in the background")?;
        let job = self.newest_job()?;
        self.api.wait_for_request(before + 2, PATIENCE);
        self.log_says(&job, "Read ");
        self.terminal
            .say("Where things stand: one job runs and says what it does, one is finished.");
        let status = self.cc(&["status"]);
        status.exits(0)?.says("Running")?.says(&job)?.says("Read")?;
        self.terminal
            .say("Wait for it, woken by its end; the exit code is its outcome.");
        // The model has thought long enough.
        drop(open);
        let waited = self.cc(&["wait", &job]);
        waited.exits(0)?.says("completed")?;
        Ok(job)
    }

    fn results(&self, job: &str) -> Checked {
        self.terminal
            .say("What it found, each place checked against the real file.");
        let result = self.cc(&["result", job]);
        result
            .exits(0)?
            .says("needs attention")?
            .says("1. High")?
            .says("2. Medium")?;
        self.terminal.say(
            "The same for editors and code hosts, as SARIF (--format json and html work too).",
        );
        let args = ["result", job, "--format", "sarif"];
        let sarif = self.terminal.head(
            24,
            &["cc-cli", args[0], args[1], args[2], args[3]],
            self.sandbox.cc(args),
        );
        let log: Value = serde_json::from_str(sarif.exits(0)?.stdout())?;
        let found = log["runs"][0]["results"].as_array().map_or(0, Vec::len);
        if found == 2 {
            return Ok(());
        }
        Err(format!("the SARIF log has {found} results, not 2").into())
    }

    fn cancel(&self) -> Checked {
        let before = self.api.requests().len();
        self.api
            .push([self.reviewer.looks(), Turn::text("Hm.").hang_after(0)]);
        self.terminal
            .say("One more review, whose model never answers ...");
        let started = self.cc(&["review", "--background"]);
        started.exits(0)?;
        let job = self.newest_job()?;
        self.api.wait_for_request(before + 2, PATIENCE);
        self.terminal
            .say("... is cancelled, with proof: nothing that it started is left running.");
        self.cc(&["cancel", &job]).exits(0)?.says("cancelled")?;
        self.sandbox.wait_quiet(Duration::from_secs(5));
        let waited = self.cc(&["wait", &job]);
        waited.exits(4)?.says("cancelled")?;
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

    /// Waits for a word in the log of a job.
    fn log_says(&self, job: &str, word: &str) {
        let log = self.sandbox.state_dir().jobs().join(format!("{job}.log"));
        let said = || std::fs::read_to_string(&log).is_ok_and(|log| log.contains(word));
        eventually(PATIENCE, "a line in the job's log", || said().then_some(()));
    }
}
