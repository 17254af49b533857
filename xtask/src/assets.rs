//! `cargo xtask assets`: the manual pages and completions of the product, for packages of it.

use std::error::Error;
use std::path::PathBuf;
use std::process::Command;

/// What to write.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The directory to write below, as if it were /usr/share.
    dir: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let call = ["run", "--quiet", "--locked", "--package", "cc-installer"];
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(call)
        .args(["--bin", "cc-installer", "--", "assets"]);
    let status = cargo.arg(&args.dir).status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("cc-installer ended with {status}").into()),
    }
}
