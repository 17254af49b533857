//! How values are written: time spans as `20m`, dollars as a number, paths as text.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use cc_core::Dollars;
use cc_core::time::{InvalidDuration, exact_duration, parse_duration};
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A time span above zero: a text such as `20m`, or a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSpan(Duration);

impl TimeSpan {
    pub(super) const fn from_minutes(minutes: u64) -> Self {
        Self(Duration::from_secs(minutes * 60))
    }

    /// The time span.
    pub fn duration(self) -> Duration {
        self.0
    }
}

impl Serialize for TimeSpan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&exact_duration(self.0))
    }
}

impl<'de> Deserialize<'de> for TimeSpan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = WrittenSpan::deserialize(deserializer)?;
        written.span().map(Self).map_err(D::Error::custom)
    }
}

/// A number or a text.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a time above zero, such as 90s, 20m or 1h 30m")]
enum WrittenSpan {
    Seconds(u64),
    Text(String),
}

impl WrittenSpan {
    fn span(self) -> Result<Duration, InvalidDuration> {
        match self {
            Self::Seconds(seconds) => parse_duration(&seconds.to_string()),
            Self::Text(text) => parse_duration(&text),
        }
    }
}

/// A time span that may be zero.
pub(super) mod rest {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        span: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if span.is_zero() {
            return serializer.serialize_u64(0);
        }
        TimeSpan(*span).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        match WrittenSpan::deserialize(deserializer)? {
            WrittenSpan::Seconds(0) => Ok(Duration::ZERO),
            written => written.span().map_err(D::Error::custom),
        }
    }
}

pub(super) mod dollars {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        amount: &Option<Dollars>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        amount.map(Dollars::amount).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Dollars>, D::Error> {
        let amount = f64::deserialize(deserializer)?;
        Dollars::new(amount).map(Some).map_err(D::Error::custom)
    }
}

/// A text that is passed through unchanged; it must not be empty.
pub(super) mod name {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        name: &Option<String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        name.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<String>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.trim().is_empty() {
            let expected = &"a name; `cc-cli config unset` gives the default back";
            return Err(D::Error::invalid_value(Unexpected::Str(&text), expected));
        }
        Ok(Some(text))
    }
}

/// Hosts as Claude's sandbox takes them: `crates.io` or `*.npmjs.org`.
pub(super) fn domains<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let is_label = |label: &str| {
        let mut bytes = label.bytes();
        !label.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_domain = |text: &str| {
        text.strip_prefix("*.")
            .unwrap_or(text)
            .split('.')
            .all(is_label)
    };
    list(
        deserializer,
        is_domain,
        "hosts such as crates.io or *.npmjs.org",
    )
}

/// Directories: absolute, or below the home directory as `~/NAME`.
pub(super) fn directories<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    let is_directory = |text: &str| Path::new(text.strip_prefix("~").unwrap_or(text)).is_absolute();
    list(
        deserializer,
        is_directory,
        "absolute paths, or paths such as ~/.gradle",
    )
}

/// Paths of the workspace, but nothing that Git or Codex run: `.git`, `.codex`, `.agents`.
pub(super) fn unprotected<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<PathBuf>, D::Error> {
    let is_path = |text: &str| {
        let mut parts = Path::new(text).components();
        let is_plain = |part| match part {
            Component::Normal(name) => ![".git", ".codex", ".agents"]
                .iter()
                .any(|kept| name.eq_ignore_ascii_case(kept)),
            _ => false,
        };
        !text.is_empty() && parts.all(is_plain)
    };
    let expected = "relative paths such as .vscode; never .git, .codex or .agents";
    let texts = list(deserializer, is_path, expected)?;
    Ok(texts.into_iter().map(PathBuf::from).collect())
}

/// Names of environment variables, where `*` stands for any text.
pub(super) fn variables<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    let is_name = |text: &str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'*';
        text.bytes().all(is_part) && text.bytes().any(|byte| byte != b'*')
    };
    list(
        deserializer,
        is_name,
        "names of variables such as DATABASE_URL or MYAPP_*",
    )
}

fn list<'de, D: Deserializer<'de>>(
    deserializer: D,
    is_valid: impl Fn(&str) -> bool,
    expected: &'static str,
) -> Result<Vec<String>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    match texts.iter().find(|text| !is_valid(text)) {
        None => Ok(texts),
        Some(wrong) => Err(D::Error::invalid_value(Unexpected::Str(wrong), &expected)),
    }
}

pub(super) mod absolute_path {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        path: &Option<PathBuf>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        path.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if Path::new(&text).is_absolute() {
            return Ok(Some(PathBuf::from(text)));
        }
        Err(D::Error::invalid_value(
            Unexpected::Str(&text),
            &"an absolute path",
        ))
    }
}
