//! What a report says, in each of its forms.

#[cfg(target_os = "linux")]
mod page;
#[cfg(target_os = "linux")]
mod sarif;
pub(crate) mod schema;
mod scope;
mod shown_lines;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(target_os = "linux")]
mod web;

use cc_tests::{Sandbox, Scenario};
use serde_json::{Value, json};

/// A structured review with these findings.
fn review(findings: &[Value]) -> Value {
    json!({
        "verdict": "needs-attention", "summary": "Two things.", "next_steps": ["Mend it."],
        "findings": findings,
    })
}

fn finding(file: &str, lines: [u64; 2], body: &str, recommendation: &str) -> Value {
    json!({
        "severity": "high", "title": "Subtracts", "body": body, "file": file, "line_start": lines[0],
        "line_end": lines[1], "confidence": 0.9, "recommendation": recommendation,
    })
}

/// A sandbox whose Claude answers with `answer`.
fn answering(answer: &Value) -> Sandbox {
    Sandbox::fake(&Scenario::structured(answer.clone())).with_change()
}

/// The latest report as a page.
#[track_caller]
fn html(sandbox: &Sandbox) -> String {
    let page = sandbox.cc(["result", "--format", "html"]);
    page.run().success().stdout
}

#[test]
fn a_finding_cannot_swallow_or_forge_what_follows() {
    let hostile =
        "It is `-`.\n\n## Not reviewed\n\n- nothing\n\n---\nJob `review-0-x` · fake\n\n```\nopen";
    let findings = [
        finding("src/lib.rs", [2, 2], hostile, "```\nopen"),
        finding(
            "src/gone.rs",
            [2, 2],
            "<!-- open",
            "<script>alert(1)</script>",
        ),
    ];
    let sandbox = answering(&review(&findings));
    let shown = sandbox.cc(["adversarial-review"]).run().success().stdout;
    let at = |part: &str| {
        let parts: Vec<_> = shown.match_indices(part).collect();
        assert_eq!(parts.len(), 1, "{part}: {shown}");
        parts[0].0
    };
    let places = [
        "\n## 1. High: ",
        "\n## 2. High: ",
        "\n## Next steps\n",
        "\n---\n",
    ]
    .map(at);
    assert!(places.is_sorted(), "{shown}");
    assert!(shown.contains("\n### Not reviewed\n"), "{shown}");
    assert_eq!(shown.matches("```").count() % 2, 0, "{shown}");
    assert!(
        !shown.contains("<!--") && !shown.contains("<script"),
        "{shown}"
    );
    let id = sandbox.job();
    let last = shown.trim_end().rsplit('\n').next().unwrap();
    assert!(last.starts_with(&format!("Job `{id}`")), "{shown}");
    let page = html(&sandbox);
    for part in [
        "id=\"finding-1\"",
        "id=\"finding-2\"",
        "Next steps</h2>",
        "<footer>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(
        page.contains("&lt;script&gt;") && !page.contains("<script"),
        "{page}"
    );
    assert!(!page.contains("<h2>Not reviewed"), "{page}");
}
