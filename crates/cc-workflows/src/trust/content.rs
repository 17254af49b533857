//! What a repository brings along that Claude Code would execute, as it is on disk: settings, servers, skills,
//! commands, and the files that these start.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Component, Path, PathBuf};

use cc_claude::ProjectSettings;
use cc_core::IoError;
use cc_core::fs::{canonical, create_private_dir, read_bounded};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The settings, the lesser ones first.
pub(super) const SETTINGS: [&str; 2] = [".claude/settings.json", ".claude/settings.local.json"];

/// The MCP servers.
pub(super) const SERVERS: &str = ".mcp.json";

/// Directories whose files are instructions that can have commands in them.
pub(super) const SKILLS: [&str; 2] = [".claude/skills", ".claude/commands"];

/// Made by whoever uses a skill, not part of it.
const BY_PRODUCTS: [&str; 2] = ["__pycache__", ".DS_Store"];

/// The most bytes of one file, and of all together.
const FILE_LIMIT: u64 = 8 << 20;
const TOTAL_LIMIT: usize = 32 << 20;

/// The most files, and how deep they may lie.
const FILES_LIMIT: usize = 4_000;
const DEPTH_LIMIT: usize = 16;

/// Why it cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum Unkept {
    /// There is more of it than is kept.
    #[error(
        "`{0}` is too large: at most 4,000 files and 32 MiB are kept in all, and 8 MiB of a file"
    )]
    TooLarge(String),
    /// A part cannot be read.
    #[error(transparent)]
    Io(#[from] IoError),
}

/// The files, by their path in the repository with `/` between its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ProjectContent {
    files: BTreeMap<String, KeptFile>,
    /// Files that commands start outside of `.claude`, which run where they are.
    in_place: BTreeSet<String>,
    /// What is not used, because it leads out of the repository or is no file.
    left_out: BTreeSet<String>,
    settings: ProjectSettings,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct KeptFile {
    bytes: Vec<u8>,
    executable: bool,
}

impl ProjectContent {
    /// Reads what is in the repository at `root`. Of settings only what a run is given counts, so that a
    /// permission that somebody adds is no change.
    ///
    /// # Errors
    /// When it is too large, or a part cannot be read.
    pub(super) fn read(root: &Path) -> Result<Self, Unkept> {
        let root = canonical(root).map_err(IoError::at("read", root))?;
        let mut content = Self::default();
        for name in SETTINGS.into_iter().chain([SERVERS]).chain(SKILLS) {
            content.add(&root, name, 0)?;
        }
        content.settings = content.parsed();
        for name in SETTINGS.into_iter().chain([SERVERS]) {
            let used = match name {
                SERVERS => ProjectSettings::used_servers,
                _ => ProjectSettings::used_part,
            };
            if let Some(mut file) = content.files.remove(name)
                && let Some(bytes) = used(&file.bytes)
            {
                file.bytes = bytes;
                file.executable = false;
                content.files.insert(name.to_owned(), file);
            }
        }
        for word in command_words(&content.settings) {
            if let Some(name) = name_in(&root, &word) {
                content.add_program(&root, &name)?;
            }
        }
        Ok(content)
    }

    /// Reads what [`Self::write`] wrote to `dir`.
    pub(super) fn read_kept(dir: &Path, in_place: BTreeSet<String>) -> Result<Self, Unkept> {
        let root = canonical(dir).map_err(IoError::at("read", dir))?;
        let mut content = Self {
            in_place,
            ..Self::default()
        };
        let entries = fs::read_dir(&root).map_err(IoError::at("read", dir))?;
        for entry in entries {
            let entry = entry.map_err(IoError::at("read", dir))?.file_name();
            content.add(&root, &entry.to_string_lossy(), 0)?;
        }
        content.settings = content.parsed();
        Ok(content)
    }

