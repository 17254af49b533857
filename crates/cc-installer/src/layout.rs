//! Where everything belongs, and which directories are refused.

use std::path::{Path, PathBuf};

use cc_core::fs::resolve;
use cc_core::program::{Fence, temporary_dirs};
use cc_core::{DataDir, Env};

/// The marketplace that holds our plugin and nothing else.
pub(crate) const MARKETPLACE: &str = "cc-local";

/// Our plugin, as Codex names it.
pub(crate) const PLUGIN_ID: &str = "cc@cc-local";

/// The binaries of one version, all in one directory.
pub(crate) const BINARIES: [&str; 3] = ["cc-cli", "cc-hooks", "cc-installer"];

/// Why Codex's home directory cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HomeError {
    /// No variable is set.
    #[error("neither CODEX_HOME nor a home directory is set")]
    Missing,
    /// Paths go to Codex in JSON, which holds only Unicode.
    #[error("`{}` cannot be used as Codex's directory: its path is not UTF-8", path.display())]
    NotText { path: PathBuf },
    /// Files that we write there would belong to us, and their Codex could not use them.
    #[cfg(unix)]
    #[error("`{}` belongs to another user (uid {owner}; sudo made this uid {user})", path.display())]
    Foreign {
        path: PathBuf,
        owner: u32,
        user: u32,
    },
}

/// Why a directory for the binaries was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BinDirError {
    /// A shell would need quotes around it.
    #[error("`{}` cannot hold the binaries: a shell needs quotes around this path, and Codex runs quoted programs in its sandbox", path.display())]
    NeedsQuoting { path: PathBuf },
    /// Commands in Codex's sandbox may write there.
    #[error("`{}` is not a safe location for the binaries: commands in Codex's sandbox can write to `{}`, and could replace a program that runs outside it", path.display(), root.display())]
    Writable {
        path: PathBuf,
        /// The directory that the sandbox lets commands write to.
        root: PathBuf,
    },
}

/// The files and directories that this crate uses; all absolute.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Codex's home directory.
    pub(crate) codex_home: PathBuf,
    /// The directory of the binaries.
    pub(crate) bin: PathBuf,
    /// Jobs and their settings.
    pub(crate) data: PathBuf,
    /// The directories for temporary files.
    pub(crate) temporary: Vec<PathBuf>,
}

