//! The calls of tools: what they work on, which were refused, which wrote a file.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use cc_core::text::{head, one_line};
use cc_core::{BlockedCall, RanCommand};

use crate::observer::LINE;
use crate::stream::event::{DeniedCall, ToolInput, ToolResult};

/// The most denials and the most touched files that are kept.
const KEPT: usize = 300;

/// The most calls that may wait for their result.
const PENDING: usize = 512;

/// The most bytes of an id and of a path.
const ID: usize = 128;
const PATH: usize = 4_096;

/// Claude's own tools that write the file they name.
const WRITERS: [&str; 4] = ["Edit", "MultiEdit", "NotebookEdit", "Write"];

/// Claude's own tools that run commands, which may write any file.
const RUNNERS: [&str; 2] = ["Bash", "PowerShell"];

#[derive(Debug, Default)]
pub(super) struct Calls {
    pending: HashMap<String, PendingCall>,
    denied: Distinct,
    touched: Distinct,
    denials: Vec<BlockedCall>,
    files: Vec<String>,
    denials_omitted: u64,
    files_omitted: u64,
    /// How many commands began that were not refused.
    began: u64,
    /// The commands with a result, each with the id of its call.
    commands: Vec<(String, RanCommand)>,
}

/// A call whose result has not come.
#[derive(Debug)]
struct PendingCall {
    detail: String,
    writes: Option<String>,
    runs: bool,
    starts_subagent: bool,
}

/// Which texts came before, by their hashes: eight bytes each.
#[derive(Debug, Default)]
struct Distinct {
    seen: HashSet<u64>,
    hasher: RandomState,
}

impl Distinct {
    fn is_new(&mut self, text: &str) -> bool {
        // A run with this many denials or files is counted roughly from here on.
        self.seen.len() >= 100_000 || self.seen.insert(self.hasher.hash_one(text))
    }

    fn has(&self, text: &str) -> bool {
        self.seen.contains(&self.hasher.hash_one(text))
    }
}

impl Calls {
    /// A call begins.
    pub(super) fn begin(&mut self, id: &str, name: &str, input: &ToolInput<'_>) {
        if self.pending.len() >= PENDING {
            self.pending.retain(|_, call| call.writes.is_some());
        }
        if id.is_empty() || id.len() > ID || self.pending.len() >= PENDING {
            return;
        }
        let written = input.file.as_deref().filter(|_| WRITERS.contains(&name));
        let call = PendingCall {
            detail: detail(input),
            writes: written.map(|path| head(path, PATH).to_owned()),
            runs: RUNNERS.contains(&name),
            starts_subagent: input.starts_subagent,
        };
        let is_new = self.pending.insert(id.to_owned(), call).is_none();
        self.began += u64::from(is_new && RUNNERS.contains(&name));
    }

    /// The result of a call came. A file counts as touched only now: a call that was cut off or
    /// failed wrote nothing that can be named. A command that never began did not run.
    pub(super) fn end(&mut self, id: &str, result: &ToolResult<'_>) {
        let Some(call) = self.pending.remove(id) else {
            return;
        };
        if call.runs {
            self.end_command(id, call.detail, result);
        } else if let Some(path) = call.writes.filter(|_| !result.is_error) {
            self.touch(path);
        }
    }

    fn end_command(&mut self, id: &str, command: String, result: &ToolResult<'_>) {
        if result.never_began {
            self.began = self.began.saturating_sub(1);
        } else if self.commands.len() < KEPT && !self.denied.has(id) {
            let failed = result.is_error;
            let ran = RanCommand { command, failed };
            self.commands.push((id.to_owned(), ran));
        }
    }

    fn touch(&mut self, path: String) {
        if !self.touched.is_new(&path) {
            return;
        }
        if self.files.len() < KEPT {
            self.files.push(path);
        } else {
            self.files_omitted += 1;
        }
    }

    /// Whether the call waits for its result.
    pub(super) fn is_pending(&self, id: &str) -> bool {
        self.pending.contains_key(id)
    }

    /// Whether the call is known to start a subagent.
    pub(super) fn starts_subagent(&self, id: &str) -> bool {
        self.pending
            .get(id)
            .is_some_and(|call| call.starts_subagent)
    }