    /// Adds a file that a command names: below `.claude` with what lies beside it.
    fn add_program(&mut self, root: &Path, name: &str) -> Result<(), Unkept> {
        let mut parts = name.split('/');
        let name = match (parts.next(), parts.next(), parts.next()) {
            (Some(".claude"), Some(dir), Some(_)) => format!(".claude/{dir}"),
            (Some(".claude"), _, _) => name.to_owned(),
            _ => {
                self.in_place.insert(name.to_owned());
                name.to_owned()
            }
        };
        self.add(root, &name, 0)
    }

    /// Adds a file, or a directory with all that is in it, if it is there. Links are followed within `root`.
    fn add(&mut self, root: &Path, name: &str, depth: usize) -> Result<(), Unkept> {
        let path = root.join(name);
        if self.files.contains_key(name) || path.symlink_metadata().is_err() {
            return Ok(());
        }
        let Some(real) = canonical(&path).ok().filter(|real| real.starts_with(root)) else {
            self.left_out.insert(name.to_owned());
            return Ok(());
        };
        if depth > DEPTH_LIMIT {
            return Err(Unkept::TooLarge(name.to_owned()));
        }
        let meta = fs::metadata(&real).map_err(IoError::at("read", &path))?;
        if meta.is_dir() {
            let entries = fs::read_dir(&real).map_err(IoError::at("read", &path))?;
            for entry in entries.take(FILES_LIMIT + 1) {
                let entry = entry.map_err(IoError::at("read", &path))?.file_name();
                match entry.to_str() {
                    Some(entry) if BY_PRODUCTS.contains(&entry) => {}
                    Some(entry) => self.add(root, &format!("{name}/{entry}"), depth + 1)?,
                    None => {
                        let shown = entry.to_string_lossy();
                        self.left_out.insert(format!("{name}/{shown}"));
                    }
                }
            }
            return Ok(());
        }
        if !meta.is_file() {
            self.left_out.insert(name.to_owned());
            return Ok(());
        }
        let held: usize = self.files.values().map(|file| file.bytes.len()).sum();
        let size = usize::try_from(meta.len()).unwrap_or(usize::MAX);
        if meta.len() > FILE_LIMIT
            || held.saturating_add(size) > TOTAL_LIMIT
            || self.files.len() >= FILES_LIMIT
        {
            return Err(Unkept::TooLarge(name.to_owned()));
        }
        let file = KeptFile {
            bytes: read_bounded(&real, FILE_LIMIT)?,
            executable: is_executable(&meta),
        };
        self.files.insert(name.to_owned(), file);
        Ok(())
    }

    /// Writes all of it below `dir`, as [`Self::read`] finds it there.
    pub(super) fn write(&self, dir: &Path) -> Result<(), IoError> {
        for (name, file) in &self.files {
            write_file(&dir.join(name), &file.bytes, file.executable)?;
        }
        Ok(())
    }

    /// Writes what lies in the directory `from` to `to`; returns whether there was anything.
    pub(super) fn write_part(&self, from: &str, to: &Path) -> Result<bool, IoError> {
        let mut any = false;
        for (name, file) in &self.files {
            if let Some(rest) = name
                .strip_prefix(from)
                .and_then(|rest| rest.strip_prefix('/'))
            {
                write_file(&to.join(rest), &file.bytes, file.executable)?;
                any = true;
            }
        }
        Ok(any)
    }

    fn parsed(&self) -> ProjectSettings {
        let mut settings = ProjectSettings::default();
        for name in SETTINGS {
            if let Some(file) = self.files.get(name) {
                settings.add_settings(name, &file.bytes);
            }
        }
        if let Some(file) = self.files.get(SERVERS) {
            settings.add_servers(SERVERS, &file.bytes);
        }
        settings
    }

    /// The settings in it.
    pub(super) fn settings(&self) -> &ProjectSettings {
        &self.settings
    }

    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The names of all files.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Whether it has this file, or a file in this directory.
    pub(super) fn has_part(&self, name: &str) -> bool {
        let below = format!("{name}/");
        let has = |file: &String| file == name || file.starts_with(&below);
        self.files.keys().any(has)
    }

