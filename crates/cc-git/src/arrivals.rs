//! Which commits that came to HEAD were made meanwhile: a switch, a merge and a pull bring others.
//!
//! Git writes a commit that it makes into a file of its own, at that moment. The dates in a commit say
//! nothing: whoever makes it chooses them.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use cc_core::Time;
use cc_core::fs::{changed_at, read_bounded};

use crate::fingerprint::Fingerprint;
use crate::records::records;
use crate::repo_path::os_string;
use crate::top_level::{git_dir, git_dirs};
use crate::{Error, ObjectId, RepoPath, Repository};

/// The most commits that are looked at.
const LOOKED_AT: usize = 20_000;

/// File systems take their times from a clock that ticks; in milliseconds.
const TICK: i64 = 20;

/// The commits of HEAD that were made since an earlier fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// Newest first. Merges are included only if they hold more than Git put together itself.
    pub made: Vec<MadeCommit>,
    /// Commits that were thrown away: nothing holds them or their patches any more. Newest first.
    pub dropped: Vec<Dropped>,
    /// Whether the difference of the two commits is what these changed, and nothing else.
    pub is_all: bool,
    /// The range of everything that came: `OLD..HEAD`.
    pub range: String,
}

/// A commit that was made meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeCommit {
    /// The commit.
    pub id: ObjectId,
    /// When it was made.
    pub at: Time,
    /// The first line of its message.
    pub subject: String,
    /// The first parent; the empty tree for a root.
    pub parent: ObjectId,
    /// Of a merge, the files that both sides changed.
    pub merged: Vec<RepoPath>,
}

/// A commit that was thrown away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The commit.
    pub id: ObjectId,
    /// The first parent; the empty tree for a root.
    pub parent: ObjectId,
}

/// A commit on one side only.
struct Listed {
    id: ObjectId,
    is_here: bool,
    committed: i64,
    authored: i64,
    parents: Vec<ObjectId>,
    subject: String,
}

impl Repository {
    /// Finds the commits that came to HEAD since an earlier fingerprint and were made at `since` or
    /// later; `None` if HEAD is the same, or has no commit now.
    ///
    /// Left out are commits that were there before and were only moved (rebase), and fetched ones.
    ///
    /// # Errors
    /// The error of a failed call.
    pub fn arrivals(&self, earlier: &Fingerprint, since: Time) -> Result<Option<Arrivals>, Error> {
        let Some(now) = self.head().id().filter(|now| earlier.head() != Some(*now)) else {
            return Ok(None);
        };
        let nothing = ObjectId::empty_tree(self.sha256);
        let range = format!("{}..{now}", earlier.head().unwrap_or(&nothing));
        let listed = self.listed(now, earlier.head())?;
        let is_cut = listed.len() >= LOOKED_AT;
        let (here, gone): (Vec<_>, Vec<_>) = listed.into_iter().partition(|commit| commit.is_here);
        let objects = git_dirs(self.root()).pop().map(|dir| dir.join("objects"));
        let objects = objects.unwrap_or_default();
        let all = here.len();
        let since = since.as_millis() - TICK;
        let mut made: Vec<(Listed, Time)> = here
            .into_iter()
            .filter_map(|commit| {
                let at = written_at(&objects, &commit.id)?;
                (at.as_millis() >= since).then_some((commit, at))
            })
            .collect();
        self.leave_out_fetched(&mut made, since)?;
        let is_new = made.len() == all && !is_cut;
        if !is_cut {
            self.leave_out_moved(&mut made, now, earlier.head(), !gone.is_empty(), since)?;
        }
        let is_linear = made.iter().all(|(commit, _)| commit.parents.len() < 2);
        // An amended or moved commit keeps its author's date.
        let is_rewritten = |old: &Listed| made.iter().any(|(new, _)| new.authored == old.authored);
        let is_all = is_new && made.len() == all && is_linear && gone.iter().all(is_rewritten);
        let dropped = match is_all || is_cut {
            true => Vec::new(),
            false => self.dropped(gone, now, earlier.head(), is_rewritten)?,
        };
        let made = made.into_iter().filter_map(|(commit, at)| {
            let merged = match commit.parents.len() {
                0 | 1 => Ok(Vec::new()),
                _ => self.merged_by_hand(&commit.id),
            };
            let is_merge = commit.parents.len() > 1;
            match merged {
                Ok(merged) if is_merge && merged.is_empty() => None,
                Ok(merged) => Some(Ok(MadeCommit {
                    parent: commit.first_parent(&nothing),
                    id: commit.id,
                    at,
                    subject: commit.subject,
                    merged,
                })),
                Err(error) => Some(Err(error)),
            }
        });
        Ok(Some(Arrivals {
            made: made.collect::<Result<_, _>>()?,
            dropped: dropped
                .into_iter()
                .map(|commit| Dropped {
                    parent: commit.first_parent(&nothing),
                    id: commit.id,
                })
                .collect(),
            is_all,
            range,
        }))
    }

