//! Findings are never lost to their form.

use std::time::{Duration, Instant};

use cc_tests::fake::Run;
use cc_tests::{Sandbox, Scenario};
use insta::assert_snapshot;
use serde_json::{Value, json};

fn findings() -> Value {
    json!({
        "verdict": "needs-attention", "summary": "One thing.", "next_steps": ["Mend it."],
        "findings": [{
            "severity": "high", "title": "Subtracts", "body": "It is `-`.", "file": "src/lib.rs", "line_start": 2,
            "line_end": 2, "confidence": 0.9, "recommendation": "Use `+`.",
        }],
    })
}

fn review(runs: impl IntoIterator<Item = Run>) -> (Sandbox, Value) {
    let sandbox = Sandbox::fake(&Scenario::runs(runs)).with_change();
    let json = sandbox
        .cc(["adversarial-review", "--json"])
        .run()
        .success()
        .json();
    (sandbox, json)
}

#[test]
fn json_in_the_text_is_taken() {
    let (sandbox, json) = review([Run::says(&format!("Here:\n```json\n{}\n```\n", findings()))]);
    assert_eq!(json["findings"][0]["title"], "Subtracts");
    assert_eq!(sandbox.claude_calls().len(), 1);
}

#[test]
fn prose_is_put_into_form_by_one_more_run() {
    let (sandbox, json) = review([
        Run::says("High: it subtracts."),
        Run::structured(findings()),
    ]);
    assert_eq!(json["findings"][0]["title"], "Subtracts");
    assert_eq!(json["rawOutput"], "High: it subtracts.");
    let second = sandbox.wait_for_run(2, super::SOON);
    assert!(
        second.stdin.contains("High: it subtracts."),
        "{}",
        second.stdin
    );
    assert_eq!(second.flag("--tools"), Some(""));
}

#[test]
fn prose_that_stays_prose_is_kept_as_it_is() {
    let (sandbox, json) = review([Run::says("High: it subtracts.")]);
    assert!(
        json["result"].is_null() && json["parseError"].is_string(),
        "{json}"
    );
    assert_eq!(
        sandbox.claude_calls().len(),
        2,
        "asked once more, not for ever"
    );
    let shown = sandbox.cc(["result"]).run().success();
    assert!(
        shown.stdout.contains("High: it subtracts."),
        "{}",
        shown.stdout
    );
}

#[test]
fn the_second_run_gets_what_the_first_one_left() {
    let sandbox = Sandbox::fake(&Scenario::runs([
        Run::says("High: it subtracts."),
        Run::hangs(),
    ]))
    .with_change();
    let args = ["--timeout", "10s", "--json"];
    sandbox.cc(["--version"]).run().success();
    let begun = Instant::now();
    let review = sandbox.cc(["adversarial-review"].into_iter().chain(args));
    let json = review.run().success().json();
    assert!(begun.elapsed() < Duration::from_secs(200), "its own limit");
    assert_eq!(json["rawOutput"], "High: it subtracts.");
    assert!(json["parseError"].is_string(), "{json}");
    let budget = |dollars: &str| {
        sandbox.set_scenario(&Scenario::runs([
            Run::says("High: it subtracts."),
            Run::structured(findings()),
        ]));
        let before = sandbox.claude_calls().len();
        let args = ["adversarial-review", "--max-budget-usd", dollars];
        sandbox.cc(args).run().success();
        sandbox.claude_calls().split_off(before)
    };
    // The first run costs 0.00814.
    let runs = budget("0.01");
    let left: f64 = runs[1].flag("--max-budget-usd").unwrap().parse().unwrap();
    assert!((left - 0.00186).abs() < 1e-9, "{left}");
    assert_eq!(budget("0.005").len(), 1, "nothing is left");
}

#[test]
fn the_forms_of_a_result() {
    let sandbox = Sandbox::fake(&Scenario::structured(findings())).with_change();
    sandbox
        .cc(["adversarial-review", "mind the sign"])
        .run()
        .success();
    let sarif = sandbox
        .cc(["result", "--format", "sarif"])
        .run()
        .success()
        .json();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(
        (&result["level"], &result["ruleId"]),
        (&json!("error"), &json!("cc/defect-high"))
    );
    assert_eq!(
        result["locations"][0]["physicalLocation"]["region"]["startLine"],
        2
    );
    let html = sandbox.cc(["result", "--format", "html"]).run().success();
    assert!(html.stdout.starts_with("<!doctype html>") && html.stdout.contains("Subtracts"));
    let stored = sandbox.cc(["result", "--json"]).run().success().json();
    assert_eq!(
        stored["storedJob"]["result"]["result"]["verdict"],
        "needs-attention"
    );
    assert_eq!(stored["storedJob"]["request"]["focus"], "mind the sign");
}