    /// A call was refused, as it happens. `None` where it is known already.
    pub(super) fn refuse(&mut self, id: &str, tool: &str) -> Option<BlockedCall> {
        let call = self.pending.get(id);
        let detail = call.map(|call| call.detail.clone()).unwrap_or_default();
        self.deny(id, tool, detail)
    }

    /// A call was refused, as a result event lists it. 2.1.197 reports it only there.
    pub(super) fn refused(&mut self, call: &DeniedCall<'_>) {
        let id = call.id.as_deref().unwrap_or_default();
        self.deny(id, &call.tool, detail(&call.input));
    }

    fn deny(&mut self, id: &str, tool: &str, detail: String) -> Option<BlockedCall> {
        if !id.is_empty() && !self.denied.is_new(id) {
            return None;
        }
        if RUNNERS.contains(&tool) {
            self.began = self.began.saturating_sub(1);
            self.commands.retain(|(ran, _)| ran != id);
        }
        let tool = one_line(&shown_name(tool), LINE);
        let denial = BlockedCall { tool, detail };
        if self.denials.len() < KEPT {
            self.denials.push(denial.clone());
        } else {
            self.denials_omitted += 1;
        }
        Some(denial)
    }

    /// The refused calls and how many more there were.
    pub(super) fn take_denials(&mut self) -> (Vec<BlockedCall>, u64) {
        (std::mem::take(&mut self.denials), self.denials_omitted)
    }

    /// Whether a command began that was not refused.
    pub(super) fn ran_commands(&self) -> bool {
        self.began > 0
    }

    /// The commands that ran to their end, in this order; at most some hundreds.
    pub(super) fn take_commands(&mut self) -> Vec<RanCommand> {
        let commands = std::mem::take(&mut self.commands).into_iter();
        commands.map(|(_, command)| command).collect()
    }

    /// The files that were written and how many more there were.
    pub(super) fn take_touched(&mut self) -> (Vec<String>, u64) {
        (std::mem::take(&mut self.files), self.files_omitted)
    }
}

/// The name of a tool as people read it: `git diff` for `mcp__git__diff`.
pub(super) fn shown_name(name: &str) -> Cow<'_, str> {
    let of_server = name.strip_prefix("mcp__");
    match of_server.and_then(|name| name.split_once("__")) {
        Some((server, tool)) => format!("{server} {tool}").into(),
        None => name.into(),
    }
}

