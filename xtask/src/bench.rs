//! `cargo xtask bench`: the speed and size of the product against its limits.
//!
//! Each row is a median of a release build on this machine, beside its floor (the same work with
//! nothing of ours in it) and another build if there is one, all measured in turn. A fake Claude answers at
//! once, so that what is measured is ours; only the size of the first request takes the real one.
//! Limits that are missed are named at the end, and the task fails.

pub(crate) mod floor;
mod hooks;
mod idle;
mod measure;
mod request;
mod review;
mod size;
mod status;
mod stream;
mod table;
mod turn;

use std::error::Error;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use cc_core::IoError;
use cc_core::fs::remove_if_there;
use cc_tests::binaries::{self, PROGRAMS};
use clap::ValueEnum;

use measure::{Bench, Build};
use table::Row;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Measures another build beside this one: a directory with its three binaries.
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Prints a table for docs/performance.md.
    #[arg(long)]
    markdown: bool,
    /// Measures a build without optimizations, to try the benchmark itself.
    #[arg(long, hide = true)]
    unoptimized: bool,
    /// Takes the binaries beside this one as they are.
    #[arg(long, hide = true)]
    built: bool,
    /// What to measure instead of everything.
    groups: Vec<Group>,
}

/// Rows that are measured together, in this order: where many files were made and removed, ext4 takes longer for each
/// save in the next seconds, so those that make many are the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Group {
    /// Hooks with nothing to do, and with the gate on.
    Hooks,
    /// What a review costs beyond Claude's own time.
    Review,
    /// A long stream through the worker.
    Stream,
    /// A worker whose Claude says nothing.
    Idle,
    /// The first request to the model.
    Request,
    /// The binaries.
    Size,
    /// What the gate costs at a prompt.
    Turn,
    /// `status` over many jobs.
    Status,
}

pub(crate) fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    match (args.built, args.unoptimized) {
        (true, _) => binaries::are_built(),
        (false, true) => {}
        (false, false) => return run_release_build(),
    }
    let groups = match args.groups.as_slice() {
        [] => Group::value_variants(),
        some => some,
    };
    let bench = Bench {
        this: Build::this(),
        against: args.against.as_deref().map(other_build).transpose()?,
    };
    let mut rows = Vec::new();
    for group in groups {
        let begun = Instant::now();
        rows.extend(group.rows(&bench));
        let name = group.to_possible_value().map(|it| it.get_name().to_owned());
        let name = name.unwrap_or_default();
        eprintln!("measured {name} in {:.0} s", begun.elapsed().as_secs_f64());
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else if args.markdown {
        print!("{}", table::markdown(&rows));
    } else {
        print!("{}", table::table(&rows));
    }
    let missed: Vec<String> = rows.iter().filter_map(Row::missed).collect();
    match missed.as_slice() {
        [] => Ok(()),
        missed => Err(format!("limits missed:\n  {}", missed.join("\n  ")).into()),
    }
}

impl Group {
    /// Its rows. What goes wrong in one group is a row, and does not cost the others.
    fn rows(self, bench: &Bench) -> Vec<Row> {
        let measured = catch_unwind(AssertUnwindSafe(|| match self {
            Group::Status => status::rows(bench),
            Group::Hooks => hooks::rows(bench),
            Group::Turn => turn::rows(),
            Group::Review => review::rows(bench),
            Group::Stream => stream::rows(bench),
            Group::Idle => idle::rows(),
            Group::Request => request::rows(),
            Group::Size => size::rows(bench),
        }));
        let why = match measured {
            Ok(Ok(rows)) => return rows,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it panicked".to_owned(),
        };
        vec![Row::failed(format!("{self:?}"), &why)]
    }
}

/// The build in `dir`, copied as this one is.
fn other_build(dir: &Path) -> Result<Build, IoError> {
    let copy = binaries::product().join("against");
    copy_programs(dir, &copy, &PROGRAMS)?;
    Ok(Build::at(copy))
}

/// Starts over in a release build: the floors that we measure are our own code too.
fn run_release_build() -> Result<(), Box<dyn Error>> {
    let exe = cc_core::Env::from_process()?.exe;
    let target = exe
        .parent()
        .and_then(Path::parent)
        .ok_or("no target directory")?;
    // The product last and by itself: Cargo gives libraries the features that any package of a build asks for.
    for packages in [&["xtask", "cc-tests"][..], &["cc-installer"]] {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--release", "--bins"]);
        build.args(packages.iter().flat_map(|package| ["--package", package]));
        build.arg("--target-dir").arg(target);
        if !build.status()?.success() {
            return Err("the release build did not succeed".into());
        }
    }
    let dir = target.join("bench");
    copy_programs(&target.join("release"), &dir, &PROGRAMS)?;
    copy_programs(&target.join("release"), &dir, &["xtask", "fake-claude"])?;
    let xtask = format!("xtask{}", std::env::consts::EXE_SUFFIX);
    let status = Command::new(dir.join(xtask))
        .args(std::env::args_os().skip(1))
        .arg("--built")
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err("see above".into()),
    }
}

/// Copies programs, as an installation does: what a linker has just written starts 5 to 10 % slower.
fn copy_programs(from: &Path, to: &Path, names: &[&str]) -> Result<(), IoError> {
    fs::create_dir_all(to).map_err(IoError::at("create directory", to))?;
    for name in names {
        let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        let (from, to) = (from.join(&name), to.join(&name));
        let from = fs::canonicalize(&from).map_err(IoError::at("find", &from))?;
        if fs::canonicalize(&to).is_ok_and(|to| to == from) {
            continue;
        }
        // A new file: the old one may be running.
        remove_if_there(&to)?;
        fs::copy(&from, &to).map_err(IoError::at("copy", &from))?;
    }
    Ok(())
}
