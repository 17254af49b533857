//! Records a run while it lasts: Claude's process, its steps, its text so far.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use cc_claude::{Observer, Progress};
use cc_core::process::{Survivors, release_program_pages};
use cc_core::text::Tail;
use cc_core::{JobId, Proc, Time};
use cc_jobs::log::Log;
use cc_jobs::{Ending, Guard, JobEvent, JobReport, Remembered, Store, StoreError};
use tokio::sync::Notify;

use super::progress::ProgressWriter;

/// The shortest time between two saves of the text so far; each writes the whole record.
const SAVE_INTERVAL: Duration = Duration::from_secs(1);

/// How long after a finished block it is saved: the end of a run, which saves everything, may come with it.
const GATHER_TIME: Duration = Duration::from_millis(5);

/// How often is looked whether the record is still what was written.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// At which look in a row at a silent Claude memory is given back: for one whole interval there was nothing to do.
const LOOKS_TO_REST: u32 = 2;

/// The most bytes of finished text that are saved so, and of the block that is being written: more than Claude says at
/// once. Each save writes all of it.
const SAVED_BYTES: usize = 256 << 10;

/// Writes what a run does to the record and the log of its job.
pub(crate) struct RunRecorder<'a> {
    store: &'a Store,
    /// What the record says.
    record: Remembered,
    /// The file of the record when it was last looked at.
    seen: Option<(u64, SystemTime)>,
    /// Whether there was none then.
    was_gone: bool,
    /// Whom to tell that the record is gone.
    removed: Arc<Notify>,
    /// When to look at it next.
    look_at: Instant,
    /// The looks since Claude printed something.
    silent_looks: u32,
    log: Log,
    /// The finished blocks of text.
    said: Tail,
    /// The block that is being written.
    writing: String,
    /// When the text so far is to be saved; `None` where it is.
    save_at: Option<Instant>,
    saved: Option<Instant>,
    /// When a finished block was saved last.
    block_saved: Option<Instant>,
    keeps_thread: bool,
    ready: Option<Time>,
    survivors: Vec<Proc>,
    shown: ProgressWriter,
    /// The last finished block of text, until the next one begins.
    last_block: String,
}

impl<'a> RunRecorder<'a> {
    /// Records from now on; tells `removed` once the record is gone.
    pub(crate) fn new(
        store: &'a Store,
        record: Remembered,
        log: Log,
        removed: Arc<Notify>,
    ) -> Self {
        let shown = store.dir().progress(&record.job().id);
        Self {
            store,
            record,
            seen: None,
            was_gone: false,
            removed,
            look_at: Instant::now() + LOOK_INTERVAL,
            silent_looks: 0,
            log,
            said: Tail::new(SAVED_BYTES),
            writing: String::new(),
            save_at: None,
            saved: None,
            block_saved: None,
            keeps_thread: false,
            ready: None,
            survivors: Vec::new(),
            shown: ProgressWriter::new(shown, store.workspace().root(), store.now()),
            last_block: String::new(),
        }
    }

    /// Sets the directory that Claude works in; the workspace if not set.
    pub(crate) fn work_in(&mut self, directory: &Path) {
        self.shown.work_in(directory);
    }

    /// Records Claude's thread once there is one, for a run that can be resumed.
    pub(crate) fn keep_thread(&mut self) {
        self.keeps_thread = true;
    }

    /// When Claude Code was up; `None` where it never was.
    pub(crate) fn ready(&self) -> Option<Time> {
        self.ready
    }

    /// The processes of the run that could not be ended, if any: saved with its end.
    pub(crate) fn survivors(&self) -> Option<Survivors> {
        let processes = self.survivors.clone();
        (!processes.is_empty()).then_some(Survivors { processes })
    }

    /// Adds a line to the log. A log that cannot be written must not end the job.
    pub(crate) fn note(&mut self, text: &str) {
        let _ = self.log.line(self.store.now(), text);
    }

    /// There is new text: saves it soon, however long Claude is silent after it.
    fn save_soon(&mut self) {
        let now = Instant::now();
        let next = self
            .saved
            .map_or(now, |saved| now.max(saved + SAVE_INTERVAL));
        self.save_at.get_or_insert(next);
    }

    /// A block of text is finished: saves it at once, if none was saved within an interval.
    fn save_block(&mut self) {
        let now = Instant::now();
        let is_due = |saved: Instant| saved + SAVE_INTERVAL <= now;
        if !self.block_saved.is_none_or(is_due) {
            return self.save_soon();
        }
        // What was saved of its beginning does not put it off.
        self.block_saved = Some(now);
        let soon = now + GATHER_TIME;
        self.save_at = Some(self.save_at.map_or(soon, |at| at.min(soon)));
    }

