//! What a person does in Codex: installs the plugin, and then types `$cc:...`.

use std::sync::mpsc;

use cc_tests::responses_api::Turn;

use super::terminal::Shown;
use super::{Checked, PATIENCE, Tour, demo};

impl Tour {
    pub(super) fn install(&mut self) -> Checked {
        self.terminal
            .say("One command installs the plugin. The permissions can be asked for instead.");
        let bin = self.sandbox.codex_home().join("cc/bin");
        let bin = bin.display().to_string();
        let mut args = vec!["install", "--yes", "--allow-commands", "--trust-hooks"];
        // In a checkout among temporary files, where Codex's sandbox lets every command write, the
        // place has to be named.
        if bin.starts_with("/tmp/") || bin.starts_with("/var/tmp/") {
            args.extend(["--bin-dir", &bin]);
        }
        let words: Vec<&str> = ["cc-installer"].into_iter().chain(args.clone()).collect();
        let installed = self.terminal.run(&words, self.sandbox.installer(&args));
        installed.exits(0)?.says("All good.")?;
        let cc_cli = self.sandbox.installed_file("cc-cli");
        self.sandbox
            .use_binaries(cc_cli.parent().ok_or("no directory")?);
        self.terminal
            .say("In Codex, $cc:setup looks whether everything works.");
        self.codex.push([obeys(""), tells()]);
        let setup = self.codex(&["exec", "$cc:setup"]);
        setup.exits(0)?.says("Ready.")?;
        Ok(())
    }

    /// Reviews in the background, hears of the end, reads the result; gives the session.
    pub(super) fn review_from_codex(&self) -> Checked<String> {
        self.terminal
            .say("A review in the background: a job that outlives the session of Codex.");
        let before = self.claude.requests().len();
        let (open, gate) = mpsc::channel();
        self.claude
            .push([self.reviewer.looks(), self.reviewer.writes_prose(gate)]);
        self.codex.push([obeys("--background"), tells()]);
        let started = self.codex(&["exec", "$cc:review --background"]);
        let started = started.exits(0)?.says("started in the background")?;
        let session = started.session().to_owned();
        let job = self.newest_job()?;
        self.claude.wait_for_request(before + 2, PATIENCE);
        // The model has thought long enough.
        drop(open);
        self.sandbox.wait_quiet(PATIENCE);
        self.terminal
            .say("It has finished. Codex is told once, at the next prompt.");
        self.codex.push([passes_on(), passes_on()]);
        let told = self.codex(&["exec", "resume", &session, "What is new?"]);
        told.exits(0)?.says(&format!("$cc:result {job}"))?;
        self.terminal.say("Show the result.");
        self.codex.push([obeys(""), tells()]);
        let result = self.codex(&["exec", "resume", &session, "$cc:result"]);
        result.exits(0)?.says("[high]")?.says("src/pages.rs:")?;
        Ok(session)
    }

    /// A turn that ends with a defect is held up once.
    pub(super) fn gate(&self, session: &str) -> Checked {
        self.terminal.say(
            "The review gate, off until somebody wants it: Claude looks at each turn's edits.",
        );
        self.codex.push([obeys("--enable-review-gate"), tells()]);
        let on = ["exec", "resume", session, "$cc:setup --enable-review-gate"];
        self.codex(&on)
            .exits(0)?
            .says("Switched the review gate on")?;
        self.terminal
            .say("A turn adds a function with an old mistake in it, and cannot end like that.");
        self.codex.push([
            Turn::edit(demo::ADDED, demo::BROKEN),
            Turn::text("I added `last`."),
            Turn::edit(demo::ADDED, demo::FIXED),
            Turn::text("Fixed: an empty list has no last page."),
        ]);
        self.claude.push([self.reviewer.blocks()]);
        let args = ["exec", "--sandbox", "workspace-write", "Add `last`."];
        let blocked = self.codex(&args);
        blocked
            .exits(0)?
            .says("hook: Stop Blocked")?
            .says("hook: Stop Completed")?;
        let request = self.codex.last_request();
        let prompts = request.hook_prompts();
        let reason = prompts.iter().find(|prompt| prompt.contains("empty list"));
        let reason = reason.ok_or("the model of Codex did not read why its turn may not end")?;
        self.terminal.say("Why, as Codex's model read it:");
        self.terminal.quote(reason);
        Ok(())
    }

    pub(super) fn uninstall(&self) -> Checked {
        self.terminal
            .say("Uninstall: only the jobs are kept, and `--delete-jobs` removes them too.");
        let args = ["uninstall", "--yes"];
        let words: Vec<&str> = std::iter::once("cc-installer").chain(args).collect();
        let gone = self.terminal.run(&words, self.sandbox.installer(args));
        gone.exits(0)?;
        Ok(())
    }

    fn codex(&self, args: &[&str]) -> Shown {
        let words: Vec<&str> = std::iter::once(&"codex").chain(args).copied().collect();
        self.terminal.session(&words, self.sandbox.codex(args))
    }
}

/// Codex's model runs the one line of the skill that it was given, with these flags.
fn obeys(flags: &'static str) -> Turn {
    Turn::computed(move |request| match request.skill_command() {
        Some(line) => {
            let line = line.trim_end_matches(" --wait");
            Turn::shell(format!("{line} {flags}").trim())
        }
        None => Turn::text("There is no such skill."),
    })
}

/// Codex's model ends its turn.
fn tells() -> Turn {
    Turn::text("As shown above.")
}

/// Codex's model tells the user what it was told of a job that has ended.
fn passes_on() -> Turn {
    Turn::computed(|request| {
        let texts = request.user_texts();
        match texts
            .iter()
            .rfind(|text| text.contains("$cc:result review-"))
        {
            Some(news) => Turn::text(format!("I was just told: {news}")),
            None => Turn::text("Nothing is new."),
        }
    })
}
