//! Pathspecs: what a review is limited to, and what it leaves out.

pub(crate) mod magic;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use cc_core::text::{count, one_line};
use serde::{Deserialize, Serialize};

use crate::repo_path::{RepoPath, os_path};

/// How many names a label has.
const NAMED: usize = 3;

/// What a selection is limited to; the default is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pathspecs {
    /// Files and directories, literal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<RepoPath>,
    /// Patterns, among them those of what is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<PathPattern>,
}

/// A pathspec with wildcards or magic. Displayed as Git reads it at the root: `:!dist`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PathPattern {
    /// The pattern, from the root.
    pub(crate) pattern: RepoPath,
    /// Whether what it matches is left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) exclude: bool,
    /// Other magic, in Git's long form, such as `icase`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) magic: Vec<String>,
    /// How many bytes of the pattern are the user's directory, in which nothing is a wildcard.
    #[serde(default)]
    pub(crate) prefix: usize,
}

impl Pathspecs {
    /// Whether everything is meant, but for what is left out.
    pub(crate) fn is_everywhere(&self) -> bool {
        self.paths.is_empty() && !self.patterns.iter().any(|pattern| !pattern.exclude)
    }

    /// Whether there are none at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.patterns.is_empty()
    }

    /// The patterns of what is left out.
    pub(crate) fn excludes(&self) -> impl Iterator<Item = &PathPattern> {
        self.patterns.iter().filter(|pattern| pattern.exclude)
    }

    /// A copy that leaves nothing out.
    pub(crate) fn without_excludes(&self) -> Self {
        let mut all = self.clone();
        all.patterns.retain(|pattern| !pattern.exclude);
        all
    }

    /// `--` and the pathspecs, for a call of Git at the root.
    pub(crate) fn args(&self) -> Vec<OsString> {
        let everything = (self.is_everywhere() && !self.is_empty()).then(|| ":(top)".into());
        let paths = self.paths.iter().filter_map(RepoPath::pathspec);
        let patterns = self.patterns.iter().filter_map(PathPattern::pathspec);
        let mut args = vec![OsString::from("--")];
        args.extend(everything);
        args.extend(paths.chain(patterns));
        args
    }

    /// All of them, as Git reads them at the root.
    pub fn displayed(&self) -> Vec<String> {
        let paths = self.paths.iter().map(ToString::to_string);
        let patterns = self.patterns.iter().map(ToString::to_string);
        paths.chain(patterns).collect()
    }

    /// Where the selection looks, for a label: `` in `src`, without `dist` ``; empty for everything.
    pub(crate) fn place(&self) -> String {
        let included = self.patterns.iter().filter(|pattern| !pattern.exclude);
        let paths = self.paths.iter().map(ToString::to_string);
        let included: Vec<String> = paths.chain(included.map(ToString::to_string)).collect();
        let excluded: Vec<String> = self.excludes().map(PathPattern::plain).collect();
        let mut place = String::new();
        if !included.is_empty() {
            place.push_str(&format!(" in {}", enumerate(&included)));
        }
        if !excluded.is_empty() {
            let comma = if included.is_empty() { "" } else { "," };
            place.push_str(&format!("{comma} without {}", enumerate(&excluded)));
        }
        place
    }
}

fn enumerate(names: &[String]) -> String {
    let mut shown: Vec<String> = names
        .iter()
        .take(NAMED)
        .map(|name| format!("`{}`", one_line(name, 60)))
        .collect();
    let more = names.len() - shown.len();
    if more > 0 {
        shown.push(format!("{} more", count(more, "path")));
    }
    shown.join(", ")
}

impl PathPattern {
    fn pathspec(&self) -> Option<OsString> {
        let exclude = self.exclude.then_some("exclude");
        let words = exclude
            .into_iter()
            .chain(self.magic.iter().map(String::as_str));
        // `prefix` is how Git itself passes a pathspec on from a subdirectory.
        let prefix = format!("prefix:{}", self.prefix);
        let words: Vec<&str> = words.chain([&*prefix]).collect();
        self.pattern.with_magic(&format!(":({})", words.join(",")))
    }

    /// The pattern without the mark of what is left out.
    fn plain(&self) -> String {
        match self.magic.is_empty() {
            true => self.pattern.to_string(),
            false => format!(":({}){}", self.magic.join(","), self.pattern),
        }
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.exclude, self.magic.is_empty()) {
            (false, _) => f.write_str(&self.plain()),
            (true, true) => write!(f, ":!{}", self.pattern),
            (true, false) => write!(f, ":(exclude,{}){}", self.magic.join(","), self.pattern),
        }
    }
}

/// Where a pathspec of the user points: its path without magic, relative to their directory, or below `root`
/// where the magic says so. One that Git would refuse is a path as it is.
pub fn path_of_pathspec(spec: &Path, root: &Path) -> PathBuf {
    let bytes = spec.as_os_str().as_encoded_bytes();
    let Ok((magic, path)) = magic::parse(bytes) else {
        return spec.to_owned();
    };
    let path = os_path(path).unwrap_or_else(|| spec.to_owned());
    match magic.top {
        true => root.join(path),
        false => path,
    }
}
