//! Names that some file system takes for others: HFS+ and APFS ignore case, invisible characters and whether an
//! accent is a character of its own, NTFS case, dots and spaces at the end, what follows a colon, and has short names.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::RepoPath;

/// What is matched of a name in its short form on NTFS, `CLAUDE~1`.
const SHORT: usize = 6;

impl RepoPath {
    /// The parts of the path in the one form that all their aliases have; a backslash parts them too.
    pub fn folded(&self) -> Vec<String> {
        let parts = self
            .as_bytes()
            .split(|byte| matches!(byte, b'/' | b'\\'))
            .map(folded);
        parts.collect()
    }
}

/// The form that all aliases of a name have, but for short ones.
fn folded(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let seen = text.nfd().filter(|c| !is_ignored(*c));
    // As Unicode folds case, with what is another letter in each of them.
    let folded = seen
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase);
    let folded: String = folded.flat_map(char::to_lowercase).nfd().collect();
    let plain = folded
        .find(':')
        .map_or(folded.as_str(), |colon| &folded[..colon]);
    match plain.trim_end_matches(['.', ' ']) {
        // `.` and `..` are no names, and neither is what begins with a colon.
        "" => folded,
        plain => plain.to_owned(),
    }
}

/// A name with each accent in one character with its letter (NFC), as Git for macOS reads it from the file system and
/// as models write it; the file system may keep it in two (NFD).
#[must_use]
pub fn composed(name: &str) -> Cow<'_, str> {
    match is_nfc_quick(name.chars()) {
        IsNormalized::Yes => name.into(),
        IsNormalized::No | IsNormalized::Maybe => name.nfc().collect::<String>().into(),
    }
}

/// Whether a folded name is, or may be the short form of, the name `known`, which is folded too.
pub fn is_alias(folded: &str, known: &str) -> bool {
    folded == known || is_short(folded, known)
}

fn is_short(folded: &str, known: &str) -> bool {
    let stem = |name: &str| -> String {
        let name = name.trim_start_matches('.');
        let plain = name.chars().take_while(|c| *c != '.');
        plain.take(SHORT).collect()
    };
    let Some((start, rest)) = folded.split_once('~') else {
        return false;
    };
    rest.starts_with(|c: char| c.is_ascii_digit()) && !start.is_empty() && start == stem(known)
}

/// What HFS+ leaves out of names: joiners, marks of direction, the byte order mark.
fn is_ignored(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_git(name: &str) -> bool {
        let parts = RepoPath::new(name.as_bytes()).folded();
        parts.iter().any(|part| is_alias(part, ".git"))
    }

    #[test]
    fn every_name_that_leads_to_git() {
        for name in [
            ".git",
            ".GIT",
            ".GiT/config",
            "a/.git/hooks/x",
            ".g\u{200c}it/config",
            "\u{feff}.git",
            ".git ",
            ".git . .",
            ".git::$INDEX_ALLOCATION/config",
            ".git:stream",
            "git~1/config",
            "GIT~12",
            "a\\.git\\config",
        ] {
            assert!(is_git(name), "{name:?}");
        }
        for name in [
            ".gitignore",
            ".github/x",
            "git",
            "a.git",
            "digit~1",
            "~1",
            "git~",
            ".",
            ":",
            "",
        ] {
            assert!(!is_git(name), "{name:?}");
        }
        assert_eq!(
            folded("caf\u{e9}".as_bytes()),
            folded("CAFE\u{301}".as_bytes())
        );
        // Letters that become others in some file system.
        assert_eq!(folded("\u{17f}.\u{212a}".as_bytes()), "s.k");
        assert!(is_alias("vscode~1", ".vscode") && is_alias("mcp~1.jso", ".mcp.json"));
    }

    #[test]
    fn an_accent_is_part_of_its_letter() {
        for (name, expected) in [
            ("cafe\u{301}.rs", "caf\u{e9}.rs"),
            ("caf\u{e9}.rs", "caf\u{e9}.rs"),
            ("cafe.rs", "cafe.rs"),
        ] {
            assert_eq!(composed(name), expected);
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(name in "\\PC{0,12}") {
            let once = folded(name.as_bytes());
            prop_assert_eq!(folded(once.as_bytes()), once);
        }

        #[test]
        fn case_and_what_is_not_seen_change_nothing(name in "[.a-zA-Z0-9]{0,11}[a-zA-Z0-9]", tail in "[. ]{0,3}") {
            let other = format!("{}\u{200d}{tail}", name.to_ascii_uppercase());
            prop_assert_eq!(folded(other.as_bytes()), folded(name.as_bytes()));
        }
    }
}
