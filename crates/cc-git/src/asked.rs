//! What the user's pathspecs mean for a change: which are nowhere, and how much they leave out.

use crate::alias::composed;
use crate::context::Reason;
use crate::repo_path::{RepoPath, escape_invalid};
use crate::{Context, ContextLimits, Error, Mode, Pathspecs, Repository, ShownDiffs, Target};

impl Repository {
    /// The first path that is not in the working tree.
    pub(crate) fn missing(&self, pathspecs: &Pathspecs) -> Option<RepoPath> {
        let mut paths = pathspecs.paths.iter();
        paths.find(|path| !self.exists(path)).cloned()
    }

    /// Checks that each path of the user is somewhere: in the working tree, or in the change.
    pub(crate) fn must_exist(
        &self,
        target: &Target,
        limits: &ContextLimits,
        earlier: &ShownDiffs,
        context: &Context,
    ) -> Result<(), Error> {
        let is_complete = context.totals.files == context.files.len() as u64;
        if !limits.show_named || !is_complete || !earlier.is_empty() {
            return Ok(());
        }
        let is_changed = |named: &RepoPath| {
            context.files.iter().any(|file| {
                let paths = [Some(&file.path), file.old_path.as_ref()];
                paths
                    .into_iter()
                    .flatten()
                    .any(|path| is_below(path, named))
            })
        };
        let mut paths = target.pathspecs.paths.iter();
        match paths.find(|path| !self.exists(path) && !is_changed(path)) {
            Some(path) => Err(Error::no_such_path(path)),
            None => Ok(()),
        }
    }

    /// How many changed files the user's pathspecs leave out; `None` for none.
    pub(crate) fn excluded(
        &self,
        target: &Target,
        limits: &ContextLimits,
    ) -> Result<Option<Reason>, Error> {
        let by: Vec<String> = target
            .pathspecs
            .excludes()
            .map(ToString::to_string)
            .collect();
        if by.is_empty() {
            return Ok(None);
        }
        let all = self.count_changed(target, &target.pathspecs.without_excludes(), limits)?;
        let included = self.count_changed(target, &target.pathspecs, limits)?;
        let files = all.saturating_sub(included);
        Ok((files > 0).then_some(Reason::LeftOut { files, by }))
    }

    /// Counts the changed files, untracked ones too. A renamed file counts as two.
    fn count_changed(
        &self,
        target: &Target,
        pathspecs: &Pathspecs,
        limits: &ContextLimits,
    ) -> Result<u64, Error> {
        let mut count = 0;
        let mut take = |_: &[u8]| {
            count += 1;
            true
        };
        let args = [
            "diff",
            "--name-only",
            "-z",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--no-relative",
            "--ignore-submodules=dirty",
        ];
        let call = self.runner.call(&args).args(&target.sides());
        let call = call.args(&pathspecs.args()).timeout(limits.timeout);
        call.limit(u64::MAX).records(&mut take)?;
        if target.mode == Mode::WorkingTree && !self.leaves_untracked(pathspecs) {
            let args = ["ls-files", "--others", "--exclude-standard", "-z"];
            let call = self.runner.call(&args).args(&pathspecs.args());
            let call = call.timeout(limits.timeout).limit(u64::MAX);
            call.records(&mut take)?;
        }
        Ok(count)
    }
}

impl Target {
    /// The two sides, as arguments of `git diff`.
    pub(crate) fn sides(&self) -> Vec<&str> {
        let cached = (self.mode == Mode::Staged).then_some("--cached");
        let head = match self.mode {
            Mode::Branch | Mode::Commit | Mode::Range => self.head.as_ref(),
            Mode::WorkingTree | Mode::Staged => None,
        };
        let ids = [Some(&self.base), head].into_iter().flatten();
        cached
            .into_iter()
            .chain(ids.map(|id| id.as_str()))
            .collect()
    }
}

/// Whether Git's `path` is the user's `dir` or below it; Git for macOS writes names otherwise than the user may.
fn is_below(path: &RepoPath, dir: &RepoPath) -> bool {
    let [path, dir] = [path, dir].map(|it| composed(&escape_invalid(it.as_bytes())).into_owned());
    let rest = path.strip_prefix(&dir);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_below_another_in_either_form() {
        let check = |path: &str, dir: &str| {
            let [path, dir] = [path, dir].map(|it| RepoPath::new(it.as_bytes()));
            is_below(&path, &dir)
        };
        for (path, dir) in [
            ("a/b", "a"),
            ("a", "a"),
            ("caf\u{e9}/b", "cafe\u{301}"),
            ("cafe\u{301}", "caf\u{e9}"),
        ] {
            assert!(check(path, dir), "{path} {dir}");
        }
        // The accent is part of the letter.
        for (path, dir) in [("ab", "a"), ("a", "a/b"), ("cafe\u{301}/b", "cafe")] {
            assert!(!check(path, dir), "{path} {dir}");
        }
    }
}
