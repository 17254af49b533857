//! Codex's changes to `config.toml`, without what else it rewrote.
//!
//! Codex rewrites more than it is asked to: inline tables become tables, empty tables, line endings
//! and a byte order mark are lost. Its real changes are small, so they are repeated in the old text; if
//! that does not give the same data, Codex's text stays.

use std::collections::{BTreeMap, BTreeSet};

use cc_core::lines::{keep_endings, unix};
use serde_json::Value;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike};

use super::{meaning, parse, remove};

/// The tables in which Codex changes entries for us.
const TABLES: [&[&str]; 3] = [&["marketplaces"], &["plugins"], &["hooks", "state"]];

/// One entry that Codex added, changed or removed.
struct EntryChange<'a> {
    table: &'a [&'a str],
    key: String,
    /// Its new value; `None` if it was removed.
    now: Option<Table>,
}

/// `after`, which Codex made from `before`, with everything else as in `before`.
#[must_use]
pub(crate) fn kept(before: &str, after: &str) -> String {
    let plain = keep_endings(before, after);
    let changes = changes(before, after);
    let untouched = changes.iter().try_fold(unix(before), |text, change| {
        remove(&text, &change.path()).ok()
    });
    if untouched.is_some_and(|untouched| has_lines_of(&plain, &untouched)) {
        return plain;
    }
    let again = changes
        .iter()
        .try_fold(unix(before), |text, change| change.make(&text));
    match again {
        Some(again) if full(&again) == full(after) => keep_endings(before, &again),
        _ => plain,
    }
}

/// Whether `text` has the lines of `old`, in their order.
fn has_lines_of(text: &str, old: &str) -> bool {
    let text = unix(text);
    let mut lines = text.lines();
    let mut old = old.lines().filter(|line| !line.trim().is_empty());
    old.all(|old| lines.any(|line| line == old))
}

fn changes(before: &str, after: &str) -> Vec<EntryChange<'static>> {
    let read = |text: &str| parse(&unix(text)).unwrap_or_default();
    let (before, after) = (read(before), read(after));
    let mut changes = Vec::new();
    for table in TABLES {
        let (was, now) = (entries(&before, table), entries(&after, table));
        let said = |entry: Option<&Table>| entry.map(|entry| meaning(&entry.to_string()));
        let keys: BTreeSet<&str> = was.keys().chain(now.keys()).copied().collect();
        let changed = keys
            .into_iter()
            .filter(|key| said(was.get(key)) != said(now.get(key)));
        changes.extend(changed.map(|key| EntryChange {
            table,
            key: key.to_owned(),
            now: now.get(key).cloned(),
        }));
    }
    changes
}

/// The entries of a table that are tables, in whatever syntax, without spaces and comments around.
fn entries<'a>(document: &'a DocumentMut, table: &[&str]) -> BTreeMap<&'a str, Table> {
    let item = table
        .iter()
        .try_fold(document.as_item(), |item, key| item.get(key));
    let entries = item.and_then(Item::as_table_like);
    let bare = |entry: &dyn TableLike| {
        let mut bare = Table::new();
        for (key, value) in entry.iter() {
            if let Some(value) = value.as_value() {
                bare.insert(key, Item::Value(value.clone().decorated(" ", "")));
            }
        }
        bare
    };
    let entries = entries.into_iter().flat_map(TableLike::iter);
    entries
        .filter_map(|(key, entry)| Some((key, bare(entry.as_table_like()?))))
        .collect()
}

impl EntryChange<'_> {
    fn path(&self) -> Vec<&str> {
        let key = std::iter::once(self.key.as_str());
        self.table.iter().copied().chain(key).collect()
    }

    /// Makes the change in another text; `None` if that is not possible.
    fn make(&self, text: &str) -> Option<String> {
        let without = remove(text, &self.path()).ok()?;
        let Some(now) = &self.now else {
            return Some(without);
        };
        let structural = self.insert(&without, now.clone())?;
        let appended = self.append(&without, now.clone());
        // Codex writes a table at the end, but an inline table can only be extended in place.
        let same = meaning(&appended).is_some_and(|said| meaning(&structural) == Some(said));
        Some(if same { appended } else { structural })
    }

    fn append(&self, text: &str, table: Table) -> String {
        let mut document = DocumentMut::new();
        let mut parent = document.as_table_mut();
        for key in self.table {
            let mut implicit = Table::new();
            implicit.set_implicit(true);
            let item = parent.entry(key).or_insert(Item::Table(implicit));
            let Some(inner) = item.as_table_mut() else {
                return text.to_owned();
            };
            parent = inner;
        }
        parent.insert(&self.key, Item::Table(table));
        let gap = match text {
            "" => "",
            text if text.ends_with('\n') => "\n",
            _ => "\n\n",
        };
        format!("{text}{gap}{document}")
    }

    fn insert(&self, text: &str, table: Table) -> Option<String> {
        let mut document = parse(text).ok()?;
        let mut parent: &mut dyn TableLike = document.as_table_mut();
        for key in self.table {
            let item = parent
                .entry(key)
                .or_insert_with(|| Item::Value(InlineTable::new().into()));
            parent = item.as_table_like_mut()?;
        }
        let inline = Item::Value(table.into_inline_table().into());
        parent.insert(&self.key, inline);
        Some(document.to_string())
    }
}

/// The data of a document without empty tables.
fn full(text: &str) -> Option<Value> {
    fn prune(value: &mut Value) {
        if let Value::Object(entries) = value {
            entries.values_mut().for_each(prune);
            entries.retain(|_, value| value.as_object().is_none_or(|entries| !entries.is_empty()));
        }
    }
    let mut value = meaning(&unix(text))?;
    prune(&mut value);
    Some(value)
}
