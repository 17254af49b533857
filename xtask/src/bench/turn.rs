//! What the start and the end of each turn cost in a large repository, where the gate is on.

use std::fs::{self, File};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use cc_core::{Clock, Env};
use cc_git::{Fingerprint, Git, Repository};
use cc_tests::{Sandbox, Scenario};

use super::measure::{Failed, Subject, millis, race, wall};
use super::table::{Limit, Measured, Row, growth};

const RUNS: usize = 21;

pub(super) fn rows() -> Measured {
    let mut rows = Vec::new();
    for (files, edited) in [(2_000, 250), (20_000, 2_500), (100_000, 2_500)] {
        let sandbox = Sandbox::fake(&Scenario::says(""));
        for n in 0..files {
            let path = source(n);
            sandbox.write(&path, format!("pub const N: usize = {n};\n").repeat(20));
            // Files as old as in most repositories: git reads young ones again and again.
            File::options()
                .append(true)
                .open(sandbox.repo().join(path))?
                .set_modified(UNIX_EPOCH)?;
        }
        sandbox.commit("Add many files");
        let clean = Limit::Floor {
            times: 1.15,
            plus: 2.0,
        };
        rows.push(row(&sandbox, &format!("{files} files, clean"), clean)?.of_size(files));
        for n in 0..edited {
            let text = "pub const N: usize = 0;\n".repeat(20);
            sandbox.write(&source(n * (files / edited)), &text);
            sandbox.write(&format!("new/{}/{n}.rs", n % 50), &text);
        }
        let name = format!("{files} files, {edited} modified and {edited} new");
        rows.push(row(&sandbox, &name, Limit::times(1.5))?);
    }
    let clean: Vec<Row> = rows.iter().step_by(2).cloned().collect();
    rows.push(growth("fingerprint of a turn: growth with files", &clean));
    Ok(rows)
}

fn source(n: usize) -> String {
    format!("src/part{}/deep/file{n}.rs", n % 200)
}

/// A fingerprint beside what git alone takes.
fn row(sandbox: &Sandbox, what: &str, limit: Limit) -> Result<Row, Failed> {
    // What was written just now is not taken on trust; in a turn that is a file or two.
    thread::sleep(Duration::from_secs(3));
    let status = || {
        let git = sandbox.command(&sandbox.bin().join("git"));
        // As in the product, or the first call would speed up those after it.
        let git = git.env("GIT_OPTIONAL_LOCKS", "0");
        wall(&git.cwd(sandbox.repo()).args(["status", "--porcelain=v2"]))
    };
    let mut subjects: Vec<Subject<'_>> = vec![Box::new(|| fingerprint(sandbox)), Box::new(status)];
    let samples = race(RUNS, &mut subjects)?;
    Ok(Row::timed(
        format!("fingerprint of a turn, {what}"),
        "ms",
        &samples,
        limit,
    ))
}

/// The milliseconds of all that happens at a prompt: the last fingerprint is read, the next is
/// taken and stored.
fn fingerprint(sandbox: &Sandbox) -> Result<f64, Failed> {
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