    /// Changes the record; one that was damaged meanwhile is rewritten.
    ///
    /// # Errors
    /// When it cannot be changed.
    pub(crate) fn change(
        &mut self,
        change: impl FnOnce(&mut Guard<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut guard = self.store.lock_at_work(&self.record)?;
        let changed = change(&mut guard);
        self.record = guard.remember();
        changed
    }

    /// Keeps the end of the job in memory, where it outlives this process; returns the file.
    pub(crate) fn keep_end(&self, ending: Ending, report: JobReport) -> Option<PathBuf> {
        let record = &self.record;
        self.store
            .keep_end(record.job(), record.body(), ending, report)
    }

    /// Rewrites the record if it was damaged: without it, nobody finds the job.
    fn look_at_record(&mut self) {
        self.look_at = Instant::now() + LOOK_INTERVAL;
        let file = self.store.dir().record(&self.record.job().id);
        let file = file.symlink_metadata();
        let is_gone = matches!(&file, Err(error) if error.kind() == io::ErrorKind::NotFound);
        // A file server may lose sight of it for a moment.
        if is_gone && self.was_gone {
            self.removed.notify_one();
        }
        self.was_gone = is_gone;
        let file = file
            .ok()
            .and_then(|meta| Some((meta.len(), meta.modified().ok()?)));
        if file != self.seen {
            // If this fails, the next look or the end of the job does it.
            let _ = self.change(|_| Ok(()));
            self.seen = file;
        }
    }

    /// Takes little memory while Claude is silent, which may be minutes.
    fn rest(&mut self) {
        self.silent_looks = self.silent_looks.saturating_add(1);
        if self.silent_looks == LOOKS_TO_REST {
            release_program_pages();
        }
    }

    fn save_text(&mut self) {
        self.save_at = None;
        let text = format!("{}{}", self.said.text(), self.writing);
        // The text so far only serves if this worker dies; its own report does not need it.
        let _ = self.change(|guard| guard.keep_partial(&text));
        self.saved = Some(Instant::now());
    }
}

impl Observer for RunRecorder<'_> {
    fn job(&self) -> &JobId {
        &self.record.job().id
    }

    /// A worker does nothing else.
    fn is_alone(&self) -> bool {
        true
    }

    fn spawned(&mut self, claude: &Proc) -> ControlFlow<()> {
        self.shown.begin();
        let event = JobEvent::Spawned {
            claude: claude.clone(),
        };
        match self.change(|guard| guard.apply(event)) {
            Err(StoreError::Rejected(_)) => ControlFlow::Break(()),
            Err(error) => {
                self.note(&format!("cannot record that Claude was started: {error}"));
                ControlFlow::Continue(())
            }
            Ok(()) => ControlFlow::Continue(()),
        }
    }

    fn survived(&mut self, survivors: &Survivors) {
        self.note(&survivors.to_string());
        self.survivors.extend_from_slice(&survivors.processes);
    }

    fn heard(&mut self) {
        self.silent_looks = 0;
        self.shown.heard(self.store.now());
    }

    fn save_at(&self) -> Option<Instant> {
        [self.save_at, self.shown.due(), Some(self.look_at)]
            .into_iter()
            .flatten()
            .min()
    }

    fn save(&mut self) {
        let now = Instant::now();
        if self.shown.due().is_some_and(|at| at <= now) {
            let text = match self.writing.is_empty() {
                true => &self.last_block,
                false => &self.writing,
            };
            self.shown.write(text);
        }
        if self.save_at.is_some_and(|at| at <= now) {
            self.save_text();
        }
        if self.look_at <= now {
            self.look_at_record();
            self.rest();
        }
    }

    fn progress(&mut self, progress: Progress) {
        self.shown.on(&progress);
        let line = match progress {
            Progress::Started {
                thread,
                model,
                version,
            } => {
                self.ready.get_or_insert(self.store.now());
                if let Some(thread) = thread.filter(|_| self.keeps_thread) {
                    // A thread that is not recorded cannot be resumed; the job itself continues.
                    let _ = self.change(|guard| guard.keep_thread(thread));
                }
                let version = version.as_deref().unwrap_or("of unknown version");
                let model = model.as_deref().unwrap_or("unknown");
                format!("Claude Code {version} started, model {model}")
            }
            Progress::Text(text) => {
                self.writing.clear();
                self.said.push(text.as_bytes());
                self.said.push(b"\n\n");
                self.save_block();
                let line = format!("says: {text}");
                self.last_block = text;
                line
            }
            Progress::Writing(text) => {
                if self.writing.len() < SAVED_BYTES {
                    self.writing.push_str(&text);
                }
                return self.save_soon();
            }
            Progress::Rewriting => {
                self.writing.clear();
                return;
            }
            Progress::Thinking | Progress::Answering | Progress::Used { .. } => return,
            Progress::Tool { name, detail } => format!("{name} {detail}"),
            Progress::Denied { tool, detail } => format!("blocked: {tool} {detail}"),
            Progress::Subagent { description } => format!("subagent: {description}"),
            Progress::Retry {
                attempt,
                of,
                delay,
                reason,
            } => {
                format!(
                    "retry {attempt} of {of} in {:.0} s: {reason}",
                    delay.as_secs_f64()
                )
            }
            Progress::Note(note) => note,
        };
        self.note(&line);
    }
}
