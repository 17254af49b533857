//! Whether two builds of one commit gave the same archives, and if not, what differs in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::archive::{self, Entry};
use super::commands::Done;
use super::release::Release;

/// Compares each archive with that in `other`.
pub(super) fn run(release: &Release, other: &Path) -> Done {
    let mut found = Vec::new();
    for target in release.archives() {
        let name = target.archive();
        let (here, there) = (release.out.join(&name), other.join(&name));
        if !there.is_file() {
            found.push(format!("{} is not there", there.display()));
            continue;
        }
        match differences(&here, &there)? {
            none if none.is_empty() => {
                println!("the same: {name} {}", archive::digest(&fs::read(&here)?));
            }
            some => found.extend(some.into_iter().map(|it| format!("{name}: {it}"))),
        }
    }
    match found.is_empty() {
        true => Ok(()),
        false => Err(found.join("\n").into()),
    }
}

/// What is not the same in two archives; nothing where each byte is.
fn differences(here: &Path, there: &Path) -> Done<Vec<String>> {
    if fs::read(here)? == fs::read(there)? {
        return Ok(Vec::new());
    }
    let [here, there] = [by_path(here)?, by_path(there)?];
    let mut found = Vec::new();
    for (path, entry) in &here {
        match there.get(path) {
            None => found.push(format!("{path} is only here")),
            Some(other) if other.is_program != entry.is_program => {
                found.push(format!("{path} has another mode"));
            }
            Some(other) => found.extend(difference(path, &entry.content, &other.content)),
        }
    }
    let only_there = there.keys().filter(|path| !here.contains_key(*path));
    found.extend(only_there.map(|path| format!("{path} is only there")));
    if found.is_empty() {
        found.push("the same files, packed in another way".to_owned());
    }
    Ok(found)
}

fn by_path(file: &Path) -> Done<BTreeMap<String, Entry>> {
    let entries = archive::read(file)?.into_iter();
    Ok(entries.map(|entry| (entry.path.clone(), entry)).collect())
}

fn difference(path: &str, here: &[u8], there: &[u8]) -> Option<String> {
    let pairs = || here.iter().zip(there);
    let differing = pairs().filter(|(a, b)| a != b).count();
    if differing == 0 && here.len() == there.len() {
        return None;
    }
    let first = pairs().position(|(a, b)| a != b);
    let first = first.unwrap_or(here.len().min(there.len()));
    let (long, longer) = (here.len(), there.len());
    Some(format!(
        "{path} has {long} bytes here and {longer} there; {differing} differ, the first at {first:#x}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::archive::Pack;

    #[test]
    fn what_differs_in_two_archives_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str, time, entries: &[(&str, &str)]| {
            let file = dir.path().join(name);
            let entry = |&(path, text): &(&str, &str)| {
                Entry::program(path.to_owned(), text.as_bytes().to_vec())
            };
            let entries = entries.iter().map(entry).collect();
            archive::write(&file, entries, time, Pack::Small).unwrap();
            file
        };
        let same = [("a", "one"), ("b", "two")];
        for kind in ["tar.gz", "zip"] {
            let here = make(&format!("here.{kind}"), 1, &same);
            let check = |time, entries: &[(&str, &str)], expected: &[&str]| {
                let there = make(&format!("there.{kind}"), time, entries);
                assert_eq!(differences(&here, &there).unwrap(), expected, "{kind}");
            };
            check(1, &same, &[]);
            check(
                1,
                &[("a", "ore"), ("b", "two2")],
                &[
                    "a has 3 bytes here and 3 there; 1 differ, the first at 0x1",
                    "b has 3 bytes here and 4 there; 0 differ, the first at 0x3",
                ],
            );
            check(
                1,
                &[("a", "one"), ("c", "two")],
                &["b is only here", "c is only there"],
            );
            if kind == "tar.gz" {
                let times = "the same files, packed in another way";
                check(2, &same, &[times]);
            }
        }
    }
}
