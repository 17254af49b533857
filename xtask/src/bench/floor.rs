//! Processes that do the work of a row without the product.

use std::error::Error;
use std::ffi::OsString;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::Command;

use wait4::Wait4;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    work: Work,
}

#[derive(Debug, clap::Subcommand)]
enum Work {
    /// Lists the names in a directory.
    List { dir: PathBuf },
    /// Runs a program, and prints the most memory that it or any it waited for had in use, in KiB.
    Peak {
        program: PathBuf,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

pub(crate) fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    match &args.work {
        Work::List { dir } => {
            let entries = std::fs::read_dir(dir).into_iter().flatten();
            let names: Vec<OsString> = entries.flatten().map(|entry| entry.file_name()).collect();
            black_box(names);
        }
        // In a small process: what a program is started from counts as memory that it had.
        Work::Peak { program, args } => {
            let null = std::process::Stdio::null;
            let mut command = Command::new(program);
            command
                .args(args)
                .stdin(null())
                .stdout(null())
                .stderr(null());
            let used = command.spawn()?.wait4()?;
            println!("{}", used.rusage.maxrss / 1024);
        }
    }
    Ok(())
}
