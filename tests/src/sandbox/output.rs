//! What a program did, with assertions.

use std::fmt;
use std::process::ExitStatus;

use serde_json::Value;

/// What a program did.
#[derive(Clone, Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output, broken characters replaced.
    pub stdout: String,
    /// Standard error, broken characters replaced.
    pub stderr: String,
    pub(super) title: String,
}

impl Output {
    /// The exit code; `None` where a signal ended the program.
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

    /// Standard output as one JSON document.
    ///
    /// # Panics
    /// When it is not exactly that.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("not JSON: {e}: {self}"))
    }

    /// Standard output as JSON lines.
    ///
    /// # Panics
    /// When a line is not JSON.
    #[track_caller]
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
        write!(
            f,
            "`{title}` ended with {status}\nstdout: {stdout}\nstderr: {stderr}"
        )
    }
}
