//! Whether the place that a finding names exists in what was reviewed.

use cc_git::{Lines, Repository, Target};
use serde::{Deserialize, Serialize};

use super::Finding;

/// What is known of the place a finding names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "check")]
pub enum Location {
    /// File and lines exist.
    Found,
    /// The reviewed version has no such file.
    NoSuchFile,
    /// The file ends before the lines named.
    NoSuchLine {
        /// How many lines it has.
        lines: u64,
    },
    /// It could not be looked up.
    Unknown,
}

impl Location {
    /// Looks the place up.
    pub fn of(finding: &Finding, repository: Option<&Repository>, target: &Target) -> Self {
        match repository.map(|repository| repository.line_count(target, &finding.file)) {
            Some(Ok(None)) => Self::NoSuchFile,
            Some(Ok(Some(Lines::Counted(lines))))
                if finding.line_start > lines || finding.line_end > lines =>
            {
                Self::NoSuchLine { lines }
            }
            Some(Ok(Some(_))) => Self::Found,
            Some(Err(_)) | None => Self::Unknown,
        }
    }

    /// What people must know of it, if anything.
    pub fn warning(self) -> Option<String> {
        match self {
            Self::Found => None,
            Self::NoSuchFile => Some("no such file in the reviewed version".into()),
            Self::NoSuchLine { lines } => Some(format!("no such line: the file has {lines}")),
            Self::Unknown => Some("the location could not be checked".into()),
        }
    }
}
