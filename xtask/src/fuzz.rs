//! `cargo xtask fuzz`: libFuzzer on everything that reads what others wrote.
//!
//! Without nightly: what libFuzzer needs of the compiler are flags of LLVM. New inputs go to `target/fuzz/NAME`;
//! what breaks something goes to the corpus, which the tests of the crate repeat.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The targets; each has a directory of this name in `fuzz/corpus`.
const TARGETS: [&str; 7] = [
    "stream",
    "record",
    "settings",
    "hook_input",
    "codex_files",
    "git_output",
    "door",
];

/// The variable that tells the fuzzer its target.
const TARGET: &str = "CC_FUZZ_TARGET";

/// What a run reaches, for libFuzzer.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these
    #[arg(value_parser = TARGETS)]
    targets: Vec<String>,
    /// How long each target runs
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

pub(crate) fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("xtask is not in a workspace")?;
    let (dir, target_dir) = (root.join("fuzz"), root.join("target/fuzz"));
    // The versions that the product has.
    fs::copy(root.join("Cargo.lock"), dir.join("Cargo.lock"))?;
    // With a target, build scripts and macros do without the flags.
    let host = host()?;
    let built = Command::new(env!("CARGO"))
        .args(["build", "--target", &host, "--target-dir"])
        .arg(&target_dir)
        .env("RUSTFLAGS", FLAGS)
        .current_dir(&dir)
        .status()?;
    if !built.success() {
        return Err("the targets do not build; libFuzzer needs a C++ compiler".into());
    }
    let fuzzer = target_dir.join(host).join("debug").join("cc-fuzz");
    let chosen = TARGETS.iter().filter(|name| {
        args.targets.is_empty() || args.targets.iter().any(|target| target == *name)
    });
    let mut failed = Vec::new();
    for name in chosen {
        println!("== {name}");
        let (found, corpus) = (
            target_dir.join("found").join(name),
            dir.join("corpus").join(name),
        );
        fs::create_dir_all(&found)?;
        let status = Command::new(&fuzzer)
            .arg(&found)
            .arg(&corpus)
            .arg(format!("-max_total_time={}", args.seconds))
            .arg(format!("-artifact_prefix={}/", corpus.display()))
            .args([
                "-max_len=8192",
                "-timeout=20",
                "-rss_limit_mb=2048",
                "-verbosity=0",
            ])
            .arg("-print_final_stats=1")
            .env(TARGET, name)
            .current_dir(&target_dir)
            .status()?;
        if !status.success() {
            failed.push(*name);
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!("something is wrong, see fuzz/corpus: {}", failed.join(", ")).into()),
    }
}

/// The triple of this machine.
fn host() -> Result<String, Box<dyn Error>> {
    let said = Command::new("rustc").arg("-vV").output()?.stdout;
    let said = String::from_utf8(said)?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc does not name its host")?.to_owned())
}
