//! Who follows a run, and the progress that they are shown.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use cc_core::process::Survivors;
use cc_core::{JobId, Proc, ThreadId, Usage};

/// Who follows a run. Its methods are called between reads and should return soon.
pub trait Observer {
    /// The job that the run is for. Every process of the run carries its id in `CC_RUN`, so that
    /// [`end_orphans`](crate::end_orphans) finds them whatever happens to us.
    fn job(&self) -> &JobId;

    /// Whether this process starts nothing but this run while it lasts. Then, on Linux, every
    /// child that it gets meanwhile is taken for Claude's, and ended with it.
    fn is_alone(&self) -> bool {
        false
    }

    /// Claude was started as this process; `Break` ends it at once, as cancelled.
    fn spawned(&mut self, claude: &Proc) -> ControlFlow<()>;

    /// Something of the run could not be ended.
    fn survived(&mut self, survivors: &Survivors) {
        let _ = survivors;
    }

    /// Claude printed something, which need not be a step: a sign of life.
    fn heard(&mut self) {}

    /// Claude made a step.
    fn progress(&mut self, progress: Progress);

    /// When [`Observer::save`] is to be called, if it is.
    fn save_at(&self) -> Option<Instant> {
        None
    }

    /// The time to save what was heard, even where nothing more comes.
    fn save(&mut self) {}
}

/// One step of a run. Every text is one printable line of at most 200 characters, except
/// [`Progress::Text`] and [`Progress::Writing`].
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Claude is up. Comes at most once a run.
    Started {
        /// Claude's session id. It can be resumed only where the run keeps its thread.
        thread: Option<ThreadId>,
        /// The model that answers, as Claude names it.
        model: Option<String>,
        /// The version of Claude Code.
        version: Option<String>,
    },
    /// One finished block of top-level text, verbatim, at most 64 KiB of it.
    Text(String),
    /// The next piece of a block of top-level text that is not finished. The finished block comes as
    /// [`Progress::Text`]; a new attempt at it begins with [`Progress::Rewriting`].
    Writing(String),
    /// What was being written is not to be finished.
    Rewriting,
    /// Claude itself thinks from now on: after it started, and after a tool gave its result.
    Thinking,
    /// Claude writes its answer from now on.
    Answering,
    /// What the run has used until now. The tokens are counted with each message, the price is known
    /// once Claude gives a result.
    Used {
        /// All tokens of the run so far.
        usage: Usage,
        /// Their price in US dollars.
        cost_usd: Option<f64>,
    },
    /// A tool is called, by Claude or by one of its subagents.
    Tool {
        /// The tool's name.
        name: String,
        /// What it works on: the command, path, pattern or address; empty where unknown.
        detail: String,
    },
    /// A call was not permitted.
    Denied {
        /// The tool's name.
        tool: String,
        /// What it would have worked on.
        detail: String,
    },
    /// A subagent starts.
    Subagent {
        /// What it was asked to do, in a few words.
        description: String,
    },
    /// A request to the service failed and is tried again.
    Retry {
        /// Which retry this is, from 1.
        attempt: u32,
        /// How many retries there are.
        of: u32,
        /// How long Claude waits before it.
        delay: Duration,
        /// Why the request failed: the service's word and its HTTP status.
        reason: String,
    },
    /// Something else worth a line: a fallback to another model, a line that could not be read.
    Note(String),
}

/// The most characters of a one-line text in [`Progress`].
pub(crate) const LINE: usize = 200;
