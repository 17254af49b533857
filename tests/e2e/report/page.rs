//! The page of a report in a real browser.

use std::path::PathBuf;

use cc_tests::{Browser, Sandbox, View};
use serde_json::{Value, json};

use super::{answering, review};

const WRONG: &str = include_str!("page.js");

/// A review with whatever is hard to show.
fn hard() -> Value {
    let token =
        "a_very_long_token_without_any_break_that_no_screen_of_a_phone_holds_0123456789".repeat(2);
    let finding = |severity: &str,
                   title: &str,
                   file: &str,
                   lines: [u64; 2],
                   body: &str,
                   fix: &str| {
        json!({
            "severity": severity, "title": title, "body": body, "file": file, "line_start": lines[0],
            "line_end": lines[1], "confidence": 0.6, "recommendation": fix,
        })
    };
    let diff =
        "```diff\n--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -1,3 +1,3 @@\n-    a - b\n+    a + b\n```";
    let table = "| a | b |\n|---|---|\n| x | y |\n\n> quoted\n\n1. one\n2. `two`\n\n[link](https://example.test/x)";
    let hostile = "<script>alert(1)</script> <img src=x onerror=alert(2)> [x](javascript:alert(3)) ![y](https://a.test/y.png)\n\n\
        &#27;]52;c;x&#7; \u{202e}\n\n<style>*{display:none}</style>\n\n# Not reviewed\n\n```\nopen";
    review(&[
        finding(
            "critical",
            "`add` subtracts",
            "src/lib.rs",
            [2, 2],
            table,
            diff,
        ),
        finding("high", &token, "src/lib.rs", [1, 3], &token, &token),
        finding(
            "medium",
            "<b>Hostile</b>",
            "src/lib.rs",
            [3, 3],
            hostile,
            hostile,
        ),
        finding(
            "low",
            "Gone",
            &format!("src/{token}.rs"),
            [9, 12],
            "b",
            "```rust\nfn a() -> u8 { 1 } // \"x\"\n```",
        ),
    ])
}

fn page(sandbox: &Sandbox) -> PathBuf {
    let page = sandbox.tmp().join("page.html");
    let args = ["result", "--format", "html", "--output"];
    let command = sandbox.cc(args).args([&page]);
    command.run().success();
    page
}

#[test]
fn it_can_be_read_everywhere_and_hostile_text_stays_text() {
    let sandbox = answering(&hard());
    sandbox.write("logo.png", b"\x89PNG\0\0");
    sandbox
        .cc(["adversarial-review", "mind the sign"])
        .run()
        .success();
    let mut browser = Browser::start();
    browser.open(&page(&sandbox));
    for width in [1280, 768, 390] {
        for (scheme, media) in [
            ("light", "screen"),
            ("dark", "screen"),
            ("light", "print"),
            ("dark", "print"),
        ] {
            let view = View {
                width,
                scheme,
                media,
            };
            browser.look(view);
            assert_eq!(browser.evaluate(WRONG), json!([]), "{view:?}");
        }
    }
    assert_eq!(browser.complaints(), [""; 0]);
    let mut count =
        |what: &str| browser.evaluate(&format!("document.querySelectorAll('{what}').length"));
    assert_eq!(count(".finding"), 4);
    assert_eq!(count(".finding.unverified"), 1);
    assert_eq!(count(".finding:last-of-type.unverified"), 1);
    assert_eq!(count(".lines .hit"), 5);
    assert_eq!(count(".diff .add"), 1);
    let text = browser.evaluate("document.body.innerText");
    let text = text.as_str().unwrap();
    for part in [
        "<script>alert(1)</script>",
        "<style>*{display:none}</style>",
        "logo.png",
        "mind the sign",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
}

#[test]
fn the_index_is_beside_the_report_or_folded() {
    let sandbox = answering(&hard());
    sandbox.cc(["adversarial-review"]).run().success();
    let mut browser = Browser::start();
    browser.open(&page(&sandbox));
    let shown = |browser: &mut Browser, what: &str| {
        browser.evaluate(&format!(
            "document.querySelector('{what}').checkVisibility()"
        ))
    };
    for (width, beside) in [(1280, true), (390, false)] {
        browser.look(View {
            width,
            scheme: "light",
            media: "screen",
        });
        assert_eq!(shown(&mut browser, ".side"), beside, "{width}");
        assert_eq!(shown(&mut browser, ".fold summary"), !beside, "{width}");
    }
    let place = "document.querySelector('.fold').open = true, document.querySelector('.fold a[href=\"#finding-3\"]').click(), \
         Math.abs(document.querySelector('#finding-3').getBoundingClientRect().top) < 40";
    assert_eq!(browser.evaluate(place), true);
}
