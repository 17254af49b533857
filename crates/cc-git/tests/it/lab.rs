//! One repository in a directory of its own, with its own home and a cleared environment.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use cc_core::{Clock, Env};
use cc_git::{
    Context, ContextLimits, Error, FileChange, Git, Reason, RepoPath, Repository, Selection, Target,
};
use tempfile::TempDir;

pub(crate) struct Lab {
    _dir: TempDir,
    pub(crate) base: PathBuf,
    pub(crate) home: PathBuf,
    /// Where a program is found, unlike below `base`.
    pub(crate) bin: TempDir,
    pub(crate) root: PathBuf,
    vars: Vec<(String, String)>,
    clock: Clock,
}

impl Lab {
    /// A repository on `main` without commits.
    pub(crate) fn unborn() -> Self {
        let lab = Self::empty();
        lab.git(["init", "--quiet", "--initial-branch=main", "."]);
        lab
    }

    /// A repository on `main` with one commit of `a.txt`: ten lines.
    pub(crate) fn new() -> Self {
        let lab = Self::unborn();
        lab.write("a.txt", numbers(1..=10));
        lab.commit("first");
        lab
    }

    /// A directory that is no repository yet.
    pub(crate) fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(dir.path()).unwrap();
        let (home, root) = (base.join("home"), base.join("work"));
        fs::create_dir(&home).unwrap();
        fs::create_dir(&root).unwrap();
        Self {
            _dir: dir,
            base,
            home,
            bin: cc_executable::dir(),
            root,
            vars: Vec::new(),
            clock: Clock::System,
        }
    }

    /// Gives the product a data directory, and a time of day at which no file is new.
    pub(crate) fn a_minute_later(mut self) -> Self {
        let data = self.base.join("data");
        fs::create_dir_all(&data).unwrap();
        let now = Clock::System.now();
        self.clock = Clock::Fixed(now.plus(Duration::from_secs(60)));
        self.with_var("CC_DATA_DIR", data.to_str().unwrap())
    }

    /// Gives the environment of the product another variable.
    pub(crate) fn with_var(mut self, name: &str, value: impl Into<String>) -> Self {
        self.vars.push((name.into(), value.into()));
        self
    }

    /// Has the product's calls of git noted down.
    #[cfg(unix)]
    pub(crate) fn with_calls_noted(self) -> Self {
        let bin = self.bin.path().to_owned();
        let real = Git::locate(&self.env()).unwrap();
        let script = format!(
            "#!/bin/sh\necho \"$*\" >>{}\nexec {} \"$@\"\n",
            self.base.join("calls").display(),
            real.path().display()
        );
        cc_executable::write(bin.join("git"), script);
        let path = format!("{}:{}", bin.display(), search_path());
        self.with_var("PATH", path)
    }

    /// The subcommands of the calls since the last time.
    #[cfg(unix)]
    pub(crate) fn calls(&self) -> Vec<String> {
        let log = self.base.join("calls");
        let calls = fs::read_to_string(&log).unwrap_or_default();
        fs::write(&log, "").unwrap();
        let subcommand = |call: &str| {
            let mut words = call.split(' ');
            while let Some(word) = words.next() {
                match word {
                    "-C" | "--git-dir" | "--work-tree" => drop(words.next()),
                    word => return word.to_owned(),
                }
            }
            call.to_owned()
        };
        calls.lines().map(subcommand).collect()
    }

    /// What the product gets as its environment.
    pub(crate) fn env(&self) -> Env {
        let mut vars = vec![
            ("HOME".to_owned(), self.home.to_str().unwrap().to_owned()),
            ("PATH".to_owned(), search_path()),
        ];
        vars.extend(self.vars.iter().cloned());
        let mut env = Env::fixed(&self.root, "/nowhere/cc-cli", vars);
        env.clock = self.clock;
        env
    }

    /// Runs the plain git, as a user would, and expects it to succeed.
    pub(crate) fn git<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        self.git_in(&self.root, args)
    }

    pub(crate) fn git_in<S: AsRef<OsStr>>(
        &self,
        dir: &Path,
        args: impl IntoIterator<Item = S>,
    ) -> String {
        let output = self.try_git(dir, args);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    pub(crate) fn try_git<S: AsRef<OsStr>>(
        &self,
        dir: &Path,
        args: impl IntoIterator<Item = S>,
    ) -> Output {
        self.plain_git(dir).args(args).output().unwrap()
    }

    /// The plain git, as a user has it.
    pub(crate) fn plain_git(&self, dir: &Path) -> Command {
        let mut git = Command::new("git");
        git.env_clear()
            .env("PATH", search_path())
            .env("HOME", &self.home)
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args(["-c", "user.name=dev", "-c", "user.email=dev@localhost"])
            .args(["-c", "protocol.file.allow=always"])
            .stdin(std::process::Stdio::null())
            .current_dir(dir);
        git
    }

    pub(crate) fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = fs::File::create(path).unwrap();
        file.write_all(content.as_ref()).unwrap();
    }

    pub(crate) fn remove(&self, path: impl AsRef<Path>) {
        fs::remove_file(self.root.join(path)).unwrap();
    }

    /// Commits everything; the id of the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(["add", "--all"]);
        self.git(["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(["rev-parse", "HEAD"])
    }

    pub(crate) fn discover_in(&self, dir: impl AsRef<Path>) -> Result<Repository, Error> {
        Repository::discover(Git::locate(&self.env())?, &self.root.join(dir))
    }

    pub(crate) fn repository(&self) -> Repository {
        self.discover_in("").unwrap()
    }

    pub(crate) fn resolve(&self, selection: &Selection) -> Result<Target, Error> {
        self.repository().resolve(selection)
    }

    pub(crate) fn review_within(
        &self,
        selection: &Selection,
        limits: &ContextLimits,
    ) -> Result<Context, Error> {
        let (_, context) = self.repository().survey(selection, limits)?;
        Ok(context)
    }

    pub(crate) fn review(&self, selection: &Selection) -> Result<Context, Error> {
        self.review_within(selection, &ContextLimits::default())
    }

    /// The context of a plain review.
    pub(crate) fn auto(&self) -> Context {
        self.review(&Selection::default()).unwrap()
    }
}

