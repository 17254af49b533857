//! Exec rules: the commands that Codex runs without asking and outside its sandbox.
//!
//! A rule is a line of Starlark. Ours is in a file of its own; Codex's dialog ("don't ask again")
//! appends the same to `default.rules`, among the user's rules.

use serde_json::Value;

/// The rule that lets Codex run `cli`, as Starlark.
pub(crate) fn rule(cli: &str) -> String {
    // Starlark understands the escapes of JSON.
    format!(
        "prefix_rule(pattern=[{}], decision=\"allow\")",
        Value::from(cli)
    )
}

/// The content of our rules file.
pub(crate) fn file(cli: &str) -> String {
    format!(
        "# Written by cc-installer with your consent: Codex runs cc-cli without asking and outside of\n\
         # its sandbox, where Claude Code can reach the network. `cc-installer uninstall` removes it.\n\
         {}\n",
        rule(cli)
    )
}

/// Whether `text` allows every call of `cli`.
pub(crate) fn allows(text: &str, cli: &str) -> bool {
    let rule = rule(cli);
    let squeezed = |text: &str| text.replace([' ', '\t'], "");
    text.lines().any(|line| squeezed(line) == squeezed(&rule))
}

/// Whether a line of `text` is a rule for some `cc-cli`.
pub(crate) fn mentions(text: &str, name: &str) -> bool {
    let ends = [
        format!("/{name}\""),
        format!("\\\\{name}\""),
        format!("/{name}.exe\""),
        format!("\\\\{name}.exe\""),
    ];
    let mut rules = text
        .lines()
        .filter(|line| line.trim_start().starts_with("prefix_rule("));
    rules.any(|line| ends.iter().any(|end| line.contains(end.as_str())))
}

/// `text` without the rules whose command is `cli`.
#[must_use]
pub(crate) fn without(text: &str, cli: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines.filter(|line| !is_about(line, cli)).collect()
}

/// Whether a line is one complete rule whose pattern starts with `cli`.
fn is_about(line: &str, cli: &str) -> bool {
    let squeezed = line.trim();
    let Some(rest) = squeezed.strip_prefix("prefix_rule(") else {
        return false;
    };
    let Some(pattern) = rest.trim_start().strip_prefix("pattern") else {
        return false;
    };
    let pattern = pattern.trim_start().strip_prefix('=').map(str::trim_start);
    let first = pattern
        .and_then(|pattern| pattern.strip_prefix('['))
        .map(str::trim_start);
    let quoted = Value::from(cli).to_string();
    first.is_some_and(|first| first.starts_with(&quoted)) && squeezed.ends_with(')')
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLI: &str = "/home/dev/.codex/cc/bin/cc-cli";

    #[test]
    fn our_file_allows_exactly_our_binary() {
        let file = file(CLI);
        assert!(allows(&file, CLI) && mentions(&file, "cc-cli"));
        assert!(!allows(&file, "/home/dev/.codex/cc/bin/cc-hooks"));
        assert_eq!(
            rule(r"C:\cc\cc-cli.exe"),
            r#"prefix_rule(pattern=["C:\\cc\\cc-cli.exe"], decision="allow")"#
        );
        assert!(mentions(&super::file(r"C:\cc\cc-cli.exe"), "cc-cli"));
    }

    #[test]
    fn only_our_lines_are_taken_out() {
        let foreign = "# mine\r\nprefix_rule(pattern=[\"git\", \"push\"], decision=\"prompt\")\r\n";
        let narrow = format!("prefix_rule(pattern=[\"{CLI}\", \"review\"], decision=\"allow\")\n");
        let text = format!("{foreign}{}\n{narrow}", rule(CLI));
        assert_eq!(without(&text, CLI), foreign);
        let other = format!("prefix_rule(pattern=[\"{CLI}-other\"], decision=\"allow\")\n");
        assert_eq!(without(&other, CLI), other, "another program");
        let several = format!("prefix_rule(pattern=[\"{CLI}\"],\n  decision=\"allow\")\n");
        assert_eq!(
            without(&several, CLI),
            several,
            "not one whole rule: the user's own hand"
        );
    }

    proptest::proptest! {
        #[test]
        fn what_the_dialog_wrote_is_taken_out_and_no_more(
            before in foreign(), after in foreign(), narrow: bool, crlf: bool,
        ) {
            let word = if narrow { ", \"review\"" } else { "" };
            let end = if crlf { "\r\n" } else { "\n" };
            let ours = format!("prefix_rule(pattern=[\"{CLI}\"{word}], decision=\"allow\"){end}");
            let with = format!("{before}{ours}{after}");
            let gone = without(&with, CLI);
            assert_eq!(without(&gone, CLI), gone, "twice is once");
            assert_eq!(gone, before + &after);
        }
    }

    /// Rules and notes of somebody else, each a line.
    fn foreign() -> impl proptest::strategy::Strategy<Value = String> {
        use proptest::strategy::Strategy;
        let line = proptest::sample::select(vec![
            "# mine: cc-cli\n",
            "\n",
            "prefix_rule(pattern=[\"git\", \"push\"], decision=\"prompt\")\r\n",
            "prefix_rule(pattern=[\"/home/dev/.codex/cc/bin/cc-cli2\"], decision=\"allow\")\n",
            "prefix_rule(\n    pattern=[[\"npm\", \"pnpm\"], \"test\"],\n)\n",
            "host_executable(name=\"git\", paths=[\"/home/dev/.codex/cc/bin/cc-cli\"])\n",
        ]);
        proptest::collection::vec(line, 0..6).prop_map(|lines| lines.concat())
    }
}
