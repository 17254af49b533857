//! A small change with two bugs, and the reviewer who finds them.
//!
//! The reviewer is played, but it reads: the lines it names are where the file, as Claude Code's own
//! Read tool gave it, has the text in question.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::Receiver;

use cc_tests::messages_api::Request;
use cc_tests::{Block, Sandbox, Turn};
use serde_json::{Value, json};

/// The file that is changed.
pub(crate) const FILE: &str = "src/pages.rs";

const BEFORE: &str = "\
//! Cuts a list into pages, counted from 1.

/// How many pages a number of items fills.
pub fn count(items: usize, per_page: usize) -> usize {
    items.div_ceil(per_page)
}

/// The items on one page.
pub fn page<T>(items: &[T], number: usize, per_page: usize) -> &[T] {
    let first = (number - 1) * per_page;
    let last = items.len().min(first + per_page);
    &items[first..last]
}
";

/// One page too many where the last one is full.
const COUNT: [&str; 2] = ["items.div_ceil(per_page)", "items / per_page + 1"];

/// Beyond the end of the list where the last page is not full.
const SLICE: [&str; 2] = [
    "let last = items.len().min(first + per_page);\n    &items[first..last]",
    "&items[first..first + per_page]",
];

/// A file that a turn of Codex adds: its content with a mistake, and without.
pub(super) const ADDED: &str = "src/last.rs";
pub(super) const BROKEN: &str = "pub fn last<T>(items: &[T]) -> &T { &items[items.len() - 1] }";
pub(super) const FIXED: &str = "pub fn last<T>(items: &[T]) -> Option<&T> { items.last() }";

/// Commits the file and then breaks it.
pub(crate) fn change(sandbox: &Sandbox) {
    sandbox.write(FILE, BEFORE);
    sandbox.commit("Cut lists into pages");
    let [count, slice] = [COUNT, SLICE];
    let after = BEFORE
        .replace(count[0], count[1])
        .replace(slice[0], slice[1]);
    sandbox.write(FILE, after);
}

/// Plays the model.
pub(super) struct Reviewer {
    file: PathBuf,
}

impl Reviewer {
    pub(super) fn of(sandbox: &Sandbox) -> Self {
        let file = sandbox.repo().join(FILE);
        Self { file }
    }

    /// Asks for the changed file.
    pub(super) fn looks(&self) -> Turn {
        let read = json!({"file_path": self.file});
        let intro = Block::text("I will read the changed file around the diff.");
        Turn::blocks([intro, Block::tool("Read", read)])
    }

    /// Answers as a plain review does, once the other end of `gate` is dropped.
    pub(super) fn writes_prose(&self, gate: Receiver<()>) -> Turn {
        after(gate, |request| Turn::text(prose(request)))
    }

    /// Answers as an adversarial review does, once the other end of `gate` is dropped.
    pub(super) fn fills_the_form(&self, gate: Receiver<()>) -> Turn {
        after(gate, |request| {
            Turn::tool("StructuredOutput", form(request))
        })
    }

    /// Puts both lines back, looks at one of them in a shell, and reports.
    pub(super) fn fixes(&self) -> Vec<Turn> {
        let edit = |[right, broken]: [&str; 2]| {
            let input = json!({"file_path": self.file, "old_string": broken, "new_string": right});
            Turn::tool("Edit", input)
        };
        let command = format!("grep -n 'let last' {FILE}");
        let report = format!(
            "Fixed both in {FILE}: the slice ends inside the list again, and full lists get no page \
             too many. `{command}` shows the end that was missing."
        );
        vec![
            self.looks(),
            edit(COUNT),
            edit(SLICE),
            Turn::tool("Bash", json!({"command": command})),
            Turn::text(report),
        ]
    }

    /// Answers as the review gate does to [`BROKEN`].
    pub(super) fn blocks(&self) -> Turn {
        let reason = format!("`last` panics for an empty list, {ADDED}:1. Return an `Option`.");
        let verdict = json!({"verdict": "block", "reason": reason});
        Turn::tool("StructuredOutput", verdict)
    }
}

fn after(gate: Receiver<()>, answer: impl Fn(&Request) -> Turn + Send + Sync + 'static) -> Turn {
    let gate = Mutex::new(gate);
    Turn::computed(move |request| {
        let _ = gate.lock().map(|gate| gate.recv());
        answer(request)
    })
}

fn prose(request: &Request) -> String {
    let (count, slice) = (line(request, COUNT), line(request, SLICE));
    format!(
        "Do not merge this as it is: the last page panics or is empty for most lists.\n\n\
         ### [high] {FILE}:{slice} — the last page panics unless it is full\n\n\
         With 25 items and 10 a page, page 3 slices `20..30` of 25 items. The `min` that was \
         removed is what kept the end inside the list. Smallest fix: put it back.\n\n\
         ### [medium] {FILE}:{count} — full lists get one page too many\n\n\
         With 20 items and 10 a page this says 3; page 3 is empty. Smallest fix: \
         `items.div_ceil(per_page)` as before.\n"
    )
}

fn form(request: &Request) -> Value {
    findings(line(request, COUNT), line(request, SLICE))
}

/// The findings about the two lines.
pub(crate) fn findings(count: u64, slice: u64) -> Value {
    json!({
        "verdict": "needs-attention",
        "summary": "The paging was tried with lists that end inside a page and at its end. Both break.",
        "findings": [
            {
                "severity": "medium",
                "title": "Full lists get one page too many",
                "body": "With 20 items and 10 a page, `count` says 3, and page 3 is empty.",
                "file": FILE, "line_start": count, "line_end": count, "confidence": 0.95,
                "recommendation": "Keep `items.div_ceil(per_page)`.",
            },
            {
                "severity": "high",
                "title": "The last page panics unless it is full",
                "body": "With 25 items and 10 a page, page 3 slices `20..30` of 25 items: `range end \
                         index 30 out of range`. Nothing above checks the end.",
                "file": FILE, "line_start": slice - 1, "line_end": slice, "confidence": 0.99,
                "recommendation": "End at `items.len().min(first + per_page)`.",
            },
        ],
        "next_steps": ["Put both lines back.", "Test a list that ends inside a page, and one that ends with it."],
    })
}

/// The line that holds the broken text in what the Read tool gave; 0 where it gave something else.
fn line(request: &Request, [_, broken]: [&str; 2]) -> u64 {
    let results = request.tool_results();
    let holding = results
        .iter()
        .flat_map(|result| result.lines())
        .find(|line| line.contains(broken));
    let digits = holding.map(|line| {
        let digits = line.trim_start().split(|c: char| !c.is_ascii_digit());
        digits.take(1).collect::<String>()
    });
    digits
        .and_then(|digits| digits.parse().ok())
        .unwrap_or_default()
}
