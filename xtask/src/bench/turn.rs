//! What the start and the end of each turn cost in a large repository, where the gate is on.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use cc_core::{Clock, Env};
use cc_git::{Fingerprint, Git, Repository};
use cc_tests::{Sandbox, Scenario};

use super::measure::{Failed, Subject, millis, race, wall};
use super::table::{Limit, Measured, Row, growth};

const RUNS: usize = 21;

pub(super) fn rows() -> Measured {
    let mut rows = nested()?;
    rows.extend(many_files()?);
    Ok(rows)
}

/// Fingerprints of more and more files, a clean tree and a dirty one.
fn many_files() -> Measured {
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

/// Several repositories in one working tree, each with a change.
fn nested() -> Measured {
    let mut rows = Vec::new();
    for repositories in [1, 8, 32] {
        let sandbox = Sandbox::fake(&Scenario::says("")).with_change();
        let dirs: Vec<PathBuf> = (0..repositories)
            .map(|n| sandbox.repo().join(format!("inner{n}")))
            .collect();
        for (n, dir) in dirs.iter().enumerate() {
            fs::create_dir_all(dir)?;
            sandbox.git_in(dir, ["init", "--quiet"]);
            for file in 0..20 {
                let path = format!("inner{n}/file{file}.rs");
                sandbox.write(&path, "pub fn some() {}\n".repeat(20));
            }
            sandbox.git_in(dir, ["add", "."]);
            sandbox.git_in(dir, ["commit", "--quiet", "--message", "Add files"]);
            sandbox.write(&format!("inner{n}/file0.rs"), "changed\n");
        }
        let name = format!("{repositories} repositories in one");
        let all = [vec![sandbox.repo()], dirs].concat();
        let limit = Limit::times(1.5);
        rows.push(row_of(&sandbox, &all, &name, limit)?.of_size(repositories));
    }
    rows.push(growth(
        "fingerprint of a turn: growth with repositories",
        &rows,
    ));
    Ok(rows)
}

fn source(n: usize) -> String {
    format!("src/part{}/deep/file{n}.rs", n % 200)
}

fn row(sandbox: &Sandbox, what: &str, limit: Limit) -> Result<Row, Failed> {
    row_of(sandbox, &[sandbox.repo()], what, limit)
}

/// A fingerprint beside what git alone takes, in all these repositories.
fn row_of(
    sandbox: &Sandbox,
    repositories: &[PathBuf],
    what: &str,
    limit: Limit,
) -> Result<Row, Failed> {
    // What was written just now is not taken on trust; in a turn that is a file or two.
    thread::sleep(Duration::from_secs(3));
    let args = [
        "status",
        "--porcelain=v2",
        "--branch",
        "-z",
        "--no-renames",
        "--untracked-files=all",
    ];
    let status = || -> Result<f64, Failed> {
        let mut sum = 0.0;
        for repository in repositories {
            let git = sandbox.command(&sandbox.bin().join("git"));
            // As in the product, or the first call would speed up those after it.
            let git = git.env("GIT_OPTIONAL_LOCKS", "0");
            sum += wall(&git.cwd(repository).args(args))?;
        }
        Ok(sum)
    };
    let mut subjects: Vec<Subject<'_>> = vec![Box::new(|| fingerprint(sandbox)), Box::new(status)];
    // What Git said of the configuration is kept only once that is old enough, and where there is a data directory.
    cc_core::fs::create_private_dir(sandbox.state_dir().root())?;
    fingerprint(sandbox)?;
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
    let call = sandbox.command("git".as_ref()).to_std();
    let set = |(name, value): (&OsStr, Option<&OsStr>)| Some((name.to_owned(), value?.to_owned()));
    let env = Env::fixed(sandbox.repo(), "/cc-hooks", call.get_envs().filter_map(set));
    let stored = sandbox.tmp().join("fingerprint.json");
    let begun = Instant::now();
    let previous: Option<Fingerprint> = match fs::read(&stored) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes)?),
        Err(_) => None,
    };
    let repository = Repository::discover(Git::locate(&env)?, &env.cwd)?;
    let next = repository.fingerprint(previous.as_ref(), Clock::System.now())?;
    cc_core::fs::write_transient(&stored, &serde_json::to_vec(&next)?)?;
    Ok(millis(begun.elapsed()))
}
