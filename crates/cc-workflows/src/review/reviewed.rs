//! What a review looked at, as its report says it.

use cc_core::JobId;
use cc_core::text::one_line;
use cc_git::{Mode, ObjectId};
use cc_jobs::{Body, JobKind};
use serde::{Deserialize, Serialize};

use crate::order::{ReviewSpec, WorkOrder};
use crate::report::{Line, Report};

/// What was reviewed.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewedChange {
    /// The mode, such as `working-tree`.
    pub mode: Mode,
    /// A description for people.
    pub label: String,
    /// What it was compared with: the branch or commit as the user named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_ref: Option<String>,
    /// The side that it was compared with: a commit, or the empty tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<ObjectId>,
    /// The commit under review; for the working tree and the index, HEAD at that time, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<ObjectId>,
    /// The branch that was checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// What it was limited to, as pathspecs of Git at the root; empty for everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Patterns of files that the user's settings keep out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// What the user asked to look at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focus: Option<String>,
    /// The earlier review, if only what changed since was reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<JobId>,
}

/// How many names a line shows.
const NAMES: usize = 3;

impl ReviewedChange {
    /// What the worker of a review was asked to look at.
    pub(crate) fn of(spec: &ReviewSpec) -> Self {
        let target = &spec.target;
        Self {
            mode: target.mode,
            label: target.label.clone(),
            base_ref: target.base_ref.clone(),
            base: Some(target.base.clone()),
            head: target.head.clone(),
            branch: spec.branch.clone(),
            paths: target.pathspecs.displayed(),
            exclude: spec.exclude.clone(),
            focus: spec.focus.clone(),
            since: spec.since.clone(),
        }
    }

    /// What a review was asked to look at, by the record of its job.
    #[must_use]
    pub fn in_record(kind: JobKind, body: &Body) -> Option<Self> {
        match WorkOrder::read(kind, body) {
            Ok(WorkOrder::Review(spec)) => Some(Self::of(&spec)),
            _ => None,
        }
    }

    /// Its name: the description, which names the paths too.
    pub(crate) fn name(&self) -> Line {
        Line::described(&self.label)
    }

    /// The paths it was limited to, at most `limit` of them.
    pub(crate) fn path_names(&self, limit: usize) -> Line {
        Line::codes(self.paths.iter().cloned(), limit)
    }

    /// All of it in one line: `uncommitted changes · only src · branch main at 1a2b…`.
    #[must_use]
    pub fn sentence(&self) -> Line {
        let mut parts = vec![self.name()];
        let at = self.head.as_ref().map(ObjectId::short);
        parts.extend(match (&self.branch, at) {
            (Some(branch), Some(at)) => Some(
                Line::text("branch ")
                    .and_code(branch)
                    .and(" at ")
                    .and_code(at),
            ),
            (Some(branch), None) => Some(Line::text("branch ").and_code(branch)),
            (None, Some(at)) => Some(Line::text("commit ").and_code(at)),
            (None, None) => None,
        });
        parts.extend(
            self.compared_with()
                .map(|base| Line::text("compared with ").join(base)),
        );
        parts.extend(
            self.focus
                .iter()
                .map(|focus| Line::text(format!("focus: {}", one_line(focus, 200)))),
        );
        if !self.exclude.is_empty() {
            parts.push(Line::text("without ").join(self.excluded()));
        }
        Line::joined(parts, " · ")
    }

    /// The other side, unless it is the commit under review itself, or nothing.
    fn compared_with(&self) -> Option<Line> {
        let base = self
            .base
            .as_ref()
            .filter(|base| Some(*base) != self.head.as_ref() && !base.is_empty_tree())?;
        let id = Line::code(base.short());
        Some(match &self.base_ref {
            Some(name) => Line::code(name).and(" at ").join(id),
            None => id,
        })
    }

    fn excluded(&self) -> Line {
        Line::codes(self.exclude.iter().cloned(), NAMES)
    }

    /// What was reviewed as facts, one each.
    pub(crate) fn facts(&self, report: &mut Report) {
        report.fact("Scope", Line::described(&self.label));
        if !self.paths.is_empty() {
            report.fact("Only", self.path_names(20));
        }
        if let Some(focus) = &self.focus {
            report.fact("Focus", Line::text(one_line(focus, 600)));
        }
        if !self.exclude.is_empty() {
            report.fact("Without", self.excluded());
        }
        if let Some(branch) = &self.branch {
            report.fact("Branch", Line::code(branch));
        }
        if let Some(head) = &self.head {
            report.fact("Commit", Line::code(head.short()));
        }
        if let Some(base) = self.compared_with() {
            report.fact("Compared with", base);
        }
        if let Some(since) = &self.since {
            report.fact("Since", Line::code(since.as_str()));
        }
    }
}
