//! The flag that enables hooks in old versions of Codex, and its earlier value.

use toml_edit::{Item, TableLike};

use super::super::EditError;
use super::{parse, remove};
use cc_core::lines::{keep_endings, unix};

/// The state of the flag before we set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FlagBefore {
    /// Its value; `None` if it was not set.
    pub(crate) value: Option<bool>,
    /// Whether its table existed.
    pub(crate) table: bool,
}

const FLAG: (&str, &str) = ("features", "codex_hooks");

/// `text` with the flag set, and its state before.
pub(crate) fn with_flag(text: &str) -> Result<(String, FlagBefore), EditError> {
    let (table, key) = FLAG;
    let mut document = parse(&unix(text))?;
    let before = FlagBefore {
        value: document
            .get(table)
            .and_then(|table| table.get(key))
            .and_then(Item::as_bool),
        table: document.contains_key(table),
    };
    if before.value == Some(true) {
        return Ok((text.to_owned(), before));
    }
    let Some(features) = document.get_mut(table) else {
        // The form that `remove` undoes: one blank line, then the table.
        let mut edited = unix(text);
        if !edited.is_empty() {
            edited.push_str(if edited.ends_with('\n') { "\n" } else { "\n\n" });
        }
        edited.push_str(&format!("[{table}]\n{key} = true\n"));
        return Ok((keep_endings(text, &edited), before));
    };
    let features = features.as_table_like_mut().ok_or(EditError::Shape {
        line: 1,
        expected: "a table `features`",
    })?;
    set(features, key, true);
    Ok((keep_endings(text, &document.to_string()), before))
}

/// `text` with the flag in its earlier state.
pub(crate) fn with_flag_restored(text: &str, before: FlagBefore) -> Result<String, EditError> {
    let (table, key) = FLAG;
    let lf = unix(text);
    let mut document = parse(&lf)?;
    let Some(features) = document.get_mut(table).and_then(Item::as_table_like_mut) else {
        return Ok(text.to_owned());
    };
    if features.get(key).and_then(Item::as_bool) != Some(true) {
        return Ok(text.to_owned());
    }
    if let Some(value) = before.value {
        set(features, key, value);
        return Ok(keep_endings(text, &document.to_string()));
    }
    let alone = features.len() == 1;
    let edited = if alone && !before.table {
        remove(&lf, &[table])?
    } else {
        features.remove(key);
        document.to_string()
    };
    Ok(keep_endings(text, &edited))
}

/// Sets a value in place, so that the comment behind it stays.
fn set(table: &mut dyn TableLike, key: &str, value: bool) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(known) => {
            let decor = known.decor().clone();
            *known = value.into();
            *known.decor_mut() = decor;
        }
        None => {
            table.insert(key, toml_edit::value(value));
        }
    }
}
