//! Untracked files, shown as diffs that add them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::budget::{Fit, InlineDiff};
use crate::context::{ChangeKind, FileChange, NotSeen, Reason};
use crate::lines::{LineCounter, Taker};
use crate::repo_path::RepoPath;
use crate::working_file::WorkingFile;
use crate::{Context, ContextLimits, Error, Repository, Target};

/// The most that is read of a large file to count its lines, in bytes.
const COUNTED_BYTES: u64 = 8 << 20;

/// What a look at the working tree finds, besides tracked files without anything special.
#[derive(Default)]
pub(crate) struct WorkingList {
    /// The first untracked files.
    pub(crate) untracked: Vec<RepoPath>,
    /// How many more there are.
    omitted: u64,
    /// Unmerged paths.
    pub(crate) unmerged: Vec<RepoPath>,
    /// Files that Git does not look at: `assume-unchanged`, `skip-worktree`.
    pub(crate) overlooked: Vec<RepoPath>,
    /// Whether there is a file with attributes.
    pub(crate) has_attributes: bool,
    /// Whether all of the working tree was listed.
    pub(crate) is_whole: bool,
}

impl Repository {
    /// Adds the untracked files; returns how many of them were shown before.
    pub(crate) fn add_untracked(
        &self,
        list: WorkingList,
        limits: &ContextLimits,
        inline: &mut InlineDiff,
        context: &mut Context,
    ) -> u64 {
        let WorkingList {
            untracked, omitted, ..
        } = list;
        let listed = untracked.len() as u64;
        let mut left = limits.read_bytes;
        let mut unchanged = 0;
        for path in untracked {
            let Some((change, reason)) = read(self.root(), &path, inline, &mut left) else {
                unchanged += 1;
                continue;
            };
            context.totals.files += 1;
            context.totals.additions += change.additions.unwrap_or(0);
            context.totals.bytes += change.bytes.unwrap_or(0);
            if let Some(reason) = reason {
                context.not_seen.push(NotSeen::of(&change.path, reason));
            }
            context.files.push(change);
        }
        if omitted > 0 {
            context.totals.files += omitted;
            context
                .not_seen
                .push(NotSeen::in_general(Reason::TooManyFiles {
                    listed,
                    omitted,
                }));
        }
        unchanged
    }

    /// Lists the working tree.
    pub(crate) fn working_list(
        &self,
        target: &Target,
        limits: &ContextLimits,
    ) -> Result<WorkingList, Error> {
        let args = ["ls-files", "-v", "--cached", "--exclude-standard", "-z"];
        let others: &[&str] = match self.leaves_untracked(&target.pathspecs) {
            true => &[],
            false => &["--others"],
        };
        let call = self.runner.call(&args).args(others);
        let call = call.args(&self.pathspec_args(&target.pathspecs));
        let has_notes = target.pathspecs.is_everywhere() && self.git.notes().has_codex(self.root());
        let mut list = WorkingList {
            is_whole: target.pathspecs.is_empty(),
            ..WorkingList::default()
        };
        let mut left = limits.read_bytes;
        call.timeout(limits.timeout)
            .limit(u64::MAX)
            .records(|record| {
                let Some((tag, path)) = record.split_at_checked(2) else {
                    return true;
                };
                list.has_attributes |= path.ends_with(b".gitattributes");
                if tag == b"? " {
                    if has_notes && self.git.notes().is_codex(self.root(), &RepoPath::new(path)) {
                        return true;
                    }
                    match list.untracked.len() < limits.untracked_files {
                        true => list.untracked.push(RepoPath::new(path)),
                        false => list.omitted += 1,
                    }
                    left = left.saturating_sub(path.len() as u64 + 1);
                }
                match tag[0] {
                    b'M' if list.unmerged.last().map(RepoPath::as_bytes) != Some(path) => {
                        list.unmerged.push(RepoPath::new(path));
                    }
                    b'S' | b'a'..=b'z' => list.overlooked.push(RepoPath::new(path)),
                    _ => {}
                }
                left > 0
            })?;
        Ok(list)
    }
}

/// Reads one file; returns it with the reason if it is not shown, `None` if it was shown before.
fn read(
    root: &Path,
    path: &RepoPath,
    inline: &mut InlineDiff,
    left: &mut u64,
) -> Option<(FileChange, Option<Reason>)> {
    let mut change = FileChange::unread(path.clone(), ChangeKind::Untracked);
    match take_in(root, path, inline, left, &mut change) {
        Ok(Taken::In) => {
            change.shown = true;
            Some((change, None))
        }
        Ok(Taken::Before) => None,
        Err(reason) => Some((change, Some(reason))),
    }
}

enum Taken {
    In,
    /// It was shown before.
    Before,
}

