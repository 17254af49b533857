//! Ids: each its own type, built only by parsing or by making a fresh one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Time;

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid {what}: expected 1 to 128 characters of A-Z a-z 0-9 _ . -")]
pub struct InvalidId {
    /// What was expected, as people call it.
    pub what: &'static str,
    /// The refused text, cut to 80 characters.
    pub text: String,
}

/// The one alphabet of all ids. It also keeps them safe as file names: no separator, no leading
/// dot, no control character.
fn parse(what: &'static str, text: &str) -> Result<String, InvalidId> {
    let fits = (1..=128).contains(&text.len())
        && !text.starts_with('.')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    if fits {
        Ok(text.to_owned())
    } else {
        Err(InvalidId {
            what,
            text: text.chars().filter(|c| !c.is_control()).take(80).collect(),
        })
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses an id.
            ///
            /// # Errors
            /// When the text is empty, longer than 128 bytes or holds a character outside the alphabet.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                parse($what, text).map(Self)
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }
    };
}

id! {
    /// A job of ours: `review-<base36 time>-<random>` or `task-…`.
    JobId, "job id"
}
id! {
    /// A session of Codex, which owns the jobs started in it.
    SessionId, "session id"
}
id! {
    /// A thread of Claude: its session id on disk, what `claude --resume` takes.
    ThreadId, "thread id"
}

impl JobId {
    /// A fresh id: `prefix`, the time in base 36 milliseconds, 40 random bits in base 36.
    pub fn fresh(prefix: &str, now: Time) -> Self {
        let time = base36(now.as_millis().unsigned_abs());
        let random = base36(u64::from_le_bytes(random_bytes()) >> 24);
        Self(format!("{prefix}-{time}-{random:0>8}"))
    }

    /// When it was made, as it says; `None` where it is not of this form.
    pub fn made_at(&self) -> Option<Time> {
        let (_, rest) = self.0.split_once('-')?;
        let (time, _) = rest.split_once('-')?;
        i64::from_str_radix(time, 36).ok().map(Time::from_millis)
    }
}

impl ThreadId {
    /// A fresh id: a random UUID (version 4), which is what Claude Code asks for.
    pub fn fresh() -> Self {
        let mut bytes: [u8; 16] = random_bytes();
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let part = |range| &hex[range];
        Self(
            [
                part(0..8),
                part(8..12),
                part(12..16),
                part(16..20),
                part(20..32),
            ]
            .join("-"),
        )
    }
}

/// Bytes from the operating system's random source.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("every supported OS has a random source");
    bytes
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize]);
        number /= 36;
        if number == 0 {
            break;
        }
    }
    digits.iter().rev().map(|&b| char::from(b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_safe_file_names() {
        let long = "x".repeat(129);
        for bad in [
            "",
            ".",
            "..",
            ".hidden",
            "a/b",
            "a b",
            "a\nb",
            "é",
            long.as_str(),
        ] {
            assert!(SessionId::parse(bad).is_err(), "{bad:?}");
        }
        for good in [
            "a",
            "01a2023a-3d8f-7000",
            "review-mb3k2x-0a1b2c3d",
            "A_b.C-9",
        ] {
            assert_eq!(SessionId::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn fresh_ids_parse_and_differ() {
        let now = Time::from_millis(1_700_000_000_000);
        let (a, b) = (JobId::fresh("review", now), JobId::fresh("review", now));
        assert_ne!(a, b);
        assert!(a.as_str().starts_with("review-loyw3v28-"), "{a}");
        assert_eq!(JobId::parse(a.as_str()).unwrap(), a);
        assert_eq!(a.made_at(), Some(now));
        for other in ["task-notes", "a-b-c!", "one"] {
            let other = JobId::parse(&other.replace('!', ""));
            let made = other.unwrap().made_at();
            assert!(made.is_none_or(|at| at < now), "{made:?}");
        }
    }

    #[test]
    fn fresh_threads_are_random_uuids() {
        let (a, b) = (ThreadId::fresh(), ThreadId::fresh());
        assert_ne!(a, b);
        let text = a.as_str();
        let dashes: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!((text.len(), dashes), (36, vec![8, 13, 18, 23]));
        assert!(
            text[14..15] == *"4" && "89ab".contains(&text[19..20]),
            "{text}"
        );
    }

    #[test]
    fn a_refused_id_is_quoted_without_control_characters() {
        let error = JobId::parse("a\x1b[31m/b").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`a[31m/b` is not a valid job id: expected 1 to 128 characters of A-Z a-z 0-9 _ . -"
        );
    }
}
