//! The entries about us in Codex's `config.toml`, and their removal.
//!
//! Codex writes its entries itself. We remove those it leaves behind (trust in hooks), all of them if
//! Codex is gone, and set the one flag that old versions need.

pub(crate) mod flag;
pub(crate) mod kept;

use toml_edit::{DocumentMut, Item, TableLike, TomlError};

use super::{EditError, line_at};
use cc_core::lines::{keep_endings, unix};

/// The entries of `config.toml` about our plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConfigEntries {
    /// Whether the plugin is enabled, if it has an entry.
    pub(crate) enabled: Option<bool>,
    /// The path of our marketplace, if it has an entry.
    pub(crate) marketplace: Option<String>,
    /// The keys of all trusted hooks, ours and others.
    pub(crate) trust: Vec<String>,
    /// The digests of the trusted contents of our plugin.
    pub(crate) contents: Vec<String>,
}

/// Reads the entries about the plugin `id` of `marketplace`.
pub(crate) fn entries(text: &str, id: &str, marketplace: &str) -> Result<ConfigEntries, EditError> {
    let document = parse(&unix(text))?;
    let at = |path: &[&str]| {
        path.iter()
            .try_fold(document.as_item(), |item, key| item.get(key))
    };
    let trust = at(&["hooks", "state"]).and_then(Item::as_table_like);
    let plugin = at(&["plugins", id]);
    let mut contents: Vec<String> = trust
        .into_iter()
        .flat_map(TableLike::iter)
        .filter(|(key, _)| is_of(id, key))
        .filter_map(|(_, state)| Some(state.get("trusted_content_hash")?.as_str()?.to_owned()))
        .collect();
    contents.dedup();
    Ok(ConfigEntries {
        contents,
        enabled: plugin.map(|plugin| {
            plugin
                .get("enabled")
                .and_then(Item::as_bool)
                .unwrap_or(true)
        }),
        marketplace: at(&["marketplaces", marketplace]).map(|known| {
            known
                .get("source")
                .and_then(Item::as_str)
                .unwrap_or_default()
                .to_owned()
        }),
        trust: trust
            .into_iter()
            .flat_map(TableLike::iter)
            .map(|(key, _)| key.to_owned())
            .collect(),
    })
}

/// Whether a trust key belongs to a hook of the plugin `id`.
pub(crate) fn is_of(id: &str, key: &str) -> bool {
    key.strip_prefix(id)
        .is_some_and(|rest| rest.starts_with(':'))
}

/// `text` without the plugin `id`, its `marketplace` and the given trust keys.
pub(crate) fn without(
    text: &str,
    id: &str,
    marketplace: &str,
    trust: &[String],
) -> Result<String, EditError> {
    let mut edited = unix(&without_trust(text, trust)?);
    let known = entries(text, id, marketplace)?;
    if known.enabled.is_some() {
        edited = remove(&edited, &["plugins", id])?;
    }
    if known.marketplace.is_some() {
        edited = remove(&edited, &["marketplaces", marketplace])?;
    }
    Ok(as_before(text, edited))
}

/// `text` without the given trust keys.
pub(crate) fn without_trust(text: &str, trust: &[String]) -> Result<String, EditError> {
    let was = unix(text);
    let mut edited = was.clone();
    for key in trust {
        edited = remove(&edited, &["hooks", "state", key])?;
    }
    if edited != was {
        // Codex adds empty parent tables to trust.
        for path in [["hooks", "state"].as_slice(), &["hooks"]] {
            if is_empty_table(&edited, path)? {
                edited = remove(&edited, path)?;
            }
        }
    }
    Ok(as_before(text, edited))
}

/// `edited` with the line endings of `text`; `text` itself if nothing was edited.
fn as_before(text: &str, edited: String) -> String {
    if edited == unix(text) {
        text.to_owned()
    } else {
        keep_endings(text, &edited)
    }
}

