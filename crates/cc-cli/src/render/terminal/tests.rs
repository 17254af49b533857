//! What a terminal gets.

use proptest::prelude::*;
use textwrap::core::display_width;

use super::*;

fn text(markdown: &str, look: &Look) -> String {
    Blocks::render(markdown, look.width, look).join("\n") + "\n"
}

fn look(width: usize) -> Look {
    Look {
        width,
        colour: false,
        links: None,
    }
}

/// The text without its escape sequences, which must be ours alone.
fn bare(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = match rest.as_bytes()[0] {
            b'[' => rest.find('m').expect("a colour ends"),
            b']' => rest.find("\x1b\\").expect("a link ends") + 1,
            other => panic!("a sequence that is not ours: {other}"),
        };
        rest = &rest[end + 1..];
    }
    out + rest
}

#[test]
fn blocks_look_as_people_expect() {
    let markdown = "# One\n\nSome `code` and **bold** text that is long enough to be wrapped.\n\n- a\n- b\n  - c\n\n1. x\n2. y\n\n\
        > quoted\n\n```rust\nfn a() {}\n```\n\n| a | b |\n|---|---|\n| 1 | two |\n\n[x](https://e.test)";
    insta::assert_snapshot!(text(markdown, &look(40)), @"
    One
    Some code and bold text that is long
    enough to be wrapped.

    • a
    • b
      • c

    1. x
    2. y

    │ quoted

      fn a() {}

    a │ b
    1 │ two

    x (https://e.test)
    ");
}

#[test]
fn colours_and_links_are_sequences_of_ours() {
    let look = Look {
        colour: true,
        links: Some("/w s".into()),
        ..look(40)
    };
    let shown = text(
        "**a** &#27;]52;c;x&#7; `\u{9b}31m` [b](https://e.test/&#27;)",
        &look,
    );
    assert!(shown.starts_with("\x1b[1ma\x1b[0m"), "{shown:?}");
    let bare = bare(&shown);
    assert!(
        !bare.contains(|c: char| c.is_control() && c != '\n'),
        "{bare:?}"
    );
    assert_eq!(
        look.link(Path::new("a b.rs")).unwrap(),
        "file:///w%20s/a%20b.rs"
    );
}

proptest! {
    #[test]
    fn no_line_is_too_wide_and_nothing_controls_the_terminal(markdown in any::<String>(), width in 20_usize..120, colour: bool) {
        let look = Look { colour, ..look(width) };
        let shown = text(&markdown, &look);
        let bare = bare(&shown);
        for line in bare.lines() {
            prop_assert!(display_width(line) <= width.max(40), "{line:?}");
            prop_assert!(!line.contains(char::is_control), "{line:?}");
        }
    }

    #[test]
    fn nor_with_marks_of_markdown(markdown in "(```|~~~|`|#|>|- |1\\. |\\| a \\||---|\\*\\*|_|&#27;|&#x9b;|\u{202e}|\n|\n\n|    |word|[a-z]{0,60}|<b>|\\[x\\]\\(https://e.test\\)){0,20}", width in 40_usize..120) {
        let shown = text(&markdown, &look(width));
        for line in shown.lines() {
            prop_assert!(display_width(line) <= width, "{line:?}");
            prop_assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}'), "{line:?}");
        }
    }
}
