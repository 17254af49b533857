//! What each test costs: the time from its first sandbox to its end.
//!
//! `cargo xtask ci` names a file in [`FILE`]; the tests append to it, and [`Costs`] reads it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use cc_core::Env;

/// The variable that names the file; without it nothing is measured.
pub const FILE: &str = "CC_TEST_COSTS";

/// How many tests [`Costs::report`] names.
const SLOWEST: usize = 10;

thread_local! {
    /// Every test has a thread of its own, so this ends with the test.
    static MEASURED: RefCell<Option<Measured>> = const { RefCell::new(None) };
}

struct Measured {
    test: String,
    begun: Instant,
    file: PathBuf,
}

/// Measures the test of this thread from now on, if that is asked for.
pub(crate) fn measure() {
    MEASURED.with_borrow_mut(|measured| {
        if measured.is_none() {
            *measured = Measured::of_this_thread();
        }
    });
}

impl Measured {
    fn of_this_thread() -> Option<Self> {
        let env = Env::from_process().ok()?;
        Some(Self {
            test: thread::current().name()?.to_owned(),
            begun: Instant::now(),
            file: env.var(FILE)?.into(),
        })
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let line = format!("{} {}\n", self.begun.elapsed().as_millis(), self.test);
        // One short write, so that lines of several processes do not mix. A line that is lost is no
        // reason to fail a test.
        let file = File::options().create(true).append(true).open(&self.file);
        drop(file.and_then(|mut file| file.write_all(line.as_bytes())));
    }
}

/// The costs of a test run.
#[derive(Debug, Default)]
pub struct Costs {
    tests: Vec<(Duration, String)>,
}

impl Costs {
    /// Reads what the tests of a run wrote; what is no line of theirs is left out.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(file: &Path) -> std::io::Result<Self> {
        Ok(Self::parse(&fs::read_to_string(file)?))
    }

    fn parse(text: &str) -> Self {
        let parse = |line: &str| {
            let (millis, test) = line.split_once(' ')?;
            Some((Duration::from_millis(millis.parse().ok()?), test.to_owned()))
        };
        let mut tests: Vec<_> = text.lines().filter_map(parse).collect();
        tests.sort_by(|a, b| b.cmp(a));
        Self { tests }
    }

    /// The suites and the slowest tests as lines of text, each with its seconds; the dearest first.
    pub fn report(&self) -> String {
        let mut suites: BTreeMap<&str, (Duration, usize)> = BTreeMap::new();
        for (cost, test) in &self.tests {
            let suite = test.split("::").next().unwrap_or(test);
            let (sum, count) = suites.entry(suite).or_default();
            *sum += *cost;
            *count += 1;
        }
        let mut suites: Vec<_> = suites.into_iter().collect();
        suites.sort_by_key(|(_, (sum, _))| std::cmp::Reverse(*sum));
        let suites = suites.iter().map(|(suite, (sum, count))| {
            format!("{:7.1} s  {suite} ({count} tests)\n", sum.as_secs_f32())
        });
        let tests = self.tests.iter().take(SLOWEST);
        let tests = tests.map(|(cost, test)| format!("{:7.1} s  {test}\n", cost.as_secs_f32()));
        suites
            .chain(["slowest:\n".to_owned()])
            .chain(tests)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_summed_and_the_dearest_comes_first() {
        let costs = Costs::parse("200 a::x\nnoise\n1500 b::c::y\n300 a::z\n");
        let report = "    1.5 s  b (1 tests)\n    0.5 s  a (2 tests)\n\
                      slowest:\n    1.5 s  b::c::y\n    0.3 s  a::z\n    0.2 s  a::x\n";
        assert_eq!(costs.report(), report);
    }
}
