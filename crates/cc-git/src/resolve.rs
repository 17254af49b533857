//! Resolves a [`Selection`] to a [`Target`]: commits, and the default branch.

use cc_core::text::one_line;

use crate::context::Reason;
use crate::pathspecs::Pathspecs;
use crate::refs::{RefValue, Refs};
use crate::repo_path::RepoPath;
use crate::selection::{RevisionRange, Wanted};
use crate::{Error, Head, Mode, ObjectId, Repository, Selection, Target};

const BRANCH_NAMES: [&str; 3] = ["main", "master", "trunk"];

impl Repository {
    /// Resolves what to review to full object ids.
    ///
    /// # Errors
    /// [`Error::Conflict`] for flags that exclude each other, [`Error::PathOutside`],
    /// [`Error::UnknownPathspecMagic`], [`Error::BadPathspec`], [`Error::NoSuchPath`],
    /// [`Error::LooksLikeOption`], [`Error::UnknownRevision`], [`Error::NotARange`],
    /// [`Error::NoDefaultBranch`], [`Error::UnrelatedHistory`], [`Error::NoCommits`];
    /// [`Error::NothingToReview`] if that is already known; or the error of a failed call.
    pub fn resolve(&self, selection: &Selection) -> Result<Target, Error> {
        let wanted = selection.wanted()?;
        let mut pathspecs = self.resolve_paths(&selection.paths)?;
        if pathspecs.is_everywhere() && wanted.is_implied() {
            pathspecs.paths.extend(self.below_home());
        }
        let (place, missing) = (pathspecs.place(), self.missing(&pathspecs));
        let resolved = self.resolve_wanted(wanted, pathspecs);
        let mut target = resolved.map_err(|error| match (error, &missing) {
            (Error::NothingToReview { .. } | Error::NoDefaultBranch, Some(path)) => {
                Error::no_such_path(path)
            }
            (error, _) => error,
        })?;
        target.label.push_str(&place);
        Ok(target)
    }

    fn resolve_wanted(&self, wanted: Wanted<'_>, pathspecs: Pathspecs) -> Result<Target, Error> {
        match wanted {
            Wanted::WorkingTree => Ok(self.uncommitted(Mode::WorkingTree, pathspecs)),
            Wanted::Staged => Ok(self.uncommitted(Mode::Staged, pathspecs)),
            Wanted::Branch(base) => self.branch(base, pathspecs),
            Wanted::Commit(text) => self.commit(text, pathspecs),
            Wanted::Range(range) => self.range(&range, pathspecs),
            Wanted::Auto => self.auto(pathspecs),
        }
    }

    /// In a home directory that is a repository, the directory that was asked in; all of it is never
    /// meant below it.
    fn below_home(&self) -> Option<RepoPath> {
        let dir = self.cwd.strip_prefix(self.root()).ok()?;
        (self.is_home && !dir.as_os_str().is_empty()).then(|| RepoPath::from_os(dir))
    }

    /// Whether untracked files are left out: in a home directory as a whole, they are not work in progress.
    pub(crate) fn leaves_untracked(&self, pathspecs: &Pathspecs) -> bool {
        self.is_home && pathspecs.is_everywhere()
    }

    fn auto(&self, pathspecs: Pathspecs) -> Result<Target, Error> {
        if self.has_uncommitted_changes(&pathspecs)? {
            return Ok(Target {
                chosen: true,
                ..self.uncommitted(Mode::WorkingTree, pathspecs)
            });
        }
        self.branch_of_clean_tree(pathspecs)
    }

    /// The branch, since there are no uncommitted changes.
    pub(crate) fn branch_of_clean_tree(&self, pathspecs: Pathspecs) -> Result<Target, Error> {
        let place = pathspecs.place();
        if *self.head() == Head::Unborn {
            return Err(Error::NothingToReview {
                label: format!("no commits yet, and no files{place}"),
                has_commits: false,
            });
        }
        let target = self.branch(None, pathspecs)?;
        if target.head.as_ref() == Some(&target.base) {
            let (head, base) = (self.head().name(), target.base_ref.unwrap_or_default());
            let label = match head == base {
                true => {
                    format!("no uncommitted changes{place}, and `{head}` is the default branch")
                }
                false => {
                    format!("no uncommitted changes{place}, and `{head}` is not ahead of `{base}`")
                }
            };
            return Err(Error::NothingToReview {
                label,
                has_commits: true,
            });
        }
        Ok(Target {
            found_clean: true,
            ..target
        })
    }

