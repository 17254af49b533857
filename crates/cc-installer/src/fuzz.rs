//! What `cargo xtask fuzz` does with random bytes.

use cc_plugin::Hook;

use crate::edit::{config, hooks_json, rules};

const ID: &str = "cc@cc-local";
const CLI: &str = "/home/dev/.codex/cc/bin/cc-cli";

/// Edits the user's files of Codex: what was done is undone, and done twice it is the same as once.
///
/// # Panics
/// When something is wrong.
pub fn codex_files(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let trust = config::entries(&text, ID, "cc-local").map_or(Vec::new(), |found| found.trust);
    if let Ok(without) = config::without(&text, ID, "cc-local", &trust) {
        let again = config::without(&without, ID, "cc-local", &trust);
        assert_eq!(again.expect("it was TOML before"), without);
    }
    let idle = config::without_idle_headers(&text);
    assert_eq!(config::without_idle_headers(&idle), idle);
    hooks(&text);
    let without = rules::without(&text, CLI);
    assert_eq!(rules::without(&without, CLI), without);
}

fn hooks(text: &str) {
    let program = "/opt/cc/cc-hooks".to_owned();
    let hook = Hook {
        event: "Stop".into(),
        command: format!("{program} stop"),
        timeout: 900,
    };
    let programs = [program];
    let hooks = [hook];
    if let Ok(merged) = hooks_json::merged(text, &hooks, &programs) {
        let again = hooks_json::merged(&merged, &hooks, &programs);
        assert_eq!(again.expect("it was JSON before"), merged);
        let without = hooks_json::without(&merged, &programs).expect("it was JSON before");
        let ours = hooks_json::ours(&without, &programs);
        assert!(ours.is_ok_and(|ours| ours.is_empty()), "{without}");
    }
}

#[cfg(test)]
#[test]
fn what_was_found_stays_fixed() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/codex_files");
    for file in std::fs::read_dir(corpus).unwrap() {
        codex_files(&std::fs::read(file.unwrap().path()).unwrap());
    }
}
