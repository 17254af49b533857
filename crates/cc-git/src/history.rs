//! What became of HEAD between two looks.

use crate::records::records;
use crate::{Error, Head, ObjectId, RepoPath, Repository};

/// HEAD, and the repositories that the index records as links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadState {
    /// HEAD.
    pub head: Head,
    /// Submodules, and other repositories that were added like them.
    pub links: Vec<RepoPath>,
}

impl Repository {
    /// HEAD when the repository was discovered, and the links of the index.
    ///
    /// # Errors
    /// The error of a failed call.
    pub fn head_state(&self) -> Result<HeadState, Error> {
        let mut links = Vec::new();
        let args = ["ls-files", "--stage", "-z"];
        self.runner.long_call(&args).records(|entry| {
            // `160000 ID STAGE<tab>PATH`
            let path = entry.splitn(2, |byte| *byte == b'\t').nth(1);
            if let (true, Some(path)) = (entry.starts_with(b"160000 "), path) {
                links.push(RepoPath::new(path));
            }
            true
        })?;
        let head = self.head().clone();
        Ok(HeadState { head, links })
    }

    /// The state of a branch, without an index; `None` if there is no such branch.
    ///
    /// # Errors
    /// The error of a failed call.
    pub fn branch_state(&self, name: &str) -> Result<Option<HeadState>, Error> {
        let branch = self.find_branch(name)?;
        Ok(branch.map(|branch| HeadState {
            head: Head::Branch {
                name: name.to_owned(),
                id: branch.tip,
            },
            links: Vec::new(),
        }))
    }

    /// The commits of `after` that `before` lacks, the newest first: short id and subject.
    ///
    /// # Errors
    /// The error of a failed call.
    pub fn commits_since(
        &self,
        before: Option<&ObjectId>,
        after: &ObjectId,
        limit: usize,
    ) -> Result<Vec<String>, Error> {
        let most = format!("--max-count={limit}");
        let plain = [
            "log",
            "-z",
            "--format=%h %s",
            "--no-show-signature",
            "--no-color",
            "--no-patch",
        ];
        let not = before.map(|id| format!("^{}", id.as_str()));
        let mut revisions = vec![most.as_str(), after.as_str()];
        revisions.extend(not.as_deref());
        revisions.push("--");
        let output = self.runner.call(&plain).args(&revisions).checked()?;
        let text = |line: &[u8]| String::from_utf8_lossy(line).into_owned();
        Ok(records(&output).map(text).collect())
    }

    /// Whether `commit` is part of the history of `tip`; yes where that cannot be determined.
    pub fn contains(&self, tip: &ObjectId, commit: &ObjectId) -> bool {
        let args = ["merge-base", "--is-ancestor", commit.as_str(), tip.as_str()];
        let answer = self.runner.call(&args).output();
        answer.map_or(true, |(_, exit)| exit.code != Some(1))
    }
}
