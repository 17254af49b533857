//! `cargo xtask ci`: what has to hold before a change is done, from the quickest check on.

use std::error::Error;
use std::process::Command;

/// A check: its name, the arguments of cargo, one variable.
type Step = (
    &'static str,
    &'static [&'static str],
    Option<(&'static str, &'static str)>,
);

const STEPS: [Step; 5] = [
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
    ("tour", &["xtask", "tour"], None),
];

pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    for (name, args, variable) in STEPS {
        println!("== {name}: cargo {}", args.join(" "));
        let status = Command::new(env!("CARGO"))
            .args(args)
            .envs(variable)
            .status()?;
        if !status.success() {
            return Err(format!("{name} failed with {status}").into());
        }
    }
    println!("== all {} checks passed", STEPS.len());
    Ok(())
}
