//! Where everything belongs, and which directories are refused.

use std::fs;
use std::path::{Path, PathBuf};

use cc_core::fs::resolve;
use cc_core::program::Fence;
use cc_core::{DataDir, Env};

/// The marketplace that holds our plugin and nothing else.
pub(crate) const MARKETPLACE: &str = "cc-local";

/// Our plugin, as Codex names it.
pub(crate) const PLUGIN_ID: &str = "cc@cc-local";

/// The binaries of one version, which lie beside each other.
pub(crate) const BINARIES: [&str; 3] = ["cc-cli", "cc-hooks", "cc-installer"];

/// Why there is no directory of Codex to work on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HomeError {
    /// No variable names one.
    #[error("neither CODEX_HOME nor a home directory is set")]
    Missing,
    /// Codex is told of its files in JSON, which has no such paths.
    #[error("`{}` cannot be Codex's directory here: its path is not UTF-8", path.display())]
    NotText {
        /// The directory.
        path: PathBuf,
    },
    /// What we made there would be ours and not theirs, and their Codex could not use it.
    #[cfg(unix)]
    #[error("`{}` belongs to another user (uid {owner}; sudo made this uid {user})", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        user: u32,
    },
}

/// Why a directory for the binaries was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BinDirError {
    /// A shell would need quotes around it.
    #[error("`{}` cannot hold the binaries: a shell needs quotes around this path, and Codex runs quoted programs in its sandbox", path.display())]
    NeedsQuoting {
        /// The directory.
        path: PathBuf,
    },
    /// Commands in Codex's sandbox may write there.
    #[error("`{}` is no safe place for the binaries: commands in Codex's sandbox may write below `{}`, and could replace a program that runs outside of it", path.display(), root.display())]
    Writable {
        /// The directory.
        path: PathBuf,
        /// What the sandbox leaves open.
        root: PathBuf,
    },
}

/// The files and directories that this crate deals with; all absolute.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Codex's own directory.
    pub(crate) codex_home: PathBuf,
    /// The directory of the binaries.
    pub(crate) bin: PathBuf,
    /// Jobs and their settings.
    pub(crate) data: PathBuf,
}

impl Layout {
    /// `$CODEX_HOME`, else `~/.codex`, and the binaries in `bin` or below it.
    ///
    /// # Errors
    /// When there is no home, or one that cannot be talked about.
    pub(crate) fn new(env: &Env, bin: Option<&Path>) -> Result<Self, HomeError> {
        let codex_home = match env.var("CODEX_HOME") {
            Some(dir) => env.absolute(Path::new(dir)),
            None => env.home().ok_or(HomeError::Missing)?.join(".codex"),
        };
        // Codex follows links in it, and names files by what comes out.
        let codex_home = resolve(&codex_home);
        if codex_home.to_str().is_none() {
            return Err(HomeError::NotText { path: codex_home });
        }
        let bin = bin.map_or_else(
            || codex_home.join("cc").join("bin"),
            |dir| env.absolute(dir),
        );
        let data = DataDir::locate(env).ok_or(HomeError::Missing)?;
        Ok(Self {
            bin: resolve(&bin),
            data: data.root().to_owned(),
            codex_home,
        })
    }

    /// Refuses to work in the directory of somebody else where `sudo` or `doas` led to it. Root in a
    /// container often has a directory of the host's user, and nobody else to be.
    ///
    /// # Errors
    /// [`HomeError::Foreign`].
    #[cfg(unix)]
    pub(crate) fn check_owner(&self, env: &Env) -> Result<(), HomeError> {
        self.check_owned_by(rustix::process::geteuid().as_raw(), env)
    }

    /// Windows keeps who may do what apart from who owns it.
    #[cfg(not(unix))]
    pub(crate) fn check_owner(&self, _: &Env) -> Result<(), HomeError> {
        Ok(())
    }

    #[cfg(unix)]
    fn check_owned_by(&self, user: u32, env: &Env) -> Result<(), HomeError> {
        if env.var("SUDO_UID").or(env.var("DOAS_USER")).is_none() {
            return Ok(());
        }
        let known = fs::metadata(&self.codex_home);
        let owner = known.map(|known| std::os::unix::fs::MetadataExt::uid(&known));
        match owner {
            Ok(owner) if owner != user => Err(HomeError::Foreign {
                path: self.codex_home.clone(),
                owner,
                user,
            }),
            _ => Ok(()),
        }
    }

    /// Everything of ours but jobs and binaries.
    pub(crate) fn cc(&self) -> PathBuf {
        self.codex_home.join("cc")
    }