fn take_in(
    root: &Path,
    path: &RepoPath,
    inline: &mut InlineDiff,
    left: &mut u64,
    change: &mut FileChange,
) -> Result<Taken, Reason> {
    // Git lists a repository inside this one with a slash.
    if path.as_bytes().ends_with(b"/") {
        return Err(Reason::NestedRepository);
    }
    let (mode, content) = match WorkingFile::open(root, path) {
        WorkingFile::Link(target) => ("120000", UntrackedContent::Whole(target)),
        WorkingFile::Regular { file, executable } => {
            let mode = if executable { "100755" } else { "100644" };
            match UntrackedContent::read(file, inline.per_file() as u64, left) {
                Ok(content) => (mode, content),
                Err(_) => return Err(Reason::Unreadable),
            }
        }
        WorkingFile::Other => return Err(Reason::NotAFile),
        WorkingFile::Missing => return Err(Reason::Vanished),
        WorkingFile::Unreadable => return Err(Reason::Unreadable),
    };
    let content = match content {
        UntrackedContent::Whole(content) => content,
        UntrackedContent::Large { bytes, lines } => {
            change.bytes = Some(bytes);
            change.additions = lines;
            change.deletions = lines.map(|_| 0);
            return Err(Reason::TooLarge {
                bytes,
                limit: inline.per_file() as u64,
            });
        }
        UntrackedContent::Binary { bytes } => {
            change.bytes = Some(bytes);
            return Err(match inline.screen().has_no_diff(path) {
                true => Reason::NoDiff,
                false => Reason::Binary,
            });
        }
        UntrackedContent::Unread { bytes } => {
            change.bytes = Some(bytes);
            return Err(Reason::Unread);
        }
    };
    let (diff, lines) = added(path, mode, &content);
    let bytes = diff.len() as u64;
    change.bytes = Some(bytes);
    change.additions = Some(lines);
    change.deletions = Some(0);
    match inline.add(path, None, &diff) {
        Fit::Hidden(hidden) => Err(hidden.into()),
        Fit::Shown => Ok(Taken::In),
        Fit::Known => Ok(Taken::Before),
        Fit::TooLarge { limit } => Err(Reason::TooLarge { bytes, limit }),
        Fit::OverBudget => Err(Reason::OverBudget { bytes }),
    }
}

enum UntrackedContent {
    Whole(Vec<u8>),
    Large { bytes: u64, lines: Option<u64> },
    Binary { bytes: u64 },
    Unread { bytes: u64 },
}

impl UntrackedContent {
    /// Reads a file as far as needed, and subtracts the bytes read from `left`.
    fn read(mut file: File, whole: u64, left: &mut u64) -> io::Result<Self> {
        let bytes = file.metadata()?.len();
        if *left == 0 && bytes > 0 {
            return Ok(Self::Unread { bytes });
        }
        let mut start = Vec::new();
        // One byte more than fits, to detect a file that has grown.
        file.by_ref().take(whole + 1).read_to_end(&mut start)?;
        *left = left.saturating_sub(start.len() as u64);
        if start.contains(&0) {
            return Ok(Self::Binary {
                bytes: bytes.max(start.len() as u64),
            });
        }
        if start.len() as u64 <= whole {
            return Ok(Self::Whole(start));
        }
        let mut counter = LineCounter::default();
        counter.push(&start);
        let most = COUNTED_BYTES.min(*left);
        let mut rest = file.take(most);
        let mut count = |bytes: &[u8]| counter.push(bytes);
        let read = io::copy(&mut rest, &mut Taker(&mut count))?;
        *left = left.saturating_sub(read);
        Ok(Self::Large {
            bytes: bytes.max(start.len() as u64 + read),
            lines: (read < most).then(|| counter.lines()),
        })
    }
}

/// The diff that adds a file, as git writes it, and its number of lines.
fn added(path: &RepoPath, mode: &str, content: &[u8]) -> (String, u64) {
    let mut counter = LineCounter::default();
    counter.push(content);
    let lines = counter.lines();
    let (old, new) = (path.prefixed("a/"), path.prefixed("b/"));
    let mut diff = format!("diff --git {old} {new}\nnew file mode {mode}\n");
    if content.is_empty() {
        return (diff, 0);
    }
    let range = if lines == 1 {
        "+1".to_owned()
    } else {
        format!("+1,{lines}")
    };
    diff.push_str(&format!("--- /dev/null\n+++ {new}\n@@ -0,0 {range} @@\n"));
    for line in String::from_utf8_lossy(content).split_inclusive('\n') {
        diff.push('+');
        diff.push_str(line);
    }
    if !content.ends_with(b"\n") {
        diff.push_str("\n\\ No newline at end of file\n");
    }
    (diff, lines)
}
