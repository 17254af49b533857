//! Collects the [`Context`] of a [`Target`]: the diff of git, the untracked files, and what the target
//! leaves out.

use std::ops::ControlFlow;

use crate::budget::InlineDiff;
use crate::context::{ChangeKind, FileChange, NotSeen, Reason};
use crate::diff_stream::{DiffStream, ParsedDiff};
use crate::records::records;
use crate::repo_path::RepoPath;
use crate::runner::{GitExit, StartedCall};
use crate::screen::Screen;
use crate::untracked::WorkingList;
use crate::working_file::WorkingFile;
use crate::{Context, ContextLimits, Error, Head, Mode, Repository, ShownDiffs, Target};

/// The most files that are excluded since git cannot read them.
const MAX_EXCLUDED: usize = 500;

/// The diff, with every option that the user's configuration could change.
const DIFF: [&str; 21] = [
    "diff",
    "--raw",
    "--numstat",
    "--patch",
    "-z",
    // The two ways in which a diff runs programs.
    "--no-ext-diff",
    "--no-textconv",
    // No git is run inside submodules.
    "--ignore-submodules=dirty",
    "--submodule=short",
    "--no-color",
    "--ws-error-highlight=none",
    "--no-relative",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--abbrev=12",
    "--unified=3",
    "--inter-hunk-context=0",
    "--diff-algorithm=myers",
    "--indent-heuristic",
    "--find-renames=50%",
    "-l1000",
];

impl Repository {
    /// Reads the changes of a target, within `limits`.
    ///
    /// Calls git two or three times, and more often only if it cannot read a changed file.
    ///
    /// # Errors
    /// [`Error::NothingToReview`] if there are none; [`Error::MissingObjects`],
    /// [`Error::Timeout`]; [`Error::TooMuchOutput`] if not even the list of files fits the limits; or
    /// the error of a failed call.
    pub fn collect(&self, target: &Target, limits: &ContextLimits) -> Result<Context, Error> {
        self.collect_since(target, limits, &ShownDiffs::default())
    }

    /// Why a branch adds nothing: it has no commit that its base has not.
    fn not_ahead(&self, target: &Target) -> Option<String> {
        let base = target.base_ref.as_ref()?;
        let head = self.head().name();
        let is_not_ahead =
            target.mode == Mode::Branch && target.head.as_ref() == Some(&target.base);
        is_not_ahead.then(|| match head == *base {
            true => format!("`{base}` is the current branch"),
            false => format!("`{head}` is not ahead of `{base}`"),
        })
    }

    /// Reads the changes of a target without the diffs that were shown earlier.
    ///
    /// # Errors
    /// As [`Repository::collect`]; [`Error::NothingToReview`] also if everything was shown earlier.
    pub fn collect_since(
        &self,
        target: &Target,
        limits: &ContextLimits,
        earlier: &ShownDiffs,
    ) -> Result<Context, Error> {
        // Git reads both at once.
        let diff = self.start_diff(target, limits, &[])?;
        let list = match target.mode {
            Mode::WorkingTree => self.working_list(target, limits)?,
            _ => WorkingList::default(),
        };
        self.collect_listed(target, limits, earlier, list, diff)
    }

