//! What jobs have cost, and what they will.

use cc_tests::fake::Run;
use cc_tests::{Sandbox, Scenario};
use insta::assert_snapshot;
use serde_json::{Value, json};

fn usage(sandbox: &Sandbox) -> Value {
    sandbox.cc(["usage", "--json"]).run().success().json()
}

/// Jobs and dollars of each group, by their names.
fn groups(report: &Value, by: &str) -> Value {
    let groups = report[by].as_array().unwrap().iter();
    groups
        .map(|it| (it["name"].as_str().unwrap().to_owned(), it["jobs"].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// A time zone in which no day ends soon.
fn noon() -> String {
    let now = cc_core::Clock::System.now().to_string();
    let hour: i32 = now[11..13].parse().unwrap();
    format!("NOON{}", hour - 12)
}

#[test]
fn what_was_spent_outlives_the_jobs() {
    let mut sandbox = Sandbox::fake(&Scenario::says("Fine.")).with_change();
    sandbox.set_env("TZ", noon());
    let none = usage(&sandbox);
    assert_eq!((&none["total"], &none["byDay"]), (&json!(null), &json!([])));
    sandbox.cc(["review"]).run().success();
    sandbox.cc(["review"]).run().success();
    sandbox.cc(["rescue", "--read-only", "x"]).run().success();
    // A worktree is the same repository, another directory is not.
    let tree = sandbox.tmp().join("tree");
    sandbox.git(["worktree", "add", "-q", tree.to_str().unwrap()]);
    std::fs::write(tree.join("new.txt"), "x\n").unwrap();
    sandbox.cc(["review"]).cwd(&tree).run().success();
    let other = sandbox.tmp().join("other");
    std::fs::create_dir(&other).unwrap();
    let rescue = ["rescue", "--read-only", "x"];
    sandbox.cc(rescue).cwd(&other).run().success();
    let before = usage(&sandbox);
    assert_eq!(before["total"]["jobs"], 5, "{before:#}");
    let cost = before["total"]["costUsd"].as_f64().unwrap();
    assert!(cost > 0.0, "{before:#}");
    assert_eq!(
        groups(&before, "byCommand"),
        json!({"review": 3, "rescue": 2})
    );
    assert_eq!(groups(&before, "byModel"), json!({"claude-opus-5-5": 5}));
    assert_eq!(
        groups(&before, "byRepository"),
        json!({sandbox.repo().to_str().unwrap(): 4, other.to_str().unwrap(): 1})
    );
    assert_eq!(before["byDay"].as_array().unwrap().len(), 1);
    for dir in [sandbox.repo(), tree, other] {
        let prune = sandbox.cc(["prune", "--keep", "0", "--yes"]).cwd(dir);
        prune.run().success();
    }
    assert!(sandbox.records().is_empty());
    let after = usage(&sandbox);
    for by in ["byDay", "byCommand", "byModel", "byRepository"] {
        assert_eq!(groups(&after, by), groups(&before, by), "{by}");
    }
    assert!((after["total"]["costUsd"].as_f64().unwrap() - cost).abs() < 1e-9);
    assert_eq!(after["total"]["usage"], before["total"]["usage"]);
    let shown = sandbox.cc(["usage"]).run().success().stdout;
    let day = before["firstDay"].as_str().unwrap();
    let today = before["byDay"][0]["name"].as_str().unwrap();
    let shown = shown.replace(day, "<first day>").replace(today, "<today>");
    assert_snapshot!(sandbox.redact(&shown), @"
    Since <first day>: 5 jobs, 32.5k tokens in, 210 out, $0.04

    By day
      <today>  $0.04  5 jobs  32.5k in  210 out

    By command
      review  $0.02  3 jobs  19.5k in  126 out
      rescue  $0.02  2 jobs  13.0k in  84 out

    By model
      claude-opus-5-5  $0.04  5 jobs  32.5k in  210 out

    By repository
      <root>/repo       $0.03  4 jobs  26.0k in  168 out
      <root>/tmp/other  $0.01  1 job   6.5k in   42 out
    ");
}

#[test]
fn a_large_review_says_before_what_it_will_cost() {
    let sandbox = Sandbox::fake(&Scenario::says("Fine.")).with_change();
    let small = sandbox.cc(["scope", "--json"]).run().success().json();
    assert_eq!(small["estimate"]["costUsd"], json!(null), "{small:#}");
    let review = sandbox.cc(["review"]).run().success();
    assert!(!review.stderr.contains("estimate"), "{review}");
    sandbox.write("big.txt", "line\n".repeat(2_000));
    let large = sandbox.cc(["scope", "--json"]).run().success().json();
    let estimate = &large["estimate"];
    assert_eq!(estimate["reviews"], 1);
    let tokens = |scope: &Value| scope["estimate"]["firstTokens"].as_u64().unwrap();
    assert!(tokens(&large) > tokens(&small) + 2_000, "{large:#}");
    let dollars = estimate["costUsd"].as_f64().unwrap();
    let told = format!("about ${dollars:.2} (an estimate, from 1 earlier review)");
    let scope = sandbox.cc(["scope"]).run().success();
    assert!(scope.stdout.contains(&told), "{told}: {scope}");
    let review = sandbox.cc(["review"]).run().success();
    assert!(
        review.stderr.contains(&format!("Large change: {told}")),
        "{review}"
    );
}

#[test]
fn what_is_left_of_the_account_is_told_where_claude_says_it() {
    let limit = |info: Value| json!({"type": "rate_limit_event", "rate_limit_info": info});
    // A year that no reset of these tests reaches.
    let info = json!({
        "status": "allowed_warning", "rateLimitType": "five_hour", "utilization": 0.85, "resetsAt": 4_102_444_800_u64,
    });
    let run = Run::started().line(limit(info)).success("Fine.", None);
    let sandbox = Sandbox::fake(&Scenario::runs([run])).with_change();
    sandbox.cc(["review"]).run().success();
    let account = &usage(&sandbox)["account"];
    assert_eq!(account["window"], "five_hour");
    assert_eq!(account["used"], 0.85);
    let shown = sandbox.cc(["usage"]).run().success().stdout;
    let told = shown.lines().last().unwrap();
    assert!(
        told.contains("five-hour limit 85% used, resets at 2"),
        "{shown}"
    );
    // Far below a limit Claude says whether, and no more.
    let run = Run::started().line(limit(json!({"status": "allowed", "isUsingOverage": false})));
    sandbox.set_scenario(&Scenario::runs([run.success("Fine.", None)]));
    sandbox.cc(["review"]).run().success();
    let shown = sandbox.cc(["usage"]).run().success().stdout;
    assert!(
        shown.trim_end().ends_with("usage limit not reached"),
        "{shown}"
    );
    // A limit that was reset since says nothing.
    let past = json!({"status": "rejected", "resetsAt": 1_700_000_000});
    let run = Run::started().line(limit(past)).success("Fine.", None);
    sandbox.set_scenario(&Scenario::runs([run]));
    sandbox.cc(["review"]).run().success();
    assert_eq!(usage(&sandbox)["account"], json!(null));
}
