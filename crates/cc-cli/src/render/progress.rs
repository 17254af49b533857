//! The progress of a running job: two lines for a terminal, one for a log.

use std::time::Duration;

use cc_core::text::{human_count, one_line, printable};
use cc_core::time::human_duration;
use cc_core::{JobId, Time};
use cc_jobs::{Job, RunPhase, RunProgress};
use textwrap::core::display_width;

/// Colours, as the parameters of an SGR sequence.
const FAINT: &str = "2";
const WARN: &str = "1;33";

/// From when on silence is worth a word.
const SILENT: Duration = Duration::from_secs(3);

/// From when on it is a stall.
const STALLED: Duration = Duration::from_secs(60);

/// How many lines of the answer are shown while it is written.
const ANSWER_LINES: usize = 6;

/// The narrowest room for what a job is about.
const NARROWEST: usize = 12;

const SEPARATOR: &str = " · ";

/// A running job at one moment.
#[derive(Clone, Debug)]
pub(crate) struct JobProgress {
    /// The job.
    pub(crate) id: JobId,
    /// What it is about.
    pub(crate) subject: String,
    /// How long it has run.
    pub(crate) elapsed: Duration,
    /// What its run does; absent before it has started.
    pub(crate) run: Option<RunProgress>,
    /// How long ago Claude printed something.
    pub(crate) silence: Duration,
}

/// Where progress is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Canvas {
    /// The columns that a line may take.
    pub(crate) columns: usize,
    /// The lines that all jobs together may take.
    pub(crate) rows: usize,
    /// Whether there are colours.
    pub(crate) colour: bool,
    /// What the user can do, in full and in few words.
    pub(crate) hints: [&'static str; 2],
}

impl JobProgress {
    pub(crate) fn new(job: &Job, subject: &str, run: Option<RunProgress>, now: Time) -> Self {
        let since = job.state().started_at().unwrap_or(job.created_at);
        let heard = run.as_ref().map_or(since, |run| run.last_activity_at);
        Self {
            id: job.id.clone(),
            subject: one_line(subject, 400),
            elapsed: since.until(now),
            silence: heard.until(now),
            run,
        }
    }

    /// A line for a log: `1m 05s · Reading src/pages.rs · 12k tokens`.
    pub(crate) fn log_line(&self) -> String {
        let mut parts = vec![clock(self.elapsed), self.activity(200)];
        if self.silence >= STALLED {
            parts.push(format!("no activity for {}", clock(self.silence)));
        }
        parts.extend(self.spent());
        parts.join(SEPARATOR)
    }

    /// What it does, and then the answer that is being written, each line at most as wide as the canvas.
    fn lines(&self, canvas: &Canvas, with_answer: bool) -> Vec<String> {
        let mut lines = vec![self.headline(canvas.columns), self.activity_line(canvas)];
        let answer = self
            .run
            .as_ref()
            .filter(|run| run.phase == RunPhase::Writing);
        if let Some(run) = answer.filter(|_| with_answer) {
            let room = canvas.rows.saturating_sub(lines.len()).min(ANSWER_LINES);
            lines.extend(answer_lines(&run.text, room, canvas));
        }
        lines
    }

    /// The job, what it is about, time, tokens and price; what does not fit is left out from the end.
    fn headline(&self, columns: usize) -> String {
        let mut facts = vec![clock(self.elapsed)];
        facts.extend(self.spent());
        let id = self.id.as_str();
        while facts.len() > 1 && width_of(&[&[id.to_owned()], &facts[..]].concat()) > columns {
            facts.pop();
        }
        let mut parts = vec![id.to_owned()];
        let taken = width_of(&[&parts[..], &facts[..]].concat());
        let room = columns.saturating_sub(taken + SEPARATOR.chars().count());
        if room >= NARROWEST.min(display_width(&self.subject)) && !self.subject.is_empty() {
            parts.push(cut_end(&self.subject, room));
        }
        parts.append(&mut facts);
        cut_end(&parts.join(SEPARATOR), columns)
    }

    /// What Claude does, for how long it was silent, and what the user can do; what does not fit is left out
    /// from the end, but a stall comes first.
    fn activity_line(&self, canvas: &Canvas) -> String {
        let faint = |text: &str| paint(text, FAINT, canvas.colour);
        let room = canvas.columns.saturating_sub(2);
        let separator = SEPARATOR.chars().count();
        let is_stall = self.silence >= STALLED;
        let silence = match is_stall {
            true => format!("no activity for {}", clock(self.silence)),
            false => format!("last activity {} ago", clock(self.silence)),
        };
        let beside = display_width(&silence) + separator;
        let has_room = room >= beside + NARROWEST;
        let says_silence = self.silence >= SILENT && (has_room || is_stall);
        let mut parts = Vec::new();
        if has_room || !is_stall {
            let limit = room - if says_silence { beside } else { 0 };
            parts.push(self.activity(limit));
        }
        if says_silence {
            let silence = cut_end(&silence, room);
            parts.push(match is_stall {
                true => paint(&silence, WARN, canvas.colour),
                false => faint(&silence),
            });
        }
        let line = parts.join(&faint(SEPARATOR));
        let left = room.saturating_sub(console::measure_text_width(&line) + separator);
        let mut hints = canvas.hints.iter();
        let hint = hints.find(|hint| !hint.is_empty() && display_width(hint) <= left);
        let hint = hint.map(|hint| faint(&format!("{SEPARATOR}{hint}")));
        match room {
            0 => String::new(),
            _ => format!("  {line}{}", hint.unwrap_or_default()),
        }
    }