#[test]
fn a_plain_review_has_no_sarif() {
    let sandbox = super::answering();
    sandbox.cc(["review"]).run().success();
    let output = sandbox.cc(["result", "--format", "sarif"]).run().exits(2);
    assert_snapshot!(sandbox.transcript(&output), @"
    exit 2
    --- stderr
    error: <review 1> has no structured findings
      hint: A finished adversarial review has them, and a review that was started with --format sarif or --fail-on.
    ");
}

#[test]
fn a_review_as_a_page() {
    let sandbox = Sandbox::fake(&Scenario::structured(findings())).with_change();
    sandbox.cc(["adversarial-review"]).run().success();
    let page = sandbox.cc(["result", "--format", "html"]).run().success();
    let body = page.stdout.find("<body>").unwrap();
    assert_snapshot!(sandbox.redact(&page.stdout[body..]), @r#"
    <body>
    <div class="page">
    <header class="head">
    <h1>Adversarial review of uncommitted changes</h1>
    <div class="row"><span class="chip verdict bad"><svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M8 1.2a6.8 6.8 0 1 0 0 13.6A6.8 6.8 0 0 0 8 1.2zM5.5 5.5l5 5M10.5 5.5l-5 5"/></svg>Needs attention</span><span class="chip high"><svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M8 1.5 15 14H1zM8 6v4M8 12v.3"/></svg>1 high</span></div>
    <dl class="facts">
    <div><dt>Repository</dt><dd>repo</dd></div>
    <div><dt>Scope</dt><dd>uncommitted changes</dd></div>
    <div><dt>Branch</dt><dd><code>main</code></dd></div>
    <div><dt>Commit</dt><dd><code>960b4d50c5d9</code></dd></div>
    <div><dt>Model</dt><dd>claude-opus-5-5 · Claude Code <claude></dd></div>
    <div><dt>Cost</dt><dd>$0.01 · 6.5k tokens in, 42 out · <n>s</dd></div>
    <div><dt>Job</dt><dd><code><review 1></code></dd></div>
    <div><dt>Date</dt><dd><minute></dd></div>
    </dl>
    </header>
    <main>
    <section class="card">
    <p>One thing.</p>
    </section>
    <article class="card finding f-high" id="finding-1" aria-labelledby="title-1">
    <div class="row"><span class="chip high"><svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M8 1.5 15 14H1zM8 6v4M8 12v.3"/></svg>High</span><span class="number">#1</span><span class="sure"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="all" width="100" height="8" rx="4"/><rect class="part" width="90" height="8" rx="4"/></svg>90% confident</span></div>
    <h2 class="title" id="title-1">Subtracts</h2>
    <p class="where"><code class="place">src/lib.rs:2</code></p>
    <pre class="lines" tabindex="0" aria-label="The reviewed lines"><code><span class="l"><span class="n">1</span><span class="w">pub</span> <span class="w">fn</span> add(a: i32, b: i32) -&gt; i32 {
    </span><span class="l hit"><span class="n">2</span>    a - b
    </span><span class="l"><span class="n">3</span>}
    </span></code></pre>
    <p>It is <code>-</code>.</p>
    <p class="label">Fix</p>
    <p>Use <code>+</code>.</p>
    <p class="label">Hand it to Claude</p>
    <code class="copy" tabindex="0">cc-cli rescue --from <review 1> --findings 1</code>
    <p class="hint">One click selects all of it.</p>
    </article>
    <section class="card"><h2>Next steps</h2>
    <ol>
    <li>Mend it.</li>
    </ol></section>
    </main>
    <footer>
    <p>Reviewed: uncommitted changes · branch <code>main</code> at <code>960b4d50c5d9</code></p>
    <p>Job <code><review 1></code> · claude-opus-5-5 · Claude Code <claude> · 6.5k tokens in, 42 out · $0.01 · <n>s</p>
    </footer>
    </div>
    </body>
    </html>
    "#);
}

#[test]
fn findings_that_never_took_form_are_shown_with_the_reason() {
    let sandbox = Sandbox::fake(&Scenario::says("High: it subtracts.")).with_change();
    let output = sandbox.cc(["adversarial-review"]).run();
    assert_snapshot!(sandbox.transcript(&output), @"
    exit 0
    --- stdout
    # Adversarial review of uncommitted changes

    > The findings are not structured (Claude gave no structured output). Claude's answer:

    High: it subtracts.

    ---
    Reviewed: uncommitted changes · branch `main` at `960b4d50c5d9`
    Job `<review 1>` · claude-opus-5-5 · Claude Code <claude> · 13.0k tokens in, 84 out · $0.02 · <n>s
    --- stderr
    [cc] Adversarial review of uncommitted changes: job <review 1> (cancel it with: cc-cli cancel <review 1>)
    ");
    assert_eq!(sandbox.record()["status"], "completed");
    let sarif = sandbox.cc(["result", "--format", "sarif"]).run();
    assert_snapshot!(sandbox.transcript(&sarif), @"
    exit 11
    --- stderr
    error: <review 1> has no structured findings
      hint: Show Claude's answer: cc-cli result <review 1>
    ");
}