    pub(crate) fn uncommitted(&self, mode: Mode, pathspecs: Pathspecs) -> Target {
        let head = self.head().id().cloned();
        let label = match mode {
            Mode::Staged => "staged changes",
            _ => "uncommitted changes",
        };
        Target {
            mode,
            label: label.into(),
            base_ref: None,
            base: head
                .clone()
                .unwrap_or_else(|| ObjectId::empty_tree(self.sha256)),
            head,
            pathspecs,
            index_of_caller: self.index_of_caller,
            chosen: false,
            found_clean: false,
        }
    }

    fn branch(&self, base: Option<&str>, pathspecs: Pathspecs) -> Result<Target, Error> {
        let head = self.head().id().ok_or(Error::NoCommits)?;
        let (base_ref, base) = match base {
            Some(text) => {
                let base_ref = one_line(text, 200);
                // Checking first that the text names a commit would cost a call each time.
                let base = match self.merge_base(head, &commitish(text)?, &base_ref) {
                    Err(Error::Failed { .. }) => {
                        let tip = self.commit_id(text)?;
                        self.merge_base(head, tip.as_str(), &base_ref)?
                    }
                    base => base?,
                };
                (base_ref, base)
            }
            None => {
                let (base_ref, tip) = self.default_branch()?;
                let base = self.merge_base(head, tip.as_str(), &base_ref)?;
                (base_ref, base)
            }
        };
        Ok(Target {
            mode: Mode::Branch,
            label: format!(
                "`{}` since `{base_ref}`",
                one_line(&self.head().name(), 200)
            ),
            base,
            base_ref: Some(base_ref),
            head: Some(head.clone()),
            pathspecs,
            index_of_caller: self.index_of_caller,
            chosen: false,
            found_clean: false,
        })
    }

    fn commit(&self, text: &str, pathspecs: Pathspecs) -> Result<Target, Error> {
        let id = self.commit_id(text)?;
        let parent = self.first_parent(&id)?;
        Ok(Target {
            mode: Mode::Commit,
            label: format!("commit {}", id.short()),
            base_ref: None,
            base: parent.unwrap_or_else(|| ObjectId::empty_tree(self.sha256)),
            head: Some(id),
            pathspecs,
            index_of_caller: self.index_of_caller,
            chosen: false,
            found_clean: false,
        })
    }

    fn range(&self, range: &RevisionRange<'_>, pathspecs: Pathspecs) -> Result<Target, Error> {
        let nothing = ObjectId::empty_tree(self.sha256);
        let from = match range.from == nothing.as_str() && !range.from_merge_base {
            true => nothing,
            false => self.commit_id(range.from)?,
        };
        let to = self.commit_id(range.to)?;
        let dots = if range.from_merge_base { "..." } else { ".." };
        Ok(Target {
            mode: Mode::Range,
            label: format!(
                "range `{}{dots}{}`",
                one_line(range.from, 100),
                one_line(range.to, 100)
            ),
            base_ref: None,
            base: if range.from_merge_base {
                self.merge_base(&to, from.as_str(), &one_line(range.from, 200))?
            } else {
                from
            },
            head: Some(to),
            pathspecs,
            index_of_caller: self.index_of_caller,
            chosen: false,
            found_clean: false,
        })
    }

