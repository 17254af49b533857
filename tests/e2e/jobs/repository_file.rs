//! `.cc.toml`: what a repository may say of its reviews.

use cc_tests::{Sandbox, Scenario};
use insta::assert_snapshot;
use serde_json::{Value, json};

/// A repository on a branch, with this file on its default branch.
fn with_file(text: &str) -> Sandbox {
    let sandbox = Sandbox::fake(&Scenario::says("Fine."));
    sandbox.write(".cc.toml", text);
    sandbox.write("src/lib.rs", "one\n");
    sandbox.commit("First");
    sandbox.git(["branch", "develop"]);
    sandbox.write("other.rs", "other\n");
    sandbox.commit("Of main alone");
    sandbox.git(["checkout", "-q", "-b", "work", "develop"]);
    sandbox.write("src/lib.rs", "two\n");
    sandbox.write("gen.rs", "generated\n");
    sandbox.commit("Work");
    sandbox
}

fn scope(sandbox: &Sandbox) -> Value {
    sandbox.cc(["scope", "--json"]).run().success().json()
}

#[test]
fn excludes_and_base_count() {
    let sandbox = with_file("base = \"develop\"\nexclude = [\"gen.rs\"]\n");
    let scope = scope(&sandbox);
    assert_eq!(scope["target"]["baseRef"], "develop", "{scope:#}");
    assert_eq!(
        scope["notSeen"],
        json!(["gen.rs: not shown: kept out by `diff.exclude` or .cc.toml"])
    );
    // The user's own words take precedence.
    let main = sandbox
        .cc(["scope", "--base", "main", "--json"])
        .run()
        .success();
    assert_eq!(main.json()["target"]["baseRef"], "main");
    let review = sandbox.cc(["review", "--json"]).run().success().json();
    assert_eq!(review["target"]["exclude"], json!(["gen.rs"]), "{review:#}");
    let named = sandbox
        .cc(["scope", "--json", "--", "gen.rs"])
        .run()
        .success();
    assert_eq!(named.json()["notSeen"], json!([]), "what is named is shown");
}

#[test]
fn a_change_cannot_keep_itself_out() {
    let sandbox = with_file("");
    sandbox.write(
        ".cc.toml",
        "base = \"HEAD\"\nexclude = [\"*\"]\nmodel = \"x\"\n",
    );
    let uncommitted = scope(&sandbox)["notSeen"].to_string();
    assert!(!uncommitted.contains("kept out"), "{uncommitted}");
    sandbox.commit("Hide");
    let scope = scope(&sandbox);
    assert_eq!(
        (&scope["notSeen"], &scope["totals"]["files"]),
        (&json!([]), &json!(3)),
        "{scope:#}"
    );
}

#[test]
fn anything_else_is_an_error_that_names_the_key() {
    let sandbox = with_file("exclude = [\"gen.rs\"]\n[review]\nmodel = \"x\"\n");
    let refused = sandbox.cc(["review"]).run();
    assert_snapshot!(sandbox.transcript(&refused), @"
    exit 2
    --- stderr
    error: `.cc.toml` of the repository may not set `review.model`
      hint: It may have `base`, `exclude` and `instructions`; everything else is yours: cc-cli config list
    ");
    assert!(sandbox.claude_calls().is_empty());
}

#[test]
fn its_instructions_count_where_the_project_is_trusted() {
    let sandbox = with_file("instructions = \"Mind the generated files.\"\n");
    let review = |trust: &str| {
        sandbox
            .cc(["config", "set", "review.trust", trust])
            .run()
            .success();
        sandbox.cc(["review", "--json"]).run().success().json()
    };
    let untrusted = review("never");
    assert_eq!(
        untrusted["instructions"],
        json!({"untrusted": [".cc.toml"]})
    );
    let trusted = review("always");
    assert_eq!(trusted["instructions"], json!({"project": [".cc.toml"]}));
    let calls = sandbox.claude_calls();
    let has_it: Vec<bool> = calls
        .iter()
        .map(|call| call.stdin.contains("Mind the generated files."))
        .collect();
    // The second review is of the same change; the file itself is not part of it.
    assert_eq!(has_it, [false, true]);
}
