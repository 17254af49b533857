//! The progress log of a job: one line an event, the last MiB of it.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use cc_core::text::one_line;
use cc_core::{IoError, Time};

/// The largest a log grows, in bytes.
pub const LOG_LIMIT: u64 = 1 << 20;

/// The longest line, in characters.
const LINE_LIMIT: usize = 400;

/// A log that its worker writes.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Log {
    /// Opens the log at `path` to append to it; creates it if needed.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn append_to(path: &Path) -> Result<Self, IoError> {
        let mut options = File::options();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(IoError::at("open", path))?;
        let size = file.metadata().map_err(IoError::at("open", path))?.len();
        Ok(Self {
            path: path.to_owned(),
            file,
            size,
        })
    }

    /// Adds one line: the time and `text`, made printable and cut to 400 characters.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn line(&mut self, at: Time, text: &str) -> Result<(), IoError> {
        let line = format!("{at} {}\n", one_line(text, LINE_LIMIT));
        self.file
            .write_all(line.as_bytes())
            .map_err(IoError::at("write", &self.path))?;
        self.size += line.len() as u64;
        if self.size > LOG_LIMIT {
            self.halve()
        } else {
            Ok(())
        }
    }

    /// Keeps the last half, in whole lines, in the same file: this process may print its errors there, and
    /// readers may have it open.
    fn halve(&mut self) -> Result<(), IoError> {
        let content = tail(&self.path, LOG_LIMIT / 2)?;
        let rewrite = || {
            let mut file = File::options().write(true).open(&self.path)?;
            file.write_all(content.as_bytes())?;
            file.set_len(content.len() as u64)
        };
        rewrite().map_err(IoError::at("shorten", &self.path))?;
        self.size = content.len() as u64;
        Ok(())
    }
}

/// The last whole lines of the log at `path`, `limit` bytes at most; empty where there is no log.
///
/// # Errors
/// When it is there but cannot be read.
pub fn tail(path: &Path, limit: u64) -> Result<String, IoError> {
    let read = || {
        let mut file = match cc_core::fs::open_regular(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
            file => file?,
        };
        let skip = file.metadata()?.len().saturating_sub(limit);
        file.seek(SeekFrom::Start(skip.saturating_sub(1)))?;
        let mut bytes = Vec::new();
        file.take(limit + 1).read_to_end(&mut bytes)?;
        let from = match skip {
            0 => 0,
            _ => bytes
                .iter()
                .position(|&byte| byte == b'\n')
                .map_or(bytes.len(), |at| at + 1),
        };
        Ok(String::from_utf8_lossy(&bytes[from..]).into_owned())
    };
    read().map_err(IoError::at("read", path))
}

/// The time of a line and its text; `None` for one without a time, which is not of a log's writer.
#[must_use]
pub fn dated(line: &str) -> Option<(Time, &str)> {
    let (time, text) = line.split_once(' ')?;
    let time = serde_json::from_value(time.into()).ok()?;
    Some((time, text))
}

/// Reads a log as it grows, also when it is cut to its last half.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    last: Option<String>,
}

impl Follower {
    /// Follows the log at `path` from its beginning.
    pub fn new(path: PathBuf) -> Self {
        Self { path, last: None }
    }

    /// The whole lines that were added since the last call.
    ///
    /// # Errors
    /// When the log is there but cannot be read.
    pub fn added(&mut self) -> Result<String, IoError> {
        let length = fs::metadata(&self.path).map_or(0, |meta| meta.len());
        if self
            .last
            .as_ref()
            .is_some_and(|last| last.len() as u64 == length)
        {
            return Ok(String::new());
        }
        let mut content = tail(&self.path, 2 * LOG_LIMIT)?;
        content.truncate(content.rfind('\n').map_or(0, |at| at + 1));
        let added = match &self.last {
            None => content.clone(),
            Some(last) => content
                .strip_prefix(last.as_str())
                .map_or_else(|| after_cut(last, &content), str::to_owned),
        };
        self.last = Some(content);
        Ok(added)
    }
}

/// What is new in `content` after its front was cut off: all that follows the last line seen.
fn after_cut(last: &str, content: &str) -> String {
    let last_line = last.lines().next_back().map(|line| format!("{line}\n"));
    // While it is being cut, the last half may stand there twice.
    let seen = last_line.and_then(|line| content.rfind(&line).map(|at| at + line.len()));
    content[seen.unwrap_or(0)..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &Path) -> Vec<String> {
        fs::read_to_string(path)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn a_line_has_a_time_and_is_one_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        Log::append_to(&path)
            .unwrap()
            .line(Time::from_millis(0), "Bash\n\x1b[2Jrm")
            .unwrap();
        assert_eq!(
            lines(&path),
            ["1970-01-01T00:00:00.000Z Bash \u{fffd}[2Jrm"]
        );
    }

    #[test]
    fn a_log_stays_below_its_limit_and_keeps_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        let mut log = Log::append_to(&path).unwrap();
        let mut follower = Follower::new(path.clone());
        let mut followed = String::new();
        for number in 0..5_000 {
            log.line(
                Time::from_millis(number),
                &format!("{number} {}", "x".repeat(300)),
            )
            .unwrap();
            if number % 100 == 0 {
                followed.push_str(&follower.added().unwrap());
            }
        }
        followed.push_str(&follower.added().unwrap());
        assert!(fs::metadata(&path).unwrap().len() <= LOG_LIMIT);
        assert!(lines(&path).last().unwrap().contains(" 4999 x"));
        assert!(lines(&path)[0].starts_with("1970-"));
        let numbers = followed
            .lines()
            .map(|line| line.split(' ').nth(1).unwrap().parse::<i64>().unwrap());
        assert!(numbers.eq(0..5_000), "the follower saw every line once");
    }

    #[test]
    fn a_tail_begins_with_a_whole_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        assert_eq!(tail(&path, 10).unwrap(), "");
        fs::write(&path, "one\ntwo\nthree\n").unwrap();
        assert_eq!(tail(&path, 100).unwrap(), "one\ntwo\nthree\n");
        assert_eq!(tail(&path, 10).unwrap(), "two\nthree\n");
        assert_eq!(tail(&path, 9).unwrap(), "three\n");
    }
}
