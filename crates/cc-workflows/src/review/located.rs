//! The findings of a review, each with whether its place exists and the lines that it is about, as they were
//! reviewed.

use cc_core::Time;
use cc_core::frame::unframed;
use cc_git::{Excerpt, Git, Mode, Repository, composed};

use super::findings::{Finding, LocatedFinding, Location};
use crate::Project;
use crate::order::ReviewSpec;

/// How many lines are shown before and after those of a finding.
const AROUND: u64 = 5;

/// The most bytes of lines that all findings together show.
const ALL_BYTES: usize = 128 << 10;

/// What was reviewed, and when.
pub(super) struct Reviewed<'a> {
    pub(super) project: &'a Project,
    pub(super) spec: &'a ReviewSpec,
    /// The prompt, which has the diff.
    pub(super) prompt: &'a str,
    /// When the job was made, after the diff was taken.
    pub(super) since: Time,
}

impl Reviewed<'_> {
    /// Looks up each finding.
    pub(super) fn locate(&self, findings: Vec<Finding>) -> Vec<LocatedFinding> {
        let repository = Git::locate(&self.project.env)
            .and_then(|git| Repository::discover(git, self.project.store.workspace().root()))
            .and_then(Repository::with_index_of_caller)
            .ok();
        let mut left = ALL_BYTES;
        let locate = |mut finding: Finding| {
            if let Some(name) = self.in_other_form(&finding.file) {
                finding.file = name;
            }
            let location = Location::of(&finding, repository.as_ref(), &self.spec.target);
            let excerpt = (location == Location::Found)
                .then(|| self.excerpt(&finding, repository.as_ref()?))
                .flatten();
            let size = |it: &Excerpt| it.lines.iter().map(String::len).sum::<usize>();
            let excerpt = excerpt.filter(|it| size(it) <= left);
            left -= excerpt.as_ref().map_or(0, size);
            LocatedFinding {
                finding,
                location,
                excerpt,
            }
        };
        findings.into_iter().map(locate).collect()
    }

    /// The lines around a finding: from the commit, from a file that is older than the review, else from the diff.
    fn excerpt(&self, finding: &Finding, repository: &Repository) -> Option<Excerpt> {
        let (target, path) = (&self.spec.target, &finding.file);
        if self.is_kept_out(path) {
            return None;
        }
        let first = finding.line_start.max(1);
        let last = finding.line_end.max(first);
        let wanted = first.saturating_sub(AROUND).max(1)..=last.saturating_add(AROUND);
        let excerpt = repository.excerpt(target, path, wanted.clone(), self.since);
        let from_diff = || match target.mode {
            Mode::WorkingTree | Mode::Staged => {
                let diff = unframed("DIFF", self.prompt)?;
                Excerpt::from_diff(diff, path, wanted.clone(), first)
            }
            Mode::Branch | Mode::Commit | Mode::Range => None,
        };
        excerpt.ok().flatten().or_else(from_diff)
    }

    /// The name of the reviewed file that `file` means, where Claude wrote its accents in another form.
    fn in_other_form(&self, file: &str) -> Option<String> {
        let names = || self.spec.shown.files().map(ToString::to_string);
        if names().any(|name| name == file) {
            return None;
        }
        let meant = composed(file);
        names().find(|name| composed(name) == meant)
    }

    /// Whether the review was not shown this file, for whatever reason: then the report does not show it either.
    fn is_kept_out(&self, path: &str) -> bool {
        let path = composed(path);
        let mut not_seen = self.spec.not_seen.iter();
        not_seen.any(|line| {
            let line = composed(line);
            let rest = line.strip_prefix(&*path);
            rest.is_some_and(|rest| rest.starts_with(": not shown"))
        })
    }
}
