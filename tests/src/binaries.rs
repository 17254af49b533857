//! The real binaries, built once in each process with the profile of the test.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use cc_core::Env;

/// The programs of the product.
pub const PROGRAMS: [&str; 3] = ["cc-cli", "cc-hooks", "cc-installer"];

/// The directory that holds [`PROGRAMS`], all built from the package that ships them, with its features.
///
/// # Panics
/// When they do not build.
pub fn product() -> &'static Path {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| build(&["-p", "cc-installer", "--bins"]))
}

/// The scripted stand-in for Claude.
///
/// # Panics
/// When it does not build.
pub fn fake_claude() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| scripted("fake-claude"))
}

/// The scripted stand-in for Codex.
///
/// # Panics
/// When it does not build.
pub fn fake_codex() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| scripted("fake-codex"))
}

/// A program of this package.
fn scripted(name: &str) -> PathBuf {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let running = Running::of_this_process();
    let beside = running.profile_dir.join(&file);
    // `cargo test` and nextest build the binaries of a package before its tests.
    if running.is_test && beside.exists() {
        return beside;
    }
    build(&["-p", "cc-tests", "--bin", name]).join(file)
}

/// An example of a package.
///
/// # Panics
/// When it does not build.
#[must_use]
pub fn example(package: &str, name: &str) -> PathBuf {
    let examples = build(&["-p", package, "--example", name]).join("examples");
    examples.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// The variable that says the same as [`are_built`], where the system of the tests has no cargo.
const ARE_BUILT: &str = "CC_TEST_ARE_BUILT";

/// Whether nothing is to be built.
static BUILT: AtomicBool = AtomicBool::new(false);

/// Takes what is in the directory of the profile, which the caller has just built.
pub fn are_built() {
    BUILT.store(true, Ordering::Relaxed);
}

fn build(what: &[&str]) -> PathBuf {
    let Running { profile_dir, .. } = Running::of_this_process();
    if BUILT.load(Ordering::Relaxed) || is_set(ARE_BUILT) {
        return profile_dir;
    }
    let profile = match profile_dir.file_name().and_then(OsStr::to_str) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let target_dir = profile_dir
        .parent()
        .expect("a profile's directory is in the target directory");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--profile", profile])
        .arg("--target-dir")
        .arg(target_dir)
        .args(what)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the cargo that built this can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "cargo build {what:?} failed:\n{said}"
    );
    profile_dir
}

fn is_set(name: &str) -> bool {
    let env = Env::from_process().expect("the test has a directory");
    env.var(name).is_some()
}

/// The place of the running binary in the target directory.
struct Running {
    profile_dir: PathBuf,
    /// In `deps`, so built by `cargo test`.
    is_test: bool,
}

impl Running {
    fn of_this_process() -> Self {
        let env = Env::from_process().expect("the running binary has a path");
        let dir = env.exe.parent().expect("a file is in a directory");
        let is_test = dir.file_name() == Some(OsStr::new("deps"));
        let is_example = dir.file_name() == Some(OsStr::new("examples"));
        let profile_dir = if is_test || is_example {
            dir.parent()
        } else {
            Some(dir)
        };
        Self {
            profile_dir: profile_dir.expect("deps is in a directory").to_owned(),
            is_test,
        }
    }
}
