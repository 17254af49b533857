//! Clocks and counters.

use std::error::Error;
use std::fs;
use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cc_tests::sandbox::Cmd;

/// The median of `runs` measurements; one more goes before them, to warm the caches.
pub(super) fn median(
    runs: usize,
    mut measure: impl FnMut() -> Result<f64, Box<dyn Error>>,
) -> Result<f64, Box<dyn Error>> {
    measure()?;
    let mut values = (0..runs)
        .map(|_| measure())
        .collect::<Result<Vec<_>, _>>()?;
    values.sort_by(f64::total_cmp);
    Ok(values[runs / 2])
}

/// Runs a program to its end and gives the time that took, in milliseconds. Nobody reads what it says.
pub(super) fn wall(command: &Cmd<'_>) -> Result<f64, Box<dyn Error>> {
    let mut command = silent(command);
    let begun = Instant::now();
    let status = command.status()?;
    let took = begun.elapsed();
    if !status.success() {
        return Err(format!("{command:?} ended with {status}").into());
    }
    Ok(millis(took))
}

/// A program without input whose output goes nowhere.
pub(super) fn silent(command: &Cmd<'_>) -> Command {
    let mut command = command.to_std();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

pub(super) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// MiB of a number of KiB, as `/proc` counts.
pub(super) fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// A number that stands behind `name:` in a file of `/proc/PID`, such as `VmHWM` in `status`.
pub(super) fn proc_number(pid: u32, file: &str, name: &str) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}"))?;
    let value = text.lines().find_map(|line| {
        let value = line.strip_prefix(name)?.strip_prefix(':')?;
        value.split_whitespace().next()?.parse().ok()
    });
    value.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, name))
}
