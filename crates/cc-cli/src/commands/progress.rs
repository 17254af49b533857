//! Shows the progress of running jobs while a command waits for them: live lines at the terminal of a
//! person, otherwise a line now and then.

use std::io::Write as _;
use std::time::{Duration, Instant};

use cc_jobs::{Job, RunProgress};
use cc_workflows::{Caller, Project, review};
use console::Term;

use super::show;
use crate::printer::Printer;
use crate::render::progress::{Canvas, JobProgress, live_lines};

/// How often live lines are looked at; they are drawn when they changed.
const LIVE_INTERVAL: Duration = Duration::from_millis(250);

/// How often a line is printed after the first ones. Systems that end a silent build wait longer.
const INTERVAL: Duration = Duration::from_secs(60);

/// What the user can do while a command waits, in full and in few words.
pub(super) type Hints = [&'static str; 2];

/// The hints of a command that started the job.
pub(super) const STARTED: Hints = [
    "Ctrl-C cancels, closing the terminal does not",
    "Ctrl-C cancels",
];

/// The hints of a command that only watches.
pub(super) const WATCHING: Hints = [
    "Ctrl-C stops watching, the job goes on",
    "Ctrl-C stops watching",
];

/// A job that is watched.
pub(super) struct Watched {
    project: Project,
    job: Job,
    subject: String,
}

impl Watched {
    pub(super) fn new(project: &Project, job: &Job) -> Self {
        let read = project.store.read(&job.id).ok();
        let subject = read.and_then(|(job, body)| review::subject(job.kind, &body));
        Self {
            project: project.clone(),
            job: job.clone(),
            subject: subject.unwrap_or_else(|| job.title.clone()),
        }
    }

    /// What to watch now: of `earlier` what still runs, and what is new among `running`.
    pub(super) fn again(
        mut earlier: Vec<Self>,
        running: &[Job],
        project_of: impl Fn(&Job) -> Project,
    ) -> Vec<Self> {
        let watched = running.iter().map(|job| {
            let known = earlier.iter().position(|watched| watched.job.id == job.id);
            known.map_or_else(
                || Self::new(&project_of(job), job),
                |at| earlier.swap_remove(at),
            )
        });
        watched.collect()
    }

    /// The job at this moment.
    fn now(&self) -> JobProgress {
        let store = &self.project.store;
        let run = RunProgress::read(&store.dir().progress(&self.job.id));
        JobProgress::new(&self.job, &self.subject, run, store.now())
    }

    fn is_running(&self) -> bool {
        let store = &self.project.store;
        store.is_alive(&self.job.id).unwrap_or(true)
    }
}

/// Shows progress; what is shown live vanishes with it.
pub(super) struct ProgressDisplay {
    output: Output,
}

enum Output {
    Live(LiveLines),
    Log(Schedule),
}

impl ProgressDisplay {
    pub(super) fn new(project: &Project, hints: Hints) -> Self {
        let env = &project.env;
        // Codex gives its commands a terminal, and its model reads what they print.
        let is_codex = env.var("CODEX_THREAD_ID").is_some() || project.caller != Caller::Person;
        let is_live = env.stderr_is_terminal && !is_codex && env.text("TERM") != Some("dumb");
        Self {
            output: match is_live {
                true => Output::Live(LiveLines {
                    term: Term::buffered_stderr(),
                    colour: show::has_colour(env, false),
                    hints,
                    drawn: Vec::new(),
                }),
                false => Output::Log(Schedule::new(Instant::now())),
            },
        }
    }

    /// Whether lines are drawn and replaced, for a person.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.output, Output::Live(_))
    }

    /// How long to wait until the next look.
    pub(super) fn pause(&self) -> Duration {
        match &self.output {
            Output::Live(_) => LIVE_INTERVAL,
            Output::Log(schedule) => schedule.next.saturating_duration_since(Instant::now()),
        }
    }

    /// Shows what has changed.
    pub(super) fn tick(&mut self, jobs: &[Watched], printer: &mut Printer) {
        let is_one = jobs.len() == 1;
        let running = jobs.iter().filter(|job| is_one || job.is_running());
        match &mut self.output {
            Output::Live(screen) => screen.show(&running.map(Watched::now).collect::<Vec<_>>()),
            Output::Log(schedule) => {
                if !schedule.is_due(Instant::now()) {
                    return;
                }
                for job in running.map(Watched::now) {
                    let line = job.log_line();
                    match is_one {
                        true => printer.note(format_args!("[cc] {line}")),
                        false => printer.note(format_args!("[cc] {} · {line}", job.id)),
                    }
                }
            }
        }
    }
}

/// When lines are printed where nothing can be drawn.
struct Schedule {
    next: Instant,
    printed: u32,
}

impl Schedule {
    fn new(now: Instant) -> Self {
        Self {
            next: now + pause_after(0),
            printed: 0,
        }
    }

    /// Whether a line is due; the next one then comes later.
    fn is_due(&mut self, now: Instant) -> bool {
        let is_due = now >= self.next;
        if is_due {
            self.printed = self.printed.saturating_add(1);
            self.next = now + pause_after(self.printed);
        }
        is_due
    }
}

/// Somebody who just started a job wants to know early that it runs.
fn pause_after(printed: u32) -> Duration {
    match printed {
        0 => Duration::from_secs(10),
        1 => Duration::from_secs(20),
        2 => Duration::from_secs(30),
        _ => INTERVAL,
    }
}

/// Lines at the end of a terminal, replaced as they change.
struct LiveLines {
    term: Term,
    colour: bool,
    hints: Hints,
    drawn: Vec<String>,
}

impl LiveLines {
    fn show(&mut self, jobs: &[JobProgress]) {
        let (rows, columns) = self.term.size();
        let canvas = Canvas {
            // In the last column some terminals begin a new line.
            columns: usize::from(columns).saturating_sub(1).max(1),
            rows: usize::from(rows).saturating_sub(2).max(1),
            colour: self.colour,
            hints: self.hints,
        };
        let lines = live_lines(jobs, &canvas);
        if lines != self.drawn {
            self.draw(lines, usize::from(columns).max(1));
        }
    }

    /// Draws `lines` in place of the earlier ones, in one write.
    fn draw(&mut self, lines: Vec<String>, columns: usize) {
        // A terminal that became narrower has broken them.
        let rows_of = |line: &String| console::measure_text_width(line).div_ceil(columns).max(1);
        let rows = self.drawn.iter().map(rows_of).sum::<usize>();
        // Nothing can be done about a terminal that is gone.
        let _ = self.term.move_cursor_up(rows);
        let _ = self.term.clear_to_end_of_screen();
        for line in &lines {
            let _ = writeln!(self.term, "{line}");
        }
        let _ = self.term.flush();
        self.drawn = lines;
    }
}

impl Drop for LiveLines {
    fn drop(&mut self) {
        if !self.drawn.is_empty() {
            let (_, columns) = self.term.size();
            self.draw(Vec::new(), usize::from(columns).max(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_early_at_first_and_then_every_minute() {
        let begun = Instant::now();
        let mut schedule = Schedule::new(begun);
        let seconds = 0..=300;
        let due = seconds.filter(|second| schedule.is_due(begun + Duration::from_secs(*second)));
        assert_eq!(due.collect::<Vec<_>>(), [10, 30, 60, 120, 180, 240, 300]);
    }
}
