//! What became of HEAD, the other refs and the executables between two looks.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::records::records;
use crate::runner::Runner;
use crate::{Error, Head, ObjectId, RepoPath, Repository, Worktree, patch};

/// The most untracked files that are looked at.
const UNTRACKED: usize = 20_000;

/// HEAD, the repositories that the index records as links, and the executables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadState {
    /// HEAD.
    pub head: Head,
    /// Submodules, and other repositories that were added like them.
    pub links: Vec<RepoPath>,
    executables: BTreeSet<RepoPath>,
    refs: BTreeMap<String, ObjectId>,
}

/// A branch, tag or other ref that was made, moved or removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RefChange {
    /// Its full name.
    pub name: String,
    /// What it pointed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<ObjectId>,
    /// What it points to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ObjectId>,
}

impl HeadState {
    /// The executables that are new since `before`, in directories that had none: a place where nobody expects
    /// one. Ignored files do not count.
    pub fn unusual_executables(&self, before: &Self) -> Vec<RepoPath> {
        let usual: BTreeSet<&[u8]> = before.executables.iter().map(directory).collect();
        let new = self.executables.difference(&before.executables);
        new.filter(|file| !usual.contains(directory(file)))
            .cloned()
            .collect()
    }

    /// The refs that differ from `before`, but for the branches that are checked out now and were then.
    pub fn changed_refs(&self, before: &Self) -> Vec<RefChange> {
        let heads = [&self.head, &before.head].map(|head| match head {
            Head::Detached { .. } => None,
            head => Some(format!("refs/heads/{}", head.name())),
        });
        let names: BTreeSet<_> = self.refs.keys().chain(before.refs.keys()).collect();
        let changes = names.into_iter().map(|name| RefChange {
            name: name.clone(),
            before: before.refs.get(name).cloned(),
            after: self.refs.get(name).cloned(),
        });
        changes
            .filter(|change| change.before != change.after)
            .filter(|change| !heads.iter().flatten().any(|head| *head == change.name))
            .collect()
    }
}

fn directory(file: &RepoPath) -> &[u8] {
    let bytes = file.as_bytes();
    let end = bytes.iter().rposition(|&byte| byte == b'/');
    &bytes[..end.unwrap_or(0)]
}

impl Repository {
    /// HEAD when the repository was discovered, the links of the index, the executables, and all refs.
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
            executables: executables(&self.runner)?,
            refs: self.refs()?,
        })
    }

    /// All refs, but for those of isolated jobs.
    fn refs(&self) -> Result<BTreeMap<String, ObjectId>, Error> {
        let format = "--format=%(refname)%00%(objectname)";
        let listed = self.runner.long_call(&["for-each-ref", format]).checked()?;
        let lines = listed.split(|&byte| byte == b'\n');
        let refs = lines.filter_map(|line| {
            let mut fields = line.split(|&byte| byte == 0);
            let name = String::from_utf8_lossy(fields.next()?).into_owned();
            Some((name, ObjectId::from_bytes(fields.next()?)?))
        });
        Ok(refs
            .filter(|(name, _)| !name.starts_with("refs/heads/cc/"))
            .collect())
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
        let mut executables = BTreeSet::new();
        listed
            .limit(u64::MAX)
            .records(|entry| take_link(entry, &mut links))?;
        if tree.is_intact() {
            let inside = patch::inside(self, tree)?;
            executables = self::executables(&inside)?;
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
            executables,
            // Its commands have refs of their own.
            refs: BTreeMap::new(),
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

/// The executable files of a working tree, tracked or not; ignored ones do not count.
fn executables(runner: &Runner) -> Result<BTreeSet<RepoPath>, Error> {
    let mut found = BTreeSet::new();
    let staged = runner.long_call(&["ls-files", "--stage", "-z"]);
    staged.limit(u64::MAX).records(|entry| {
        let path = entry.splitn(2, |byte| *byte == b'\t').nth(1);
        if let (true, Some(path)) = (entry.starts_with(b"100755 "), path) {
            found.insert(RepoPath::new(path));
        }
        true
    })?;
    let changed = runner.long_call(&["diff-files", "--raw", "-z"]).checked()?;
    let mut fields = records(&changed);
    while let (Some(what), Some(path)) = (fields.next(), fields.next()) {
        let mode = what.split(|&byte| byte == b' ').nth(1);
        if mode == Some(b"100755") {
            found.insert(RepoPath::new(path));
        }
    }
    let others = runner.long_call(&["ls-files", "--others", "--exclude-standard", "-z"]);
    let mut left = UNTRACKED;
    others.limit(u64::MAX).records(|path| {
        let path = RepoPath::new(path);
        let file = path.below(runner.dir());
        if file.is_some_and(|file| is_executable(&file)) {
            found.insert(path);
        }
        left -= 1;
        left > 0
    })?;
    Ok(found)
}

#[cfg(unix)]
fn is_executable(file: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let meta = file.symlink_metadata();
    meta.is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Other systems have no such mark.
#[cfg(not(unix))]
fn is_executable(_: &std::path::Path) -> bool {
    false
}