    /// Resolves a revision given by the user to the id of its commit.
    pub(crate) fn commit_id(&self, text: &str) -> Result<ObjectId, Error> {
        let commit = commitish(text)?;
        let args = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ];
        let (output, exit) = self.runner.call(&args).output()?;
        // `^REV` succeeds as well, and does not print an id.
        match ObjectId::from_bytes(output.trim_ascii_end()) {
            Some(id) if exit.code == Some(0) => Ok(id),
            _ if *self.head() == Head::Unborn => Err(Error::NoCommits),
            _ => Err(unknown(text)),
        }
    }

    /// The first parent that the commit object names. In a shallow clone, where git treats the oldest
    /// commit as a root, the parent is then a missing object instead of a wrong diff.
    fn first_parent(&self, commit: &ObjectId) -> Result<Option<ObjectId>, Error> {
        let args = ["cat-file", "commit", commit.as_str()];
        let output = self.runner.call(&args).checked()?;
        Ok(output
            .split(|&byte| byte == b'\n')
            .take_while(|line| !line.is_empty())
            .find_map(|line| line.strip_prefix(b"parent "))
            .and_then(ObjectId::from_bytes))
    }

    fn merge_base(&self, head: &ObjectId, tip: &str, name: &str) -> Result<ObjectId, Error> {
        let args = ["merge-base", "--end-of-options", head.as_str(), tip];
        let (output, exit) = self.runner.call(&args).output()?;
        match exit.code {
            Some(0) => {}
            Some(1) => {
                return Err(Error::UnrelatedHistory {
                    base: name.to_owned(),
                    shallow: self.shallow,
                });
            }
            _ => return Err(exit.into_error()),
        }
        ObjectId::from_bytes(output.trim_ascii_end()).ok_or_else(|| exit.into_error())
    }

    /// Finds the default branch and its last commit: the HEAD of the remote, then the usual names at
    /// the remote, then the usual local names.
    fn default_branch(&self) -> Result<(String, ObjectId), Error> {
        let found = match self.default_ref_of_files() {
            InFiles::Found(found) => Some(found),
            InFiles::Missing => None,
            InFiles::Unreadable => self.default_ref()?,
        };
        let found = found.ok_or(Error::NoDefaultBranch)?;
        Ok((found.name, found.id))
    }

    /// The commits of HEAD that the default branch does not have. Calls Git at most once, where files do not tell
    /// and it is before 2.41 twice.
    pub(crate) fn commits_of_branch(&self) -> Option<Reason> {
        let head = self.head().id()?;
        let (base, commits) = match self.default_ref_of_files() {
            InFiles::Missing => return None,
            InFiles::Found(found) if found.id == *head => return None,
            InFiles::Found(found) => {
                let commits = self.count_commits(&found.id, head)?;
                (found.name, commits)
            }
            InFiles::Unreadable => match self.listed_default_ref("%(ahead-behind:HEAD)") {
                Ok(found) => {
                    let (found, counts) = found?;
                    let behind = counts.split(' ').next_back()?;
                    (found.name, behind.parse().ok()?)
                }
                Err(_) => {
                    let found = self.default_ref().ok()??;
                    let commits = self.count_commits(&found.id, head)?;
                    (found.name, commits)
                }
            },
        };
        (commits > 0).then_some(Reason::BranchCommits { commits, base })
    }

    fn count_commits(&self, base: &ObjectId, head: &ObjectId) -> Option<u64> {
        let range = format!("{base}..{head}");
        let output = self.runner.call(&["rev-list", "--count", &range]).checked();
        String::from_utf8(output.ok()?).ok()?.trim().parse().ok()
    }

    /// The refs that may name the default branch, the likeliest first.
    fn default_refs(&self) -> Vec<String> {
        const REMOTE_HEAD: &str = "refs/remotes/origin/HEAD";
        let configured = self.init_default_branch.as_deref();
        let local = configured.into_iter().chain(BRANCH_NAMES);
        [REMOTE_HEAD.to_owned()]
            .into_iter()
            .chain(BRANCH_NAMES.map(|name| format!("refs/remotes/origin/{name}")))
            .chain(local.map(|name| format!("refs/heads/{name}")))
            .collect()
    }

    /// Finds the default branch in the files of the repository.
    fn default_ref_of_files(&self) -> InFiles {
        let Some(shared) = self.shared_dir().ok().filter(|_| self.is_plain) else {
            return InFiles::Unreadable;
        };
        let refs = Refs {
            shared: &shared,
            sha256: self.sha256,
        };
        for candidate in self.default_refs() {
            let Some((name, value)) = follow(&refs, candidate) else {
                return InFiles::Unreadable;
            };
            match value {
                RefValue::Id(id) => {
                    let name = short_name(&name);
                    return InFiles::Found(DefaultRef { name, id });
                }
                RefValue::Missing => {}
                RefValue::Name(_) => return InFiles::Unreadable,
            }
        }
        InFiles::Missing
    }

    /// Finds the default branch by asking Git.
    fn default_ref(&self) -> Result<Option<DefaultRef>, Error> {
        Ok(self.listed_default_ref("")?.map(|(found, _)| found))
    }

    /// Finds the default branch by asking Git, and what it prints of it for a further `field` of its format.
    fn listed_default_ref(&self, field: &str) -> Result<Option<(DefaultRef, String)>, Error> {
        let candidates = self.default_refs();
        // None of the first three holds a space; the fourth may be empty.
        let format = format!("--format=%(refname) %(objectname) %(objecttype) %(symref) {field}");
        let mut args = vec!["for-each-ref", &format, "--"];
        args.extend(candidates.iter().map(String::as_str));
        let output = self.runner.call(&args).checked()?;
        let output = String::from_utf8_lossy(&output);
        let listed: Vec<[&str; 5]> = output
            .lines()
            .filter_map(|line| line.splitn(5, ' ').collect::<Vec<_>>().try_into().ok())
            .collect();
        Ok(candidates.iter().find_map(|wanted| {
            let [name, id, _, symref, field] = listed
                .iter()
                .find(|[name, _, kind, ..]| name == wanted && *kind == "commit")?;
            let name = short_name(if symref.is_empty() { name } else { symref });
            let id = ObjectId::from_bytes(id.as_bytes())?;
            Some((DefaultRef { name, id }, (*field).to_owned()))
        }))
    }

    pub(crate) fn has_uncommitted_changes(&self, pathspecs: &Pathspecs) -> Result<bool, Error> {
        Ok(self.count_status(pathspecs, 1, |_| true)? > 0)
    }

    /// Counts the entries of `git status` whose two letters match, at most up to `enough`.
    pub(crate) fn count_status(
        &self,
        pathspecs: &Pathspecs,
        enough: u64,
        matches: impl Fn([u8; 2]) -> bool,
    ) -> Result<u64, Error> {
        let args = [
            "status",
            "--porcelain=v1",
            "-z",
            "--no-renames",
            match self.leaves_untracked(pathspecs) {
                true => "--untracked-files=no",
                false => "--untracked-files=normal",
            },
            "--ignored=no",
            "--ignore-submodules=dirty",
        ];
        let mut count = 0;
        let call = self.runner.call(&args).args(&self.pathspec_args(pathspecs));
        call.limit(u64::MAX).records(|record| {
            if let [index, tree, ..] = *record {
                count += u64::from(matches([index, tree]));
            }
            count < enough
        })?;
        Ok(count)
    }
}

