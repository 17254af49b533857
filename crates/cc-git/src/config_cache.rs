//! What Git reported of its configuration, kept as long as the files that it came from are the same: to open
//! a repository takes one call of Git less then.
//!
//! KeptConfig is what [`hardening`](crate::hardening) lets through, so nothing secret and nothing that names a
//! program of the repository. Whatever cannot be followed for sure is not kept.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::fs::{create_private_dir, is_older_than, read_own, write_atomic};
use cc_core::{Clock, DataDir, Env, IoError, Time};
use serde::{Deserialize, Serialize};

use crate::config_file::{ScopedSetting, Setting, SettingOwner};
use crate::digest_name::digest_name;
use crate::file_stamp::FileStamp;
use crate::repo_path::os_path;
use crate::top_level::git_dirs;

/// How long something is kept at most: a configuration of the machine in an unusual place, made after that
/// there was none, is noticed then.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// From when on a file is removed: nobody asks any more.
const FORGOTTEN: Duration = Duration::from_secs(48 * 60 * 60);

/// The largest file that is read, in bytes.
const LIMIT: u64 = 1 << 20;

/// The form of the file.
const VERSION: u32 = 1;

/// Where configurations are kept: in the data directory, which no sandbox can write.
#[derive(Clone, Debug)]
pub(crate) struct ConfigCache {
    place: Option<PathBuf>,
    clock: Clock,
    /// `XDG_CONFIG_HOME`.
    config_home: Option<PathBuf>,
}

/// The configuration as Git reported it, as far as any of it counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReportedConfig {
    /// The settings that Git may get, in the order in which it read them; whose files were not looked at yet.
    pub(crate) settings: Vec<ScopedSetting>,
    /// `init.defaultBranch`.
    pub(crate) default_branch: Option<String>,
    /// The form of the repository.
    pub(crate) format: RepositoryFormat,
}

/// The form of a repository, as its settings say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RepositoryFormat {
    /// A working tree around a Git directory of files, with SHA-1 or SHA-256.
    Plain {
        /// Whether its ids are of SHA-256.
        sha256: bool,
    },
    /// Another one, or one that this version does not know: Git is to be asked.
    Other,
}

/// Of whose configuration Git is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConfigQuestion<'a> {
    pub(crate) git: &'a Path,
    pub(crate) root: &'a Path,
    pub(crate) home: Option<&'a Path>,
}

#[derive(Serialize, Deserialize)]
struct KeptConfig {
    version: u32,
    at: Time,
    /// The files that decide, those that are missing too.
    files: Vec<(PathText, Option<FileStamp>)>,
    reported: ReportedConfig,
}

