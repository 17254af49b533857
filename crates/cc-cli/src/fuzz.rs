//! What `cargo xtask fuzz` does with random bytes.

use clap::Parser;

use crate::args::door::{CHANGING, DoorCli, LOOKING, WORD};

/// Reads arguments of a call through the door, each ended by a NUL: what is accepted begins with a word of an
/// exec rule.
///
/// # Panics
/// When something is wrong.
pub fn door(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let args: Vec<&str> = text.split('\0').collect();
    match DoorCli::try_parse_from([WORD].iter().chain(&args)) {
        Ok(_) => assert!(
            LOOKING.contains(&args[0]) || CHANGING.contains(&args[0]),
            "{args:?}"
        ),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

#[cfg(test)]
#[test]
fn what_was_found_stays_fixed() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/door");
    for file in std::fs::read_dir(corpus).unwrap() {
        door(&std::fs::read(file.unwrap().path()).unwrap());
    }
}
