//! What became of HEAD between two looks.

use std::collections::BTreeSet;

use crate::records::records;
use crate::{Error, Head, ObjectId, RepoPath, Repository, Worktree, patch};

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
        let mut links = BTreeSet::new();
        let staged = self.runner.long_call(&["ls-files", "--stage", "-z"]);
        staged.records(|entry| take_link(entry, &mut links))?;
        Ok(HeadState {
            head: self.head().clone(),
            links: links.into_iter().collect(),
        })
    }

    /// The state of a worktree: its branch, and the repositories in it, whether they are recorded as links or
    /// not added at all. `None` if the branch is gone.
    ///
    /// # Errors
    /// The error of a failed call.
    pub fn worktree_state(&self, tree: &Worktree) -> Result<Option<HeadState>, Error> {
        let Some(branch) = self.find_branch(&tree.branch)? else {
            return Ok(None);
        };
        let listed = self
            .runner
            .long_call(&["ls-tree", "-r", "-z", branch.tip.as_str()]);
        let mut links = BTreeSet::new();
        listed
            .limit(u64::MAX)
            .records(|entry| take_link(entry, &mut links))?;
        if tree.is_intact() {
            let inside = patch::inside(self, tree)?;
            let staged = inside.long_call(&["ls-files", "--stage", "-z"]);
            staged
                .limit(u64::MAX)
                .records(|entry| take_link(entry, &mut links))?;
            let others = inside.long_call(&["ls-files", "--others", "--exclude-standard", "-z"]);
            others.limit(u64::MAX).records(|path| {
                if let Some(repository) = path.strip_suffix(b"/") {
                    links.insert(RepoPath::new(repository));
                }
                true
            })?;
        }
        let name = tree.branch.clone();
        let id = branch.tip;
        Ok(Some(HeadState {
            head: Head::Branch { name, id },
            links: links.into_iter().collect(),
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

/// Takes the path of a link in the output of `ls-files --stage` or `ls-tree`: `160000 … TAB PATH`.
fn take_link(entry: &[u8], links: &mut BTreeSet<RepoPath>) -> bool {
    let path = entry.splitn(2, |byte| *byte == b'\t').nth(1);
    if let (true, Some(path)) = (entry.starts_with(b"160000 "), path) {
        links.insert(RepoPath::new(path));
    }
    true
}
