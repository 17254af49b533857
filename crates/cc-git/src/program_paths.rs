//! What leads Git to run programs: its configuration, its hooks, and every file of the working tree that
//! they name. Whoever can write one of these has the user's next call of Git run it.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use cc_core::Env;
use cc_core::fs::canonical;

use crate::records::records;
use crate::repo_path::{RepoPath, os_path};
use crate::runner::Runner;
use crate::top_level::{git_dir, git_dirs};
use crate::{Error, Git, hardening};

/// The most submodules whose `.git` is named.
const SUBMODULES: usize = 200;

/// What of a Git directory is only read by commits, switches and merges. `hooks` and `config` are run or
/// name what is; `info` has the attributes that choose filters; `remotes` and `branches` are old forms of
/// settings.
const READ_ONLY: [&str; 7] = [
    "hooks",
    "config",
    "config.worktree",
    "info",
    "modules",
    "remotes",
    "branches",
];

/// What means something as soon as the name exists, so that no placeholder can stand there: an unfinished
/// rebase or series of picks, whose list of steps can have commands; files that lead to another repository.
const MEANINGFUL: [&str; 5] = [
    "rebase-merge",
    "rebase-apply",
    "sequencer",
    LEADS_ELSEWHERE[0],
    LEADS_ELSEWHERE[1],
];

/// Of these, what no command of Git makes in a repository that has none.
const LEADS_ELSEWHERE: [&str; 2] = ["commondir", "gitdir"];

/// The paths of one working tree that decide what Git runs; absolute, existing or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramPaths {
    /// What nothing but the user should write.
    pub read_only: Vec<PathBuf>,
    /// What does not exist and should not be left there. It may come and go: a rebase makes it.
    pub absent: Vec<PathBuf>,
    /// Directories that must stay what they are, because Git finds the others through them.
    pub in_place: Vec<PathBuf>,
}

/// Finds what decides which programs Git runs in the working tree at `root`, which need not be one: then
/// only its `.git` is named, so that it does not become one.
///
/// Which files of the working tree Git is told to run is asked of Git. Up to 200 submodules are included.
///
/// # Errors
/// When Git does not answer, for example because its configuration is damaged.
pub fn program_paths(env: &Env, root: &Path) -> Result<ProgramPaths, Error> {
    let mut found = ProgramPaths::default();
    let dot_git = root.join(".git");
    if dot_git.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
        found.in_place.push(dot_git);
    } else {
        found.read_only.push(dot_git);
    }
    for dir in git_dirs(root) {
        found.add_git_dir(&dir, root);
    }
    if !found.in_place.is_empty() || git_dir(root).is_some_and(|dir| dir.is_dir()) {
        let git = match Git::locate(env).and_then(|git| git.outside(root)) {
            Err(Error::GitMissing(_)) => return Ok(found),
            git => git?,
        };
        let mut runner = Runner::new(&git, root, hardening::pinned());
        // What is configured is asked of Git as it is, which starts nothing; the rest through a view.
        let is_readable = found.add_configured(&runner, git.home())?;
        if let (true, Some(git_dir)) = (is_readable, git_dirs(root).first()) {
            let config = hardening::read_config(&runner, &git)?;
            config.apply_to(&mut runner, git.views(), git_dir)?;
            found.add_submodules(&runner)?;
        }
    }
    found.read_only.sort();
    found.read_only.dedup();
    Ok(found)
}

/// Puts aside one of [`ProgramPaths::absent`] that leads Git from its directory to another: no command of Git
/// makes it, and the next call would follow it. Returns whether it was there.
pub fn put_aside(path: &Path) -> bool {
    let leads = path
        .file_name()
        .is_some_and(|name| LEADS_ELSEWHERE.iter().any(|it| name == *it));
    let mut aside = path.as_os_str().to_owned();
    aside.push(".put-aside");
    leads && std::fs::rename(path, aside).is_ok()
}

impl ProgramPaths {
    fn add_git_dir(&mut self, dir: &Path, root: &Path) {
        self.in_place.push(dir.to_owned());
        self.read_only
            .extend(READ_ONLY.iter().map(|name| dir.join(name)));
        for name in MEANINGFUL {
            let path = dir.join(name);
            match path.symlink_metadata() {
                Ok(_) => self.read_only.push(path),
                Err(_) => self.absent.push(path),
            }
        }
        let worktrees = dir.join("worktrees");
        let own = git_dir(root).and_then(|dir| canonical(&dir).ok());
        if own.as_ref().is_none_or(|own| !own.starts_with(&worktrees)) {
            self.read_only.push(worktrees);
            return;
        }
        let others = worktrees.read_dir().into_iter().flatten().flatten();
        let others = others.map(|entry| entry.path());
        self.read_only
            .extend(others.filter(|dir| Some(dir) != own.as_ref()));
        self.in_place.push(worktrees);
    }

