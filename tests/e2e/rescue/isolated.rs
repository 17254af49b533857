//! Work trees of their own: what becomes of them when something comes in between.

use cc_tests::Sandbox;
use cc_tests::fake::Scenario;

#[test]
fn without_a_commit_it_says_what_to_do() {
    let sandbox = Sandbox::fake(&Scenario::says("Done."));
    let args = ["rescue", "--isolated", "--no-sandbox", "task"];
    let refused = sandbox.cc(args).run().exits(2);
    assert!(refused.stderr.contains("make a first one"), "{refused}");
    assert!(!refused.stderr.contains("--scope"), "{refused}");
}
