//! A report at a real terminal.

use cc_tests::Sandbox;
use serde_json::json;

use super::{answering, finding, html, review};

/// What `cc-cli ARGS` shows at a terminal of `columns`, with these variables.
fn at_a_terminal(
    sandbox: &Sandbox,
    columns: usize,
    rows: usize,
    args: &str,
    vars: &[(&str, &str)],
) -> String {
    let cli = sandbox.product_file("cc-cli");
    let call = format!(
        "stty cols {columns} rows {rows} -echo; {} {args}",
        cli.display()
    );
    let script = sandbox.command("/usr/bin/script".as_ref());
    let mut call = script
        .args(["-qec", &call, "/dev/null"])
        .env("TERM", "xterm-256color")
        .stdin("");
    for (name, value) in vars {
        call = call.env(name, *value);
    }
    call.run().success().stdout.replace("\r\n", "\n")
}

/// The text without colours and links.
fn bare(text: &str) -> String {
    let sequence = regex::Regex::new("\x1b\\[[0-9;]*m|\x1b\\]8;;[^\x1b]*\x1b\\\\").unwrap();
    sequence.replace_all(text, "").into_owned()
}

#[test]
fn the_rows_of_status_fit_the_screen() {
    let sandbox = reviewed();
    let wide = sandbox.cc(["status"]).run().success().stdout;
    assert!(wide.lines().any(|line| line.chars().count() > 80), "{wide}");
    for columns in [60, 80, 100] {
        let shown = bare(&at_a_terminal(&sandbox, columns, 24, "status", &[]));
        let rows = shown.lines().take_while(|line| !line.trim().is_empty());
        let widest = rows.map(|line| line.chars().count()).max();
        assert!(widest.unwrap() <= columns, "{columns}: {shown}");
        for part in ["review-", "completed", "Adver", "needs attention: 2 high"] {
            assert!(shown.contains(part), "{columns}: {shown}");
        }
    }
    let whole = bare(&at_a_terminal(&sandbox, 160, 24, "status", &[]));
    assert!(
        whole.contains("uncommitted changes  needs attention"),
        "{whole}"
    );
}

#[test]
fn a_question_is_asked_until_the_answer_is_clear() {
    let sandbox = reviewed();
    sandbox.cc(["result"]).run().success();
    let prune = |answers: &str| {
        let cli = sandbox.product_file("cc-cli");
        let call = format!("{} prune --keep 0", cli.display());
        let script = sandbox.command("/usr/bin/script".as_ref());
        let call = script.args(["-qec", &call, "/dev/null"]);
        call.stdin(answers).run().success().stdout
    };
    let kept = prune("what\nno\n");
    assert_eq!(
        kept.matches("Remove 1 finished job? [y/N]").count(),
        2,
        "{kept}"
    );
    assert!(kept.contains("Nothing was removed."), "{kept}");
    assert_eq!(sandbox.records().len(), 1);
    let removed = prune("yes\n");
    assert!(removed.contains("Removed 1 finished job"), "{removed}");
    assert!(sandbox.records().is_empty());
}

fn reviewed() -> Sandbox {
    let long = "Every caller of this function gets the difference of its two arguments where it asked for their sum, \
                and nothing in the tests of this crate notices it, since they only ever add zero.";
    let hostile = "# Not reviewed\n\n&#27;]52;c;x&#7; \u{202e}x\n\n```rust\nlet x = \"open\"; // c";
    let fix = "```diff\n-    a - b\n+    a + b\n```";
    let findings = [
        finding("src/lib.rs", [2, 2], long, fix),
        finding("src/gone.rs", [7, 9], hostile, long),
    ];
    let sandbox = answering(&review(&findings));
    sandbox.write("logo.png", b"\x89PNG\0\0");
    sandbox.cc(["adversarial-review"]).run().success();
    sandbox
}