    /// The files among `paths` whose content is not what an unfinished merge brings; all of them if
    /// there is no such merge.
    ///
    /// # Errors
    /// The error of a failed call.
    pub fn not_merged(&self, paths: &[RepoPath]) -> Result<Vec<RepoPath>, Error> {
        let heads = git_dir(self.root()).map(|dir| object_ids(&dir.join("MERGE_HEAD")));
        let mut left = paths.to_vec();
        // One for each branch that is merged.
        for theirs in heads.unwrap_or_default() {
            if left.is_empty() {
                break;
            }
            left = self.not_of(&theirs, left)?;
        }
        Ok(left)
    }

    /// The files among `paths` whose content is not what they have in the commit `theirs`.
    fn not_of(&self, theirs: &ObjectId, paths: Vec<RepoPath>) -> Result<Vec<RepoPath>, Error> {
        let args = ["diff-index", "--name-only", "--no-renames", "-z"];
        let call = self.runner.call(&args).args(&[theirs.as_str(), "--"]);
        let differ = paths_of(&call.checked()?);
        let names: Vec<_> = paths
            .iter()
            .filter_map(|path| os_string(path.as_bytes()))
            .collect();
        let args = ["ls-tree", "-r", "-z", "--name-only", "--full-tree"];
        let call = self.runner.call(&args).args(&[theirs.as_str(), "--"]);
        let there = paths_of(&call.args(&names).checked()?);
        let is_theirs = |path: &RepoPath| {
            let is_gone = || {
                let place = path.below(self.root());
                place.is_some_and(|place| fs::symlink_metadata(place).is_err())
            };
            !differ.contains(path) && (there.contains(path) || is_gone())
        };
        Ok(paths.into_iter().filter(|path| !is_theirs(path)).collect())
    }

    /// The commits on one side only, children before their parents.
    fn listed(&self, now: &ObjectId, before: Option<&ObjectId>) -> Result<Vec<Listed>, Error> {
        let range = match before {
            Some(before) => format!("{now}...{before}"),
            None => now.to_string(),
        };
        let args = [
            "rev-list",
            "--topo-order",
            "--left-right",
            "--format=%m %ct %at %P%n%s%x00",
            &range,
            "--",
        ];
        let mut listed = Vec::new();
        let mut understood = true;
        self.runner.long_call(&args).records(|record| {
            // Each ends with a line break that the next one begins with.
            let record = record.strip_prefix(b"\n").unwrap_or(record);
            if record.is_empty() {
                return true;
            }
            let commit = Listed::read(record, before.is_none());
            understood = commit.is_some();
            listed.extend(commit);
            understood && listed.len() < LOOKED_AT
        })?;
        match understood {
            true => Ok(listed),
            false => Err(Error::Failed {
                command: "rev-list".into(),
                stderr: "unexpected output".into(),
            }),
        }
    }

    /// Leaves out what a fetch brought: reachable from what was fetched, and dated before.
    fn leave_out_fetched(&self, made: &mut Vec<(Listed, Time)>, since: i64) -> Result<(), Error> {
        let file = git_dir(self.root()).map(|dir| dir.join("FETCH_HEAD"));
        let fetched = file.filter(|file| is_changed_since(file, since));
        let fetched = fetched.map(|file| object_ids(&file)).unwrap_or_default();
        let is_dated = |commit: &Listed| commit.committed * 1_000 < since;
        let doubtful: Vec<&str> = made
            .iter()
            .filter(|(commit, _)| is_dated(commit))
            .map(|(commit, _)| commit.id.as_str())
            .collect();
        if fetched.is_empty() || doubtful.is_empty() {
            return Ok(());
        }
        let not: Vec<String> = fetched.iter().map(|id| format!("^{id}")).collect();
        let call = self.runner.call(&["rev-list"]).args(&doubtful).args(&not);
        let ours: HashSet<_> = ids(&call.args(&["--"]).checked()?);
        made.retain(|(commit, _)| !is_dated(commit) || ours.contains(&commit.id));
        Ok(())
    }

    /// Leaves out commits whose patch is that of a commit before: a rebase moved them.
    fn leave_out_moved(
        &self,
        made: &mut Vec<(Listed, Time)>,
        now: &ObjectId,
        before: Option<&ObjectId>,
        has_gone: bool,
        since: i64,
    ) -> Result<(), Error> {
        let orig = git_dir(self.root()).map(|dir| dir.join("ORIG_HEAD"));
        let orig = orig.filter(|file| is_changed_since(file, since));
        let orig = orig.and_then(|file| object_ids(&file).into_iter().next());
        let Some(before) = before.filter(|_| !made.is_empty() && (has_gone || orig.is_some()))
        else {
            return Ok(());
        };
        let sides = format!("{now}...{before}");
        let mut args = vec![
            "rev-list",
            "--left-only",
            "--cherry-pick",
            "--no-merges",
            &sides,
        ];
        args.extend(orig.as_ref().map(ObjectId::as_str));
        args.push("--");
        let new: HashSet<_> = ids(&self.runner.long_call(&args).checked()?);
        made.retain(|(commit, _)| commit.parents.len() > 1 || new.contains(&commit.id));
        Ok(())
    }

