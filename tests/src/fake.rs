//! The fake Claude: what it does, and the calls it recorded.
//!
//! The product filters Claude's environment and arguments, so the scenario is a file beside its
//! binary; each [`Sandbox`](crate::Sandbox) has its own copy.

mod run;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cc_core::Proc;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use run::{Run, Step};

/// What a fake Claude does on each call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[must_use]
pub struct Scenario {
    /// The output of `--version`.
    pub version: String,
    /// The output of `auth status`.
    pub logged_in: bool,
    /// The calls with `-p`, in order; the last one repeats.
    pub runs: Vec<Run>,
}

impl Scenario {
    /// A Claude of the pinned version, logged in, that does `runs` in order and repeats the last.
    pub fn runs(runs: impl IntoIterator<Item = Run>) -> Self {
        Self {
            version: crate::peers::CLAUDE.version.to_owned(),
            logged_in: true,
            runs: runs.into_iter().collect(),
        }
    }

    /// A Claude that answers with this text.
    pub fn says(text: &str) -> Self {
        Self::runs([Run::says(text)])
    }

    /// A Claude that answers with this structured output.
    pub fn structured(output: Value) -> Self {
        Self::runs([Run::structured(output)])
    }

    /// A Claude that is not logged in: `auth status` says so, and a run fails like the real one's.
    pub fn logged_out() -> Self {
        let text = "Not logged in · Please run /login";
        Self {
            logged_in: false,
            ..Self::runs([Run::api_error(None, text)])
        }
    }

    /// Sets the version.
    pub fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.version);
        self
    }

    /// Reads what [`Scenario::install`] wrote.
    ///
    /// # Panics
    /// When it is not there or broken.
    pub fn read(dir: &Path) -> Self {
        read_scenario(&dir.join(SCENARIO))
    }

    /// Writes the scenario beside a fake Claude in `dir`; the next call of it plays the first run.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn install(&self, dir: &Path) {
        let text = serde_json::to_vec_pretty(self).expect("a scenario is plain data");
        cc_core::fs::write_atomic(&dir.join(SCENARIO), &text).expect("the sandbox is writable");
        for n in 0.. {
            if fs::remove_file(claim(dir, n)).is_err() {
                break;
            }
        }
    }
}

/// Reads the file that tells a fake program what to do.
///
/// # Panics
/// When it is not there or broken.
pub(crate) fn read_scenario<T: DeserializeOwned>(path: &Path) -> T {
    let text = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

const SCENARIO: &str = "fake-claude.json";
const CALLS: &str = "fake-claude.calls.jsonl";
const GRANDCHILDREN: &str = "fake-claude.grandchildren.jsonl";

/// The file that the `n`-th run creates, so that two runs at once differ.
pub fn claim(dir: &Path, n: usize) -> PathBuf {
    dir.join(format!("fake-claude.run-{n}"))
}

/// The file in which the fake Claude in `dir` records its calls.
pub fn calls_file(dir: &Path) -> PathBuf {
    dir.join(CALLS)
}

/// The file in which the fake Claude in `dir` records the processes it left running.
pub fn grandchildren_file(dir: &Path) -> PathBuf {
    dir.join(GRANDCHILDREN)
}

/// One call of the fake Claude, recorded at the end of its standard input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call {
    /// The arguments without the program's name.
    pub args: Vec<String>,
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// The current directory.
    #[serde(with = "cc_core::os_text")]
    pub cwd: PathBuf,
    /// What is in the file that `--settings` names.
    #[serde(default)]
    pub settings: Option<Value>,
    /// Standard input, invalid UTF-8 replaced; empty for calls without `-p`.
    pub stdin: String,
    /// The process.
    pub proc: Proc,
}

impl Call {
    /// Whether this was a run, not a probe like `--version`.
    pub fn is_run(&self) -> bool {
        self.args.iter().any(|arg| arg == "-p" || arg == "--print")
    }

    /// The value of a flag, after `=` or as the next argument.
    pub fn flag(&self, name: &str) -> Option<&str> {
        let mut args = self.args.iter();
        args.find_map(|arg| match arg.strip_prefix(name)? {
            "" => Some(None),
            rest => rest.strip_prefix('=').map(Some),
        })?
        .or_else(|| args.next().map(String::as_str))
    }
}

/// Reads a file of JSON lines. A missing file has none; a line that is cut off, because its writer was
/// killed or had no room, is skipped.
///
/// # Panics
/// When a line is no JSON for another reason.
pub(crate) fn json_lines<T: serde::de::DeserializeOwned>(path: &Path) -> Vec<T> {
    let text = fs::read(path).unwrap_or_default();
    let lines = text.split(|byte| *byte == b'\n');
    let parse = |line| match serde_json::from_slice(line) {
        Ok(value) => Some(value),
        Err(error) if error.is_eof() => None,
        Err(error) => panic!("{}: {error}", path.display()),
    };
    lines.filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<Value> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        json_lines(file.path())
    }

    #[test]
    fn lines_that_are_cut_off_are_skipped() {
        let whole = r#"{"a":{"text":"ä"}}"#.as_bytes();
        for cut in 0..whole.len() {
            let text = [
                whole,
                b"\n\n",
                &whole[..cut],
                b"\n",
                whole,
                b"\n\n",
                &whole[..cut],
            ]
            .concat();
            assert_eq!(read(&text).len(), 2, "cut at {cut}");
        }
        assert_eq!(read(b"").len(), 0);
    }

    #[test]
    #[should_panic(expected = "expected")]
    fn a_broken_line_is_an_error() {
        read(b"{\"a\":1}\n{\"a\":{\"a\":1}\n{\"a\" 1}\n");
    }
}
