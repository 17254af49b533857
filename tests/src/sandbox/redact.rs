//! Redacts what differs between runs, so that whole outputs can be compared.

use std::path::Path;
use std::sync::OnceLock;

use regex::{Captures, Regex};

use super::output::Output;
use super::world::Sandbox;
use crate::peers::CLAUDE;

/// Patterns and their replacements, applied in this order.
const MASKS: [(&str, &str); 15] = [
    // What a command prints that waits for more than ten seconds.
    (
        r"(?m)^\[cc\] (?:<\w+ \d+> · )?(?:\d+h )?(?:\d+m )?\d+[ms] · .*\n",
        "",
    ),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "<time>"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "<minute>"),
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b", "<time>"),
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b", "<minute>"),
    (r"(?m)^  \d\d:\d\d:\d\d ", "  <time> "),
    // The widest cell decides the padding of a table, so what follows is made one width too.
    (r"\b(?:\d+m )?\d+(?:\.\d)?s\b( ago)?(  +)?", "<n>s$1$2"),
    (r"<n>s( ago)?  +", "<n>s$1  "),
    (r"(retry \d+ of \d+ in) \d+ s", "$1 <n> s"),
    (r"\b(?P<name>[A-Z ]+) [0-9a-f]{16}\b", "$name <mark>"),
    (r#"("(?:pid|claudePid)"): \d+"#, "$1: <pid>"),
    (r"\b(pid|process) \d+", "$1 <pid>"),
    (
        r#"("(?:pid|claudePid)Identity"): "[^"]*""#,
        "$1: <identity>",
    ),
    (r"\b127\.0\.0\.1:\d+", "127.0.0.1:<port>"),
    (r"\b(state/)[0-9a-f]{12}\b", "$1<workspace>"),
];

/// An error of Windows, which words it in its own way.
const WINDOWS_ERROR: (&str, &str) = (r"[A-Z][A-Za-z' ,.]* \(os error \d+\)", "<system>");

impl Sandbox {
    /// Redacts what differs between runs: the sandbox's directory becomes `<root>`, ids
    /// of jobs `<review 1>`, `<review 2>` in the order they appear in, times `<time>`, spans of
    /// time `<n>s`, processes `<pid>`, the marks of frames `<mark>`, the pinned version of Claude
    /// Code `<claude>`.
    pub fn redact(&self, text: &str) -> String {
        let escaped = |path: &Path| path.to_string_lossy().replace('\\', r"\\");
        let text = text
            .replace(&escaped(self.root()), "<root>")
            .replace(&escaped(&self.bin()), "<root>/bin")
            .replace(&*self.root().to_string_lossy(), "<root>")
            .replace(&*self.bin().to_string_lossy(), "<root>/bin");
        let text = paths_with_slashes(&text).replace(CLAUDE.version, "<claude>");
        masks()
            .iter()
            .fold(number_jobs(&text), |text, (pattern, mask)| {
                pattern.replace_all(&text, *mask).into_owned()
            })
    }

    /// A call as its caller saw it, redacted: exit code, standard output, standard error.
    pub fn transcript(&self, output: &Output) -> String {
        let code = output
            .code()
            .map_or("a signal".to_owned(), |code| code.to_string());
        let mut text = format!("exit {code}\n");
        for (name, said) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            if !said.is_empty() {
                let line_end = if said.ends_with('\n') {
                    ""
                } else {
                    "(no newline)\n"
                };
                text.push_str(&format!("--- {name}\n{said}{line_end}"));
            }
        }
        self.redact(&text)
    }
}

/// The paths below `<root>` with `/` between their parts, also those of Windows, escaped or not.
fn paths_with_slashes(text: &str) -> String {
    static PATH: OnceLock<Regex> = OnceLock::new();
    let path = PATH.get_or_init(|| regex(r#"<root>(?:[\\/]{1,2}[^\\/`"'\s]+)+"#));
    let slashes = |found: &Captures<'_>| found[0].replace(r"\\", "/").replace('\\', "/");
    path.replace_all(text, slashes).into_owned()
}

fn masks() -> &'static [(Regex, &'static str)] {
    static MADE: OnceLock<Vec<(Regex, &'static str)>> = OnceLock::new();
    MADE.get_or_init(|| {
        let masks = MASKS
            .into_iter()
            .chain(cfg!(windows).then_some(WINDOWS_ERROR));
        masks
            .map(|(pattern, mask)| (regex(pattern), mask))
            .collect()
    })
}

fn number_jobs(text: &str) -> String {
    static ID: OnceLock<Regex> = OnceLock::new();
    let id = ID.get_or_init(|| regex(r"\b(review|task)-[0-9a-z]{8}-[0-9a-z]{8}\b"));
    let mut seen: Vec<String> = Vec::new();
    let number = |found: &Captures<'_>| {
        let at = seen
            .iter()
            .position(|id| *id == found[0])
            .unwrap_or_else(|| {
                seen.push(found[0].to_owned());
                seen.len() - 1
            });
        format!("<{} {}>", &found[1], at + 1)
    };
    id.replace_all(text, number).into_owned()
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_masked_and_the_rest_stays() {
        let sandbox = Sandbox::new();
        let check = |text: &str, expect: &str| assert_eq!(sandbox.redact(text), expect);
        check(
            "review-loyw3v28-0abc1234 review-loyw3v28-1abc1234 review-loyw3v28-0abc1234*  task-loyw3v28-0abc1234",
            "<review 1> <review 2> <review 1>*  <task 3>",
        );
        check(
            "2026-03-01T10:00:00.123Z says: 3 files in 0.4s",
            "<time> says: 3 files in <n>s",
        );
        check(
            "[cc] Review: job 7\n[cc] 10s · says: Fine.\n[cc] task-loyw3v28-0abc1234 · 2h 05m · thinks\nDone.\n",
            "[cc] Review: job 7\nDone.\n",
        );
        check("completed  12s ago   Review", "completed  <n>s ago  Review");
        check("<<<LEFT OUT 00112233445566ff", "<<<LEFT OUT <mark>");
        check(
            r#"{"pid": 12, "claudePidIdentity": "b:1"}"#,
            r#"{"pid": <pid>, "claudePidIdentity": <identity>}"#,
        );
        check(
            "90 lines, 14.2k tokens, $0.01",
            "90 lines, 14.2k tokens, $0.01",
        );
        check(
            &format!("Claude Code {}", CLAUDE.version),
            "Claude Code <claude>",
        );
        let path = sandbox.repo().join("a.rs");
        check(&path.display().to_string(), "<root>/repo/a.rs");
        check(r"<root>\repo\a.rs \n", r"<root>/repo/a.rs \n");
        let json = r#"{"a":"<root>\\repo\\a.rs"}"#;
        check(json, r#"{"a":"<root>/repo/a.rs"}"#);
    }
}