impl Layout {
    /// `$CODEX_HOME`, else `~/.codex`, and the binaries in `bin` or below it.
    pub(crate) fn new(env: &Env, bin: Option<&Path>) -> Result<Self, HomeError> {
        let codex_home = match env.var("CODEX_HOME") {
            Some(dir) => env.absolute(Path::new(dir)),
            None => env.home().ok_or(HomeError::Missing)?.join(".codex"),
        };
        // Codex resolves links in it, and names files by the result.
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
            temporary: temporary_dirs(env).collect(),
            codex_home,
        })
    }

    /// Refuses the directory of another user under `sudo` or `doas`. Root in a container is allowed:
    /// it often has a directory of the host's user, and there is no other user.
    ///
    /// # Errors
    /// [`HomeError::Foreign`].
    #[cfg(unix)]
    pub(crate) fn check_owner(&self, env: &Env) -> Result<(), HomeError> {
        self.check_owned_by(rustix::process::geteuid().as_raw(), env)
    }

    /// On Windows, ownership does not decide who can use a file.
    #[cfg(not(unix))]
    pub(crate) fn check_owner(&self, _: &Env) -> Result<(), HomeError> {
        Ok(())
    }

    #[cfg(unix)]
    fn check_owned_by(&self, user: u32, env: &Env) -> Result<(), HomeError> {
        if env.var("SUDO_UID").or(env.var("DOAS_USER")).is_none() {
            return Ok(());
        }
        let known = std::fs::metadata(&self.codex_home);
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

    fn home_file(&self, path: &[&str]) -> PathBuf {
        self.codex_home.join(PathBuf::from_iter(path))
    }

    /// Our directory.
    pub(crate) fn cc(&self) -> PathBuf {
        self.home_file(&["cc"])
    }

    /// The record of the installation.
    pub(crate) fn record(&self) -> PathBuf {
        self.home_file(&["cc", "install.json"])
    }

    /// The lock of a call that changes something.
    pub(crate) fn lock(&self) -> PathBuf {
        self.home_file(&["cc", "install.lock"])
    }

    /// The directories in which files of the user or of ours are replaced.
    pub(crate) fn written_dirs(&self) -> Vec<PathBuf> {
        let files = [
            self.record(),
            self.config(),
            self.hooks_json(),
            self.rules(),
        ];
        // A link is followed, and its target replaced.
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
        self.home_file(&["cc", "marketplace"])
    }

    /// The manifest of our marketplace.
    pub(crate) fn marketplace_json(&self) -> PathBuf {
        let path = [".agents", "plugins", "marketplace.json"];
        self.marketplace().join(PathBuf::from_iter(path))
    }

    /// The bundle in our marketplace.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.marketplace().join("plugins").join(cc_plugin::NAME)
    }

    /// Codex's copies of our plugin, a directory for each version.
    pub(crate) fn cache(&self) -> PathBuf {
        self.home_file(&["plugins", "cache", MARKETPLACE, cc_plugin::NAME])
    }

    /// The data directory that Codex offers our plugin; we use another, which outlives it.
    pub(crate) fn offered_data(&self) -> PathBuf {
        self.home_file(&["plugins", "data", "cc-cc-local"])
    }

    /// Codex's settings.
    pub(crate) fn config(&self) -> PathBuf {
        self.home_file(&["config.toml"])
    }

    /// The user's hooks.
    pub(crate) fn hooks_json(&self) -> PathBuf {
        self.home_file(&["hooks.json"])
    }

    /// Our exec rule.
    pub(crate) fn rules(&self) -> PathBuf {
        self.home_file(&["rules", "cc.rules"])
    }

    /// The exec rules that Codex's dialog writes.
    pub(crate) fn default_rules(&self) -> PathBuf {
        self.home_file(&["rules", "default.rules"])
    }

    /// One of our binaries.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.bin
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// The path of one of our binaries as text, for commands and rules.
    pub(crate) fn program(&self, name: &str) -> String {
        self.binary(name).display().to_string()
    }

    /// Refuses a directory where the exec rule would not match, or would let the sandbox be escaped.
    pub(crate) fn check_bin(&self, env: &Env) -> Result<(), BinDirError> {
        let path = self.bin.clone();
        // Letters of any script have no meaning to shells, nor to the parser of exec rules.
        let is_plain = |c: char| {
            c.is_alphanumeric()
                || is_mark(c)
                || "/._-+@".contains(c)
                || (cfg!(windows) && r"\:".contains(c))
        };
        if !path.to_str().is_some_and(|text| text.chars().all(is_plain)) {
            return Err(BinDirError::NeedsQuoting { path });
        }
        let root = temporary_dirs(env).find(|root| path.starts_with(root));
        let workspace = workspace(env);
        let inside = || workspace.root_of(&path);
        match root.or_else(|| inside().map(Path::to_owned)) {
            Some(root) => Err(BinDirError::Writable { path, root }),
            None => Ok(()),
        }
    }
}

/// Whether this is a combining mark: `escape_debug` escapes one except after a letter.
fn is_mark(c: char) -> bool {
    c.escape_debug().count() > 1 && format!("a{c}").escape_debug().count() == 2
}

/// The workspace around the current directory, whose content is not trusted: the Git top level, or
/// the directory itself.
pub(crate) fn workspace(env: &Env) -> Fence {
    let cwd = resolve(&env.cwd);
    let top = cwd.ancestors().find(|dir| dir.join(".git").exists());
    Fence::around(env, top.unwrap_or(&cwd))
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
