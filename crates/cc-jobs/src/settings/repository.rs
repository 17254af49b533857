//! What a repository may say of its reviews, in a file at its root.

use serde::Deserialize;
use toml_edit::{DocumentMut, Item};

/// The name of the file.
pub const REPOSITORY_FILE: &str = ".cc.toml";

/// The most that the file may hold, in bytes.
pub const REPOSITORY_FILE_LIMIT: usize = 64 << 10;

/// What a repository says of its reviews. Programs, models, budgets and trust are the user's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RepositorySettings {
    /// What a branch is compared with, where the user does not say.
    pub base: Option<String>,
    /// Patterns of files that are listed and not shown.
    pub exclude: Vec<String>,
    /// Wishes for reviews, as text.
    pub instructions: Option<String>,
}

/// Why the file of a repository is not used.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryFileError {
    /// It has something that is not its own to say.
    #[error("`{REPOSITORY_FILE}` of the repository may not set `{key}`")]
    NotItsOwn {
        /// The key, printable and cut.
        key: String,
    },
    /// It is not TOML, or has a wrong value.
    #[error("`{REPOSITORY_FILE}` of the repository is not valid: {source}")]
    Invalid {
        /// What is wrong, and where.
        source: Box<toml_edit::de::Error>,
    },
}

impl RepositorySettings {
    /// Reads the text of the file.
    ///
    /// # Errors
    /// When it is not valid, or has any other key.
    pub fn parse(text: &str) -> Result<Self, RepositoryFileError> {
        let invalid = |source| RepositoryFileError::Invalid {
            source: Box::new(source),
        };
        let document: DocumentMut = text
            .parse()
            .map_err(|error| invalid(toml_edit::de::Error::from(error)))?;
        let others = document
            .iter()
            .filter(|(key, _)| !["base", "exclude", "instructions"].contains(key));
        if let Some((key, item)) = others.into_iter().next() {
            let key = cc_core::text::one_line(&first_key(key, item), 80);
            return Err(RepositoryFileError::NotItsOwn { key });
        }
        toml_edit::de::from_document(document).map_err(invalid)
    }
}

/// `review.model` for the first key of a table.
fn first_key(key: &str, item: &Item) -> String {
    let inner = item
        .as_table_like()
        .and_then(|table| table.iter().next().map(|(key, _)| key.to_owned()));
    inner.map_or_else(|| key.to_owned(), |inner| format!("{key}.{inner}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_its_own_is_taken() {
        let text = "base = \"develop\"\nexclude = [\"dist\"]\ninstructions = \"Mind X.\"\n";
        let settings = RepositorySettings::parse(text).unwrap();
        assert_eq!(settings.base.as_deref(), Some("develop"));
        assert_eq!(settings.exclude, ["dist"]);
        assert_eq!(settings.instructions.as_deref(), Some("Mind X."));
        assert_eq!(
            RepositorySettings::parse("").unwrap(),
            RepositorySettings::default()
        );
        let check = |text: &str, expected: &str| {
            let error = RepositorySettings::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("model = \"x\"", "may not set `model`");
        check("[review]\nmodel = \"x\"", "may not set `review.model`");
        check("budget.per_day_usd = 1", "may not set `budget.per_day_usd`");
        check(
            "base = \"x\"\n[claude]\npath = \"/x\"",
            "may not set `claude.path`",
        );
        check("exclude = \"dist\"", "not valid");
        check("base = ", "not valid");
    }
}
