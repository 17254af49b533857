//! One type name, one meaning: no two modules of what is shipped define a type of the same name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use syn::Item;

use super::cycles::is_test;
use super::maps;

/// What the errors of a crate are called in each.
const IN_EACH_CRATE: &str = "Error";

#[test]
fn each_type_has_a_name_of_its_own() {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut files = maps::source_files();
    files.retain(|file| is_shipped(file));
    for file in files {
        let text = fs::read_to_string(maps::workspace().join(&file)).unwrap();
        for name in types(&syn::parse_file(&text).unwrap().items) {
            // Forms for other systems stand in one file.
            found.entry(name).or_default().insert(file.clone());
        }
    }
    assert!(found.len() > 300, "only {} types", found.len());
    found.retain(|name, files| name != IN_EACH_CRATE && files.len() > 1);
    assert!(found.is_empty(), "names with two meanings: {found:#?}");
}

fn is_shipped(file: &str) -> bool {
    let is_test = file.contains("/tests/") || file.ends_with("/tests.rs");
    let is_kit = file.starts_with("crates/cc-executable/");
    let is_source = file.contains("/src/") || file.starts_with("plugin/");
    (file.starts_with("crates/") || file.starts_with("plugin/")) && is_source && !is_test && !is_kit
}

/// The names of the types among these items, those of tests left out.
fn types(items: &[Item]) -> Vec<String> {
    let mut names = Vec::new();
    for item in items {
        let (attributes, name) = match item {
            Item::Struct(item) => (&item.attrs, &item.ident),
            Item::Enum(item) => (&item.attrs, &item.ident),
            Item::Trait(item) => (&item.attrs, &item.ident),
            Item::Type(item) => (&item.attrs, &item.ident),
            Item::Mod(item) if !is_test(&item.attrs) => {
                let inner = item.content.iter().flat_map(|(_, items)| types(items));
                names.extend(inner);
                continue;
            }
            _ => continue,
        };
        if !is_test(attributes) {
            names.push(name.to_string());
        }
    }
    names
}
