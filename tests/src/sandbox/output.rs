//! The output of a program that has ended, with assertions.

use std::fmt;
use std::process::ExitStatus;

use serde_json::Value;

use super::excerpt::{cut, excerpt};

/// The exit status and the output of a program that has ended.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its exit status.
    pub status: ExitStatus,
    /// Standard output; invalid UTF-8 is replaced.
    pub stdout: String,
    /// Standard error; invalid UTF-8 is replaced.
    pub stderr: String,
    pub(super) title: String,
}

impl Output {
    /// The exit code; `None` if a signal ended the program.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Asserts exit code 0.
    ///
    /// # Panics
    /// When it is another.
    #[track_caller]
    pub fn success(self) -> Self {
        self.exits(0)
    }

    /// Asserts an exit code.
    ///
    /// # Panics
    /// When it is another.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert!(
            self.code() == Some(code),
            "expected exit code {code}: {self}"
        );
        self
    }

    /// Asserts that it was ended from outside: by a signal, or on Windows with exit code 1.
    ///
    /// # Panics
    /// When it exited by itself.
    #[track_caller]
    pub fn killed(self) -> Self {
        // Of a process that was ended Windows says 1, and Wine 0.
        let is_killed = self.code().is_none_or(|code| cfg!(windows) && code <= 1);
        assert!(is_killed, "expected to be killed: {self}");
        self
    }

    /// Standard output as one JSON document.
    ///
    /// # Panics
    /// When it is anything else.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("not JSON: {e}: {self}"))
    }

    /// Standard output as JSON lines.
    ///
    /// # Panics
    /// When a line is not JSON.
    #[track_caller]
    #[must_use]
    pub fn json_lines(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line);
        let lines: Result<_, _> = self.stdout.lines().map(parse).collect();
        lines.unwrap_or_else(|e| panic!("not JSON lines: {e}: {self}"))
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            status,
            stdout,
            stderr,
            title,
        } = self;
        let (stdout, stderr) = (excerpt("stdout", stdout), excerpt("stderr", stderr));
        write!(f, "`{}` ended with {status}\n{stdout}{stderr}", cut(title))
    }
}
