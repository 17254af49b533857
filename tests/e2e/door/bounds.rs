//! How much Codex's model may start, and what a worker takes for its own.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt, symlink};
#[cfg(unix)]
use std::process::Stdio;

use cc_tests::fake::Run;

use super::*;

/// A session whose jobs run until they are cancelled.
fn hanging() -> Sandbox {
    let runs = std::iter::repeat_with(Run::hangs).take(12);
    let sandbox = apart(&Scenario::runs(runs));
    remember(&sandbox, &sandbox.repo(), None);
    sandbox
}

#[test]
fn a_session_runs_so_many_jobs_at_once_and_no_more() {
    let sandbox = hanging();
    let start = || door(&sandbox, &["review", "--background"]);
    let calls: Vec<_> = (0..7).map(|_| start().spawn()).collect();
    let started = calls.into_iter().map(|call| call.wait());
    let (started, refused): (Vec<_>, Vec<_>) = started.partition(|call| call.stderr.is_empty());
    assert_eq!((started.len(), refused.len()), (4, 3), "{refused:?}");
    for output in refused {
        let output = output.exits(1);
        for part in ["4 jobs of this session still run", "jobs.max_per_session"] {
            assert!(output.stderr.contains(part), "{part}: {output}");
        }
    }
    assert_eq!(sandbox.records().len(), 4, "none is left behind");
    // Another repository of the session is no way around, nor another kind of job.
    let inner = sandbox.repo().join("inner");
    fs::create_dir(&inner).unwrap();
    sandbox.git_in(&inner, ["init", "--quiet"]);
    fs::write(inner.join("a"), "a").unwrap();
    start().cwd(&inner).run().exits(1);
    door(
        &sandbox,
        &["rescue", "--read-only", "--background", "Look."],
    )
    .run()
    .exits(1);
    // The user is not bounded, and decides.
    sandbox.cc(["review", "--background"]).run().success();
    let limit = ["config", "set", "jobs.max_per_session", "5"];
    sandbox.cc(limit).run().success();
    start().run().success();
    start().run().exits(1);
    let ended = started[0].stdout.split_whitespace();
    let id = ended.into_iter().find(|word| word.starts_with("review-"));
    let id = id.unwrap().trim_end_matches(|c: char| !c.is_alphanumeric());
    door(&sandbox, &["cancel", id]).run().success();
    start().run().success();
}

/// By links and modes.
#[test]
#[cfg(unix)]
fn a_worker_takes_no_job_that_somebody_made_up() {
    let sandbox = Sandbox::fake(&Scenario::says("x")).with_change();
    sandbox.cc(["review"]).run().success();
    let id = sandbox.record()["id"].as_str().unwrap().to_owned();
    let forged = sandbox.tmp().join("forged");
    let data = sandbox.data_dir();
    let copied = sandbox.command("/bin/cp".as_ref());
    copied
        .args(["-R".as_ref(), data.root(), &forged])
        .run()
        .success();
    let state = cc_core::DataDir::at(forged.clone());
    let state = state.state(&cc_core::Workspace::from_canonical(sandbox.repo()));
    let id = cc_core::JobId::parse(&id).unwrap();
    let record = state.record(&id);
    let text = fs::read_to_string(&record).unwrap();
    let mut job: Value = serde_json::from_str(&text).unwrap();
    job["status"] = "queued".into();
    fs::write(&record, job.to_string()).unwrap();
    let alive = state.alive(&id);
    let worker = |stdin: &Path| {
        let file = fs::File::options()
            .read(true)
            .write(true)
            .open(stdin)
            .unwrap();
        let mut worker = sandbox.cc(["worker", "--data"]).to_std();
        worker.arg(&forged).arg("--workspace").arg(sandbox.repo());
        let output = worker.arg(id.as_str()).stdin(Stdio::from(file)).output();
        let output = output.unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let elsewhere = sandbox.tmp().join("elsewhere");
    fs::write(&elsewhere, "").unwrap();
    let _ = fs::remove_file(&alive);
    symlink("/dev/stdin", &alive).unwrap();
    let told = worker(&elsewhere);
    assert!(told.contains("not this lock"), "{told}");
    fs::remove_file(&alive).unwrap();
    symlink(&elsewhere, &alive).unwrap();
    let told = worker(&elsewhere);
    assert!(told.contains("not this lock"), "{told}");
    fs::remove_file(&alive).unwrap();
    fs::write(&alive, "").unwrap();
    let open = fs::Permissions::from_mode(0o722);
    fs::set_permissions(&forged, open).unwrap();
    let told = worker(&alive);
    assert!(told.contains("every user may write it"), "{told}");
    let runs = sandbox.claude_calls();
    assert_eq!(runs.iter().filter(|call| call.is_run()).count(), 1);
}