    /// Files that commands start and that run where they are in the working tree.
    pub(super) fn in_place(&self) -> impl Iterator<Item = &str> {
        self.in_place.iter().map(String::as_str)
    }

    /// What is not used, because it leads out of the repository or is no file.
    pub(super) fn left_out(&self) -> impl Iterator<Item = &str> {
        self.left_out.iter().map(String::as_str)
    }

    /// Whether what runs in place is the same in the working tree at `root`.
    pub(super) fn is_in_place_at(&self, root: &Path) -> bool {
        self.in_place.iter().all(|name| {
            let there = read_bounded(&root.join(name), FILE_LIMIT).ok();
            there == self.files.get(name).map(|file| file.bytes.clone())
        })
    }

    /// The names of files that differ in `other`, or are only in one of the two.
    pub(super) fn differences(&self, other: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.files.keys().chain(other.files.keys()).collect();
        let differs = |name: &&String| self.files.get(*name) != other.files.get(*name);
        names.into_iter().filter(differs).cloned().collect()
    }

    /// SHA-256 over the names, rights and bytes of all files, in hex.
    pub(super) fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for (name, file) in &self.files {
            digest.update((name.len() as u64).to_be_bytes());
            digest.update(name);
            digest.update([u8::from(file.executable)]);
            digest.update((file.bytes.len() as u64).to_be_bytes());
            digest.update(&file.bytes);
        }
        digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// The words of all commands in the settings, without quotes.
fn command_words(settings: &ProjectSettings) -> BTreeSet<String> {
    let mut texts = Vec::new();
    for hook in &settings.hooks {
        texts_in(&Value::Object(hook.action.clone()), &mut texts);
    }
    for server in settings.servers.values() {
        texts_in(server, &mut texts);
    }
    texts.extend(settings.helpers().map(|(_, command)| command.to_owned()));
    texts.extend(settings.env().map(|(_, value)| value.to_owned()));
    let mut words = BTreeSet::new();
    for text in texts {
        // A name may have spaces in it.
        words.insert(text.clone());
        let text = text.replace(['"', '\''], "");
        let parts = text.split(|c: char| c.is_whitespace() || ";&|<>()=`,:".contains(c));
        words.extend(parts.filter(|part| !part.is_empty()).map(str::to_owned));
    }
    words
}

/// All texts in a value.
fn texts_in(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| texts_in(value, texts)),
        Value::Object(map) => map.values().for_each(|value| texts_in(value, texts)),
        _ => {}
    }
}

/// Ways to write the repository's directory in a command.
pub(super) const PROJECT_DIR: [&str; 3] = [
    "${CLAUDE_PROJECT_DIR}",
    "$CLAUDE_PROJECT_DIR",
    "${CLAUDE_PROJECT_DIR:-.}",
];

/// The name of the file of the repository at `root` that `word` means; `None` for everything else.
fn name_in(root: &Path, word: &str) -> Option<String> {
    let mut word = word;
    for dir in PROJECT_DIR {
        word = word
            .strip_prefix(dir)
            .map_or(word, |rest| rest.trim_start_matches('/'));
    }
    let path = Path::new(word);
    let path = match path.strip_prefix(root) {
        Ok(below) => below,
        Err(_) if path.is_relative() => path,
        Err(_) => return None,
    };
    let mut name = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => name.push(part),
            Component::CurDir => {}
            Component::ParentDir => {
                name.pop();
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    let is_file = root.join(&name).is_file();
    let name = name.to_str()?.replace('\\', "/");
    is_file.then_some(name)
}

fn write_file(path: &Path, bytes: &[u8], executable: bool) -> Result<(), IoError> {
    if let Some(dir) = path.parent() {
        create_private_dir(dir)?;
    }
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        let mode = if executable { 0o700 } else { 0o600 };
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    }
    #[cfg(not(unix))]
    let _ = executable;
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(bytes));
    written.map_err(IoError::at("write", path))
}

#[cfg(unix)]
fn is_executable(meta: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}
