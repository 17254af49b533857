//! Tells whoever watches a run what it does at the moment, a few times a second at most.

use std::path::{MAIN_SEPARATOR_STR, Path, PathBuf, is_separator};
use std::time::{Duration, Instant};

use cc_claude::Progress;
use cc_core::text::{one_line, tail};
use cc_core::{Time, Usage};
use cc_jobs::{RunPhase, RunProgress};

/// The shortest time between two writes.
const INTERVAL: Duration = Duration::from_millis(500);

/// The most bytes of text that are shown.
const TEXT: usize = 2_000;

/// What the runs of a job do, for its file.
pub(super) struct ProgressWriter {
    path: PathBuf,
    /// The directory that Claude works in with a separator, as it may be written: paths are shown without it.
    roots: Vec<String>,
    phase: RunPhase,
    detail: String,
    heard: Time,
    /// What the runs before this one used.
    earlier: Spent,
    spent: Spent,
    written: Option<Instant>,
    /// When it is to be written; `None` where the file shows all.
    due: Option<Instant>,
}

#[derive(Clone, Copy, Default)]
struct Spent {
    usage: Usage,
    cost_usd: Option<f64>,
}

impl Spent {
    fn and(mut self, other: Self) -> Self {
        self.usage.add(other.usage);
        self.cost_usd = match (self.cost_usd, other.cost_usd) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        self
    }
}

impl ProgressWriter {
    /// A job that has not started Claude.
    pub(super) fn new(path: PathBuf, root: &Path, now: Time) -> Self {
        let mut writer = Self {
            path,
            roots: Vec::new(),
            phase: RunPhase::Starting,
            detail: String::new(),
            heard: now,
            earlier: Spent::default(),
            spent: Spent::default(),
            written: None,
            due: None,
        };
        writer.work_in(root);
        writer
    }

    /// Sets the directory that Claude works in.
    pub(super) fn work_in(&mut self, root: &Path) {
        self.roots = spellings(&root.display().to_string());
    }

    /// Another run begins.
    pub(super) fn begin(&mut self) {
        self.earlier = self.earlier.and(std::mem::take(&mut self.spent));
        self.set(RunPhase::Starting, "");
    }

    /// Claude printed something.
    pub(super) fn heard(&mut self, now: Time) {
        self.heard = now;
        self.write_soon();
    }

    /// Takes in a step.
    pub(super) fn on(&mut self, progress: &Progress) {
        match progress {
            Progress::Started { .. } | Progress::Thinking => self.set(RunPhase::Thinking, ""),
            Progress::Answering | Progress::Writing(_) => self.set(RunPhase::Writing, ""),
            Progress::Tool { name, detail } => {
                let what = format!("{name} {detail}");
                let what = self
                    .roots
                    .iter()
                    .fold(what, |what, root| what.replace(root, ""));
                self.set(RunPhase::Tool, what.trim_end());
            }
            Progress::Subagent { description } => {
                self.set(RunPhase::Tool, &format!("subagent: {description}"));
            }
            Progress::Retry {
                attempt,
                of,
                reason,
                ..
            } => {
                self.set(
                    RunPhase::Retrying,
                    &format!("{reason}, retry {attempt} of {of}"),
                );
            }
            Progress::Used { usage, cost_usd } => {
                self.spent = Spent {
                    usage: *usage,
                    cost_usd: *cost_usd,
                };
                self.write_soon();
            }
            Progress::Text(_)
            | Progress::Rewriting
            | Progress::Denied { .. }
            | Progress::Note(_) => {}
        }
    }

    fn set(&mut self, phase: RunPhase, detail: &str) {
        self.phase = phase;
        self.detail = one_line(detail, 400);
        self.write_soon();
    }

    fn write_soon(&mut self) {
        let now = Instant::now();
        let next = self
            .written
            .map_or(now, |written| now.max(written + INTERVAL));
        self.due.get_or_insert(next);
    }

    /// When [`ProgressWriter::write`] is to be called, if it is.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Writes the file; `text` is what Claude wrote last. A file that cannot be written must not end the job.
    pub(super) fn write(&mut self, text: &str) {
        self.due = None;
        self.written = Some(Instant::now());
        let Spent { usage, cost_usd } = self.earlier.and(self.spent);
        let progress = RunProgress {
            phase: self.phase,
            detail: self.detail.clone(),
            last_activity_at: self.heard,
            usage,
            cost_usd,
            text: tail(text, TEXT).to_owned(),
        };
        let _ = progress.write(&self.path);
    }
}

/// A directory with a separator behind it, with each separator of the system.
fn spellings(dir: &str) -> Vec<String> {
    let separators = ["/", "\\"].into_iter();
    let separators = separators.filter(|separator| separator.chars().all(is_separator));
    let spell = |separator: &str| {
        let dirs = [dir.to_owned(), dir.replace(MAIN_SEPARATOR_STR, separator)];
        dirs.map(|dir| dir + separator)
    };
    let mut all: Vec<String> = separators.flat_map(spell).collect();
    all.dedup();
    all
}
