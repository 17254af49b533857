//! `cargo xtask ci`: what has to hold before a change is done, from the quickest check on.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use cc_tests::cost::{self, Costs};
use cc_tests::peers::{ALL_HOSTS, EVERY_CLAUDE, EVERY_CODEX};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Tests with every pinned version of Codex and Claude Code instead what differs between them, which
    /// takes minutes.
    #[arg(long)]
    all_hosts: bool,
    /// Checks the code for Windows and macOS instead, and runs the unit tests of Windows with Wine, on Debian.
    #[arg(long, conflicts_with = "all_hosts")]
    platforms: bool,
}

/// A check: its name, the arguments of cargo, one variable.
type Step = (
    &'static str,
    &'static [&'static str],
    Option<(&'static str, &'static str)>,
);

const STEPS: &[Step] = &[
    ("format", &["fmt", "--all", "--check"], None),
    (
        "lints",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
        None,
    ),
    (
        "docs",
        &[
            "doc",
            "--workspace",
            "--no-deps",
            "--locked",
            "--document-private-items",
        ],
        Some(("RUSTDOCFLAGS", "-D warnings")),
    ),
    ("tests", &["test", "--workspace", "--locked"], None),
    #[cfg(target_os = "linux")]
    ("torture", &["xtask", "torture", "--seconds", "25"], None),
    ("packages", &["xtask", "package"], None),
    ("tour", &["xtask", "tour"], None),
    ("release", &["xtask", "dist", "--quick", "--check"], None),
];

/// The check of `--all-hosts`.
const VERSIONS: Step = (
    "versions",
    &[
        "test",
        "--locked",
        "-p",
        "cc-tests",
        "--test",
        "e2e",
        "--",
        "install::",
        "rescue::",
        "review_real::",
        "logins::",
    ],
    Some((ALL_HOSTS, "1")),
);

pub(crate) fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    if args.platforms {
        let script = root()?.join(".ci").join("platforms");
        return match Command::new(script).arg("--install").status()? {
            status if status.success() => Ok(()),
            status => Err(format!("the platforms failed with {status}").into()),
        };
    }
    if !args.all_hosts {
        return check(STEPS);
    }
    // Here, because a test that has to wait for npm looks as if it hung.
    for peer in EVERY_CODEX.iter().chain(EVERY_CLAUDE) {
        println!("{peer}\t{}", peer.ensure()?.display());
    }
    check(&[VERSIONS])
}

fn check(steps: &[Step]) -> Result<(), Box<dyn Error>> {
    let costs = root()?.join("target").join("test-costs");
    for &(name, args, variable) in steps {
        println!("== {name}: cargo {}", args.join(" "));
        // What an earlier run of the tests left.
        drop(fs::remove_file(&costs));
        let status = Command::new(env!("CARGO"))
            .args(args)
            .envs(variable)
            .env(cost::FILE, &costs)
            .status()?;
        if let Ok(costs) = Costs::read(&costs) {
            println!("what the end-to-end suites cost:\n{}", costs.report());
        }
        if !status.success() {
            return Err(format!("{name} failed with {status}").into());
        }
    }
    println!("== all {} checks passed", steps.len());
    Ok(())
}

fn root() -> Result<&'static Path, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    Ok(root.ok_or("xtask is not in a workspace")?)
}