#[test]
fn it_is_wrapped_coloured_and_can_be_clicked() {
    let sandbox = reviewed();
    for columns in [80, 120] {
        let shown = at_a_terminal(&sandbox, columns, 24, "result --no-pager", &[]);
        let plain = bare(&shown);
        let widest = plain
            .lines()
            .map(|line| line.chars().count())
            .max()
            .unwrap();
        assert!(
            widest <= columns && widest > columns - 20,
            "{columns}: {widest}\n{plain}"
        );
        assert!(!plain.contains(['\u{1b}', '\u{202e}', '#', '`']), "{plain}");
        let order = [
            "Adversarial review of uncommitted changes",
            "Verdict: needs attention · 2 high",
            "Not reviewed\n  - logo.png: binary",
            "1. High: Subtracts\n   src/lib.rs:2 · 90% confident",
            "   > 2 |     a - b\n",
            "   Every caller of this function",
            "   Fix\n     -    a - b\n",
            "2. High: Subtracts\n   src/gone.rs:7-9 · 90% confident · no such file",
            "Next steps",
            "Reviewed: uncommitted changes · branch main",
        ];
        let places: Vec<_> = order.iter().map(|part| plain.find(part)).collect();
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "{places:?}\n{plain}"
        );
        let file = sandbox.repo().canonicalize().unwrap().join("src/lib.rs");
        let link = format!("\x1b]8;;file://{}\x1b\\", file.display());
        assert!(shown.contains(&link), "{shown:?}");
        assert!(!shown.contains("gone.rs\x1b\\"), "{shown:?}");
        assert!(shown.contains("\x1b[31m"), "{shown:?}");
    }
}

#[test]
fn colours_are_as_the_user_wants_them_and_pipes_and_codex_get_markdown() {
    let sandbox = reviewed();
    let shown = |vars: &[(&str, &str)]| at_a_terminal(&sandbox, 80, 24, "result --no-pager", vars);
    for vars in [("NO_COLOR", "1"), ("CLICOLOR", "0"), ("TERM", "dumb")] {
        let shown = shown(&[vars]);
        assert!(
            !shown.contains('\u{1b}') && shown.contains("Verdict: needs"),
            "{vars:?}: {shown:?}"
        );
    }
    assert!(shown(&[("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")]).contains("\x1b[31m"));
    let markdown =
        |text: &str| text.contains("**Verdict: needs attention**") && !text.contains('\u{1b}');
    let result = format!("result {} --no-pager", sandbox.job());
    let codex = at_a_terminal(&sandbox, 80, 24, &result, &[("CODEX_THREAD_ID", "t")]);
    assert!(markdown(&codex), "{codex}");
    let piped = sandbox.cc(["result"]).run().success().stdout;
    assert!(markdown(&piped), "{piped}");
    let forced = sandbox
        .cc(["result"])
        .env("CLICOLOR_FORCE", "1")
        .run()
        .success()
        .stdout;
    assert!(
        forced.contains("\x1b[31m") && !forced.contains("**Verdict"),
        "{forced:?}"
    );
}

#[test]
fn a_long_report_goes_through_the_pager_and_is_read_then() {
    let sandbox = reviewed();
    let pager = [("PAGER", "sed 's/^/paged: /'")];
    let shown = at_a_terminal(&sandbox, 80, 24, "result", &pager);
    assert!(
        shown.starts_with("paged: ") && shown.contains("\npaged: "),
        "{shown}"
    );
    assert!(bare(&shown).contains("Reviewed: uncommitted"), "{shown}");
    assert!(sandbox.record()["resultViewedAt"].is_string());
    for (rows, args, pager) in [
        (200, "result", "sed s/^/paged:/"),
        (24, "result --no-pager", "sed s/^/paged:/"),
        (24, "result", "cat"),
    ] {
        let shown = at_a_terminal(&sandbox, 80, rows, args, &[("PAGER", pager)]);
        assert!(
            !shown.contains("paged:") && shown.contains("Subtracts"),
            "{shown}"
        );
    }
}

#[test]
fn an_earlier_record_is_shown_as_markdown() {
    let sandbox = reviewed();
    let mut record = sandbox.record();
    record["result"] = json!("of another version");
    record["rendered"] = json!("# Old\n\n## Not reviewed\n\n```\nopen");
    sandbox.write_record(sandbox.job().as_str(), record.to_string());
    let shown = bare(&at_a_terminal(&sandbox, 80, 60, "result --no-pager", &[]));
    assert!(
        shown.starts_with("Old\n\nNot reviewed\n  open\n"),
        "{shown}"
    );
    let piped = sandbox.cc(["result"]).run().success().stdout;
    assert!(
        piped.starts_with("# Old\n\n## Not reviewed\n\n```\nopen"),
        "{piped}"
    );
    let page = html(&sandbox);
    assert!(
        page.contains("<h3>Old</h3>") && page.contains("<footer>"),
        "{page}"
    );
}
