//! Clocks and counters.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cc_core::Env;
use cc_tests::sandbox::Cmd;
use cc_tests::{Sandbox, binaries};

/// What goes wrong in a measurement.
pub(super) type Failed = Box<dyn Error>;

/// A build of the product, by the directory of its binaries.
#[derive(Clone, Debug)]
pub(super) struct Build(PathBuf);

/// What is measured.
#[derive(Clone, Debug)]
pub(super) struct Bench {
    pub(super) this: Build,
    /// Another build, to compare with.
    pub(super) against: Option<Build>,
}

impl Build {
    pub(super) fn at(dir: PathBuf) -> Self {
        Self(dir)
    }

    /// The one that was made of this work tree.
    pub(super) fn this() -> Self {
        Self(binaries::product().to_owned())
    }

    pub(super) fn call<'a>(&self, sandbox: &'a Sandbox, name: &str) -> Cmd<'a> {
        sandbox.command(&self.file(name))
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// A call of `cc-cli`.
    pub(super) fn cc<'a>(&self, sandbox: &'a Sandbox, args: &[&str]) -> Cmd<'a> {
        self.call(sandbox, "cc-cli").args(args)
    }
}

/// Several measurements of one thing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sample {
    pub(super) median: f64,
    /// How many runs were not counted, since something else slowed them down.
    pub(super) thrown: usize,
}

impl Sample {
    /// The median without the runs that took more than twice as long as most.
    pub(super) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let all = values.len();
        let usual = values.get(all / 2).copied().unwrap_or_default();
        values.retain(|value| *value <= 2.0 * usual);
        Self {
            median: values.get(values.len() / 2).copied().unwrap_or_default(),
            thrown: all - values.len(),
        }
    }
}

/// One thing that is measured: its milliseconds, or whatever its row counts.
pub(super) type Subject<'a> = Box<dyn FnMut() -> Result<f64, Failed> + 'a>;

/// Measures some things alternately, so that what else the machine does meets all of them. One more round
/// goes before the others, to warm the caches.
pub(super) fn race(runs: usize, subjects: &mut [Subject<'_>]) -> Result<Vec<Sample>, Failed> {
    let mut values = vec![Vec::with_capacity(runs); subjects.len()];
    for round in 0..=runs {
        for (values, measure) in values.iter_mut().zip(subjects.iter_mut()) {
            let value = measure()?;
            if round > 0 {
                values.push(value);
            }
        }
    }
    Ok(values.into_iter().map(Sample::of).collect())
}

impl Bench {
    /// Measures what this build does, its floor, and what the other build does where there is one; in that
    /// order, as [`race`] does.
    pub(super) fn race(
        &self,
        runs: usize,
        ours: impl Fn(&Build) -> Result<f64, Failed>,
        floor: impl FnMut() -> Result<f64, Failed>,
    ) -> Result<Vec<Sample>, Failed> {
        let mut subjects: Vec<Subject<'_>> = vec![Box::new(|| ours(&self.this)), Box::new(floor)];
        if let Some(other) = &self.against {
            subjects.push(Box::new(|| ours(other)));
        }
        race(runs, &mut subjects)
    }
}

/// Runs a program to its end and gives the time that took, in milliseconds. Nobody reads what it says.
pub(super) fn wall(command: &Cmd<'_>) -> Result<f64, Failed> {
    wall_of(&mut silent(command))
}

/// The same of any program.
pub(super) fn wall_of(command: &mut Command) -> Result<f64, Failed> {
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

/// A process that does a row's work without the product.
pub(super) fn floor(args: &[&Path]) -> Result<Command, Failed> {
    let mut command = Command::new(Env::from_process()?.exe);
    command.arg("floor").args(args);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    Ok(command)
}

/// The most memory that a program had in use, or any that it waited for, in MiB.
pub(super) fn peak(command: &Cmd<'_>) -> Result<f64, Failed> {
    let command = command.to_std();
    let mut small = Command::new(Env::from_process()?.exe);
    small
        .args(["floor", "peak"])
        .arg(command.get_program())
        .args(command.get_args());
    small.env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            small.env(name, value);
        }
    }
    if let Some(dir) = command.get_current_dir() {
        small.current_dir(dir);
    }
    let told = small.output()?;
    let kib: u64 = String::from_utf8(told.stdout)?.trim().parse()?;
    Ok(mib(kib))
}

