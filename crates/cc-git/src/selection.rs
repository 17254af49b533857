//! What the user asked to review.

use std::path::PathBuf;

use cc_core::text::one_line;

use crate::Error;

/// The flags that select what to review.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// `--scope`.
    pub scope: Scope,
    /// `--base REF`: HEAD since its merge base with REF.
    pub base: Option<String>,
    /// `--commit REV`: that commit.
    pub commit: Option<String>,
    /// `--range A..B` or `A...B`: an empty side means HEAD.
    pub range: Option<String>,
    /// `-- PATH…`: only these pathspecs, relative to the user's directory.
    pub paths: Vec<PathBuf>,
}

/// The `--scope` flag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The working tree if it has changes, else the branch.
    #[default]
    Auto,
    /// All uncommitted changes.
    WorkingTree,
    /// Staged changes.
    Staged,
    /// The branch compared to its base.
    Branch,
}

/// The combined meaning of the flags.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted<'a> {
    Auto,
    WorkingTree,
    Staged,
    Branch(Option<&'a str>),
    Commit(&'a str),
    Range(RevisionRange<'a>),
}

/// The two ends of a range.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RevisionRange<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    /// Three dots: from the merge base.
    pub(crate) from_merge_base: bool,
}

impl Selection {
    pub(crate) fn wanted(&self) -> Result<Wanted<'_>, Error> {
        let scope = match self.scope {
            Scope::Auto => None,
            Scope::WorkingTree => Some("--scope working-tree"),
            Scope::Staged => Some("--scope staged"),
            Scope::Branch if self.base.is_some() => None,
            Scope::Branch => Some("--scope branch"),
        };
        let flags = [
            scope,
            self.base.as_ref().map(|_| "--base"),
            self.commit.as_ref().map(|_| "--commit"),
            self.range.as_ref().map(|_| "--range"),
        ];
        let mut given = flags.into_iter().flatten();
        if let (Some(first), Some(second)) = (given.next(), given.next()) {
            return Err(Error::Conflict { first, second });
        }
        Ok(match (self.scope, &self.base, &self.commit, &self.range) {
            (_, Some(base), _, _) => Wanted::Branch(Some(base)),
            (_, _, Some(commit), _) => Wanted::Commit(commit),
            (_, _, _, Some(range)) => Wanted::Range(RevisionRange::parse(range)?),
            (Scope::Auto, ..) => Wanted::Auto,
            (Scope::WorkingTree, ..) => Wanted::WorkingTree,
            (Scope::Staged, ..) => Wanted::Staged,
            (Scope::Branch, ..) => Wanted::Branch(None),
        })
    }
}

impl Wanted<'_> {
    /// Whether no commit was named: the user means the work in the current directory.
    pub(crate) fn is_implied(&self) -> bool {
        matches!(
            self,
            Self::Auto | Self::WorkingTree | Self::Staged | Self::Branch(None)
        )
    }
}

impl<'a> RevisionRange<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Error> {
        let not_a_range = || Error::NotARange {
            text: one_line(text, 80),
        };
        let (from, rest) = text.split_once("..").ok_or_else(not_a_range)?;
        let (to, from_merge_base) = match rest.strip_prefix('.') {
            Some(to) => (to, true),
            None => (rest, false),
        };
        if to.starts_with('.') || to.contains("..") || (from.is_empty() && to.is_empty()) {
            return Err(not_a_range());
        }
        let or_head = |side: &'a str| if side.is_empty() { "HEAD" } else { side };
        Ok(Self {
            from: or_head(from),
            to: or_head(to),
            from_merge_base,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_range(text: &str, expect: Option<(&str, &str, bool)>) {
        let range = RevisionRange::parse(text).ok();
        let got = range.map(|range| (range.from, range.to, range.from_merge_base));
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn ranges_have_two_or_three_dots() {
        check_range("a..b", Some(("a", "b", false)));
        check_range("a...b", Some(("a", "b", true)));
        check_range("a..", Some(("a", "HEAD", false)));
        check_range("...b", Some(("HEAD", "b", true)));
        check_range("v1.0..v1.1", Some(("v1.0", "v1.1", false)));
        for bad in ["", "a", "..", "...", "a....b", "a..b..c"] {
            check_range(bad, None);
        }
    }

    #[test]
    fn flags_that_exclude_each_other_are_named() {
        let scopes = [
            Scope::Auto,
            Scope::WorkingTree,
            Scope::Staged,
            Scope::Branch,
        ];
        for scope in scopes {
            for bits in 0..8 {
                let flag = |bit: u8, text: &str| (bits & bit != 0).then(|| text.to_owned());
                let selection = Selection {
                    scope,
                    base: flag(1, "main"),
                    commit: flag(2, "HEAD"),
                    range: flag(4, "a..b"),
                    paths: Vec::new(),
                };
                let fits = match scope {
                    Scope::Auto => [0, 1, 2, 4].contains(&bits),
                    Scope::Branch => [0, 1].contains(&bits),
                    Scope::WorkingTree | Scope::Staged => bits == 0,
                };
                assert_eq!(selection.wanted().is_ok(), fits, "{selection:?}");
            }
        }
        let selection = Selection {
            scope: Scope::Staged,
            base: Some("main".into()),
            ..Selection::default()
        };
        assert_eq!(
            selection.wanted().unwrap_err().to_string(),
            "--scope staged cannot be combined with --base"
        );
    }
}
