//! A record is damaged while its job runs: nothing that Claude does is lost, and nothing stays behind.

use std::fs;

use cc_core::Proc;
use cc_tests::Sandbox;

use super::{SOON, background, claude, hanging, waiting_for_go, worker};

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
pub(super) fn damage(sandbox: &Sandbox, which: usize) -> [Proc; 2] {
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
