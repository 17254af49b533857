//! `result --web`.

use std::os::unix::fs::PermissionsExt;

use super::{answering, finding, review};

#[test]
fn it_opens_the_page_in_the_browser_and_prune_removes_it() {
    let sandbox = answering(&review(&[finding("src/lib.rs", [2, 2], "b", "r")]));
    sandbox
        .cc(["adversarial-review", "--view-state", "defer"])
        .run()
        .success();
    let missing = sandbox.cc(["result", "--web"]).run().exits(1).stderr;
    assert!(
        missing.contains("there is no xdg-open") && missing.contains("Open this file"),
        "{missing}"
    );
    let script = format!(
        "#!/bin/sh\ncp \"$1\" {}/opened.html\n",
        sandbox.tmp().display()
    );
    cc_executable::write(sandbox.bin().join("xdg-open"), script);
    assert!(sandbox.record()["resultViewedAt"].is_null());
    let output = sandbox.cc(["result", "--web"]).run().success();
    assert!(
        output.stdout.is_empty() && output.stderr.starts_with("Opened review-"),
        "{output}"
    );
    let page = std::fs::read_to_string(sandbox.tmp().join("opened.html")).unwrap();
    assert!(
        page.starts_with("<!doctype html>") && page.contains("id=\"finding-1\""),
        "{page}"
    );
    assert!(sandbox.record()["resultViewedAt"].is_string());
    let kept = sandbox.state_dir().page(&sandbox.job());
    assert_eq!(
        std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777,
        0o600
    );
    sandbox
        .cc(["prune", "--yes", "--keep", "0"])
        .run()
        .success();
    assert!(!kept.exists());
}
