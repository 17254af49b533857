//! Which files of a change are not shown, whatever their size.

use std::collections::{HashMap, HashSet};

use crate::context::Reason;
use crate::process::GitInput;
use crate::records::records;
use crate::repo_path::RepoPath;
use crate::runner::Runner;
use crate::{Error, secret, wildcard};

/// The attributes that decide: one of our own, the one that GitHub uses,
const SECRET: &str = "cc-secret";
const GENERATED: &str = "linguist-generated";
/// Git's own: unset, it has no diff to show.
const DIFF: &str = "diff";

/// Why a file is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hidden {
    Secret,
    Generated,
    NoDiff,
    Excluded,
}

impl From<Hidden> for Reason {
    fn from(hidden: Hidden) -> Self {
        match hidden {
            Hidden::Secret => Self::Secret,
            Hidden::Generated => Self::Generated,
            Hidden::NoDiff => Self::NoDiff,
            Hidden::Excluded => Self::Excluded,
        }
    }
}

/// The rules for one target. The default one knows no attributes.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    /// What the user named: shown, whatever it is.
    named: Vec<RepoPath>,
    show_secrets: Vec<String>,
    exclude: Vec<String>,
    /// Untracked files: no attribute makes them public, since it may come from somebody else.
    untracked: HashSet<RepoPath>,
    /// For reading attributes; `None` if there are none.
    runner: Option<Runner>,
    marks: HashMap<RepoPath, Marks>,
    failure: Option<Error>,
}

/// What the attributes say about a file.
#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    secret: Option<bool>,
    generated: bool,
    no_diff: bool,
}

impl Screen {
    /// The rules for a target of which the user named some files. Attributes are read by `runner`, if there are any.
    pub(crate) fn new(
        named: &[RepoPath],
        show_secrets: &[String],
        untracked: &[RepoPath],
        runner: Option<Runner>,
    ) -> Self {
        Self {
            named: named.to_owned(),
            show_secrets: show_secrets.to_owned(),
            untracked: untracked.iter().cloned().collect(),
            runner,
            ..Self::default()
        }
    }

    /// Keeps out what these patterns cover.
    pub(crate) fn excluding(self, patterns: &[String]) -> Self {
        Self {
            exclude: patterns.to_owned(),
            ..self
        }
    }

    /// Reads the attributes of these files and of the untracked ones, once.
    pub(crate) fn read_attributes<'a>(&mut self, files: impl Iterator<Item = &'a RepoPath>) {
        let Some(runner) = self.runner.take() else {
            return;
        };
        let mut input = Vec::new();
        let mut add = |path: &RepoPath| {
            input.extend_from_slice(path.as_bytes());
            input.push(0);
        };
        files.for_each(&mut add);
        self.untracked.iter().for_each(add);
        if input.is_empty() {
            return;
        }
        let args = ["check-attr", "--stdin", "-z", SECRET, GENERATED, DIFF];
        let call = runner.long_call(&args).input(GitInput::Bytes(&input));
        let output = match call.checked() {
            Ok(output) => output,
            Err(error) => {
                self.failure = Some(error);
                return;
            }
        };
        let mut fields = records(&output);
        while let (Some(path), Some(name), Some(value)) =
            (fields.next(), fields.next(), fields.next())
        {
            let is_set = match value {
                b"unspecified" => continue,
                b"unset" | b"false" => false,
                _ => true,
            };
            let marks = self.marks.entry(RepoPath::new(path)).or_default();
            match std::str::from_utf8(name) {
                Ok(SECRET) => marks.secret = Some(is_set),
                Ok(GENERATED) => marks.generated = is_set,
                // Any text is the name of a driver.
                _ => marks.no_diff = value == b"unset",
            }
        }
    }

    /// Decides about the diff of a file, whose old name counts as well.
    pub(crate) fn hides(
        &self,
        path: &RepoPath,
        old: Option<&RepoPath>,
        diff: &str,
    ) -> Option<Hidden> {
        if self.named.contains(path) {
            return None;
        }
        let marks = self.marks.get(path).copied().unwrap_or_default();
        let secret = match marks.secret {
            Some(true) => true,
            Some(false) if !self.untracked.contains(path) => false,
            _ => {
                let mut names = [Some(path), old].into_iter().flatten();
                let is_allowed = |path: &RepoPath| {
                    let mut patterns = self.show_secrets.iter();
                    patterns.any(|pattern| wildcard::covers(pattern, path.as_bytes()))
                };
                names.any(|path| !is_allowed(path) && secret::is_secret(path.as_bytes(), diff))
            }
        };
        let mut exclude = self.exclude.iter();
        if secret {
            Some(Hidden::Secret)
        } else if marks.generated {
            Some(Hidden::Generated)
        } else if marks.no_diff {
            Some(Hidden::NoDiff)
        } else {
            let is_excluded = exclude.any(|pattern| wildcard::covers(pattern, path.as_bytes()));
            is_excluded.then_some(Hidden::Excluded)
        }
    }

    /// Whether an attribute says that a file has no diff to show.
    pub(crate) fn has_no_diff(&self, path: &RepoPath) -> bool {
        self.marks.get(path).is_some_and(|marks| marks.no_diff)
    }

    /// The error of reading the attributes.
    pub(crate) fn failure(&mut self) -> Option<Error> {
        self.failure.take()
    }
}
