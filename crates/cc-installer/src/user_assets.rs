//! Manual pages and completions in the user's own directories, where `man` and the shells look for them.
//!
//! A file there is ours if it has the content that we would write or have written; another is never touched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cc_core::Env;
use cc_core::IoError;
use cc_core::fs::{read_bounded, remove_if_there};
use clap_complete::Shell;

use crate::assets::{self, Reader};
use crate::error::Error;
use crate::files::{digest, is_writable, write_public};
use crate::layout::Layout;
use crate::record::InstallRecord;

/// The largest such file that is read.
const FILE_LIMIT: u64 = 1 << 20;

/// The files that belong in the user's directories, and those that are there.
#[derive(Debug, Default)]
pub(crate) struct UserAssets {
    /// The directories that `man` and shells read, each with what reads it.
    places: Vec<(Reader, PathBuf)>,
    /// What is to be written: files that are missing, or that an earlier version wrote.
    missing: BTreeMap<PathBuf, Vec<u8>>,
    /// Ours that are there.
    present: BTreeSet<PathBuf>,
    /// Those of them that this version does not have any more.
    stale: BTreeSet<PathBuf>,
    /// The shell that the user logs in with.
    shell: Option<Shell>,
}

impl UserAssets {
    /// Looks at the directories that `env` leads to.
    pub(crate) fn inspect(env: &Env, layout: &Layout, record: Option<&InstallRecord>) -> Self {
        let mut found = Self {
            places: places(env),
            shell: login_shell(env),
            ..Self::default()
        };
        let recorded = record.map(|record| &record.assets);
        let is_recorded = |path: &Path| {
            let recorded = recorded.and_then(|recorded| recorded.get(path));
            recorded.is_some() && digest(path).as_ref() == recorded
        };
        // No asset is made of anything that could fail.
        for asset in assets::all(&layout.program("cc-cli")).unwrap_or_default() {
            let mut places = found.places.iter();
            let Some((_, dir)) = places.find(|(reader, _)| *reader == asset.reader) else {
                continue;
            };
            let path = dir.join(&asset.name);
            let is_current = read_bounded(&path, FILE_LIMIT).is_ok_and(|now| now == asset.content);
            if is_current || is_recorded(&path) {
                found.present.insert(path.clone());
            }
            if !is_current && (is_recorded(&path) || path.symlink_metadata().is_err()) {
                found.missing.insert(path, asset.content);
            }
        }
        let recorded = recorded.into_iter().flatten().map(|(path, _)| path);
        for path in recorded.filter(|path| is_recorded(path)) {
            let mut places = found.places.iter();
            let is_looked_at = places.any(|(_, dir)| path.parent() == Some(dir));
            if found.present.insert(path.clone()) && is_looked_at {
                found.stale.insert(path.clone());
            }
        }
        found
    }

    /// The directories in which something is to be written, or removed because it is of an earlier version.
    pub(crate) fn to_write(&self) -> Vec<PathBuf> {
        dirs(self.missing.keys().chain(&self.stale))
    }

    /// The directories that have files of ours.
    pub(crate) fn written(&self) -> Vec<PathBuf> {
        dirs(self.present.iter())
    }

    /// How the user's shell gets completions from `cli`, if there is no directory in which it finds them.
    pub(crate) fn advice(&self, cli: &str) -> Option<String> {
        let shell = self.shell?;
        let mut places = self.places.iter();
        if places.any(|(reader, _)| *reader == Reader::Shell(shell)) {
            return None;
        }
        // On Windows Bash, Zsh and Fish accept paths with slashes.
        let cli = cli.replace(std::path::MAIN_SEPARATOR, "/");
        let (file, line) = match shell {
            Shell::Bash => ("~/.bashrc", format!("source <({cli} completions bash)")),
            Shell::Zsh => (
                "~/.zshrc, after compinit",
                format!("source <({cli} completions zsh)"),
            ),
            Shell::Fish => (
                "~/.config/fish/config.fish",
                format!("{cli} completions fish | source"),
            ),
            _ => return None,
        };
        Some(format!(
            "To complete cc-cli with Tab, add to {file}:\n    {line}"
        ))
    }

