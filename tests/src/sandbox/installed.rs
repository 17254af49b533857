//! The product in the sandbox's Codex, put there by its own installer.

use std::ffi::OsStr;
use std::path::PathBuf;

use serde_json::Value;

use super::command::Cmd;
use super::world::Sandbox;
use super::world::program_name;

impl Sandbox {
    /// Installs the product into the Codex of this sandbox, with every permission.
    ///
    /// # Panics
    /// When it does not succeed.
    #[track_caller]
    pub fn installed(self) -> Self {
        let all = ["--allow-commands", "--allow-rescue", "--trust-hooks"];
        self.install(all).run().success();
        self
    }

    /// An installation with further arguments and no questions.
    ///
    /// The directory of the binaries is the one that the installer takes by itself. It is named,
    /// because the installer refuses it in a checkout that lies among temporary files.
    pub fn install<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Cmd<'_> {
        let install = self.installer(["install", "--yes", "--bin-dir"]);
        install.args([self.installed_dir()]).args(args)
    }

    /// The report of `cc-installer status`.
    ///
    /// # Panics
    /// When there is no report.
    #[track_caller]
    pub fn installation(&self) -> Value {
        self.installer(["status", "--json"]).run().json()
    }

    /// An installed binary.
    pub fn installed_file(&self, name: &str) -> PathBuf {
        self.installed_dir().join(program_name(name))
    }

    fn installed_dir(&self) -> PathBuf {
        self.codex_home().join("cc").join("bin")
    }
}