    /// Collects the context of a target from what a look at the working tree found, and its diff.
    pub(crate) fn collect_listed(
        &self,
        target: &Target,
        limits: &ContextLimits,
        earlier: &ShownDiffs,
        mut list: WorkingList,
        diff: StartedCall,
    ) -> Result<Context, Error> {
        let reader = DiffReader {
            repository: self,
            target,
            limits,
            earlier,
            list: &list,
        };
        let (parsed, excluded) = match reader.read(diff)? {
            Ok(parsed) => (parsed, Vec::new()),
            Err(exit) => reader.read_without_unreadable(exit)?,
        };
        let ParsedDiff {
            files,
            not_seen,
            totals,
            mut unchanged,
            mut inline,
            ..
        } = parsed;
        let mut context = Context {
            files,
            not_seen,
            totals,
            ..Context::default()
        };
        for (path, reason) in excluded {
            context.totals.files += 1;
            let change = FileChange::unread(path.clone(), ChangeKind::Modified);
            context.files.push(change);
            context.not_seen.push(NotSeen::of(&path, reason));
        }
        if target.mode == Mode::WorkingTree {
            inline.screen().read_attributes([].iter());
            let unmerged = std::mem::take(&mut list.unmerged);
            Self::add_unmerged(unmerged, &mut context);
            let overlooked = std::mem::take(&mut list.overlooked);
            self.add_overlooked(overlooked, &mut context)?;
            unchanged += self.add_untracked(list, limits, &mut inline, &mut context);
        }
        if let Some(error) = inline.screen().failure() {
            return Err(error);
        }
        (context.diff, context.shown) = inline.finish();
        context.not_seen.extend(since(earlier, &context, unchanged));
        self.must_exist(target, limits, earlier, &context)?;
        let left_out = self.excluded(target, limits)?;
        if context.totals.files == 0 {
            return Err(Error::NothingToReview {
                label: match (left_out, target.mode) {
                    (Some(left_out), _) => left_out.to_string(),
                    (None, Mode::WorkingTree | Mode::Staged) => format!("no {}", target.label),
                    (None, _) => match self.not_ahead(target) {
                        Some(why) => why,
                        None => format!("no changes in {}", target.label),
                    },
                },
                has_commits: *self.head() != Head::Unborn,
            });
        }
        context.not_seen.extend(left_out.map(NotSeen::in_general));
        context.not_seen.extend(self.left_out(target)?);
        Ok(context)
    }

    /// Starts the diff of a target without the `excluded` files.
    pub(crate) fn start_diff(
        &self,
        target: &Target,
        limits: &ContextLimits,
        excluded: &[(RepoPath, Reason)],
    ) -> Result<StartedCall, Error> {
        let mut call = self.runner.call(&DIFF).timeout(limits.timeout);
        call = call
            .args(&target.sides())
            .args(&self.pathspec_args(&target.pathspecs));
        if !excluded.is_empty() && target.pathspecs.is_empty() {
            call = call.args(&[":(top)"]);
        }
        let excluded = excluded
            .iter()
            .filter_map(|(path, _)| path.excluding_pathspec());
        call.args(&excluded.collect::<Vec<_>>()).start()
    }

    /// Tracked files that look changed and cannot be read.
    fn unreadable(&self, target: &Target) -> Result<Vec<(RepoPath, Reason)>, Error> {
        // Plumbing compares by what the index remembers and reads no content.
        let args = [
            "diff-index",
            "--name-only",
            "-z",
            "--no-renames",
            "--diff-filter=d",
            "--ignore-submodules=dirty",
            target.base.as_str(),
        ];
        let call = self
            .runner
            .call(&args)
            .args(&self.pathspec_args(&target.pathspecs));
        Ok(records(&call.checked()?)
            .map(RepoPath::new)
            .filter_map(|path| {
                let reason = match WorkingFile::open(self.root(), &path) {
                    WorkingFile::Unreadable => Reason::Unreadable,
                    // Git can handle a directory: a submodule, or one that replaced a file.
                    WorkingFile::Other if !is_dir(&path.below(self.root())?) => Reason::NotAFile,
                    _ => return None,
                };
                Some((path, reason))
            })
            .collect())
    }

    /// Changes that are not part of the target, although a reader might think so.
    fn left_out(&self, target: &Target) -> Result<Vec<NotSeen>, Error> {
        let mut reasons = Vec::new();
        if matches!(target.mode, Mode::WorkingTree | Mode::Staged) {
            reasons.extend(self.in_progress());
        }
        if target.chosen {
            reasons.extend(self.commits_of_branch());
        }
        reasons.extend(match target.mode {
            Mode::WorkingTree => {
                // Git would run another git inside each of them.
                let has_submodules = self.root().join(".gitmodules").is_file();
                let home = self.leaves_untracked(&target.pathspecs);
                let home = home.then_some(Reason::UntrackedInHome);
                home.or(has_submodules.then_some(Reason::SubmoduleWork))
            }
            Mode::Branch if target.found_clean => None,
            Mode::Branch => {
                let files = self.count_status(&target.pathspecs, u64::MAX, |_| true)?;
                (files > 0).then_some(Reason::UncommittedChanges { files })
            }
            Mode::Staged => {
                let files =
                    self.count_status(&target.pathspecs, u64::MAX, |[_, tree]| tree != b' ')?;
                (files > 0).then_some(Reason::UnstagedChanges { files })
            }
            Mode::Commit | Mode::Range => None,
        });
        Ok(reasons.into_iter().map(NotSeen::in_general).collect())
    }
}