    /// Of the commits that HEAD has no more, those that no branch or tag holds, nor another commit
    /// their patch.
    fn dropped(
        &self,
        gone: Vec<Listed>,
        now: &ObjectId,
        before: Option<&ObjectId>,
        is_rewritten: impl Fn(&Listed) -> bool,
    ) -> Result<Vec<Listed>, Error> {
        let Some(before) = before.filter(|_| !gone.is_empty()) else {
            return Ok(Vec::new());
        };
        let holding = ["for-each-ref", "--count=1", "--contains", before.as_str()];
        if !self.runner.call(&holding).checked()?.is_empty() {
            return Ok(Vec::new());
        }
        let not_held = ["rev-list", before.as_str(), "--not", "--all", "HEAD", "--"];
        let not_held: HashSet<_> = ids(&self.runner.long_call(&not_held).checked()?);
        let sides = format!("{now}...{before}");
        let lost = ["rev-list", "--right-only", "--cherry-pick", "--no-merges"];
        let lost = self.runner.long_call(&lost).args(&[sides.as_str(), "--"]);
        let lost: HashSet<_> = ids(&lost.checked()?);
        let is_lost = |commit: &Listed| not_held.contains(&commit.id) && lost.contains(&commit.id);
        let gone = gone.into_iter();
        Ok(gone
            .filter(|commit| is_lost(commit) && !is_rewritten(commit))
            .collect())
    }

    /// The files of a merge that are as neither side has them, where somebody decided what they are.
    fn merged_by_hand(&self, merge: &ObjectId) -> Result<Vec<RepoPath>, Error> {
        let args = ["diff-tree", "--no-commit-id", "--no-ext-diff"];
        let args = |more: &[&str]| self.runner.call(&args).args(more).args(&[merge.as_str()]);
        // Only the patch shows whether more than a plain merge was done.
        let patch = args(&["-p", "--cc", "--no-textconv"]);
        let mut is_empty = true;
        let _ = patch.stream(&mut |bytes| {
            is_empty = bytes.is_empty();
            std::ops::ControlFlow::Break(())
        })?;
        if is_empty {
            return Ok(Vec::new());
        }
        let names = args(&["-c", "--name-only", "-r", "-z"]).checked()?;
        Ok(records(&names).map(RepoPath::new).collect())
    }
}

impl Listed {
    fn first_parent(&self, nothing: &ObjectId) -> ObjectId {
        self.parents.first().unwrap_or(nothing).clone()
    }

    /// Parses `commit ID LF MARK COMMITTED AUTHORED PARENTS LF SUBJECT`.
    fn read(record: &[u8], all_here: bool) -> Option<Self> {
        let mut lines = record.splitn(3, |&byte| byte == b'\n');
        let id = lines.next()?.strip_prefix(b"commit ")?;
        let id = id
            .strip_prefix(b"<")
            .or(id.strip_prefix(b">"))
            .unwrap_or(id);
        let facts = std::str::from_utf8(lines.next()?).ok()?;
        let mut facts = facts.split(' ');
        let is_here = facts.next()? == "<" || all_here;
        let committed = facts.next()?.parse().ok()?;
        let authored = facts.next()?.parse().ok()?;
        let parents = facts.filter(|id| !id.is_empty());
        let parents = parents.map(|id| ObjectId::from_bytes(id.as_bytes()));
        Some(Self {
            id: ObjectId::from_bytes(id)?,
            is_here,
            committed,
            authored,
            parents: parents.collect::<Option<_>>()?,
            subject: String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned(),
        })
    }
}

/// When Git wrote the object into a file of its own; `None` if it lies elsewhere, as in a pack.
fn written_at(objects: &Path, id: &ObjectId) -> Option<Time> {
    let (dir, file) = id.as_str().split_at(2);
    changed_at(&fs::symlink_metadata(objects.join(dir).join(file)).ok()?)
}

fn is_changed_since(file: &Path, since: i64) -> bool {
    let meta = fs::symlink_metadata(file).ok();
    let at = meta.and_then(|meta| changed_at(&meta));
    at.is_some_and(|at| at.as_millis() >= since)
}

/// The ids at the beginning of each line of a file.
fn object_ids(file: &Path) -> Vec<ObjectId> {
    ids(&read_bounded(file, 1 << 20).unwrap_or_default())
}

fn paths_of(output: &[u8]) -> HashSet<RepoPath> {
    records(output).map(RepoPath::new).collect()
}

/// The ids at the beginning of each line.
fn ids<C: FromIterator<ObjectId>>(lines: &[u8]) -> C {
    let lines = lines.split(|&byte| byte == b'\n');
    let first = |line: &[u8]| {
        let word = line.split(|&byte| byte == b'\t' || byte == b' ').next()?;
        ObjectId::from_bytes(word)
    };
    lines.filter_map(first).collect()
}