    /// What was installed, and how.
    pub(crate) fn record(&self) -> PathBuf {
        self.cc().join("install.json")
    }

    /// The lock of whoever changes something.
    pub(crate) fn lock(&self) -> PathBuf {
        self.cc().join("install.lock")
    }

    /// The directories in which files of the user or of ours are replaced.
    pub(crate) fn written_dirs(&self) -> Vec<PathBuf> {
        let files = [
            self.record(),
            self.config(),
            self.hooks_json(),
            self.rules(),
        ];
        // A link is replaced where it leads to.
        let mut dirs: Vec<PathBuf> = files
            .iter()
            .flat_map(|file| {
                [Some(file.as_path()), Some(&resolve(file))]
                    .map(|file| file?.parent().map(Path::to_owned))
            })
            .flatten()
            .collect();
        dirs.push(self.bin.clone());
        dirs.sort();
        dirs.dedup();
        dirs
    }

    /// The root of our marketplace.
    pub(crate) fn marketplace(&self) -> PathBuf {
        self.cc().join("marketplace")
    }

    /// The list of what our marketplace has.
    pub(crate) fn marketplace_json(&self) -> PathBuf {
        self.marketplace()
            .join(".agents")
            .join("plugins")
            .join("marketplace.json")
    }

    /// The bundle in our marketplace.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.marketplace().join("plugins").join(cc_plugin::NAME)
    }

    /// Where Codex keeps its copies of our plugin, a directory a version.
    pub(crate) fn cache(&self) -> PathBuf {
        self.codex_home
            .join("plugins")
            .join("cache")
            .join(MARKETPLACE)
            .join(cc_plugin::NAME)
    }

    /// The data directory that Codex offers our plugin; we use another, which outlives it.
    pub(crate) fn offered_data(&self) -> PathBuf {
        self.codex_home
            .join("plugins")
            .join("data")
            .join("cc-cc-local")
    }

    /// Codex's settings.
    pub(crate) fn config(&self) -> PathBuf {
        self.codex_home.join("config.toml")
    }

    /// The hooks of the user.
    pub(crate) fn hooks_json(&self) -> PathBuf {
        self.codex_home.join("hooks.json")
    }

    /// Our exec rule.
    pub(crate) fn rules(&self) -> PathBuf {
        self.codex_home.join("rules").join("cc.rules")
    }

    /// The exec rules that Codex's dialog writes.
    pub(crate) fn default_rules(&self) -> PathBuf {
        self.codex_home.join("rules").join("default.rules")
    }

    /// One of our binaries.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.bin
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// One of our binaries, as commands and rules write it.
    pub(crate) fn program(&self, name: &str) -> String {
        self.binary(name).display().to_string()
    }

    /// Refuses a directory that would make the exec rule miss, or turn it into a hole.
    ///
    /// # Errors
    /// Why it was refused.
    pub(crate) fn check_bin(&self, env: &Env) -> Result<(), BinDirError> {
        let path = self.bin.clone();
        // Shells give no meaning to letters of other scripts, nor does the parser of exec rules.
        let is_plain = |c: char| {
            c.is_alphanumeric()
                || is_mark(c)
                || "/._-+@".contains(c)
                || (cfg!(windows) && r"\:".contains(c))
        };
        if !path.to_str().is_some_and(|text| text.chars().all(is_plain)) {
            return Err(BinDirError::NeedsQuoting { path });
        }
        let open = ["TMPDIR", "TMP", "TEMP"].map(|name| env.var(name).map(PathBuf::from));
        let fixed = ["/tmp", "/var/tmp", "/dev/shm"].map(PathBuf::from);
        let open = open
            .into_iter()
            .flatten()
            .chain(fixed.into_iter().filter(|_| cfg!(unix)));
        let root = open
            .map(|root| resolve(&root))
            .find(|root| path.starts_with(root));
        let workspace = workspace(env);
        let inside = || workspace.root().filter(|_| workspace.holds(&path));
        match root.or_else(|| inside().map(Path::to_owned)) {
            Some(root) => Err(BinDirError::Writable { path, root }),
            None => Ok(()),
        }
    }
}

/// Whether this is part of the letter before it: such are shown as they are after one, and nowhere
/// else.
fn is_mark(c: char) -> bool {
    c.escape_debug().count() > 1 && format!("a{c}").escape_debug().count() == 2
}

/// The work tree around the current directory, whose content may be anybody's: the Git top level, or
/// the directory itself.
pub(crate) fn workspace(env: &Env) -> Fence {
    let cwd = resolve(&env.cwd);
    let top = cwd.ancestors().find(|dir| dir.join(".git").exists());
    Fence::around(env, top.unwrap_or(&cwd))
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