/// Reads the diff of one target.
struct DiffReader<'a> {
    repository: &'a Repository,
    target: &'a Target,
    limits: &'a ContextLimits,
    earlier: &'a ShownDiffs,
    list: &'a WorkingList,
}

impl DiffReader<'_> {
    /// The rules for what is not shown. Attributes are read where there may be any: a file with them is
    /// in the working tree, if that was listed as a whole.
    fn screen(&self) -> Screen {
        let is_read = !self.list.is_whole
            || self.list.has_attributes
            || self.repository.has_attributes_outside();
        let runner = is_read.then(|| self.repository.runner.clone());
        let named: &[RepoPath] = match self.limits.show_named {
            true => &self.target.pathspecs.paths,
            false => &[],
        };
        let show_secrets = &self.limits.show_secrets;
        let screen = Screen::new(named, show_secrets, &self.list.untracked, runner);
        screen.excluding(&self.limits.exclude)
    }

    /// Reads one diff; the inner error is how git failed.
    fn read(&self, diff: StartedCall) -> Result<Result<ParsedDiff, GitExit>, Error> {
        let limits = self.limits;
        let inline = InlineDiff::new(limits, self.earlier.clone(), self.screen());
        let mut stream = DiffStream::new(inline, limits.files);
        let mut left = limits.read_bytes;
        let exit = diff.stream(&mut |bytes| {
            let within = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
            stream.push(&bytes[..within]);
            left -= within as u64;
            match left {
                0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        })?;
        if !exit.stopped && exit.code != Some(0) {
            return Ok(Err(exit));
        }
        let parsed = stream.finish(exit.stopped);
        if !parsed.listed_all {
            return Err(Error::TooMuchOutput {
                command: "diff".into(),
                limit: limits.read_bytes,
            });
        }
        Ok(Ok(parsed))
    }

    /// Tries again without the files that git cannot read: one of them fails the whole diff.
    fn read_without_unreadable(
        &self,
        failure: GitExit,
    ) -> Result<(ParsedDiff, Vec<(RepoPath, Reason)>), Error> {
        let first = failure.into_error();
        let Self {
            repository, target, ..
        } = *self;
        if target.mode != Mode::WorkingTree || matches!(first, Error::MissingObjects { .. }) {
            return Err(first);
        }
        let excluded = repository.unreadable(target)?;
        if excluded.len() > MAX_EXCLUDED {
            return Err(first);
        }
        // If there are none now, a file may have disappeared in the meantime: one more try.
        match self.read(repository.start_diff(target, self.limits, &excluded)?)? {
            Ok(parsed) => Ok((parsed, excluded)),
            Err(_) => Err(first),
        }
    }
}

/// What happened to the diffs that were shown earlier and are not now.
fn since(earlier: &ShownDiffs, context: &Context, unchanged: u64) -> Vec<NotSeen> {
    let mut lines = Vec::new();
    if unchanged > 0 {
        lines.push(NotSeen::in_general(Reason::Unchanged { files: unchanged }));
    }
    // A file that is not listed may still be changed if the list is incomplete.
    if context.totals.files > context.files.len() as u64 {
        return lines;
    }
    let is_listed = |path: &RepoPath| {
        let mut files = context.files.iter();
        files.any(|file| file.path == *path || file.old_path.as_ref() == Some(path))
    };
    let reverted = earlier
        .files()
        .filter(|path| !context.shown.contains(path) && !is_listed(path));
    lines.extend(reverted.map(|path| NotSeen::of(path, Reason::TakenBack)));
    lines
}

fn is_dir(path: &std::path::Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.is_dir())
}
