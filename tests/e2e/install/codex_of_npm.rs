//! npm installs Codex on Windows as a script beside `node_modules`.

use std::fs;

use serde_json::json;

use super::*;

#[test]
fn a_codex_that_is_a_batch_file_is_found_and_used() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        let before = fs::read_to_string(sandbox.codex_home().join("config.toml")).unwrap();
        let real = sandbox.root().join("codex.exe");
        fs::rename(sandbox.codex_file(), &real).unwrap();
        let script = format!("@ECHO off\r\n\"{}\" %*\r\n", real.display());
        fs::write(sandbox.bin().join("codex.cmd"), script).unwrap();
        let sandbox = sandbox.installed();
        let status = sandbox.installation();
        assert_eq!(status["problems"], json!([]), "{codex}: {status:#}");
        let path = status["codex"]["path"].as_str().unwrap();
        assert!(path.ends_with("codex.cmd"), "{codex}: {status:#}");
        sandbox.installer(["uninstall", "--yes"]).run().success();
        let after = fs::read_to_string(sandbox.codex_home().join("config.toml")).unwrap();
        assert_eq!(after, before, "{codex}");
    }
}