/// How many processes a call makes, itself included; `None` where that cannot be counted.
pub(super) fn processes(sandbox: &Sandbox, call: &Cmd<'_>) -> Result<Option<u64>, Failed> {
    let Some(strace) = strace()? else {
        return Ok(None);
    };
    let trace = sandbox.tmp().join("trace");
    let call = call.to_std();
    let traced = sandbox.command(&strace);
    let traced = traced.args(["-f", "-qq", "-e", "trace=process", "-o"]);
    let mut traced = silent(&traced.args([&trace]));
    traced.arg(call.get_program()).args(call.get_args());
    for (name, value) in call.get_envs() {
        if let Some(value) = value {
            traced.env(name, value);
        }
    }
    // Not where processes may not be traced.
    if !traced.status()?.success() {
        return Ok(None);
    }
    sandbox.wait_quiet(Duration::from_secs(5));
    let calls = fs::read_to_string(&trace)?;
    let made = calls.lines().filter(|line| makes_process(line)).count();
    Ok(Some(1 + made as u64))
}

fn strace() -> Result<Option<PathBuf>, Failed> {
    let env = Env::from_process()?;
    let path = env.var("PATH").unwrap_or_default();
    let mut files = std::env::split_paths(path).map(|dir| dir.join("strace"));
    Ok(files.find(|file| file.is_file()))
}

/// Whether a line of the trace is a call that makes a process, not a thread.
fn makes_process(line: &str) -> bool {
    let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
    let makes = ["clone(", "clone3(", "fork(", "vfork("]
        .iter()
        .any(|name| call.starts_with(name));
    makes && !call.contains("CLONE_THREAD")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_was_slowed_down_does_not_count() {
        let sample = Sample::of(vec![1.0, 9.0, 1.2, 1.1, 1.3]);
        assert_eq!((sample.median, sample.thrown), (1.2, 1));
        let sample = Sample::of(vec![2.0]);
        assert_eq!((sample.median, sample.thrown), (2.0, 0));
    }

    #[test]
    fn all_are_measured_in_turn_and_the_first_round_warms_up() {
        let order = &std::cell::RefCell::new(Vec::new());
        let subject = |name: &'static str| -> Subject<'_> {
            Box::new(move || {
                order.borrow_mut().push(name);
                Ok(order.borrow().len() as f64)
            })
        };
        let samples = race(1, &mut [subject("a"), subject("b")]).unwrap();
        assert_eq!(
            samples.iter().map(|it| it.median).collect::<Vec<_>>(),
            [3.0, 4.0]
        );
        assert_eq!(*order.borrow(), ["a", "b", "a", "b"]);
    }

    #[test]
    fn processes_are_told_from_threads() {
        let made = [
            (
                "7 clone3({flags=CLONE_VM|CLONE_VFORK|CLONE_CLEAR_SIGHAND, exit_signal=SIGCHLD}, 88 <unfinished ...>",
                true,
            ),
            (
                "12 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD|CLONE_SYSVSEM} => {parent_tid=[9]}, 88) = 9",
                false,
            ),
            ("12 <... clone3 resumed>) = 9", false),
            ("12 vfork( <unfinished ...>", true),
            (
                r#"12 execve("/usr/bin/git", ["git"], 0x7ff /* 9 vars */) = 0"#,
                false,
            ),
        ];
        for (line, expect) in made {
            assert_eq!(makes_process(line), expect, "{line}");
        }
    }
}
