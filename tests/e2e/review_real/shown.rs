//! What of a working tree as people have it reaches Claude.

use cc_tests::{MessagesApi, Sandbox, Turn};

use super::SOON;

#[test]
fn secrets_of_a_working_tree_do_not_reach_claude() {
    let api = MessagesApi::start([Turn::text("Fine.")]);
    let sandbox = Sandbox::real(&api).with_change();
    sandbox.write(".env", "TOKEN=hunter2\n");
    sandbox.write("deploy/id_rsa", "hunter2\n");
    sandbox.write(".env.example", "TOKEN=put-yours-here\n");
    let output = sandbox.cc(["review"]).run().success();
    let prompt = api.wait_for_request(1, SOON).prompt();
    assert!(!prompt.contains("hunter2"), "{prompt}");
    assert!(prompt.contains("put-yours-here"));
    assert!(prompt.contains("open none of these files"));
    for path in [".env", "deploy/id_rsa"] {
        let line = format!("- {path}: not shown: looks like a secret");
        assert!(output.stdout.contains(&line), "{}", output.stdout);
        assert!(prompt.contains(&line));
    }
}

#[test]
fn the_user_can_show_what_looks_like_a_secret() {
    let api = MessagesApi::start([Turn::text("Fine."), Turn::text("Fine.")]);
    let sandbox = Sandbox::real(&api).with_change();
    sandbox.write(".env", "TOKEN=hunter2\n");
    sandbox.cc(["review", "--", ".env"]).run().success();
    let prompt = api.wait_for_request(1, SOON).prompt();
    assert!(prompt.contains("hunter2"), "{prompt}");
    let set = ["config", "set", "diff.show_secrets", ".env,fixtures/*"];
    sandbox.cc(set).run().success();
    sandbox.cc(["review"]).run().success();
    let prompt = api.wait_for_request(2, SOON).prompt();
    assert!(prompt.contains("hunter2"), "{prompt}");
}

#[test]
fn a_change_of_secrets_alone_says_why_there_is_no_diff() {
    let api = MessagesApi::start([Turn::text("Fine.")]);
    let sandbox = Sandbox::real(&api);
    sandbox.write(".env", "TOKEN=hunter2\n");
    sandbox.cc(["review"]).run().success();
    let prompt = api.wait_for_request(1, SOON).prompt();
    assert!(!prompt.contains("too large"), "{prompt}");
    assert!(prompt.contains("No diff is included"), "{prompt}");
}
