//! Records and directories of another user.

use std::os::unix::fs::chown;

use super::answering;

#[test]
fn what_belongs_to_another_user_is_neither_believed_nor_used() {
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
