//! What the start and the end of each turn cost in a large repository, where the gate is on.

use std::error::Error;
use std::fs::{self, File};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use cc_core::{Clock, Env};
use cc_git::{Fingerprint, Git, Repository};
use cc_tests::{Sandbox, Scenario};

use super::measure::{median, millis, wall};
use super::table::{Measured, Row};

const FILES: usize = 20_000;

/// How many files are modified, and how many are new.
const EDITED: usize = 2_500;

const RUNS: usize = 21;

pub(super) fn rows() -> Measured {
    let sandbox = Sandbox::fake(&Scenario::says(""));
    for n in 0..FILES {
        let path = source(n);
        sandbox.write(&path, format!("pub const N: usize = {n};\n").repeat(20));
        // Files as old as in most repositories: git reads young ones again and again.
        File::options()
            .append(true)
            .open(sandbox.repo().join(path))?
            .set_modified(UNIX_EPOCH)?;
    }
    sandbox.commit("Add many files");
    let clean = row(&sandbox, "20,000 files, clean", 1.25, 4.0)?;
    for n in 0..EDITED {
        let edited = "pub const N: usize = 0;\n".repeat(20);
        sandbox.write(&source(n * (FILES / EDITED)), &edited);
        sandbox.write(&format!("new/{}/{n}.rs", n % 50), &edited);
    }
    let edited = row(&sandbox, "2,500 modified and 2,500 new", 1.5, 10.0)?;
    Ok(vec![clean, edited])
}

fn source(n: usize) -> String {
    format!("src/part{}/deep/file{n}.rs", n % 200)
}

/// At most so many times what git alone takes, and so many milliseconds.
fn row(sandbox: &Sandbox, what: &str, times: f64, more: f64) -> Result<Row, Box<dyn Error>> {
    let status = || {
        let git = sandbox.command(&sandbox.bin().join("git"));
        // As in the product, or the first call would speed up those after it.
        let git = git.env("GIT_OPTIONAL_LOCKS", "0");
        wall(&git.cwd(sandbox.repo()).args(["status", "--porcelain=v2"]))
    };
    let floor = median(RUNS, status)?;
    // What was written just now is not taken on trust; in a turn that is a file or two.
    thread::sleep(Duration::from_secs(3));
    let took = median(RUNS, || fingerprint(sandbox))?;
    let operation = format!("fingerprint of a turn, {what}");
    Ok(Row::at_most(operation, "ms", took, times * floor + more).with_floor(floor))
}

/// The milliseconds of all that happens at a prompt: the last fingerprint is read, the next is
/// taken and stored.
fn fingerprint(sandbox: &Sandbox) -> Result<f64, Box<dyn Error>> {
    let mut env = Env::from_process()?;
    env.cwd = sandbox.repo();
    let stored = sandbox.tmp().join("fingerprint.json");
    let begun = Instant::now();
    let previous: Option<Fingerprint> = match fs::read(&stored) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes)?),
        Err(_) => None,
    };
    let repository = Repository::discover(Git::locate(&env)?, &env.cwd)?;
    let next = repository.fingerprint(previous.as_ref(), Clock::System.now())?;
    cc_core::fs::write_atomic(&stored, &serde_json::to_vec(&next)?)?;
    Ok(millis(begun.elapsed()))
}
