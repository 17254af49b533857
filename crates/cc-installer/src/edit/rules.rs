//! Exec rules: the commands that Codex runs without asking and outside its sandbox.
//!
//! A rule is a line of Starlark. Ours name the door of `cc-cli` and are in a file of their own; Codex's
//! dialog ("don't ask again") appends rules to `default.rules`, among the user's.

use serde_json::{Value, json};

/// What one of our rules allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allows {
    /// The commands that change no file.
    Looking,
    /// The commands that change files of the workspace.
    Changing,
}

/// Both, in the order in which they are asked for.
pub(crate) const ALL: [Allows; 2] = [Allows::Looking, Allows::Changing];

/// The rule that lets Codex run these commands of `cli`, as Starlark.
pub(crate) fn rule(cli: &str, allows: Allows) -> String {
    let commands = match allows {
        Allows::Looking => json!(cc_cli::LOOKING),
        Allows::Changing => json!(cc_cli::CHANGING),
    };
    // Starlark understands the escapes of JSON.
    let (cli, word) = (Value::from(cli), Value::from(cc_cli::WORD));
    let commands = commands.to_string().replace(',', ", ");
    format!("prefix_rule(pattern=[{cli}, {word}, {commands}], decision=\"allow\")")
}

/// The rule of earlier versions: it let Codex run all of `cli`, among other things its settings, by
/// which any program can be run outside the sandbox.
fn old_rule(cli: &str) -> String {
    format!(
        "prefix_rule(pattern=[{}], decision=\"allow\")",
        Value::from(cli)
    )
}

/// The content of our rules file.
pub(crate) fn file(cli: &str, allowed: &[Allows]) -> String {
    let mut text = "# Written by cc-installer with your consent: Codex runs these commands without asking and outside\n\
                    # of its sandbox, where Claude Code can reach the network. `cc-installer uninstall` removes them.\n"
        .to_owned();
    for allows in allowed {
        text += &rule(cli, *allows);
        text.push('\n');
    }
    text
}

/// Whether `text` has the whole rule.
pub(crate) fn allows(text: &str, cli: &str, allows: Allows) -> bool {
    has(text, &rule(cli, allows))
}

/// Whether `text` allows every call of `cli`.
pub(crate) fn allows_everything(text: &str, cli: &str) -> bool {
    has(text, &old_rule(cli))
}

/// `text` without the rule that allows every call of `cli`.
#[must_use]
pub(crate) fn without_old(text: &str, cli: &str) -> String {
    let rule = squeezed(&old_rule(cli));
    let lines = text.split_inclusive('\n');
    lines
        .filter(|line| squeezed(line.trim_end()) != rule)
        .collect()
}

fn has(text: &str, rule: &str) -> bool {
    text.lines().any(|line| squeezed(line) == squeezed(rule))
}

fn squeezed(text: &str) -> String {
    text.replace([' ', '\t'], "")
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
    let line = line.trim();
    let Some(rest) = line.strip_prefix("prefix_rule(") else {
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
    first.is_some_and(|first| first.starts_with(&quoted)) && line.ends_with(')')
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLI: &str = "/home/dev/.codex/cc/bin/cc-cli";

    #[test]
    fn our_file_allows_exactly_the_door_of_our_binary() {
        for allowed in [&ALL[..0], &ALL[..1], &ALL[1..], &ALL] {
            let file = file(CLI, allowed);
            for one in ALL {
                assert_eq!(allows(&file, CLI, one), allowed.contains(&one));
            }
            assert!(!allows_everything(&file, CLI) && without_old(&file, CLI) == file);
            assert_eq!(mentions(&file, "cc-cli"), !allowed.is_empty());
        }
        assert!(!allows(
            &file(CLI, &ALL),
            "/cc/bin/cc-hooks",
            Allows::Looking
        ));
        assert_eq!(
            rule(r"C:\cc\cc-cli.exe", Allows::Changing),
            r#"prefix_rule(pattern=["C:\\cc\\cc-cli.exe", "codex", ["rescue", "apply", "discard"]], decision="allow")"#
        );
        assert!(mentions(&file(r"C:\cc\cc-cli.exe", &ALL), "cc-cli"));
    }

    #[test]
    fn the_old_rule_is_distinguished_from_ours_and_taken_out_alone() {
        let old = old_rule(CLI);
        let narrow = format!("prefix_rule(pattern=[\"{CLI}\", \"review\"], decision=\"allow\")\n");
        let rest = format!("{narrow}{}", file(CLI, &ALL));
        for old in [format!("{old}\n"), old.replace(' ', "") + "\r\n"] {
            let text = format!("{old}{rest}");
            assert!(allows_everything(&text, CLI) && !allows_everything(&rest, CLI));
            assert_eq!(without_old(&text, CLI), rest);
        }
    }

    #[test]
    fn only_our_lines_are_taken_out() {
        let foreign = "# mine\r\nprefix_rule(pattern=[\"git\", \"push\"], decision=\"prompt\")\r\n";
        let narrow = format!("prefix_rule(pattern=[\"{CLI}\", \"review\"], decision=\"allow\")\n");
        let text = format!(
            "{foreign}{}{}\n{narrow}",
            file(CLI, &ALL).split_off(file(CLI, &[]).len()),
            old_rule(CLI)
        );
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
