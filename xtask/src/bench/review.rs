//! What a review costs beside Claude and Git themselves.

use std::fs::{self, File};
use std::process::Stdio;
use std::time::{Duration, Instant};

use cc_tests::{Sandbox, Scenario};

use super::measure::{Bench, Build, Failed, millis, peak, processes, silent, wall};
#[cfg(target_os = "linux")]
use super::measure::{Subject, race};
use super::table::{Limit, Measured, Row, growth};

const RUNS: usize = 21;

/// Besides Claude and the calls of Git: the call, and the worker.
const OURS: usize = 2;

pub(super) fn rows(bench: &Bench) -> Measured {
    let dirty = Sandbox::fake(&Scenario::says("No findings.")).with_change();
    let branch = Sandbox::fake(&Scenario::says("No findings."));
    branch.write("src/lib.rs", "pub fn first() {}\n");
    branch.commit("Add it");
    branch.git(["switch", "--quiet", "--create", "feature"]);
    branch.write("src/lib.rs", "pub fn changed() {}\n");
    branch.commit("Change it");
    // What has just been written is not taken on trust.
    std::thread::sleep(Duration::from_secs(3));
    let mut rows = [
        row(bench, &dirty, "review of a dirty tree", 3, 6)?,
        row(bench, &branch, "review of a branch", 5, 8)?,
    ]
    .concat();
    rows.extend(sizes(bench)?);
    rows.push(shown(bench)?);
    Ok(rows)
}

/// Reviews of more and more changed files, each beside the calls of Git that read the same.
fn sizes(bench: &Bench) -> Measured {
    let mut rows = Vec::new();
    for files in [10, 100, 1_000] {
        let sandbox = Sandbox::fake(&Scenario::says("No findings."));
        let path = |n: usize| format!("src/part{}/file{n}.rs", n % 20);
        for n in 0..files {
            sandbox.write(&path(n), "pub fn some() {}\n".repeat(20));
        }
        sandbox.commit("Add files");
        for n in 0..files {
            sandbox.write(&path(n), format!("pub fn some() {{}}\n// {n}\n").repeat(10));
        }
        std::thread::sleep(Duration::from_secs(3));
        let name = format!("review of {files} changed files");
        rows.push(sized(bench, &sandbox, &name)?.of_size(files));
    }
    rows.push(growth("review: growth with files", &rows));
    Ok(rows)
}

fn sized(bench: &Bench, sandbox: &Sandbox, name: &str) -> Result<Row, Failed> {
    let review = |build: &Build| wall(&build.cc(sandbox, &["review"]));
    let status = ["status", "--porcelain=v2", "-z", "--untracked-files=all"];
    let calls: [&[&str]; 3] = [
        &status,
        &["diff", "--raw", "--numstat", "-z", "HEAD"],
        &["diff", "HEAD"],
    ];
    let floor = || -> Result<f64, Failed> {
        let mut sum = claude_alone(sandbox)?;
        for args in calls {
            let call = sandbox.command(&sandbox.bin().join("git"));
            sum += wall(&call.env("GIT_OPTIONAL_LOCKS", "0").args(args))?;
        }
        for _ in 0..OURS {
            sum += wall(&sandbox.command("/bin/true".as_ref()))?;
        }
        Ok(sum)
    };
    review(&bench.this)?;
    let samples = bench.race(RUNS, review, floor)?;
    let row = Row::timed(name, "ms", &samples, Limit::times(1.5));
    Ok(row.with_peak(peak(&bench.this.cc(sandbox, &["review"]))?))
}

/// From the end of Claude's process until the call shows the result.
#[cfg(target_os = "linux")]
fn shown(bench: &Bench) -> Result<Row, Failed> {
    use std::io::{self, Read};

    use cc_tests::eventually;
    use cc_tests::fake::{Run, Step};
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    let sandbox = Sandbox::fake(&Scenario::says("")).with_change();
    let go_on = sandbox.tmp().join("go-on");
    let run = Run::started().step(Step::Await(go_on.clone()));
    let run = run.text("No findings.").success("No findings.", None);
    sandbox.set_scenario(&Scenario::runs([run]));
    let time = |build: &Build| -> Result<f64, Failed> {
        let mut call = silent(&build.cc(&sandbox, &["review"]));
        let mut call = call.stdout(Stdio::piped()).spawn()?;
        let mut output = call.stdout.take().ok_or("no output")?;
        let pid = eventually(Duration::from_secs(10), "a run of Claude", || {
            let records = sandbox.records();
            let running = records.iter().find(|job| job["status"] == "running")?;
            running["claudePid"].as_i64()
        });
        let pid = Pid::from_raw(i32::try_from(pid)?).ok_or("no process")?;
        let claude = pidfd_open(pid, PidfdFlags::empty())?;
        fs::write(&go_on, "")?;
        poll(&mut [PollFd::new(&claude, PollFlags::IN)], None)?;
        let ended = Instant::now();
        output.read_exact(&mut [0])?;
        let taken = millis(ended.elapsed());
        io::copy(&mut output, &mut io::sink())?;
        call.wait()?;
        fs::remove_file(&go_on)?;
        Ok(taken)
    };
    let mut subjects: Vec<Subject<'_>> = vec![Box::new(|| time(&bench.this))];
    let samples = race(RUNS, &mut subjects)?;
    let name = "review: from the end of Claude to the shown result";
    Ok(Row::timed(name, "ms", &samples, Limit::AtMost(5.0)))
}

#[cfg(not(target_os = "linux"))]
fn shown(_: &Bench) -> Result<Row, Failed> {
    let name = "review: from the end of Claude to the shown result";
    Ok(Row::skipped(name, "needs Linux"))
}

/// A review beside the same number of processes that do as little as they can.
fn row(
    bench: &Bench,
    sandbox: &Sandbox,
    name: &str,
    git: usize,
    most: u64,
) -> Result<Vec<Row>, Failed> {
    let review = |build: &Build| wall(&build.cc(sandbox, &["review"]));
    let floor = || -> Result<f64, Failed> {
        let mut sum = claude_alone(sandbox)?;
        for _ in 0..git {
            let call = sandbox.command(&sandbox.bin().join("git"));
            sum += wall(&call.args(["rev-parse", "HEAD"]))?;
        }
        for _ in 0..OURS {
            sum += wall(&sandbox.command("/bin/true".as_ref()))?;
        }
        Ok(sum)
    };
    review(&bench.this)?;
    let samples = bench.race(RUNS, review, floor)?;
    let made = processes(sandbox, &bench.this.cc(sandbox, &["review"]))?;
    let row = Row::timed(name, "ms", &samples, Limit::times(1.5)).with_processes(made);
    let row = row.with_peak(peak(&bench.this.cc(sandbox, &["review"]))?);
    let count = format!("{name}: processes besides Claude's Git server");
    let count = match made {
        Some(made) => {
            let made = made.saturating_sub(1);
            Row::counted(count, "processes", made as f64, Limit::AtMost(most as f64))
        }
        None => Row::skipped(count, "strace cannot be used"),
    };
    Ok(vec![row, count])
}

/// The time of the fake Claude, called as the product calls it.
fn claude_alone(sandbox: &Sandbox) -> Result<f64, Failed> {
    let call = sandbox.wait_for_run(1, Duration::from_secs(5));
    let prompt = sandbox.tmp().join("prompt");
    fs::write(&prompt, &call.stdin)?;
    let mut command = silent(&sandbox.claude(&call.args));
    command.stdin(File::open(&prompt)?).stdout(Stdio::piped());
    let begun = Instant::now();
    command.output()?;
    Ok(millis(begun.elapsed()))
}
