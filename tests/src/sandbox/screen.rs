//! A program at a terminal, and what the terminal shows.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::command::{Cmd, PATIENCE};
use crate::eventually;

/// From the start on, where the system can.
#[cfg(target_os = "linux")]
const CLOSED_IN_CHILDREN: OpenptFlags = OpenptFlags::CLOEXEC;
#[cfg(not(target_os = "linux"))]
const CLOSED_IN_CHILDREN: OpenptFlags = OpenptFlags::empty();

/// The lines that have left the screen at its top and are kept.
const SCROLLBACK: usize = 10_000;

/// A program whose terminal is a screen of the test; dropping it ends the program.
#[must_use = "dropping it ends the program"]
pub struct Screen {
    parser: Arc<Mutex<vt100::Parser>>,
    raw: Arc<Mutex<Vec<u8>>>,
    terminal: File,
    child: Child,
    reader: Option<JoinHandle<()>>,
    timeout: Duration,
}

/// Text of one style.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StyledText {
    /// The text.
    pub text: String,
    /// The columns that it takes.
    pub columns: usize,
    /// One of the terminal's own colours, if it has one.
    pub color: Option<u8>,
    /// Whether it is bold.
    pub bold: bool,
    /// Whether it is dim.
    pub dim: bool,
}

impl StyledText {
    /// Text without a style, each character in one column.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            columns: text.chars().count(),
            ..Self::default()
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        (self.color, self.bold, self.dim) == (other.color, other.bold, other.dim)
    }
}

impl Cmd<'_> {
    /// Starts the program as the one of a terminal of its own, which is all three of its streams.
    ///
    /// # Panics
    /// When there is no terminal, or the program cannot be started.
    #[track_caller]
    pub fn at_terminal(self, columns: u16, rows: u16) -> Screen {
        let (terminal, slave) = open(columns, rows);
        let inner = self.to_std();
        // It makes its standard input the terminal of the new session: Ctrl-C and a hang-up reach it.
        let mut command = Command::new("/usr/bin/setsid");
        command.arg("--ctty").arg(inner.get_program());
        command.args(inner.get_args()).env_clear();
        command.envs(
            inner
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        command.current_dir(inner.get_current_dir().unwrap_or(".".as_ref()));
        let stream = || Stdio::from(slave.try_clone().expect("a descriptor can be copied"));
        command.stdin(stream()).stdout(stream()).stderr(stream());
        let child = command.spawn().expect("util-linux is installed");
        drop((command, slave));
        let parser = Arc::new(Mutex::new(vt100::Parser::new(
            some(rows),
            some(columns),
            SCROLLBACK,
        )));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let mut output = terminal.try_clone().expect("a descriptor can be copied");
        let (shown, kept) = (Arc::clone(&parser), Arc::clone(&raw));
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            // Once nobody has the terminal open, reading it fails.
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
                shown.process(&bytes[..length]);
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&bytes[..length]);
            }
        });
        Screen {
            parser,
            raw,
            terminal,
            child,
            reader: Some(reader),
            timeout: PATIENCE,
        }
    }
}

fn open(columns: u16, rows: u16) -> (File, OwnedFd) {
    let open = || {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | CLOSED_IN_CHILDREN)?;
        rustix::io::fcntl_setfd(&master, rustix::io::FdFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let flags =
            rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
        let slave = rustix::fs::open(&name, flags, rustix::fs::Mode::empty())?;
        tcsetwinsize(&master, size(columns, rows))?;
        rustix::io::Result::Ok((File::from(master), slave))
    };
    open().expect("the system has pseudo terminals")
}

fn some(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a terminal has a size")
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

impl Screen {
    /// The lines that are shown, without what is empty at their ends.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let parser = self.parser.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, columns) = parser.screen().size();
        let rows = parser.screen().rows(0, columns.get());
        let mut lines: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
        let last = lines.iter().rposition(|line| !line.is_empty());
        lines.truncate(last.map_or(0, |last| last + 1));
        lines
    }

    /// The same as one text.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// The lines that are shown, in pieces of one style.
    #[must_use]
    pub fn styled(&self) -> Vec<Vec<StyledText>> {
        let count = self.lines().len();
        let parser = self.parser.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, columns) = parser.screen().size();
        let line = |row: usize| {
            let mut pieces: Vec<StyledText> = Vec::new();
            for column in 0..columns.get() {
                let row = u16::try_from(row).unwrap_or(u16::MAX);
                let Some(cell) = parser.screen().cell(row, column) else {
                    continue;
                };
                let piece = StyledText {
                    text: if cell.has_contents() {
                        cell.contents().to_owned()
                    } else {
                        " ".to_owned()
                    },
                    columns: 1,
                    color: match cell.fgcolor() {
                        vt100::Color::Idx(number) => Some(number),
                        _ => None,
                    },
                    bold: cell.bold(),
                    dim: cell.dim(),
                };
                match pieces.last_mut() {
                    Some(last) if last.is_like(&piece) => {
                        last.text.push_str(&piece.text);
                        last.columns += 1;
                    }
                    _ => pieces.push(piece),
                }
            }
            pieces
        };
        (0..count).map(line).collect()
    }

    /// Waits until the program has ended; gives its exit code and the screen in pieces of one style.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn wait_styled(mut self) -> (Option<i32>, Vec<Vec<StyledText>>) {
        let code = self.end();
        (code, self.styled())
    }

    /// All that was printed until now, with its control sequences.
    #[must_use]
    pub fn printed(&self) -> String {
        let raw = self.raw.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&raw).into_owned()
    }

    /// Waits until the screen shows what is looked for.
    ///
    /// # Panics
    /// When it does not in time.
    #[track_caller]
    pub fn wait_until(&self, what: &str, shows: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + self.timeout;
        loop {
            let text = self.text();
            if shows(&text) {
                return text;
            }
            assert!(Instant::now() < until, "{what} was not shown:\n{text}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the screen shows `text`.
    ///
    /// # Panics
    /// When it does not in time.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |shown| shown.contains(text))
    }

    /// Changes the size of the terminal.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn resize(&self, columns: u16, rows: u16) {
        let mut parser = self.parser.lock().unwrap_or_else(PoisonError::into_inner);
        parser.screen_mut().set_size(some(rows), some(columns));
        tcsetwinsize(&self.terminal, size(columns, rows)).expect("a terminal can be resized");
    }

    /// Presses keys.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn press(&mut self, keys: &str) {
        let written = self.terminal.write_all(keys.as_bytes());
        written.expect("somebody reads the terminal");
    }

    /// Closes the terminal, as a window is closed, and waits until the program has ended.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn hang_up(mut self) {
        // The system sends this to the leader of a session whose terminal is gone.
        let leader = Pid::from_child(&self.child);
        kill_process(leader, Signal::HUP).expect("our child can be signalled");
        eventually(self.timeout, "the end of the program", || {
            self.child.try_wait().expect("our child can be awaited")
        });
    }

    /// Waits until the program has ended; gives its exit code and the screen.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn wait(mut self) -> (Option<i32>, String) {
        let code = self.end();
        (code, self.text())
    }

    #[track_caller]
    fn end(&mut self) -> Option<i32> {
        let status = eventually(self.timeout, "the end of the program", || {
            self.child.try_wait().expect("our child can be awaited")
        });
        // Nobody else has this terminal open, so its output ends.
        let ended = self.reader.take().map(JoinHandle::join);
        assert!(
            ended.is_some_and(|ended| ended.is_ok()),
            "the output was read"
        );
        status.code()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // The rest of the group got its hang-up with the terminal.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
