//! Standard input with a time limit: a host that never finishes its object would otherwise hold a turn
//! until it ends the hook itself, after 15 minutes for `stop`.

use std::io::{self, BufReader, Read};
use std::time::{Duration, Instant};

/// How long the host may take to write its input. A slow machine needs less.
const PATIENCE: Duration = Duration::from_secs(20);

/// The standard input of this process, with the time limit. Without a limit on systems that cannot wait
/// for a pipe and a timeout at once.
pub fn stdin() -> impl Read {
    BufReader::new(Patient {
        inner: os::stdin(),
        until: Instant::now() + PATIENCE,
    })
}

struct Patient<R> {
    inner: R,
    until: Instant,
}

impl<R: os::Source> Read for Patient<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if !os::has_news(&self.inner, left)? {
            let late = "the host did not finish its input in time";
            return Err(io::Error::new(io::ErrorKind::TimedOut, late));
        }
        self.inner.read(buffer)
    }
}

#[cfg(unix)]
mod os {
    use std::fs::File;
    use std::io::{self, Read};
    use std::os::fd::{AsFd, BorrowedFd};
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;

    pub(super) trait Source: Read + AsFd {}
    impl Source for File {}
    impl Source for Stdin {}

    /// Without the buffer of `std`, in which news would not show.
    pub(super) struct Stdin(BorrowedFd<'static>);

    pub(super) fn stdin() -> Stdin {
        Stdin(rustix::stdio::stdin())
    }

    impl AsFd for Stdin {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0
        }
    }

    impl Read for Stdin {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            Ok(rustix::io::read(self.0, buffer)?)
        }
    }

    pub(super) fn has_news(source: &impl AsFd, within: Duration) -> io::Result<bool> {
        let mut fds = [PollFd::new(source, PollFlags::IN)];
        let within = Timespec::try_from(within).map_err(io::Error::other)?;
        match poll(&mut fds, Some(&within)) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Err(io::ErrorKind::Interrupted.into()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(not(unix))]
mod os {
    use std::io::{self, Read, Stdin};
    use std::time::Duration;

    pub(super) trait Source: Read {}
    impl<R: Read> Source for R {}

    pub(super) fn stdin() -> Stdin {
        io::stdin()
    }

    pub(super) fn has_news(_: &impl Read, _: Duration) -> io::Result<bool> {
        Ok(true)
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs::File;
    use std::io::Write;
    use std::os::fd::OwnedFd;

    use super::*;

    fn listening(within: Duration) -> (Patient<File>, File) {
        let (reader, writer) = io::pipe().unwrap();
        let patient = Patient {
            inner: File::from(OwnedFd::from(reader)),
            until: Instant::now() + within,
        };
        (patient, File::from(OwnedFd::from(writer)))
    }

    #[test]
    fn what_comes_in_time_is_read_and_what_does_not_is_no_longer_waited_for() {
        let (mut patient, mut writer) = listening(Duration::from_millis(300));
        writer.write_all(b"half").unwrap();
        let mut read = Vec::new();
        let error = patient.read_to_end(&mut read).unwrap_err();
        assert_eq!(
            (error.kind(), &*read),
            (io::ErrorKind::TimedOut, &b"half"[..])
        );
    }

    #[test]
    fn the_end_is_the_end() {
        let (mut patient, mut writer) = listening(Duration::from_secs(60));
        writer.write_all(b"all").unwrap();
        drop(writer);
        let mut read = String::new();
        patient.read_to_string(&mut read).unwrap();
        assert_eq!(read, "all");
    }
}
