//! A record is damaged while its job runs: nothing that Claude does is lost, and nothing stays behind.

use std::fs;

use cc_core::Proc;
use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario};

use super::left_running::{claude, kill_and_await, worker};
use super::{SOON, answering, background, hanging, waiting_for_go};

/// What a disk, an editor or a synchronizer makes of a file.
fn damages(record: &[u8]) -> [Vec<u8>; 4] {
    let another_worker = String::from_utf8_lossy(record).replacen("\"pid\": ", "\"pid\": 9", 1);
    [
        Vec::new(),
        record[..record.len() / 2].to_vec(),
        [record, &vec![b' '; 33 << 20]].concat(),
        another_worker.into_bytes(),
    ]
}

/// Damages the record of the job, which Claude works on; gives its processes.
fn damage(sandbox: &Sandbox, which: usize) -> [Proc; 2] {
    sandbox.wait_for_run(1, SOON);
    let processes = [worker(sandbox), claude(sandbox)];
    let path = sandbox.state_dir().record(&sandbox.job());
    let damaged = &damages(&fs::read(&path).unwrap())[which];
    fs::write(&path, damaged).unwrap();
    processes
}

#[test]
fn a_job_whose_record_is_damaged_can_be_cancelled() {
    for which in 0..3 {
        let sandbox = hanging();
        let id = background(&sandbox);
        let [_, claude] = damage(&sandbox, which);
        sandbox.cc(["cancel", &id]).run().success();
        assert!(!claude.is_running(), "{which}");
        assert_eq!(sandbox.record()["status"], "cancelled");
        sandbox.wait_quiet(SOON);
    }
}

#[test]
fn a_job_whose_record_is_damaged_keeps_its_result() {
    for which in 0..4 {
        let sandbox = waiting_for_go();
        let id = background(&sandbox);
        damage(&sandbox, which);
        sandbox.write("go", "");
        sandbox.cc(["wait", &id]).run().success();
        let result = sandbox.cc(["result", &id]).run().success();
        assert!(result.stdout.contains("Fine."), "{which}: {result}");
        assert_eq!(sandbox.record()["title"], "Review of uncommitted changes");
    }
}

#[test]
fn what_runs_for_a_job_without_worker_and_record_is_ended_by_the_next_reader() {
    let leaves = Step::Grandchild {
        holds_output: false,
    };
    let hangs = Run::started().step(leaves).step(Step::Hang);
    for (which, by_id) in [(0, true), (1, false), (2, false)] {
        let run = hangs.clone().ignoring_signals();
        let sandbox = Sandbox::fake(&Scenario::runs([run])).with_change();
        let id = background(&sandbox);
        cc_tests::eventually(SOON, "what Claude leaves", || sandbox.grandchildren().pop());
        let [worker, claude] = damage(&sandbox, which);
        kill_and_await(&[worker]);
        assert!(claude.is_running());
        match by_id {
            true => drop(sandbox.cc(["cancel", &id]).run()),
            false => drop(sandbox.cc(["status"]).run().success()),
        }
        assert!(!claude.is_running(), "{which} {by_id}");
        sandbox.wait_quiet(SOON);
    }
}

#[test]
fn what_belongs_to_another_user_is_neither_believed_nor_used() {
    use std::os::unix::fs::chown;
    if !rustix::process::geteuid().is_root() {
        eprintln!("not tested: only root can give a file away");
        return;
    }
    let sandbox = answering();
    sandbox.cc(["review"]).run().success();
    let id = sandbox.job();
    let refused = |args: &[&str]| {
        let refused = sandbox.cc(args).run();
        assert!(
            refused.stderr.contains("it belongs to another user"),
            "{refused}"
        );
        refused
    };
    let record = sandbox.state_dir().record(&id);
    chown(&record, Some(12_345), None).unwrap();
    refused(&["result", id.as_str()]).exits(3);
    refused(&["rescue", "--from", id.as_str()]).exits(3);
    let listed = refused(&["status"]).success();
    assert!(!listed.stdout.contains(id.as_str()), "{listed}");
    chown(&record, Some(0), None).unwrap();
    sandbox.cc(["result", id.as_str()]).run().success();

    let root = sandbox.data_dir().root().to_owned();
    chown(&root, Some(12_345), None).unwrap();
    for args in [&["review"][..], &["status"], &["result", id.as_str()]] {
        refused(args).exits(3);
    }
    chown(&root, Some(0), None).unwrap();
    assert_eq!(sandbox.records().len(), 1);
}