/// The search path of the tests' own process.
pub(crate) fn search_path() -> String {
    let env = Env::from_process().unwrap();
    env.text("PATH").unwrap().to_owned()
}

pub(crate) fn numbers(range: std::ops::RangeInclusive<u32>) -> String {
    range.map(|number| format!("{number}\n")).collect()
}

/// Every file below `dir` with its content and its time of change.
pub(crate) fn snapshot(dir: &Path) -> BTreeMap<PathBuf, (Vec<u8>, Option<std::time::SystemTime>)> {
    let mut found = BTreeMap::new();
    let mut left = vec![dir.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let entry = entry.unwrap();
            let meta = entry.metadata().unwrap();
            let content = if meta.is_dir() {
                left.push(entry.path());
                Vec::new()
            } else if meta.is_symlink() {
                let target = fs::read_link(entry.path()).unwrap();
                target.into_os_string().into_encoded_bytes()
            } else {
                fs::read(entry.path()).unwrap()
            };
            found.insert(entry.path(), (content, meta.modified().ok()));
        }
    }
    found
}

/// Each file as `LETTER PATH`.
pub(crate) fn listed(context: &Context) -> Vec<String> {
    let row = |file: &FileChange| format!("{} {}", file.letter(), file.path);
    context.files.iter().map(row).collect()
}

pub(crate) fn file<'a>(context: &'a Context, path: &str) -> &'a FileChange {
    let found = context
        .files
        .iter()
        .find(|file| file.path.to_string() == path);
    found.unwrap_or_else(|| panic!("{path} is not listed in {:?}", listed(context)))
}

pub(crate) fn reason<'a>(context: &'a Context, path: &str) -> Option<&'a Reason> {
    let found = context.not_seen.iter().find(|not_seen| {
        not_seen
            .path
            .as_ref()
            .is_some_and(|it| it.to_string() == path)
    });
    found.map(|not_seen| &not_seen.reason)
}

pub(crate) fn general_reasons(context: &Context) -> Vec<Reason> {
    let general = context.not_seen.iter().filter(|it| it.path.is_none());
    general.map(|it| it.reason.clone()).collect()
}

/// Paths as they are displayed.
pub(crate) fn names(paths: &[RepoPath]) -> Vec<String> {
    paths.iter().map(ToString::to_string).collect()
}
