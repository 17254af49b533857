//! The project's own tasks: `cargo xtask --help`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a terminal is where tasks report"
)]

mod assets;
mod bench;
mod ci;
mod dist;
#[cfg(unix)]
mod drift;
#[cfg(target_os = "linux")]
mod fuzz;
mod package;
mod peers;
#[cfg(target_os = "linux")]
mod pictures;
#[cfg(target_os = "linux")]
mod torture;
mod tour;

use std::process::ExitCode;

use clap::Parser;

/// Tasks of the project.
#[derive(Debug, Parser)]
enum Task {
    /// Measures the product against its limits, in a release build.
    Bench(bench::Args),
    /// The work of a row of the benchmark without the product, as a process.
    #[command(hide = true)]
    Floor(bench::floor::Args),
    /// Runs every check in order and stops at the first that fails.
    Ci(ci::Args),
    /// Test what works with which versions of Codex and Claude Code.
    #[cfg(unix)]
    Drift(drift::Args),
    /// Shows the product at work, without any account.
    Tour,
    /// Makes the pictures of the README.
    #[cfg(target_os = "linux")]
    Pictures,
    /// Writes the manual pages and completions of the product, for packages of it.
    Assets(assets::Args),
    /// Makes the archives and packages of a release.
    Dist(dist::Args),
    /// Makes the packages, and installs the product from nothing but them.
    Package,
    /// Kills, races, fills and damages the product, and checks what is left.
    #[cfg(target_os = "linux")]
    Torture(torture::Args),
    /// Feeds random bytes to what reads foreign input, led by what they reach.
    #[cfg(target_os = "linux")]
    Fuzz(fuzz::Args),
    /// Installs the pinned `claude` and `codex` into target/peers and prints where they are.
    Peers(peers::Args),
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Bench(args) => bench::run(&args),
        Task::Floor(args) => bench::floor::run(&args),
        Task::Ci(args) => ci::run(&args),
        #[cfg(unix)]
        Task::Drift(args) => drift::run(&args),
        Task::Tour => tour::run(),
        #[cfg(target_os = "linux")]
        Task::Pictures => pictures::run(),
        Task::Assets(args) => assets::run(&args),
        Task::Dist(args) => dist::run(&args),
        Task::Package => package::run(),
        #[cfg(target_os = "linux")]
        Task::Torture(args) => torture::run(&args),
        #[cfg(target_os = "linux")]
        Task::Fuzz(args) => fuzz::run(&args),
        Task::Peers(args) => peers::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
