//! `config`: what can be set, and what a mistake says.

use std::fs;

use cc_tests::{Sandbox, Scenario};

fn answering() -> Sandbox {
    Sandbox::fake(&Scenario::says("Done.")).with_change()
}

#[test]
fn each_command_has_its_own_and_what_is_typed_comes_first() {
    let sandbox = answering();
    for (key, value) in [
        ("review.model", "m-review"),
        ("rescue.model", "m-rescue"),
        ("rescue.effort", "e-rescue"),
        ("rescue.max_budget_usd", "2.5"),
    ] {
        sandbox.cc(["config", "set", key, value]).run().success();
    }
    let ran = |args: &[&str]| {
        sandbox.cc(args).run().success();
        sandbox.claude_calls().pop().unwrap()
    };
    let run = ran(&["rescue", "--read-only", "look"]);
    let report = sandbox.cc(["result"]).run().success();
    assert!(report.stdout.contains("(requested: m-rescue)"), "{report}");
    assert_eq!(run.flag("--model"), Some("m-rescue"));
    assert_eq!(run.flag("--effort"), Some("e-rescue"));
    assert_eq!(run.flag("--max-budget-usd"), Some("2.5"));
    assert_eq!(ran(&["review"]).flag("--model"), Some("m-review"));
    let typed = ["rescue", "--read-only", "--model", "typed", "look"];
    assert_eq!(ran(&typed).flag("--model"), Some("typed"));

    let listed = sandbox
        .cc(["config", "list", "--json"])
        .run()
        .success()
        .json();
    let settings = listed["settings"].as_array().unwrap();
    let entry = |key: &str| settings.iter().find(|entry| entry["key"] == key).unwrap();
    assert_eq!(entry("rescue.model")["value"], "m-rescue");
    assert_eq!(entry("rescue.model")["origin"], "file");
    assert_eq!(entry("adversarial_review.model")["origin"], "default");

    sandbox
        .cc(["config", "unset", "review.model"])
        .run()
        .success();
    assert_eq!(ran(&["review"]).flag("--model"), None);
}

#[test]
fn a_mistake_in_the_file_is_named_with_its_line_and_starts_nothing() {
    for (text, line, word) in [
        ("[review]\nmodle = \"x\"\n", "line 2", "modle"),
        ("# mine\n\n[reveiw]\n", "line 3", "reveiw"),
        ("[rescue]\ntimeout = true\n", "line 2", "timeout"),
        ("[rescue]\ntimeout = \"soon\"\n", "line 2", "soon"),
        ("[gate]\nmax_rounds = \"two\"\n", "line 2", "two"),
        ("[review\n", "line 1", "config.toml"),
    ] {
        let sandbox = answering();
        let path = sandbox.data_dir().settings();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        for command in [["review", "--json"], ["config", "list"]] {
            let refused = sandbox.cc(command).run().exits(2);
            assert!(refused.stderr.contains(line), "{text:?}: {refused}");
            assert!(refused.stderr.contains(word), "{text:?}: {refused}");
        }
        assert!(sandbox.records().is_empty());
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "left alone");
    }
}

#[test]
fn a_mistake_on_the_command_line_changes_nothing() {
    let sandbox = answering();
    let set = |key: &str, value: &str| sandbox.cc(["config", "set", key, value]).run();
    set("review.timeout", "90s").success();
    let path = sandbox.data_dir().settings();
    let before = fs::read_to_string(&path).unwrap();
    let unknown = set("review.modl", "x").exits(2);
    assert!(
        unknown.stderr.contains("Did you mean `review.model`"),
        "{unknown}"
    );
    set("review.timeout", "soon").exits(2);
    set("budget.per_day_usd", "-1").exits(2);
    set("claude.path", "relative/claude").exits(2);
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    let shown = sandbox.cc(["config", "path"]).run().success();
    assert_eq!(shown.stdout.trim(), path.to_str().unwrap());
    let value = sandbox.cc(["config", "get", "review.timeout"]).run();
    assert_eq!(value.success().stdout, "90s\n");
    sandbox.cc(["config", "get", "review.model"]).run().exits(1);
}
