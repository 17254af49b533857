//! What `cargo xtask fuzz` does with random bytes.

use cc_core::Env;

use crate::input::HookInput;

/// Reads the input of a hook: what is no input is an error of one line.
///
/// # Panics
/// When something is wrong.
pub fn hook_input(bytes: &[u8]) {
    let env = Env::fixed("/", "/bin/cc-hooks", [("PATH", "/bin")]);
    if let Err(error) = HookInput::read(&env, bytes) {
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
    }
}

#[cfg(test)]
#[test]
fn what_was_found_stays_fixed() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/hook_input");
    for file in std::fs::read_dir(corpus).unwrap() {
        hook_input(&std::fs::read(file.unwrap().path()).unwrap());
    }
}