    /// Adds the files that the configuration names, and those of it that lie in the working tree. Returns
    /// whether Git works here: in a repository of somebody else's it reads no configuration.
    fn add_configured(&mut self, runner: &Runner, home: Option<&Path>) -> Result<bool, Error> {
        let args = ["config", "--list", "--show-origin", "--includes", "-z"];
        let (output, exit) = runner.call(&args).output()?;
        if exit.code != Some(0) && exit.stderr.contains("dubious ownership") {
            return Ok(false);
        }
        exit.check()?;
        let root = runner.dir();
        let mut fields = records(&output);
        while let (Some(origin), Some(entry)) = (fields.next(), fields.next()) {
            let Some(file) = origin.strip_prefix(b"file:").and_then(os_path) else {
                continue;
            };
            let file = root.join(file);
            let named = TextSetting::read(entry).files(root, &file, home);
            let own = inside(root, &file).filter(|_| !file.starts_with(root.join(".git")));
            self.read_only.extend(named.into_iter().chain(own));
        }
        Ok(true)
    }

    /// Adds the `.git` of submodules: Git looks into each of them.
    fn add_submodules(&mut self, runner: &Runner) -> Result<(), Error> {
        let mut links = Vec::new();
        let call = runner.long_call(&["ls-files", "--stage", "-z"]);
        let listed = call.records(|record| {
            let path = record.splitn(2, |&byte| byte == b'\t').nth(1);
            if let (true, Some(path)) = (record.starts_with(b"160000 "), path) {
                links.push(RepoPath::new(path));
            }
            links.len() < SUBMODULES
        });
        match listed {
            Ok(()) | Err(Error::Failed { .. } | Error::MissingObjects { .. }) => {}
            Err(error) => return Err(error),
        }
        let below = links.iter().filter_map(|link| link.below(runner.dir()));
        self.read_only.extend(below.map(|dir| dir.join(".git")));
        Ok(())
    }
}

/// One setting of Git's.
struct TextSetting {
    /// Lower case, as far as Git ignores the case.
    key: String,
    value: String,
}

/// Settings whose values are names, addresses and refs, never files that Git runs or reads.
const DATA: [&str; 8] = [
    "branch.",
    "submodule.",
    "url.",
    "user.",
    "safe.",
    "init.defaultbranch",
    "extensions.",
    "core.worktree",
];