/// `text` without headers of trust tables that have only subtables: Codex adds one to the trust of
/// others when it adds ours. A text that is not TOML is returned unchanged.
#[must_use]
pub(crate) fn without_idle_headers(text: &str) -> String {
    let mut edited = text.to_owned();
    for path in [["hooks", "state"].as_slice(), &["hooks"]] {
        let is_idle = parse(&edited).is_ok_and(|document| {
            let item = path
                .iter()
                .try_fold(document.as_item(), |item, key| item.get(key));
            let table = item.and_then(Item::as_table);
            table.is_some_and(|table| table.iter().all(|(_, item)| item.is_table()))
        });
        if is_idle {
            edited = cut_lines(&edited, path);
        }
    }
    edited
}

fn is_empty_table(text: &str, path: &[&str]) -> Result<bool, EditError> {
    let document = parse(text)?;
    let item = path
        .iter()
        .try_fold(document.as_item(), |item, key| item.get(key));
    Ok(item
        .and_then(Item::as_table_like)
        .is_some_and(TableLike::is_empty))
}

/// `text` without the table at `path`.
///
/// `toml_edit` would also remove the comments above the table. So its lines are cut out if that gives
/// the same document, and `toml_edit` is used only if not.
fn remove(text: &str, path: &[&str]) -> Result<String, EditError> {
    let mut document = parse(text)?;
    let Some((last, parents)) = path.split_last() else {
        return Ok(text.to_owned());
    };
    // Not `Item::get_mut`, which creates missing items.
    let parent = parents
        .iter()
        .try_fold(document.as_item_mut(), |item, key| {
            item.as_table_like_mut()?.get_mut(key)
        });
    let removed = parent
        .and_then(Item::as_table_like_mut)
        .and_then(|parent| parent.remove(last));
    if removed.is_none() {
        return Ok(text.to_owned());
    }
    let structural = document.to_string();
    let by_lines = cut_lines(text, path);
    Ok(if meaning(&by_lines) == meaning(&structural) {
        by_lines
    } else {
        structural
    })
}

/// `text` without the lines of the table at `path`, and one blank line before it.
fn cut_lines(text: &str, path: &[&str]) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_ours = |line: &&str| header(line).is_some_and(|found| found == path);
    let Some(mut start) = lines.iter().position(is_ours) else {
        return text.to_owned();
    };
    let body = lines[start + 1..]
        .iter()
        .take_while(|line| !line.trim_start().starts_with('['));
    let says = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let length = body
        .enumerate()
        .filter(|(_, line)| says(line))
        .last()
        .map_or(0, |(at, _)| at + 1);
    let mut end = start + 1 + length;
    let is_blank = |at: usize| lines.get(at).is_some_and(|line| line.trim().is_empty());
    if start > 0 && is_blank(start - 1) {
        start -= 1;
    } else if start == 0 && is_blank(end) {
        end += 1;
    }
    [&lines[..start], &lines[end..]].concat().concat()
}

/// The path of a table header.
fn header(line: &str) -> Option<Vec<String>> {
    if !line.trim_start().starts_with('[') || line.trim_start().starts_with("[[") {
        return None;
    }
    let document: DocumentMut = line.parse().ok()?;
    let mut path = Vec::new();
    let mut table = document.as_table();
    while let Some((key, Item::Table(inner))) = table.iter().next() {
        path.push(key.to_owned());
        table = inner;
    }
    Some(path)
}

/// The data of a document, in whatever syntax it is written.
fn meaning(text: &str) -> Option<serde_json::Value> {
    toml_edit::de::from_str(text).ok()
}

fn parse(text: &str) -> Result<DocumentMut, EditError> {
    text.parse().map_err(|error: TomlError| EditError::Syntax {
        line: error.span().map_or(1, |span| line_at(text, span.start)),
        reason: error.message().to_owned(),
    })
}

#[cfg(test)]
mod tests;
