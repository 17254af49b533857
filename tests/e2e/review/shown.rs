//! What of a working tree as people have it reaches Claude.

use serde_json::json;

use super::{fine, prompt};

#[test]
fn secrets_of_a_working_tree_do_not_reach_claude() {
    let sandbox = fine().with_change();
    sandbox.write(".env", "TOKEN=hunter2\n");
    sandbox.write("deploy/id_rsa", "hunter2\n");
    sandbox.write(".env.example", "TOKEN=put-yours-here\n");
    let output = sandbox.cc(["review"]).run().success();
    let prompt = prompt(&sandbox, 1);
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
    let sandbox = fine().with_change();
    sandbox.write(".env", "TOKEN=hunter2\n");
    sandbox.cc(["review", "--", ".env"]).run().success();
    let asked = prompt(&sandbox, 1);
    assert!(asked.contains("hunter2"), "{asked}");
    let set = ["config", "set", "diff.show_secrets", ".env,fixtures/*"];
    sandbox.cc(set).run().success();
    sandbox.cc(["review"]).run().success();
    let asked = prompt(&sandbox, 2);
    assert!(asked.contains("hunter2"), "{asked}");
}

#[test]
fn a_change_of_secrets_alone_says_why_there_is_no_diff() {
    let sandbox = fine();
    sandbox.write(".env", "TOKEN=hunter2\n");
    sandbox.cc(["review"]).run().success();
    let prompt = prompt(&sandbox, 1);
    assert!(!prompt.contains("too large"), "{prompt}");
    assert!(prompt.contains("No diff is included"), "{prompt}");
}

#[test]
fn a_review_of_a_part_says_which_part_and_what_it_leaves_out() {
    let sandbox = fine().with_change();
    sandbox.write("web/app.ts", "let app;\n");
    sandbox.write("web/dist/app.js", "let generated;\n");
    sandbox.write("web/dist/more.js", "let generated;\n");
    let args = ["review", "--json", "--", ".", ":!dist"];
    let report = sandbox.cc(args).cwd(sandbox.repo().join("web")).run();
    let report = report.success().json();
    let prompt = prompt(&sandbox, 1);
    assert!(prompt.contains("let app;"), "{prompt}");
    assert!(!prompt.contains("let generated;") && !prompt.contains("a - b"));
    let target = &report["target"];
    assert_eq!(
        target["label"],
        "uncommitted changes in `web`, without `web/dist`"
    );
    assert_eq!(target["paths"], json!(["web", ":!web/dist"]));
    let left_out = "2 changed files left out, as asked by `:!web/dist`";
    assert_eq!(report["notSeen"], json!([left_out]));
    let result = sandbox.cc(["result"]).run().success();
    for line in [
        "# Review of uncommitted changes in `web`, without `web/dist`",
        left_out,
    ] {
        assert!(result.stdout.contains(line), "{result}");
    }
}

#[test]
fn a_change_whose_files_are_all_left_out_gives_each_true_reason() {
    let sandbox = fine();
    sandbox.write(".gitattributes", "*.svg -diff\ngen/* linguist-generated\n");
    sandbox.commit("attributes");
    sandbox.write(".env", "TOKEN=hunter2\n");
    sandbox.write("logo.svg", "<svg/>\n");
    sandbox.write("gen/x.rs", "fn x() {}\n");
    sandbox.write("large.txt", "a line\n".repeat(20_000));
    sandbox.write("data.bin", b"\0");
    sandbox
        .cc(["config", "set", "diff.exclude", "*.lock"])
        .run()
        .success();
    sandbox.write("Cargo.lock", "version = 4\n");
    let output = sandbox.cc(["review"]).run().success();
    let prompt = prompt(&sandbox, 1);
    assert!(prompt.contains("No diff is included"), "{prompt}");
    for line in [
        "- .env: not shown: looks like a secret",
        "- logo.svg: not shown: `-diff` in .gitattributes",
        "- gen/x.rs: not shown: generated (`linguist-generated` in .gitattributes)",
        "- large.txt: too large (",
        "- data.bin: binary",
        "- Cargo.lock: not shown: kept out by `diff.exclude` or .cc.toml",
    ] {
        assert!(prompt.contains(line), "{line}: {prompt}");
        assert!(output.stdout.contains(line), "{line}: {output}");
    }
}
