//! Text for the message of a failed test: short enough that all of it fits on one screen.

use serde_json::Value;

/// How many lines of one text are shown.
const LINES: usize = 15;
/// How many characters of one line are shown.
const COLUMNS: usize = 200;

/// The last lines of `text` under its `name`, long lines cut.
pub(super) fn excerpt(name: &str, text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return format!("{name}: empty\n");
    }
    let shown = &lines[lines.len().saturating_sub(LINES)..];
    let mut excerpt = match lines.len() - shown.len() {
        0 => format!("{name}:\n"),
        left_out => format!("{name} (without the first {left_out} lines):\n"),
    };
    for line in shown {
        excerpt.push_str(&format!("  {}\n", cut(line)));
    }
    excerpt
}

/// One line about a job: its id, its status and why it failed.
pub(super) fn job_line(name: &str, record: &[u8]) -> String {
    let Ok(record) = serde_json::from_slice::<Value>(record) else {
        return format!("{name}: not JSON");
    };
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let line = format!("{}: {}", text(&record["id"]), text(&record["status"]));
    match &record["failure"] {
        Value::Null => cut(&line),
        failure => cut(&format!(
            "{line}, {}: {}",
            text(&failure["class"]),
            text(&failure["detail"])
        )),
    }
}

/// The first line of `text`, at most [`COLUMNS`] characters of it.
pub(super) fn cut(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(COLUMNS) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}
