//! The file behind the settings: read as a whole, changed key by key, comments kept.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use cc_core::fs::{create_private_dir, read_bounded, replace};
use cc_core::lines::keep_endings;
use cc_core::{DataDir, FileLock, IoError, LockError};
use serde::Serialize;
use serde_json::Value as Json;
use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use crate::settings::Settings;

/// The most that the file may hold, in bytes.
const LIMIT: u64 = 1 << 20;

/// How long another process may be changing the file.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why settings cannot be read or changed; the file is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// Another process keeps it locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The file is not TOML, or has an unknown key or a wrong value; the source names the line.
    #[error("`{}` is not valid: {source}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: Box<toml_edit::de::Error>,
    },
    /// The file has another content than when it was read.
    #[error("`{}` was changed meanwhile", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// No setting has that name.
    #[error("there is no setting `{key}`")]
    UnknownKey {
        /// The name.
        key: String,
        /// A setting with a similar name.
        nearest: Option<String>,
    },
    /// The setting does not take that value.
    #[error("`{key}` cannot be `{value}`: {reason}")]
    WrongValue {
        /// The setting.
        key: String,
        /// The value.
        value: String,
        /// What it takes.
        reason: String,
    },
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct SettingEntry {
    /// Its name, such as `rescue.timeout`.
    pub key: String,
    /// Its value; null if it has none, so that Claude's or Codex's own default applies.
    pub value: Json,
    /// Where the value comes from.
    pub origin: SettingOrigin,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SettingOrigin {
    /// The file.
    File,
    /// The default.
    Default,
    /// A variable of the environment.
    Environment,
}

/// The settings and the file that they were read from.
#[derive(Debug)]
pub struct SettingsFile {
    text: String,
    document: DocumentMut,
    settings: Settings,
    /// The keys whose values are those of variables.
    overridden: BTreeSet<String>,
}

/// The variable that takes precedence over a setting: `CC_REVIEW_MODEL` for `review.model`.
#[must_use]
pub fn variable_of(key: &str) -> String {
    format!("CC_{}", key.replace(['.', '-'], "_").to_uppercase())
}

/// The variables of all settings.
#[must_use]
pub fn variables() -> Vec<String> {
    let keys = flat(&Settings::default()).into_iter();
    keys.map(|(key, _)| variable_of(&key)).collect()
}

impl SettingsFile {
    /// Reads the settings of a data directory; without a file, all are defaults.
    ///
    /// # Errors
    /// When the file cannot be read, or has something that is no setting.
    pub fn read(data: &DataDir) -> Result<Self, SettingsError> {
        Self::parse(Self::text_of(data)?).map_err(|source| SettingsError::Invalid {
            path: data.settings(),
            source: Box::new(source),
        })
    }

    fn parse(text: String) -> Result<Self, toml_edit::de::Error> {
        let settings = toml_edit::de::from_str(&text)?;
        let document = text.parse()?;
        Ok(Self {
            text,
            document,
            settings,
            overridden: BTreeSet::new(),
        })
    }

    /// The settings with the values of the variables that are set; `variable` gives the text of one.
    ///
    /// # Errors
    /// When a setting does not take the value of its variable.
    pub fn overridden_by(
        mut self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        for (key, _) in flat(&Settings::default()) {
            let name = variable_of(&key);
            if let Some(text) = variable(&name) {
                (self.document, self.settings) = with_value(&self.document, &key, &text, &name)?;
                self.overridden.insert(key);
            }
        }
        Ok(self)
    }

    /// Puts `text` in the place of the file, which must still hold `before`.
    ///
    /// # Errors
    /// When the text is not valid, the file has another content by now or cannot be written; it is unchanged
    /// then.
    pub fn put_in_place(data: &DataDir, before: &str, text: &str) -> Result<(), SettingsError> {
        let path = data.settings();
        Self::parse(text.to_owned()).map_err(|source| SettingsError::Invalid {
            path: path.clone(),
            source: Box::new(source),
        })?;
        create_private_dir(data.root())?;
        let _lock = FileLock::exclusive(&data.settings_lock(), PATIENCE)?;
        if Self::text_of(data)? != before {
            return Err(SettingsError::Changed { path });
        }
        Ok(replace(&path, text.as_bytes())?)
    }

    /// The text of the file; empty if there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn text_of(data: &DataDir) -> Result<String, SettingsError> {
        let path = data.settings();
        match read_bounded(&path, LIMIT) {
            Ok(bytes) => Ok(String::from_utf8(bytes)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
                .map_err(IoError::at("read", &path))?),
            Err(error) if is_absent(&error) => Ok(String::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Every setting there is, in the order of [`Settings`].
    pub fn entries(&self) -> Vec<SettingEntry> {
        let entry = |(key, value): (String, Json)| match find(self.document.as_table(), &key) {
            // As it was written: `90s` stays `90s`.
            Some(said) => SettingEntry {
                value: said.as_str().map_or(value, Json::from),
                origin: match self.overridden.contains(&key) {
                    true => SettingOrigin::Environment,
                    false => SettingOrigin::File,
                },
                key,
            },
            None => SettingEntry {
                value,
                origin: SettingOrigin::Default,
                key,
            },
        };
        flat(&self.settings).into_iter().map(entry).collect()
    }

    /// One setting.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn entry(&self, key: &str) -> Result<SettingEntry, SettingsError> {
        known(key)?;
        let mut entries = self.entries().into_iter();
        entries
            .find(|entry| entry.key == key)
            .ok_or_else(|| unknown(key))
    }

    /// Sets a key in the file; `text` is a TOML value, a plain text, or a comma-separated list.
    ///
    /// # Errors
    /// When there is no such key, when it does not take the value, when the file is not valid already
    /// or cannot be written.
    pub fn set(data: &DataDir, key: &str, text: &str) -> Result<(), SettingsError> {
        known(key)?;
        change(data, |document| {
            (*document, _) = with_value(document, key, text, key)?;
            Ok(())
        })
    }

    /// Removes a key from the file; returns whether it was there.
    ///
    /// # Errors
    /// When there is no such key, or the file cannot be read or written.
    pub fn unset(data: &DataDir, key: &str) -> Result<bool, SettingsError> {
        known(key)?;
        let mut was_there = false;
        change(data, |document| {
            let (section, name) = split(key);
            let section = document.get_mut(section).and_then(Item::as_table_like_mut);
            was_there = section.is_some_and(|section| section.remove(name).is_some());
            Ok(())
        })?;
        Ok(was_there)
    }
}

/// Sets every key of a file to what `value` can mean, and checks that this is what is read then.
#[cfg(any(test, fuzzing))]
pub(crate) fn set_everywhere(text: &str, value: &str) {
    let Ok(file) = SettingsFile::parse(text.to_owned()) else {
        return;
    };
    for SettingEntry { key, .. } in file.entries() {
        let Ok((document, settings)) = with_value(&file.document, &key, value, &key) else {
            continue;
        };
        let again = SettingsFile::parse(document.to_string()).expect("what is set can be read");
        assert_eq!(format!("{:?}", again.settings), format!("{settings:?}"));
    }
}

fn is_absent(error: &IoError) -> bool {
    use std::io::ErrorKind as E;
    matches!(error.source.kind(), E::NotFound | E::NotADirectory)
}

/// The document with a key set to what `text` can mean, and the settings in it. An error calls the key `name`.
fn with_value(
    document: &DocumentMut,
    key: &str,
    text: &str,
    name: &str,
) -> Result<(DocumentMut, Settings), SettingsError> {
    let mut reason = String::new();
    for value in readings(text) {
        let mut changed = document.clone();
        put(changed.as_table_mut(), key, value);
        match toml_edit::de::from_document::<Settings>(changed.clone()) {
            Ok(settings) => return Ok((changed, settings)),
            Err(error) if reason.is_empty() => reason = error.message().to_owned(),
            Err(_) => {}
        }
    }
    Err(SettingsError::WrongValue {
        key: name.to_owned(),
        value: text.to_owned(),
        reason,
    })
}

/// Reads, edits and writes the file; nobody else changes it meanwhile.
fn change(
    data: &DataDir,
    edit: impl FnOnce(&mut DocumentMut) -> Result<(), SettingsError>,
) -> Result<(), SettingsError> {
    create_private_dir(data.root())?;
    let _lock = FileLock::exclusive(&data.settings_lock(), PATIENCE)?;
    let SettingsFile {
        text, mut document, ..
    } = SettingsFile::read(data)?;
    let before = document.to_string();
    let is_only_comments = document.is_empty() && !before.trim().is_empty();
    if is_only_comments {
        document = DocumentMut::new();
    }
    edit(&mut document)?;
    let after = match (is_only_comments, document.is_empty()) {
        (true, true) => before.clone(),
        // They stay on top; the editor would put them below.
        (true, false) => format!("{}\n\n{document}", before.trim_end()),
        (false, _) => document.to_string(),
    };
    if after != before {
        // The editor of TOML keeps everything but line endings and a byte order mark.
        let after = keep_endings(&text, &after);
        replace(&data.settings(), after.as_bytes())?;
    }
    Ok(())
}

/// Every key with its value, in the order of the fields.
fn flat(settings: &Settings) -> Vec<(String, Json)> {
    let sections = match serde_json::to_value(settings) {
        Ok(Json::Object(sections)) => sections,
        _ => return Vec::new(),
    };
    let keys = |(section, values): (String, Json)| match values {
        Json::Object(values) => values
            .into_iter()
            .map(|(name, value)| (format!("{section}.{name}"), value))
            .collect(),
        _ => Vec::new(),
    };
    sections.into_iter().flat_map(keys).collect()
}

fn known(key: &str) -> Result<(), SettingsError> {
    let keys = flat(&Settings::default());
    if keys.iter().any(|(known, _)| known == key) {
        return Ok(());
    }
    Err(unknown(key))
}

fn unknown(key: &str) -> SettingsError {
    let similarity = |known: &String| strsim::jaro_winkler(known, key);
    let keys = flat(&Settings::default())
        .into_iter()
        .map(|(known, _)| known);
    let nearest = keys.max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    SettingsError::UnknownKey {
        key: key.to_owned(),
        nearest: nearest.filter(|known| similarity(known) > 0.8),
    }
}

/// What a text can mean, the likeliest first.
fn readings(text: &str) -> Vec<Value> {
    let list: toml_edit::Array = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let literal = text.parse::<Value>().ok();
    literal
        .into_iter()
        .chain([Value::from(text), Value::from(list)])
        .collect()
}

fn split(key: &str) -> (&str, &str) {
    key.split_once('.').unwrap_or((key, ""))
}

fn find<'a>(root: &'a Table, key: &str) -> Option<&'a Item> {
    let (section, name) = split(key);
    root.get(section)?.as_table_like()?.get(name)
}

fn put(root: &mut Table, key: &str, value: Value) {
    let (section, name) = split(key);
    let section = root.entry(section).or_insert_with(toml_edit::table);
    let section: Option<&mut dyn TableLike> = section.as_table_like_mut();
    // A section that is no table does not get past the reading of the file.
    if let Some(section) = section {
        match section.get_mut(name).and_then(Item::as_value_mut) {
            Some(old) => {
                let decor = old.decor().clone();
                *old = value;
                *old.decor_mut() = decor;
            }
            None => {
                section.insert(name, Item::Value(value));
            }
        }
    }
}

#[cfg(test)]
mod tests;