/// What a call works on, as one line.
pub(super) fn detail(input: &ToolInput<'_>) -> String {
    let what = input.file.as_deref().or(input.subject.as_deref());
    match (what, input.within.as_deref()) {
        (Some(what), Some(within)) => one_line(
            &format!("{} in {}", head(what, 2_000), head(within, 2_000)),
            LINE,
        ),
        (what, within) => one_line(what.or(within).unwrap_or_default(), LINE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> ToolInput<'_> {
        ToolInput {
            file: Some(path.into()),
            ..ToolInput::default()
        }
    }

    fn result(is_error: bool) -> ToolResult<'static> {
        ToolResult {
            id: None,
            is_error,
            never_began: false,
        }
    }

    #[test]
    fn commands_are_listed_with_what_came_of_them() {
        let mut calls = Calls::default();
        let command = |text: &'static str| ToolInput {
            subject: Some(text.into()),
            ..ToolInput::default()
        };
        for (id, text) in [("1", "a"), ("2", "b"), ("3", "c"), ("4", "d"), ("5", "e")] {
            calls.begin(id, "Bash", &command(text));
        }
        calls.begin("6", "Read", &file("x"));
        calls.refuse("4", "Bash");
        for (id, is_error) in [
            ("1", false),
            ("2", true),
            ("4", true),
            ("5", true),
            ("6", false),
        ] {
            calls.end(id, &result(is_error));
        }
        // Told of only at the end.
        calls.refuse("5", "Bash");
        let never_began = ToolResult {
            never_began: true,
            ..result(true)
        };
        calls.end("3", &never_began);
        assert!(calls.ran_commands());
        let ran: Vec<_> = calls
            .take_commands()
            .into_iter()
            .map(|it| (it.command, it.failed))
            .collect();
        assert_eq!(ran, [("a".to_owned(), false), ("b".to_owned(), true)]);
    }

    #[test]
    fn a_command_that_never_began_did_not_run() {
        let mut calls = Calls::default();
        calls.begin("a", "Bash", &ToolInput::default());
        let never_began = ToolResult {
            never_began: true,
            ..result(true)
        };
        calls.end("a", &never_began);
        assert!(!calls.ran_commands());
        calls.begin("b", "Bash", &ToolInput::default());
        assert!(calls.ran_commands(), "cut off, it may have run");
        calls.end("b", &result(true));
        assert!(calls.ran_commands(), "it failed");
    }

    #[test]
    fn a_command_ran_unless_it_was_refused() {
        let mut calls = Calls::default();
        for id in ["a", "b"] {
            calls.begin(id, "Bash", &ToolInput::default());
        }
        calls.begin("a", "Bash", &ToolInput::default());
        calls.begin("c", "Write", &file("/w/new"));
        calls.refuse("a", "Bash");
        calls.refuse("a", "Bash");
        assert!(calls.ran_commands());
        calls.refuse("b", "Bash");
        assert!(!calls.ran_commands());
    }

    #[test]
    fn a_file_is_touched_once_a_writer_succeeded() {
        let mut calls = Calls::default();
        calls.begin("1", "Edit", &file("a"));
        calls.begin("2", "Write", &file("b"));
        calls.begin("3", "Read", &file("c"));
        calls.begin("4", "Edit", &file("a"));
        calls.begin("5", "NotebookEdit", &file("d.ipynb"));
        calls.begin("6", "Write", &file("cut off"));
        for (id, is_error) in [("4", false), ("2", true), ("3", false), ("1", false)] {
            calls.end(id, &result(is_error));
        }
        calls.end("5", &result(false));
        calls.end("unknown", &result(false));
        assert_eq!(
            calls.take_touched(),
            (vec!["a".into(), "d.ipynb".into()], 0)
        );
    }

    #[test]
    fn a_denial_counts_once_however_often_it_is_reported() {
        let mut calls = Calls::default();
        calls.begin("1", "Write", &file("x"));
        assert!(calls.refuse("1", "Write").is_some());
        assert!(calls.refuse("1", "Write").is_none());
        for id in ["1", "2", "2"] {
            calls.refused(&DeniedCall {
                id: Some(id.into()),
                tool: "Write".into(),
                input: file("y"),
            });
        }
        let (denials, omitted) = calls.take_denials();
        let details: Vec<_> = denials
            .iter()
            .map(|denial| denial.detail.as_str())
            .collect();
        assert_eq!((details, omitted), (vec!["x", "y"], 0));
    }

    #[test]
    fn lists_are_bounded_and_count_the_rest() {
        let mut calls = Calls::default();
        for number in 0..1_000 {
            let id = number.to_string();
            calls.begin(&id, "Write", &file(&id));
            calls.refuse(&id, "Write");
            calls.end(&id, &result(false));
        }
        let (denials, omitted) = calls.take_denials();
        assert_eq!((denials.len(), omitted), (KEPT, 700));
        let (files, omitted) = calls.take_touched();
        assert_eq!((files.len(), omitted), (KEPT, 700));
    }

    #[test]
    fn calls_without_a_result_are_bounded_and_writers_stay_longest() {
        let mut calls = Calls::default();
        calls.begin("writer", "Write", &file("kept"));
        for number in 0..10_000 {
            calls.begin(&number.to_string(), "Read", &file("r"));
            assert!(calls.pending.len() <= PENDING);
        }
        calls.end("writer", &result(false));
        assert_eq!(calls.take_touched().0, ["kept"]);
    }

    #[test]
    fn a_detail_is_one_bounded_line() {
        let grep = ToolInput {
            subject: Some("fn\n main".into()),
            within: Some("src".into()),
            ..ToolInput::default()
        };
        assert_eq!(detail(&grep), "fn main in src");
        assert_eq!(detail(&ToolInput::default()), "");
        assert_eq!(detail(&file(&"é".repeat(9_000))).chars().count(), LINE);
    }
}