impl TextSetting {
    /// Reads `key LF value`, or a key alone.
    fn read(entry: &[u8]) -> Self {
        let text = String::from_utf8_lossy(entry);
        let (key, value) = text.split_once('\n').unwrap_or((&text, ""));
        Self {
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }

    fn is_data(&self) -> bool {
        let is_address =
            |part: &str| self.key.starts_with("remote.") && self.key.ends_with(&format!(".{part}"));
        DATA.iter().any(|name| self.key.starts_with(name))
            || ["url", "pushurl", "fetch", "push"]
                .into_iter()
                .any(is_address)
    }

    /// Whether the whole value is a path, which need not exist.
    fn is_path(&self) -> bool {
        let last = self.key.rsplit('.').next().unwrap_or_default();
        ["path", "dir", "file"]
            .iter()
            .any(|end| last.ends_with(end))
    }

    /// The files and directories in the working tree at `root` that a value in `file` names.
    fn files(&self, root: &Path, file: &Path, home: Option<&Path>) -> Vec<PathBuf> {
        if self.is_data() {
            return Vec::new();
        }
        let includes = self.key.starts_with("include.") || self.key.starts_with("includeif.");
        let base = match file.parent() {
            Some(dir) if includes => dir,
            _ => root,
        };
        let at = |word: &str| {
            let word = word.trim_start_matches('!');
            let path = match (word.strip_prefix("~/"), home) {
                (Some(rest), Some(home)) => home.join(rest),
                _ => base.join(word),
            };
            // Behind a variable or a command that gives the top level.
            let below = || inside(root, &root.join(word.trim_start_matches('/')));
            inside(root, &path).or_else(|| below().filter(|path| path.is_file()))
        };
        if self.is_path() {
            return at(&self.value)
                .map(|path| top_of_hooks(root, path))
                .into_iter()
                .collect();
        }
        let words = self
            .value
            .split(|c: char| c.is_whitespace() || "'\"`;|&(){}<>$=,".contains(c));
        let mut found = Vec::new();
        for (nth, word) in words.filter(|word| !word.is_empty()).enumerate() {
            // What does not exist yet: the program itself, or a file that can be made beside others.
            let is_new = |path: &Path| {
                let known = path.parent().is_some_and(Path::is_dir);
                let is_name = word.contains('/') && !word.contains("://");
                is_name && (nth == 0 || known) && path.symlink_metadata().is_err()
            };
            found.extend(at(word).filter(|path| path.is_file() || is_new(path)));
        }
        found
    }
}

/// A hidden directory as a whole: the hooks in `.husky/_` run those beside it.
fn top_of_hooks(root: &Path, path: PathBuf) -> PathBuf {
    let first = path
        .strip_prefix(root)
        .ok()
        .and_then(|rest| rest.components().next());
    match first {
        Some(Component::Normal(name))
            if name.as_encoded_bytes().starts_with(b".") && name != OsStr::new(".git") =>
        {
            root.join(name)
        }
        _ => path,
    }
}

/// `path` without `.` and `..`, if it lies below `root`.
fn inside(root: &Path, path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    (plain != root && plain.starts_with(root)).then_some(plain)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn check(entry: &str, expect: &[&str]) {
        let dir = tempfile::tempdir().unwrap();
        let root = canonical(dir.path()).unwrap();
        for name in ["tools/clean.py", "docs/a.md"] {
            let file = root.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        let config = root.join(".git/config");
        let home = root.join("home");
        let found = TextSetting::read(entry.as_bytes()).files(&root, &config, Some(&home));
        let expect: Vec<PathBuf> = expect.iter().map(|name| root.join(name)).collect();
        assert_eq!(found, expect, "{entry}");
    }

    #[test]
    fn values_that_name_programs_and_files_of_the_working_tree() {
        check("core.hookspath\ntools/hooks", &["tools/hooks"]);
        check("core.hookspath\n.husky/_", &[".husky"]);
        check("core.hookspath\nhooks", &["hooks"]);
        check("core.hookspath\n/elsewhere", &[]);
        check("core.hookspath\n../../elsewhere", &[]);
        check("core.hookspath\n~/hooks", &["home/hooks"]);
        check("include.path\n../team.config", &["team.config"]);
        check("core.fsmonitor\n./tools/watch --fast", &["tools/watch"]);
        check(
            "filter.x.clean\npython3 tools/clean.py %f",
            &["tools/clean.py"],
        );
        check("filter.x.smudge\npython3 tools/new.py", &["tools/new.py"]);
        check("filter.x.smudge\nsed -e s/a/b/", &[]);
        check(
            "alias.x\n!\"$(git rev-parse --show-toplevel)/tools/clean.py\"",
            &["tools/clean.py"],
        );
        check(
            "diff.x.command\nf() { tools/clean.py \"$1\"; }; f",
            &["tools/clean.py"],
        );
    }

    #[test]
    fn what_leads_to_another_repository_is_put_aside_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        for (name, expect) in [("commondir", true), ("rebase-merge", false)] {
            let path = dir.path().join(name);
            assert!(!put_aside(&path));
            std::fs::write(&path, "../x").unwrap();
            assert_eq!(
                (put_aside(&path), path.exists()),
                (expect, !expect),
                "{name}"
            );
        }
        assert!(dir.path().join("commondir.put-aside").exists());
    }

    #[test]
    fn names_addresses_and_refs_are_no_programs() {
        check("branch.main.merge\nrefs/heads/main", &[]);
        check("remote.origin.url\n./docs/a.md", &[]);
        check(
            "remote.origin.fetch\n+refs/heads/*:refs/remotes/origin/*",
            &[],
        );
        check("init.defaultbranch\ntools", &[]);
        check("url.https://x/.insteadof\ngit@x:", &[]);
        check("core.editor\nvim", &[]);
        check("http.proxy\nhttp://a/b", &[]);
        check("core.bare\nfalse", &[]);
        check("core.ignorecase", &[]);
    }
}
