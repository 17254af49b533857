//! A terminal session: a comment, a command, what it printed; and whether that is as it should be.

use std::cell::Cell;
use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};

use cc_core::Env;
use cc_tests::sandbox::{Cmd, Output};

/// What came of a step of the tour.
pub(super) type Checked<T = ()> = Result<T, Box<dyn Error>>;

/// Where the tour is shown.
pub(super) struct Terminal {
    colours: bool,
    commands: Cell<usize>,
}

impl Terminal {
    pub(super) fn open() -> io::Result<Self> {
        let env = Env::from_process()?;
        Ok(Self {
            colours: env.stdout_is_terminal && env.var("NO_COLOR").is_none(),
            commands: Cell::new(0),
        })
    }

    /// How many commands were shown.
    pub(super) fn commands(&self) -> usize {
        self.commands.get()
    }

    /// A line about what comes next.
    pub(super) fn say(&self, text: &str) {
        println!("{}", self.styled("36", format_args!("# {text}")));
    }

    /// A text that no command printed.
    pub(super) fn quote(&self, text: &str) {
        println!("{}\n", text.trim_end());
    }

    /// The last line.
    pub(super) fn end(&self, text: impl Display) {
        println!("{}", self.styled("1;32", text));
    }

    /// Runs a command and shows it with all it prints.
    pub(super) fn run(&self, words: &[&str], command: Cmd<'_>) -> Shown {
        self.show(shell_line(words), command, usize::MAX)
    }

    /// Runs a command and shows it with the first lines it prints.
    pub(super) fn head(&self, lines: usize, words: &[&str], command: Cmd<'_>) -> Shown {
        let line = format!("{} | head -n {lines}", shell_line(words));
        self.show(line, command, lines)
    }

    /// Runs Codex and shows what it does, without what it says of itself at the beginning; what it
    /// prints as its answer stands there already.
    pub(super) fn session(&self, words: &[&str], command: Cmd<'_>) -> Shown {
        let begun = self.begin(shell_line(words));
        let output = command.run();
        let told = output.stderr.splitn(3, "--------\n").last();
        // The played model is no model that Codex knows.
        let told = told.unwrap_or_default().trim_end().lines();
        for line in told.filter(|line| !line.starts_with("warning: Model metadata")) {
            println!("{line}");
        }
        self.end_of(begun, output)
    }

    fn show(&self, line: String, command: Cmd<'_>, lines: usize) -> Shown {
        let begun = self.begin(line);
        let output = command.run();
        print!("{}", output.stderr);
        for line in output.stdout.lines().take(lines) {
            println!("{line}");
        }
        self.end_of(begun, output)
    }

    fn begin(&self, line: String) -> String {
        println!("{}", self.styled("1", format_args!("$ {line}")));
        // The command may take a while, and whoever watches wants to know which.
        let _ = io::stdout().flush();
        line
    }

    fn end_of(&self, line: String, output: Output) -> Shown {
        match output.code() {
            Some(0) => {}
            Some(code) => println!("[exit code {code}]"),
            None => println!("[{}]", output.status),
        }
        println!();
        self.commands.set(self.commands.get() + 1);
        Shown { line, output }
    }

    fn styled(&self, style: &str, text: impl Display) -> String {
        if self.colours {
            format!("\x1b[{style}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }
}

/// A command that was shown, to be checked.
pub(super) struct Shown {
    line: String,
    output: Output,
}

impl Shown {
    /// Checks the exit code.
    pub(super) fn exits(self, code: i32) -> Checked<Self> {
        if self.output.code() == Some(code) {
            return Ok(self);
        }
        let status = self.output.status;
        Err(format!(
            "`{}` ended with {status}, not with exit code {code}",
            self.line
        )
        .into())
    }

    /// Checks that it printed a text.
    pub(super) fn says(self, text: &str) -> Checked<Self> {
        let Output { stdout, stderr, .. } = &self.output;
        if stdout.contains(text) || stderr.contains(text) {
            return Ok(self);
        }
        Err(format!("`{}` did not print `{text}`", self.line).into())
    }

    /// The session of Codex that it was.
    pub(super) fn session(&self) -> &str {
        self.output.codex_session()
    }

    /// All that it printed as its result.
    pub(super) fn stdout(&self) -> &str {
        &self.output.stdout
    }
}

/// A command as one types it.
fn shell_line(words: &[&str]) -> String {
    let quoted = words.iter().map(|word| {
        if word.contains([' ', '$', '`']) {
            format!("'{word}'")
        } else {
            (*word).to_owned()
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}
