//! A home directory that is a repository, as people have it who keep their settings in Git.

use cc_tests::{Sandbox, Scenario};

#[test]
fn a_rescue_below_such_a_home_does_not_take_all_of_it() {
    let sandbox = Sandbox::fake(&Scenario::says("Done."));
    let home = sandbox.home();
    sandbox.git_in(&home, ["init", "--quiet"]);
    let project = home.join("projects/x");
    std::fs::create_dir_all(&project).unwrap();
    let rescue = |args: &[&str]| sandbox.cc(args).cwd(&project).run();
    for access in ["--write", "--no-sandbox"] {
        let output = rescue(&["rescue", access, "do it"]);
        assert_eq!(output.status.code(), Some(2), "{}", output.stderr);
        assert!(
            output.stderr.contains("your whole home directory"),
            "{}",
            output.stderr
        );
        assert!(output.stderr.contains("git init"), "{}", output.stderr);
    }
    assert!(sandbox.claude_calls().is_empty());
    rescue(&["rescue", "--read-only", "look"]).success();
    let asked = sandbox
        .cc(["rescue", "--no-sandbox", "do it"])
        .cwd(&home)
        .run()
        .success();
    assert!(
        asked.stderr.contains("can change all files in it"),
        "{}",
        asked.stderr
    );
    sandbox.git_in(&project, ["init", "--quiet"]);
    let own = rescue(&["rescue", "--no-sandbox", "do it"]).success();
    assert!(!own.stderr.contains("home directory"), "{}", own.stderr);
}