#[derive(Serialize, Deserialize)]
struct PathText(#[serde(with = "cc_core::os_text")] PathBuf);

impl ConfigCache {
    pub(crate) fn of(env: &Env) -> Self {
        let data = DataDir::locate(env).filter(|data| cfg!(unix) && data.root().is_dir());
        Self {
            place: data.map(|data| data.git_configurations()),
            clock: env.clock,
            config_home: env.var("XDG_CONFIG_HOME").map(PathBuf::from),
        }
    }

    pub(crate) fn now(&self) -> Time {
        self.clock.now()
    }

    /// What is kept, unless something has changed since.
    pub(crate) fn read(&self, question: ConfigQuestion<'_>) -> Option<ReportedConfig> {
        let bytes = read_own(&self.path(question)?, LIMIT).ok()?;
        let kept: KeptConfig = serde_json::from_slice(&bytes).ok()?;
        let now = self.now();
        // `until` is zero where the clock was set back.
        let is_young = kept.at <= now && kept.at.until(now) < KEPT;
        let is_same = |(path, stamp): &(PathText, Option<FileStamp>)| stamp_of(&path.0) == *stamp;
        (kept.version == VERSION && is_young && kept.files.iter().all(is_same))
            .then_some(kept.reported)
    }

    /// Keeps what Git reported, if its files can be followed and none of them has changed lately. `asked` is
    /// the time before the call. Best effort: without it, Git is called again.
    pub(crate) fn keep(
        &self,
        question: ConfigQuestion<'_>,
        asked: Time,
        found: &[(&[u8], ScopedSetting)],
        reported: &ReportedConfig,
    ) {
        let files = self.files(question, found);
        let (Some(path), Some(place), Some(files)) = (self.path(question), &self.place, files)
        else {
            return;
        };
        let files: Vec<_> = files
            .into_iter()
            .map(|path| {
                let stamp = stamp_of(&path);
                (PathText(path), stamp)
            })
            .collect();
        let is_settled = |stamp: &Option<FileStamp>| stamp.is_none_or(|it| it.is_settled(asked));
        if !files.iter().all(|(_, stamp)| is_settled(stamp)) {
            return;
        }
        let kept = KeptConfig {
            version: VERSION,
            at: asked,
            files,
            reported: reported.clone(),
        };
        let write = || {
            create_private_dir(place)?;
            let text = serde_json::to_vec(&kept).map_err(std::io::Error::from);
            write_atomic(&path, &text.map_err(IoError::at("write", &path))?)
        };
        if write().is_ok() {
            remove_forgotten(place);
        }
    }

    fn path(&self, ConfigQuestion { git, root, home }: ConfigQuestion<'_>) -> Option<PathBuf> {
        let config_home = self.config_home.as_deref().unwrap_or(Path::new(""));
        let parts = [git, root, home?, config_home].map(|part| part.as_os_str().as_encoded_bytes());
        let name = digest_name(&parts);
        Some(self.place.as_ref()?.join(name + ".json"))
    }

    /// The files that decide about the answer; `None` where they are not known for sure.
    fn files(
        &self,
        question: ConfigQuestion<'_>,
        found: &[(&[u8], ScopedSetting)],
    ) -> Option<Vec<PathBuf>> {
        let home = question.home?;
        let dirs = git_dirs(question.root);
        let (own, shared) = (dirs.first()?, dirs.last()?);
        let config_home = match &self.config_home {
            Some(dir) if !dir.as_os_str().is_empty() => dir.clone(),
            _ => home.join(".config"),
        };
        let mut files = vec![
            question.git.to_owned(),
            "/etc/gitconfig".into(),
            config_home.join("git/config"),
            home.join(".gitconfig"),
            shared.join("config"),
            own.join("config.worktree"),
        ];
        // Where a Git below `/usr/local` or `/opt` has the configuration of the machine.
        let prefix = question.git.parent().and_then(Path::parent);
        files.extend(prefix.map(|prefix| prefix.join("etc/gitconfig")));
        for (origin, entry) in found {
            if entry.scope == SettingOwner::Pinned {
                continue;
            }
            let file = question.root.join(os_path(origin.strip_prefix(b"file:")?)?);
            if let Some(condition) = include(&entry.setting.key) {
                files.push(included(&entry.setting, &file, home)?);
                let needs_branch = condition.starts_with(b"onbranch:");
                files.extend(needs_branch.then(|| own.join("HEAD")));
            }
            files.push(file);
        }
        files.sort();
        files.dedup();
        Some(files)
    }
}

/// The condition of a setting that includes a file; empty for none.
fn include(key: &[u8]) -> Option<&[u8]> {
    match key {
        b"include.path" => Some(b""),
        key => key.strip_prefix(b"includeif.")?.strip_suffix(b".path"),
    }
}

/// The file that a setting of `from` includes; `None` where its place is not known.
fn included(setting: &Setting, from: &Path, home: &Path) -> Option<PathBuf> {
    let path = os_path(setting.value.as_deref()?)?;
    match path.strip_prefix("~") {
        Ok(rest) => Some(home.join(rest)),
        Err(_) if starts_unusual(path.as_os_str()) => None,
        Err(_) => Some(from.parent()?.join(path)),
    }
}

/// Whether it is the home of another user, or a place that Git fills in.
fn starts_unusual(path: &OsStr) -> bool {
    let path: &[u8] = path.as_encoded_bytes();
    path.starts_with(b"~") || path.starts_with(b"%")
}

fn stamp_of(path: &Path) -> Option<FileStamp> {
    fs::metadata(path).ok().map(|meta| FileStamp::of(&meta))
}

fn remove_forgotten(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let path = entry.path();
        if is_older_than(&path, FORGOTTEN) {
            let _ = fs::remove_file(path);
        }
    }
}
