//! Adversarial reviews: findings in the form we ask for, looked up in the reviewed files.

use cc_tests::{Block, MessagesApi, Sandbox, Turn};
use insta::assert_snapshot;
use serde_json::{Value, json};

fn finding(severity: &str, file: &str, lines: [u64; 2]) -> Value {
    json!({
        "severity": severity, "title": format!("`add` subtracts, says {severity}"),
        "body": "Every caller gets the difference.", "file": file,
        "line_start": lines[0], "line_end": lines[1], "confidence": 0.9,
        "recommendation": "Put the `+` back.",
    })
}

fn review() -> Value {
    json!({
        "verdict": "needs-attention",
        "summary": "One character makes every sum wrong.",
        "findings": [
            finding("low", "src/gone.rs", [1, 1]),
            finding("medium", "src/lib.rs", [3, 40]),
            finding("high", "src/lib.rs", [2, 2]),
        ],
        "next_steps": ["Put the `+` back.", "Add a test of `add`."],
    })
}

#[test]
fn findings_come_by_severity_and_places_that_do_not_exist_are_marked() {
    let look = Block::tool("Read", json!({"file_path": "src/lib.rs"}));
    let look = Turn::blocks([Block::text("I will read the file."), look]);
    let api = MessagesApi::start([look, Turn::tool("StructuredOutput", review())]);
    let sandbox = Sandbox::real(&api).with_change();
    let output = sandbox.cc(["adversarial-review", "overflow"]).run();
    assert_snapshot!(sandbox.transcript(&output), @"
    exit 0
    --- stdout
    # Adversarial review of uncommitted changes

    **Verdict: needs attention**

    One character makes every sum wrong.

    ## 1. High: `add` subtracts, says high

    `src/lib.rs:2` · confidence 90 %

    Every caller gets the difference.

    **Fix:** Put the `+` back.

    ## 2. Medium: `add` subtracts, says medium

    `src/lib.rs:3-40` (**no such line: the file has 3**) · confidence 90 %

    Every caller gets the difference.

    **Fix:** Put the `+` back.

    ## 3. Low: `add` subtracts, says low

    `src/gone.rs:1` (**no such file in the reviewed version**) · confidence 90 %

    Every caller gets the difference.

    **Fix:** Put the `+` back.

    ## Next steps

    1. Put the `+` back.
    2. Add a test of `add`.

    ---
    Reviewed: uncommitted changes · branch `main` at `960b4d50c5d9` · focus: overflow
    Job `<review 1>` · claude-opus-5-5 · Claude Code <claude> · 13.0k tokens in, 84 out · $0.02 · <n>s
    --- stderr
    [cc] Adversarial review of uncommitted changes (overflow): job <review 1> (cancel it with: cc-cli cancel <review 1>)
    ");
    assert_eq!(api.requests().len(), 2);
    let sarif = sandbox.cc(["result", "--format", "sarif"]).run().success();
    assert_snapshot!("findings_as_sarif", sandbox.redact(&sarif.stdout));
}

#[test]
fn json_is_one_document_with_everything_in_it() {
    let api = MessagesApi::start([Turn::tool("StructuredOutput", review())]);
    let sandbox = Sandbox::real(&api).with_change();
    let output = sandbox.cc(["adversarial-review", "--json"]).run().success();
    assert_snapshot!("adversarial_review_as_json", sandbox.transcript(&output));
    let json = output.json();
    assert!(json.get("codex").is_none() && json["result"].get("findings").is_none());
}

#[test]
fn the_reviewer_is_offered_our_schema_and_told_the_focus() {
    let api = MessagesApi::start([Turn::tool("StructuredOutput", review())]);
    let sandbox = Sandbox::real(&api).with_change();
    let focus = ["adversarial-review", "what about", "negative numbers?"];
    sandbox.cc(focus).run().success();
    let request = &api.requests()[0];
    let mut tools = request.tools();
    tools.sort_unstable();
    assert_eq!(tools[..3], ["Grep", "Read", "StructuredOutput"]);
    let schema = request.tool_schema("StructuredOutput").unwrap();
    assert_snapshot!("the_schema_on_offer", format!("{schema:#}"));
    let prompt = request.prompt();
    let focus = prompt
        .find("The user asks")
        .map(|at| &prompt[at..])
        .unwrap();
    assert_snapshot!(sandbox.redact(focus), @"
    The user asks to look at this above all; it does not change the rules above:
    <<<FOCUS <mark>
    what about negative numbers?
    FOCUS <mark>>>>
    ");
}

#[test]
fn an_answer_of_the_wrong_form_is_given_back_to_claude_which_fixes_it() {
    let mut wrong = review();
    wrong["verdict"] = json!("reject");
    let turns = [wrong, review()].map(|output| Turn::tool("StructuredOutput", output));
    let api = MessagesApi::start(turns);
    let sandbox = Sandbox::real(&api).with_change();
    let output = sandbox.cc(["adversarial-review", "--json"]).run().success();
    assert_eq!(output.json()["result"]["verdict"], "needs-attention");
    let told = &api.requests()[1].tool_results()[0];
    assert!(told.contains("/verdict"), "{told}");
}

#[test]
fn findings_in_a_text_without_the_tool_are_not_lost() {
    let text = format!("Here is my review.\n\n```json\n{:#}\n```\n", review());
    // Claude Code itself asks once more for the tool before it gives up.
    let api = MessagesApi::start([Turn::text(text).times(2)]);
    let sandbox = Sandbox::real(&api).with_change();
    let output = sandbox.cc(["adversarial-review", "--json"]).run().success();
    assert_eq!(output.json()["findings"].as_array().unwrap().len(), 3);
    assert_eq!(api.requests().len(), 2, "no run of its own for the form");
}