    /// Writes what is missing, removes what this version does not have any more, and records both.
    pub(crate) fn write(&self, record: &mut InstallRecord) -> Result<(), Error> {
        for (path, content) in &self.missing {
            if let Some(dir) = path.parent() {
                create_dirs(dir, &mut record.asset_dirs)?;
            }
            write_public(path, content)?;
        }
        for path in &self.stale {
            remove_if_there(path)?;
            record.assets.remove(path);
        }
        for path in self.present.iter().chain(self.missing.keys()) {
            if let Some(digest) = digest(path) {
                record.assets.insert(path.clone(), digest);
            }
        }
        Ok(())
    }

    /// Removes our files, and the directories that were made for them and are empty now.
    pub(crate) fn remove(&self, record: &InstallRecord) -> Result<(), Error> {
        self.present
            .iter()
            .try_for_each(|path| remove_if_there(path))?;
        // The deepest first.
        for dir in record.asset_dirs.iter().rev() {
            // One that is not empty stays.
            let _ = std::fs::remove_dir(dir);
        }
        Ok(())
    }
}

fn dirs<'a>(files: impl Iterator<Item = &'a PathBuf>) -> Vec<PathBuf> {
    let dirs: BTreeSet<PathBuf> = files
        .filter_map(|file| file.parent().map(Path::to_owned))
        .collect();
    dirs.into_iter().collect()
}

/// Makes `dir` and those above it that are missing, and adds them to `made`.
fn create_dirs(dir: &Path, made: &mut BTreeSet<PathBuf>) -> Result<(), IoError> {
    let missing: Vec<&Path> = dir.ancestors().take_while(|dir| !dir.exists()).collect();
    for dir in missing.into_iter().rev() {
        std::fs::create_dir(dir).map_err(IoError::at("create", dir))?;
        made.insert(dir.to_owned());
    }
    Ok(())
}

/// The directories of the user in which `man` and shells look by themselves, as far as we may write there.
fn places(env: &Env) -> Vec<(Reader, PathBuf)> {
    let Some(home) = env.home().filter(|_| !cfg!(windows)) else {
        return Vec::new();
    };
    let absolute = |name: &str| {
        env.var(name)
            .map(PathBuf::from)
            .filter(|dir| dir.is_absolute())
    };
    let data = absolute("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share"));
    let config = absolute("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
    let bash = absolute("BASH_COMPLETION_USER_DIR").unwrap_or_else(|| data.join("bash-completion"));
    let man = Some(data.join("man")).filter(|man| is_read_by_man(env, man));
    let known = |dir: PathBuf| dir.is_dir().then_some(dir);
    let places = [
        (Reader::Man, man.map(|man| man.join("man1"))),
        (
            Reader::Shell(Shell::Bash),
            known(bash).map(|dir| dir.join("completions")),
        ),
        (
            Reader::Shell(Shell::Fish),
            known(config.join("fish")).map(|dir| dir.join("completions")),
        ),
        (Reader::Shell(Shell::Zsh), own_functions(env, home)),
    ];
    let places = places
        .into_iter()
        .filter_map(|(reader, dir)| Some((reader, dir?)));
    places.filter(|(_, dir)| may_write(dir)).collect()
}

/// Whether `man` reads the pages in `dir`: it is in `MANPATH`, or beside a directory of `PATH`.
fn is_read_by_man(env: &Env, dir: &Path) -> bool {
    let split = |name: &str| -> Vec<PathBuf> {
        env.var(name)
            .map(|dirs| std::env::split_paths(dirs).collect())
            .unwrap_or_default()
    };
    let named = split("MANPATH");
    // An empty entry stands for what the system has; without the variable that is all.
    let has_default = named.iter().all(|entry| !entry.as_os_str().is_empty());
    let beside = |bin: &PathBuf| {
        let parent = bin.parent();
        parent.is_some_and(|parent| parent.join("share/man") == *dir || parent.join("man") == *dir)
    };
    named.iter().any(|entry| entry == dir)
        || (named.is_empty() || !has_default) && split("PATH").iter().any(beside)
}

fn login_shell(env: &Env) -> Option<Shell> {
    Shell::from_shell_path(env.var("SHELL")?)
}

/// The first directory of zsh's functions that is the user's own, where the variable is exported.
fn own_functions(env: &Env, home: &Path) -> Option<PathBuf> {
    let dirs = env.var("FPATH")?;
    std::env::split_paths(dirs).find(|dir| dir.starts_with(home) && dir.is_dir())
}

/// Whether `dir` can be written, or made in the nearest directory that exists.
fn may_write(dir: &Path) -> bool {
    let mut above = dir.ancestors();
    above.find(|dir| dir.exists()).is_some_and(is_writable)
}
