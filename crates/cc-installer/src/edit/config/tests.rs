use proptest::prelude::*;

use super::flag::{with_flag, with_flag_restored};
use super::kept::kept;
use super::*;

const ID: &str = "cc@cc-local";
const TRUST: &str = "cc@cc-local:hooks/hooks.json:stop:0:0";

/// What Codex 0.169 writes for us.
const OURS: &str = r#"
[marketplaces.cc-local]
source_type = "local"
source = "/home/dev/.codex/cc/marketplace"

[plugins."cc@cc-local"]
enabled = true

[hooks.state]

[hooks.state."cc@cc-local:hooks/hooks.json:stop:0:0"]
trusted_hash = "sha256:aa"
trusted_content_hash = "sha256:bb"
"#;

fn forget(text: &str) -> String {
    without(text, ID, "cc-local", &[TRUST.to_owned()]).unwrap()
}

#[test]
fn what_codex_wrote_is_found_and_goes() {
    let text = format!("model = \"x\"\n{OURS}");
    let found = entries(&text, ID, "cc-local").unwrap();
    assert_eq!(found.enabled, Some(true));
    assert_eq!(
        found.marketplace.as_deref(),
        Some("/home/dev/.codex/cc/marketplace")
    );
    assert_eq!(found.trust, [TRUST]);
    assert_eq!(forget(&text), "model = \"x\"\n");
    assert_eq!(forget(OURS), "", "a file that only we caused");
}

#[test]
fn comments_and_tables_around_stay() {
    let text = format!("# top\n{OURS}\n# about the editor\n[tui] # here\ntheme = 'dark'\n");
    assert_eq!(
        forget(&text),
        "# top\n\n# about the editor\n[tui] # here\ntheme = 'dark'\n"
    );
    let commented =
        "[hooks.state]\n# mine\n[hooks.state.\"/h.json:stop:0:0\"]\ntrusted_hash = \"x\"\n";
    assert_eq!(
        forget(&format!(
            "{commented}{}",
            OURS.replace("[hooks.state]\n\n", "")
        )),
        commented
    );
}

#[test]
fn forms_that_codex_does_not_write_go_too() {
    let inline = format!("plugins = {{ \"{ID}\" = {{ enabled = true }}, other = {{}} }}\n");
    assert_eq!(forget(&inline), "plugins = { other = {} }\n");
    let dotted = format!("hooks.state.\"{TRUST}\".trusted_hash = \"x\"\na = 1\n");
    assert!(!forget(&dotted).contains(TRUST));
    let hidden = format!(
        "text = '''\n[plugins.\"{ID}\"]\nenabled = true\n'''\n[plugins.\"{ID}\"]\nenabled = false\n"
    );
    assert_eq!(
        forget(&hidden),
        format!("text = '''\n[plugins.\"{ID}\"]\nenabled = true\n'''\n")
    );
}

#[test]
fn what_is_not_toml_is_named_by_line() {
    let error = with_flag("a = 1\nb = [\n").unwrap_err();
    assert!(
        matches!(error, EditError::Syntax { line: 2 | 3, .. }),
        "{error}"
    );
    let error = with_flag("features = 3\n").unwrap_err();
    assert_eq!(
        error,
        EditError::Shape {
            line: 1,
            expected: "a table `features`"
        }
    );
}

#[test]
fn the_flag_is_set_where_it_belongs() {
    let check = |text: &str, expect: &str| {
        let (with, before) = with_flag(text).unwrap();
        assert_eq!(with, expect);
        assert_eq!(with_flag(&with).unwrap().0, with);
        assert_eq!(with_flag_restored(&with, before).unwrap(), text);
    };
    check("", "[features]\ncodex_hooks = true\n");
    check("a = 1\n", "a = 1\n\n[features]\ncodex_hooks = true\n");
    check(
        "[features]\nx = true\n\n[tui]\n",
        "[features]\nx = true\ncodex_hooks = true\n\n[tui]\n",
    );
    check(
        "[features]\r\ncodex_hooks = false # no\r\n",
        "[features]\r\ncodex_hooks = true # no\r\n",
    );
    check(
        "features = { x = true }\n",
        "features = { x = true , codex_hooks = true }\n",
    );
    check(
        "[features]\ncodex_hooks = true\n",
        "[features]\ncodex_hooks = true\n",
    );
}

prop_compose! {
    /// A configuration of somebody, with comments, odd spaces and either line ending.
    fn foreign()(
        parts in proptest::sample::subsequence(vec![
            "# about me\n", "plugins = { \"odd@place\" = { enabled = false } } # inline\n",
            "marketplaces.odd.source = \"/nowhere\" # dotted\n", "model = \"gpt\"   # trailing\n", "\n", "list = [\n  1, # one\n  2,\n]\n",
            "text = '''\n[not.a.table]\n'''\n", "[tui]\ntheme = \"dark\"\n", "\n\n",
            "[features]\n# chosen\nfast = true\n", "[plugins.\"other@place\"]\nenabled = false\n",
            "[[agents]]\nname = \"a\"\n", "\n[hooks.state.\"other@place:hooks/hooks.json:stop:0:0\"]\ntrusted_hash = \"x\"\n",
            "# the end\n",
        ], 0..=14),
        crlf: bool,
        open: bool,
    ) -> String {
        let mut text = parts.concat();
        if open {
            text.truncate(text.trim_end_matches('\n').len());
        }
        if crlf { text.replace('\n', "\r\n") } else { text }
    }
}