/// The default branch.
struct DefaultRef {
    name: String,
    id: ObjectId,
}

/// What the files of a repository say of the default branch.
enum InFiles {
    Found(DefaultRef),
    /// There is none.
    Missing,
    /// It takes Git to read them.
    Unreadable,
}

/// What a ref holds, or the one that it names; `None` where that is not plain to see.
fn follow(refs: &Refs<'_>, name: String) -> Option<(String, RefValue)> {
    match refs.read(name.as_bytes())? {
        RefValue::Name(target) => {
            let value = refs.read(&target)?;
            Some((String::from_utf8(target).ok()?, value))
        }
        value => Some((name, value)),
    }
}

/// The name of a branch without the place of all branches.
fn short_name(name: &str) -> String {
    let short = name
        .strip_prefix("refs/remotes/")
        .or(name.strip_prefix("refs/heads/"));
    short.unwrap_or(name).to_owned()
}

/// A revision from the user in a form that git can only read as a commit.
fn commitish(text: &str) -> Result<String, Error> {
    if text.starts_with('-') {
        return Err(Error::LooksLikeOption {
            text: one_line(text, 80),
        });
    }
    if text.is_empty() || text.contains('\0') {
        return Err(unknown(text));
    }
    Ok(format!("{text}^{{commit}}"))
}

fn unknown(text: &str) -> Error {
    Error::UnknownRevision {
        text: one_line(text, 80),
    }
}
