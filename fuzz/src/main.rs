//! Runs libFuzzer on one of the targets; `cargo xtask fuzz` builds and starts it.
//!
//! What a target does is in the crate that it is about, in `fuzz.rs`, where a test repeats it with what is in
//! `corpus`.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

/// The variable that names the target.
const TARGET: &str = "CC_FUZZ_TARGET";

fn target() -> fn(&[u8]) {
    match std::env::var(TARGET).as_deref() {
        Ok("stream") => cc_claude::fuzz::stream,
        Ok("record") => cc_jobs::fuzz::record,
        Ok("settings") => cc_jobs::fuzz::settings,
        Ok("hook_input") => cc_hooks::fuzz::hook_input,
        Ok("codex_files") => cc_installer::fuzz::codex_files,
        Ok("git_output") => cc_git::fuzz::git_output,
        Ok("door") => cc_cli::fuzz::door,
        other => panic!("{TARGET} names no target: {other:?}"),
    }
}

fuzz_target!(|bytes: &[u8]| {
    static RUN: OnceLock<fn(&[u8])> = OnceLock::new();
    RUN.get_or_init(target)(bytes);
});