/// What Codex does at an install: it rewrites the file with `\n` and with tables in place of inline
/// ones, and appends its own.
fn installed(text: &str) -> String {
    let mut document = parse(&unix(text)).unwrap();
    for table in ["plugins", "marketplaces"] {
        if let Some(item) = document.remove(table) {
            let mut expanded = item.into_table().unwrap();
            expanded.set_dotted(false);
            document.insert(table, Item::Table(expanded));
        }
    }
    let mut text = document.to_string();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let mut ours = OURS.to_owned();
    if text.contains("hooks.state") {
        ours = ours.replace("[hooks.state]\n\n", "");
    }
    let ours = if text.is_empty() {
        ours.trim_start()
    } else {
        &ours
    };
    text + ours
}

#[test]
fn a_header_that_codex_adds_to_the_trust_of_others_says_nothing() {
    let before = "a = 1\n\n[hooks.state.\"other:stop:0:0\"]\ntrusted_hash = \"x\"\n";
    let added = before.replace("\n[hooks.state.", "\n[hooks.state]\n\n[hooks.state.");
    assert_eq!(without_idle_headers(&added), before);
    assert_eq!(without_idle_headers(before), before);
    for kept in ["[hooks]\nlimit = 3\n", "[hooks.state]\nx = 1\n", "a ="] {
        assert_eq!(without_idle_headers(kept), kept);
    }
}

proptest! {
    #[test]
    fn an_install_by_codex_is_undone_to_the_byte(foreign in foreign()) {
        prop_assume!(parse(&unix(&foreign)).is_ok());
        let with = kept(&foreign, &installed(&foreign));
        prop_assert_eq!(entries(&with, ID, "cc-local").unwrap().trust, entries(&installed(&foreign), ID, "cc-local").unwrap().trust);
        let undone = forget(&with);
        prop_assert_eq!(&forget(&undone), &undone, "twice is once");
        prop_assert_eq!(keep_endings(&foreign, &undone), foreign);
    }

    #[test]
    fn the_flag_is_undone_to_the_byte(foreign in foreign()) {
        prop_assume!(parse(&unix(&foreign)).is_ok());
        let (with, before) = with_flag(&foreign).unwrap();
        prop_assert_eq!(parse(&unix(&with)).unwrap()["features"]["codex_hooks"].as_bool(), Some(true));
        prop_assert_eq!(&with_flag(&with).unwrap().0, &with);
        let undone = with_flag_restored(&with, before).unwrap();
        prop_assert_eq!(keep_endings(&foreign, &undone), foreign);
    }
}

/// What Codex 0.169 makes of odd forms when it adds our entries.
const REWRITTEN: [[&str; 3]; 6] = [
    [
        "plugins = { \"other@x\" = { enabled = false } } # mine\nmodel = \"x\"\n",
        "model = \"x\"\n\n[plugins ]\n\"other@x\" = { enabled = false }\n",
        "plugins = { \"other@x\" = { enabled = false } , \"cc@cc-local\" = { enabled = true } } # mine\nmodel = \"x\"\n\n[marketplaces.cc-local]\n",
    ],
    [
        "[hooks]\nstate = { \"o:stop:0:0\" = { trusted_hash = \"1\" } }\n# end",
        "[hooks]\n# end\n\n[hooks.state ]\n\n[hooks.state.\"o:stop:0:0\"]\ntrusted_hash = \"1\"\n",
        "state = { \"o:stop:0:0\" = { trusted_hash = \"1\" } , \"cc@cc-local:hooks/hooks.json:stop:0:0\" = {",
    ],
    [
        "hooks.state.\"o:stop:0:0\".trusted_hash = \"1\"\n",
        "[hooks.state.\"o:stop:0:0\"]\ntrusted_hash = \"1\"\n",
        "hooks.state.\"o:stop:0:0\".trusted_hash = \"1\"\n",
    ],
    [
        "\u{feff}model = \"x\"\r\n# c\r\n",
        "model = \"x\"\n# c\n",
        "\u{feff}model = \"x\"\r\n# c\r\n\r\n[marketplaces.cc-local]\r\n",
    ],
    [
        "[marketplaces]\n\n[plugins]\n# here\n\n[tui]\ntheme = \"a\"\n",
        "# here\n\n[tui]\ntheme = \"a\"\n",
        "[marketplaces]\n\n[plugins]\n# here\n\n[tui]\ntheme = \"a\"\n",
    ],
    [
        "a = 1 # one\n[tui] # two\n",
        "a = 1 # one\n[tui] # two\n",
        "a = 1 # one\n[tui] # two\n\n[marketplaces.cc-local]\n",
    ],
];

#[test]
fn what_codex_rewrites_beside_its_change_is_put_back() {
    for [before, rewritten, expect] in REWRITTEN {
        let after = format!("{rewritten}{}", OURS.replace("[hooks.state]\n\n", ""));
        let with = kept(before, &after);
        assert!(with.contains(expect), "{before}\n->\n{with}");
        assert_eq!(meaning(&unix(&with)), meaning(&after), "{with}");
        let ours = |text: &str| without(text, ID, "cc-local", &[TRUST.to_owned()]).unwrap();
        let gone = kept(&with, rewritten);
        assert_eq!(
            ours(&gone).trim_end(),
            ours(before).trim_end(),
            "{with}\n->\n{gone}"
        );
    }
}

#[test]
fn a_change_that_is_not_understood_is_left_to_codex() {
    let before = "plugins = { a = { enabled = true } }\n";
    let after = "model = \"new\"\n\n[plugins.a]\nenabled = true\n";
    assert_eq!(kept(before, after), after);
    assert_eq!(kept("not toml", "a = 1\n"), "a = 1\n");
}
