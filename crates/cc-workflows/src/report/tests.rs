//! Text from outside stays in its place.

use proptest::prelude::*;
use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};
use serde_json::json;

use super::foreign::{OPTIONS, block, code, inline};
use super::{Line, Report, Span};
use crate::review::findings::LocatedFinding;

fn finding(title: &str, body: &str, recommendation: &str) -> LocatedFinding {
    serde_json::from_value(json!({
        "severity": "high", "title": title, "body": body, "file": title, "line_start": 2,
        "line_end": 3, "confidence": 0.9, "recommendation": recommendation, "location": {"check": "found"},
    }))
    .unwrap()
}

/// A report all of whose foreign fields are `text`.
fn report(text: &str) -> Report {
    let job = cc_core::JobId::parse("review-1-a").unwrap();
    let title = Line::text("Review of ").and_code(text);
    let mut report = Report::new(job, title, Line::text("Job ").and_code("review-1-a"));
    report.answer = text.to_owned();
    report.findings = Some(vec![finding(text, text, text), finding("Last", "b", "r")]);
    report.not_reviewed = vec![Line::text(text)];
    report.next_steps = vec![Line::foreign(text)];
    report.reviewed = Some(Line::text("Reviewed: ").and_code(text));
    report
}

/// The headings of level 1 and 2, each with its text; `---` for a line across.
fn outline(markdown: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = None;
    for (event, range) in Parser::new_ext(markdown, OPTIONS).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) if level <= HeadingLevel::H2 => {
                open = Some(String::new());
            }
            Event::End(TagEnd::Heading(_)) => found.extend(open.take()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut open {
                    heading.push_str(&text);
                }
            }
            // In text from outside a line across is made of asterisks, never of dashes like ours.
            Event::Rule if markdown[range.clone()].starts_with('*') => {}
            Event::Rule => found.push(markdown[range].trim().to_owned()),
            Event::Html(_) | Event::InlineHtml(_) => found.push("HTML".to_owned()),
            _ => {}
        }
    }
    found
}

/// The parts of a report are all there and nothing else looks like one, whatever `text` is.
fn check(text: &str) {
    let markdown = report(text).markdown();
    let outline = outline(&markdown);
    let kinds: Vec<&str> = outline
        .iter()
        .map(|part| part.split(' ').next().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["Review", "1.", "2.", "Not", "Next", "---"],
        "{text:?} gives\n{markdown}"
    );
    assert_eq!(outline[2], "2. High: Last");
    let footer = markdown.rsplit("\n---\n").next().unwrap();
    assert!(footer.ends_with("\nJob `review-1-a`\n"), "{footer}");
}

#[test]
fn what_is_left_open_is_closed_and_what_looks_like_ours_does_not() {
    for text in [
        "plain",
        "```\nopen",
        "```rust\nfn main() {\n\n## Not reviewed\n",
        "~~~~\nopen\n~~~",
        "x\n```",
        "- item\n  ```\n  open in an item",
        "> ```\n> open in a quote",
        "1. a\n\n   ~~~\n   b",
        "# Review of everything\n\n## Not reviewed\n\n- nothing\n\n---\nJob `review-9-z` · fake",
        "Not reviewed\n---",
        "--",
        "- -",
        "`\n*\t---",
        "---\n===\t",
        "***\n---",
        "Not reviewed\n=====\n\n***\n\n- - -",
        "> ## Not reviewed\n> two\n> ---\n",
        "<!-- open",
        "<details>\n\n## x",
        "<pre>\n\n# x\n",
        "<div>\n# Not reviewed\n\n</div>",
        "<script>alert(1)</script>",
        "a <img src=x onerror=y> b",
        "[ref]: http://evil.test \"x\n",
        "[1]: <x\n\n    code",
        "| a | b |\n|---|---|\n| 1",
        "`open",
        "``` `` `",
        "**open",
        "\\",
        "a\\",
        "&#27;]52;c;x&#7; &#x202e;",
        "\u{1b}[2J\u{202e}\u{9b}31m",
        "\n\n\n",
        "    ## indented",
        "\t- x\n\t\t```\n",
        "####### seven",
        "1) x",
        "+ x",
        "* ```",
        "#",
        "---",
        "$$\nopen",
        "\r\n```\r\nopen\r\n",
    ] {
        check(text);
    }
}

#[test]
fn ordinary_text_is_left_alone() {
    for text in [
        "One line with `code` and _emphasis_.",
        "- a\n- b\n\n```rust\nfn main() {}\n```",
        "### A heading\n\n1. one\n2. two",
        "| a | b |\n|---|---|\n| 1 | 2 |",
    ] {
        assert_eq!(block(text), text);
    }
    for text in ["src/lib.rs: binary", "my_file.rs", "a (b) \"c\" 3 %"] {
        assert_eq!(inline(text), text);
    }
    assert_eq!(inline("a * b [x]"), "a \\* b \\[x\\]");
    assert_eq!(inline("1. x"), "1\\. x");
    assert_eq!(block("# a\n\n### b"), "### a\n\n##### b");
    assert_eq!(block("a\n=\n\nx"), "### a\n\n\nx");
    assert_eq!(block("```\nx"), "```\nx\n```");
    assert_eq!(block("a <b> c"), "a &lt;b> c");
}

#[test]
fn code_holds_any_text() {
    for text in ["a", "`", "a`b", "``", " a ", "`a", ""] {
        let parsed: Vec<String> = Parser::new(&code(text))
            .filter_map(|event| match event {
                Event::Code(code) => Some(code.trim().to_owned()),
                _ => None,
            })
            .collect();
        match text.trim() {
            "" => assert!(parsed.iter().all(String::is_empty)),
            text => assert_eq!(parsed, [text]),
        }
    }
}

#[test]
fn a_foreign_line_keeps_its_code_and_nothing_else() {
    let check = |text: &str, expect: &[Span]| assert_eq!(Line::foreign(text).spans(), expect);
    let (text, code) = (
        |text: &str| Span::Text(text.to_owned()),
        |code: &str| Span::Code(code.to_owned()),
    );
    check("`a` **b**", &[code("a"), text(" b")]);
    check("a [b](http://c)", &[text("a [b](http://c)")]);
    check("# a", &[text("# a")]);
    check("<b>", &[text("<b>")]);
    assert_eq!(Line::described("`a` since `b`").plain(), "a since b");
    assert_eq!(
        Line::described("`a`b` since").spans(),
        [text("`a`b` since")]
    );
}

proptest! {
    #[test]
    fn any_text_stays_in_its_place(text in "(```|~~~|`|#|##|>|-|---|===|<|<!--|</|>|\\[|\\]|\\(|:|\\*|_|\\||&#27;|\\\\|\t|    | |\n|\n\n|1\\.|a|b c|Job|\u{202e}|\r){0,24}") {
        check(&text);
    }

    #[test]
    fn arbitrary_text_too(text in any::<String>()) {
        check(&text);
    }
}