    /// What Claude does, in at most `limit` columns.
    fn activity(&self, limit: usize) -> String {
        let Some(run) = &self.run else {
            return cut_end("Starting", limit);
        };
        let text = match run.phase {
            RunPhase::Starting => "Starting Claude Code".into(),
            RunPhase::Thinking => "Thinking".into(),
            RunPhase::Writing => "Writing the answer".into(),
            RunPhase::Retrying => format!("Waiting to retry: {}", run.detail),
            RunPhase::Tool => return doing(&one_line(&run.detail, 400), limit),
        };
        cut_end(&one_line(&text, 400), limit)
    }

    /// Tokens and price, as far as they are known.
    fn spent(&self) -> Vec<String> {
        let Some(run) = &self.run else {
            return Vec::new();
        };
        let tokens = run
            .usage
            .total_input()
            .saturating_add(run.usage.output_tokens);
        let tokens = (tokens > 0).then(|| format!("{} tokens", human_count(tokens)));
        let cost = run.cost_usd.map(|dollars| format!("${dollars:.2}"));
        tokens.into_iter().chain(cost).collect()
    }
}

/// All running jobs, each line without its line feed and at most as wide as the canvas.
pub(crate) fn live_lines(jobs: &[JobProgress], canvas: &Canvas) -> Vec<String> {
    let is_one = jobs.len() == 1;
    let fit = (canvas.rows / 2).max(1);
    let shown = match jobs.len() > fit {
        // One line is for how many more there are.
        true => ((canvas.rows.saturating_sub(1)) / 2).max(1),
        false => jobs.len(),
    };
    let lines = jobs[..shown].iter();
    let mut lines: Vec<String> = lines.flat_map(|job| job.lines(canvas, is_one)).collect();
    if shown < jobs.len() {
        let more = format!("and {} more", jobs.len() - shown);
        lines.push(cut_end(&more, canvas.columns));
    }
    lines
}

/// The last lines of what is being written.
fn answer_lines(text: &str, room: usize, canvas: &Canvas) -> Vec<String> {
    let width = canvas.columns.saturating_sub(4);
    if width < NARROWEST || room == 0 || text.trim().is_empty() {
        return Vec::new();
    }
    let text = printable(text.trim_end()).replace('\t', "    ");
    let wrapped = text.lines().flat_map(|line| {
        // A word that is wider than a line is broken.
        textwrap::wrap(line, width)
            .into_iter()
            .map(|line| cut_end(&line, width))
            .collect::<Vec<_>>()
    });
    let wrapped: Vec<String> = wrapped.collect();
    let last = &wrapped[wrapped.len().saturating_sub(room)..];
    let bar = |line: &String| paint(format!("  │ {line}").trim_end(), FAINT, canvas.colour);
    last.iter().map(bar).collect()
}

/// A call of a tool as people say it. The name of a tool that is not known here stays as it is.
fn doing(call: &str, limit: usize) -> String {
    let (tool, what) = call.split_once(' ').unwrap_or((call, ""));
    let (verb, is_path) = match tool {
        "Read" => ("Reading", true),
        "Edit" | "MultiEdit" | "NotebookEdit" => ("Editing", true),
        "Write" => ("Writing", true),
        "Grep" | "Glob" => ("Searching for", false),
        "Bash" => ("Running", false),
        "StructuredOutput" => return cut_end("Writing the answer", limit),
        _ => (tool, false),
    };
    let what = what.trim();
    let room = limit.saturating_sub(display_width(verb) + 1);
    let what = match is_path && room > 1 {
        true => cut_start(what, room),
        false => what.to_owned(),
    };
    cut_end(format!("{verb} {what}").trim_end(), limit)
}

/// Seconds, minutes, hours: `8s`, `1m 12s`, `2h 05m`.
fn clock(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        _ => human_duration(duration),
    }
}

fn paint(text: &str, face: &str, colour: bool) -> String {
    match colour && !text.is_empty() {
        true => format!("\x1b[{face}m{text}\x1b[0m"),
        false => text.to_owned(),
    }
}

fn width_of(parts: &[String]) -> usize {
    let separators = parts.len().saturating_sub(1) * SEPARATOR.chars().count();
    let parts = parts.iter().map(|part| display_width(part));
    parts.sum::<usize>() + separators
}

/// The beginning of a text, cut to `columns`.
fn cut_end(text: &str, columns: usize) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    let kept = take_columns(text.chars(), columns);
    kept.into_iter()
        .chain((columns > 0).then_some('…'))
        .collect()
}

/// The end of a text, cut to `columns`: of a path the file is what matters.
fn cut_start(text: &str, columns: usize) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    let kept = take_columns(text.chars().rev(), columns).into_iter().rev();
    let kept: String = kept.collect();
    // From a whole component on, if there is one.
    let kept = match kept.find(['/', '\\']) {
        Some(at) if at + 1 < kept.len() => &kept[at..],
        _ => &kept,
    };
    match columns {
        0 => String::new(),
        _ => format!("…{kept}"),
    }
}

/// As many characters as fit, with one column to spare.
fn take_columns(chars: impl Iterator<Item = char>, columns: usize) -> Vec<char> {
    let mut left = columns.saturating_sub(1);
    chars
        .take_while(|c| {
            let width = display_width(c.encode_utf8(&mut [0; 4]));
            let fits = width <= left;
            left = left.saturating_sub(width);
            fits
        })
        .collect()
}

#[cfg(test)]
mod tests;
