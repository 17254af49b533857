//! Settings of Git: as it reports them, and as a file that it reads.

use serde::{Deserialize, Serialize};

use crate::records::records;

/// A key with its value; a key alone is true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Setting {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Vec<u8>>,
}

/// A setting and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScopedSetting {
    pub(crate) scope: SettingOwner,
    pub(crate) setting: Setting,
}

/// Whose a setting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SettingOwner {
    /// The machine's or the user's.
    User,
    /// The repository's.
    Repository,
    /// Ours.
    Pinned,
}

/// A key in its parts.
struct KeyParts<'a> {
    section: &'a [u8],
    subsection: Option<&'a [u8]>,
    name: &'a [u8],
}

impl<'a> KeyParts<'a> {
    fn of(key: &'a [u8]) -> Option<Self> {
        let first = key.iter().position(|&byte| byte == b'.')?;
        let last = key.iter().rposition(|&byte| byte == b'.')?;
        Some(Self {
            section: &key[..first],
            subsection: (first < last).then(|| &key[first + 1..last]),
            name: &key[last + 1..],
        })
    }
}

/// Whether a key is the pattern, in which `*` is any subsection.
pub(crate) fn fits(key: &[u8], pattern: &str) -> bool {
    let (Some(key), Some(pattern)) = (KeyParts::of(key), KeyParts::of(pattern.as_bytes())) else {
        return false;
    };
    let is_same = key.section == pattern.section && key.name == pattern.name;
    is_same && key.subsection.is_some() == pattern.subsection.is_some()
}

/// Parses the output of `git config --show-scope --show-origin -z`: `scope NUL origin NUL key LF value NUL`,
/// without `LF value` for a key alone.
pub(crate) fn entries_with_origin(output: &[u8]) -> Vec<(&[u8], ScopedSetting)> {
    let mut fields = records(output);
    let mut found = Vec::new();
    while let (Some(scope), Some(origin), Some(text)) =
        (fields.next(), fields.next(), fields.next())
    {
        found.push((origin, ScopedSetting::read(scope, text)));
    }
    found
}

impl ScopedSetting {
    fn read(scope: &[u8], text: &[u8]) -> Self {
        let (key, value) = match text.iter().position(|&byte| byte == b'\n') {
            Some(at) => (&text[..at], Some(text[at + 1..].to_owned())),
            None => (text, None),
        };
        Self {
            scope: match scope {
                b"system" | b"global" => SettingOwner::User,
                b"command" => SettingOwner::Pinned,
                _ => SettingOwner::Repository,
            },
            setting: Setting {
                key: key.to_owned(),
                value,
            },
        }
    }
}

/// Settings as a file that Git reads back unchanged.
pub(crate) fn config_text(settings: &[Setting]) -> Vec<u8> {
    let mut text = Vec::new();
    for setting in settings {
        let Some(KeyParts {
            section,
            subsection,
            name,
        }) = KeyParts::of(&setting.key)
        else {
            continue;
        };
        text.push(b'[');
        text.extend_from_slice(section);
        if let Some(subsection) = subsection {
            text.extend_from_slice(b" \"");
            escape(subsection, &mut text);
            text.push(b'"');
        }
        text.extend_from_slice(b"]\n\t");
        text.extend_from_slice(name);
        if let Some(value) = &setting.value {
            text.extend_from_slice(b" = \"");
            escape(value, &mut text);
            text.push(b'"');
        }
        text.push(b'\n');
    }
    text
}

/// What stands between quotes.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            byte => out.push(byte),
        }
    }
}
