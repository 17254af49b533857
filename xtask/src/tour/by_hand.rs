//! What a person does with `cc-cli` in a shell of their own.

use std::fs;
use std::sync::mpsc;
use std::time::Duration;

use cc_tests::{Turn, eventually};
use serde_json::Value;

use super::{Checked, PATIENCE, Tour, demo};

impl Tour {
    /// Gives the job of the review.
    pub(super) fn adversarial_review_by_hand(&self) -> Checked<String> {
        self.terminal
            .say("The same by hand, in any shell. What would a review look at?");
        let scope = self.cc(&["scope"]);
        scope.exits(0)?.says("src/pages.rs")?.says("Small enough")?;
        let before = self.claude.requests().len();
        let (open, gate) = mpsc::channel();
        let answer = self.reviewer.fills_the_form(gate);
        self.claude.push([self.reviewer.looks(), answer]);
        self.terminal
            .say("An adversarial review in the background: the shell is free at once.");
        let focus = "what happens on the last page";
        let started = self.cc(&["adversarial-review", "--background", focus]);
        started.exits(0)?.says("started in the background")?;
        let job = self.newest_job()?;
        self.claude.wait_for_request(before + 2, PATIENCE);
        self.log_says(&job, "Read ");
        self.terminal
            .say("Check progress: what runs, and what it does.");
        let status = self.cc(&["status", "--all"]);
        status.exits(0)?.says("Running")?.says(&job)?.says("Read")?;
        self.terminal
            .say("Wait for it, woken by its end; the exit code is its outcome.");
        // The model has thought long enough.
        drop(open);
        let waited = self.cc(&["wait", &job]);
        waited.exits(0)?.says("completed")?;
        self.terminal
            .say("Show the result; each finding's lines are checked against the real file.");
        let result = self.cc(&["result", &job]);
        result
            .exits(0)?
            .says("needs attention")?
            .says("1. High")?
            .says("2. Medium")?;
        self.sarif(&job)?;
        Ok(job)
    }

    fn sarif(&self, job: &str) -> Checked {
        self.terminal.say(
            "The same for editors and code hosts, as SARIF (--format json and html work too).",
        );
        let args = ["result", job, "--format", "sarif"];
        let sarif = self.terminal.head(
            12,
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

    pub(super) fn cancel(&self) -> Checked {
        let before = self.claude.requests().len();
        self.claude
            .push([self.reviewer.looks(), Turn::text("Hm.").hang_after(0)]);
        self.terminal
            .say("One more review, whose model never answers ...");
        let started = self.cc(&["review", "--background"]);
        started.exits(0)?;
        let job = self.newest_job()?;
        self.claude.wait_for_request(before + 2, PATIENCE);
        self.terminal
            .say("... is cancelled, with proof: nothing that it started is left running.");
        self.cc(&["cancel", &job]).exits(0)?.says("cancelled")?;
        self.sandbox.wait_quiet(Duration::from_secs(5));
        let waited = self.cc(&["wait", &job]);
        waited.exits(4)?.says("cancelled")?;
        Ok(())
    }

    /// Has Claude fix what a review found.
    pub(super) fn rescue(&self, review: &str) -> Checked {
        self.terminal.say(
            "A rescue: Claude edits the files, its commands in the operating system's sandbox.",
        );
        self.claude.push(self.reviewer.fixes());
        let args = ["rescue", "--from", review, "--findings", "1,2"];
        let rescued = self.cc(&args);
        rescued.exits(0)?.says("Fixed both")?.says(demo::FILE)?;
        self.terminal
            .say("Both mistakes are gone: the file is what was committed.");
        let args = ["status", "--short"];
        let git = self.sandbox.command(&self.sandbox.bin().join("git"));
        let status = self
            .terminal
            .run(&["git", args[0], args[1]], git.args(args));
        if !status.exits(0)?.stdout().is_empty() {
            return Err("the rescue did not leave the committed files".into());
        }
        Ok(())
    }

    /// Waits for a word in the log of a job.
    fn log_says(&self, job: &str, word: &str) {
        let log = self.sandbox.state_dir().jobs().join(format!("{job}.log"));
        let said = || fs::read_to_string(&log).is_ok_and(|log| log.contains(word));
        eventually(PATIENCE, "a line in the job's log", || said().then_some(()));
    }
}
