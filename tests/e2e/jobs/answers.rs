//! Nothing that Claude wrote for the user is lost.

use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario, eventually};
use serde_json::json;

use super::{SOON, background, kill_and_await, worker};

const REPORT: &str = "## Findings\n\n- `src/lib.rs:2` subtracts where it should add.";

/// Needs no sandbox; everything else is as in other rescues.
const RESCUE: [&str; 3] = ["rescue", "--read-only", "look at the sign"];

#[test]
#[cfg(unix)]
fn what_the_real_claude_wrote_before_its_last_call_is_in_the_report() {
    use cc_tests::{Block, MessagesApi, Turn};

    let api = MessagesApi::start([
        Turn::tool("Glob", json!({"pattern": "*"})),
        Turn::blocks([
            Block::text(REPORT),
            Block::tool("Glob", json!({"pattern": "src/*"})),
        ]),
        Turn::blocks([
            Block::text("Let me check once more."),
            Block::tool("Glob", json!({"pattern": "*.rs"})),
        ]),
        Turn::text("Done; see above."),
    ]);
    let sandbox = Sandbox::real(&api).with_change();
    let shown = sandbox.cc(RESCUE).run().success().stdout;
    assert!(shown.starts_with("Done; see above."), "{shown}");
    let marked = format!(
        "**Written earlier in the run (1 of 1):**\n\n{}\n",
        REPORT.replace("## ", "### ")
    );
    assert!(shown.contains(&marked), "{shown}");
    assert!(!shown.contains("check once more"), "{shown}");
    let record = sandbox.record();
    assert_eq!(record["summary"], "Done; see above.");
    let raw = record["result"]["rawOutput"].as_str().unwrap();
    assert!(raw.contains(REPORT), "{raw}");
}

#[test]
fn a_review_in_two_parts_is_one_review() {
    let parts = Run::started().text(REPORT).tool("Read", json!({})).line(json!({
        "type": "user", "message": {"content": [{"type": "tool_result", "tool_use_id": "toolu_02"}]},
    }));
    let parts = parts.text("That is all.").success("That is all.", None);
    let sandbox = Sandbox::fake(&Scenario::runs([parts])).with_change();
    let json = sandbox.cc(["review", "--json"]).run().success().json();
    let said = json["claude"]["stdout"].as_str().unwrap();
    assert!(
        said.starts_with("That is all.") && said.ends_with(REPORT),
        "{said}"
    );
}

#[test]
fn a_text_that_ends_at_a_tool_call_is_called_incomplete() {
    let stopped = |structured| {
        let run = Run::started().text("I will check the callers.");
        run.result(json!({
            "subtype": "success", "is_error": false, "result": "I will check the callers.",
            "stop_reason": "tool_use", "structured_output": structured,
        }))
    };
    let sandbox = Sandbox::fake(&Scenario::runs([stopped(json!(null))])).with_change();
    for command in [["review", "--scope=working-tree"].as_slice(), &RESCUE] {
        let shown = sandbox.cc(command).run().success().stdout;
        let warning =
            "## Warnings\n\n- the answer may be incomplete: Claude stopped at a tool call";
        assert!(shown.contains(warning), "{shown}");
    }
    // A structured answer is itself a call.
    let approved =
        json!({"verdict": "approve", "summary": "Fine.", "findings": [], "next_steps": []});
    sandbox.set_scenario(&Scenario::runs([stopped(approved)]));
    let shown = sandbox.cc(["adversarial-review"]).run().success().stdout;
    assert!(
        shown.contains("Fine.") && !shown.contains("incomplete"),
        "{shown}"
    );
}

#[test]
fn a_block_that_was_cut_off_by_a_kill_is_kept() {
    let cut_off = |first: &str| {
        Run::started().text(first).line(json!({
            "type": "stream_event", "parent_tool_use_id": null,
            "event": {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Half of"}},
        }))
    };
    let writes = cut_off("First.").step(Step::Hang);
    let sandbox = Sandbox::fake(&Scenario::runs([writes])).with_change();
    background(&sandbox);
    // Claude says nothing more: only the time saves it.
    eventually(SOON, "the text so far is saved", || {
        let saved = sandbox.record()["partialOutput"].clone();
        (saved == "First.\n\nHalf of").then_some(())
    });
    kill_and_await(&[worker(&sandbox)]);
    let shown = sandbox.cc(["result"]).run().success().stdout;
    assert!(shown.contains("First.\n\nHalf of"), "{shown}");
    sandbox.wait_quiet(SOON);
    // The same where Claude was killed and the worker lives.
    let killed = cut_off("First. ").step(Step::Kill);
    sandbox.set_scenario(&Scenario::runs([killed]));
    let shown = sandbox.cc(["review"]).run().exits(1).stdout;
    assert!(shown.contains("First. Half of"), "{shown}");
}

#[test]
fn an_answer_above_the_bound_says_that_it_was_cut() {
    let mut long = Run::started();
    for _ in 0..5 {
        long = long.text(&"x".repeat(1 << 20));
    }
    let sandbox = Sandbox::fake(&Scenario::runs([long.success("x", None)])).with_change();
    let shown = sandbox.cc(["review"]).run().success().stdout;
    let cut = "- the answer was cut: 1.0 MB are missing (not saved)";
    assert!(shown.contains(cut));
    let shown = sandbox.cc(RESCUE).run().success().stdout;
    let cut = "- the answer was cut: 1.0 MB are missing (all of it is in Claude's conversation)";
    assert!(shown.contains(cut));
    // A failure shows less of it.
    let mut failed = Run::started();
    for _ in 0..2 {
        failed = failed.text(&"x".repeat(1 << 20));
    }
    let failed = failed.result(json!({"subtype": "error_max_turns", "is_error": true}));
    sandbox.set_scenario(&Scenario::runs([failed]));
    let shown = sandbox.cc(["review"]).run().exits(1).stdout;
    assert!(shown.contains("[cut: 1.0 MB more; all of it: cc-cli result review-"));
}
