//! The sandbox's repository, with a fixed identity and fixed dates: the same steps give the same ids.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use cc_core::Env;

use super::output::Output;
use super::world::{Sandbox, git_of};

const DATE: &str = "2026-01-02T03:04:05Z";

impl Sandbox {
    pub(super) fn init_repository(&self) {
        let identity = "[user]\n\tname = Dev\n\temail = dev@example.com\n\
                        [init]\n\tdefaultBranch = main\n[commit]\n\tgpgSign = false\n";
        put(&self.home().join(".gitconfig"), identity.as_bytes());
        fs::create_dir(self.repo()).expect("the sandbox is writable");
        self.git(["init", "--quiet"]);
    }

    /// Writes a file of the repository, its directories too.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        put(&self.repo().join(path), content.as_ref());
    }

    /// Reads a file of the repository.
    ///
    /// # Panics
    /// When it cannot be read as text.
    pub fn read(&self, path: &str) -> String {
        let path = self.repo().join(path);
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// Commits everything in the repository and gives the commit's id.
    ///
    /// # Panics
    /// When git refuses.
    pub fn commit(&self, message: &str) -> String {
        self.git(["add", "--all"]);
        self.git(["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(["rev-parse", "HEAD"])
    }

    /// A repository with one commit of two files, and a change to one of them that is not committed.
    ///
    /// # Panics
    /// When git refuses.
    pub fn with_change(self) -> Self {
        self.write(
            "src/lib.rs",
            "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n",
        );
        self.write("README.md", "# demo\n");
        self.commit("Add demo");
        self.write(
            "src/lib.rs",
            "pub fn add(a: i32, b: i32) -> i32 {\n    a - b\n}\n",
        );
        self
    }

    /// Runs git in the repository and returns its output without the last newline.
    ///
    /// # Panics
    /// When git fails.
    #[track_caller]
    pub fn git<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        self.git_in(&self.repo(), args)
    }

    /// Runs git in a directory and returns its output without the last newline.
    ///
    /// # Panics
    /// When git fails.
    #[track_caller]
    pub fn git_in<S: AsRef<OsStr>>(&self, dir: &Path, args: impl IntoIterator<Item = S>) -> String {
        let output = self.try_git(dir, args).success();
        output.stdout.trim_end_matches('\n').to_owned()
    }

    /// Runs git in a directory, whatever comes of it.
    pub fn try_git<S: AsRef<OsStr>>(
        &self,
        dir: &Path,
        args: impl IntoIterator<Item = S>,
    ) -> Output {
        let git = if cfg!(windows) {
            git_of(&Env::from_process().expect("the test has a directory"))
        } else {
            self.bin().join("git")
        };
        let git = self.command(&git).args(args).cwd(dir);
        git.env("GIT_AUTHOR_DATE", DATE)
            .env("GIT_COMMITTER_DATE", DATE)
            .run()
    }
}

fn put(path: &Path, content: &[u8]) {
    let write = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, content)
    };
    write().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
