//! Tests make their executables with `cc_executable`: any other way, a test that starts one fails now
//! and then.

use std::fs;

use regex::Regex;

use super::maps;

/// The installer, which makes the binaries that it copies executable.
const SHIPPED: &str = "crates/cc-installer/src/files.rs";

#[test]
fn no_test_writes_an_executable_by_itself() {
    // A mode with which everybody may execute; for a directory, 0o700 does.
    let mode = Regex::new(r"mode\(\s*0o[0-7]*[1357]\s*\)").unwrap();
    let workspace = maps::workspace();
    let mut offenders = maps::source_files();
    offenders.retain(|file| {
        let text = fs::read_to_string(workspace.join(file)).unwrap();
        mode.is_match(&text)
    });
    assert_eq!(offenders, [SHIPPED], "use cc_executable::write there");
}
