//! One call that changes something: what was asked, who answers, what is told.

use std::fs;
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Duration;

use cc_core::fs::create_private_dir;
use cc_core::{Env, FileLock, LockError};
use serde_json::{Value, json};

use crate::PATIENCE;
use crate::args::CommonArgs;
use crate::consent::Asker;
use crate::error::Error;
use crate::found::{Asked, Found};
use crate::place::Places;
use crate::plan::Step;

/// How long another installer may take.
const LOCK_PATIENCE: Duration = Duration::from_secs(120);

/// How often the lock may fail: where nothing is installed, whoever had it takes the file away, and
/// its directory, perhaps in the middle of our taking it.
const TRIES: usize = 20;

/// One call of `install`, `update` or `uninstall`.
pub(crate) struct Session<'a> {
    pub(crate) env: &'a Env,
    args: &'a CommonArgs,
    input: &'a mut dyn BufRead,
    output: &'a mut dyn Write,
    /// Held to the end of the call.
    _lock: Option<Lock>,
}

/// The right to change things; one installer at a time has it.
struct Lock {
    places: Places,
    held: Option<FileLock>,
}

impl<'a> Session<'a> {
    /// Takes the lock, unless nothing is to be changed.
    ///
    /// # Errors
    /// When there is no home, or another installer stays at work.
    pub(crate) fn new(
        env: &'a Env,
        args: &'a CommonArgs,
        input: &'a mut dyn BufRead,
        output: &'a mut dyn Write,
    ) -> Result<Self, Error> {
        let places = Places::new(env, None)?;
        places.check_owner(env)?;
        let lock = if args.dry_run {
            None
        } else {
            Some(Lock::take(places)?)
        };
        Ok(Self {
            env,
            args,
            input,
            output,
            _lock: lock,
        })
    }

    /// Reads the world.
    ///
    /// # Errors
    /// When there is no home.
    pub(crate) fn look(&self, bin_dir: Option<&Path>) -> Result<Found, Error> {
        let asked = Asked {
            codex: self.args.codex.as_deref(),
            bin_dir,
            patience: PATIENCE,
        };
        Found::look(self.env, &asked)
    }

    /// Ends a call that changes nothing; `call` would do what was shown.
    ///
    /// # Errors
    /// When it cannot be shown.
    pub(crate) fn only_looked(&mut self, call: &str) -> Result<(), Error> {
        self.say(format!(
            "\nNothing was changed. To do it: cc-installer {call}"
        ))
    }

    /// Whether nothing may be changed.
    pub(crate) fn is_dry(&self) -> bool {
        self.args.dry_run
    }

    /// Tells people something; programs get one document at the end.
    ///
    /// # Errors
    /// When it cannot be shown.
    pub(crate) fn say(&mut self, text: impl AsRef<str>) -> Result<(), Error> {
        if self.args.json {
            return Ok(());
        }
        writeln!(self.output, "{}", text.as_ref()).map_err(Error::Output)
    }

    /// Whoever can be asked.
    pub(crate) fn asker(&mut self) -> Asker<'_> {
        let is_terminal = self.env.stdin_is_terminal && !self.args.json;
        Asker::new(self.input, self.output, is_terminal)
    }

    /// Shows the plan.
    ///
    /// # Errors
    /// When it cannot be shown.
    pub(crate) fn show(
        &mut self,
        title: &str,
        steps: &[Step],
        places: &Places,
    ) -> Result<(), Error> {
        self.say(title)?;
        steps
            .iter()
            .try_for_each(|step| self.say(format!("  - {}", step.describe(places))))
    }

    /// Lets the user confirm the plan, unless `yes` was said already; `flags` say so.
    ///
    /// # Errors
    /// When the answer is no, or nobody can be asked.
    pub(crate) fn confirm(&mut self, yes: bool, flags: &'static str) -> Result<(), Error> {
        if yes {
            return Ok(());
        }
        let mut asker = self.asker();
        if !asker.is_there() {
            return Err(Error::NobodyToAsk { flags });
        }
        if asker.ask("\nGo ahead?")? {
            Ok(())
        } else {
            Err(Error::Declined)
        }
    }

    /// Gives programs their document.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn document(
        &mut self,
        steps: &[Step],
        places: &Places,
        more: Value,
    ) -> Result<(), Error> {
        if !self.args.json {
            return Ok(());
        }
        let steps: Vec<String> = steps.iter().map(|step| step.describe(places)).collect();
        let mut document = json!({"dryRun": self.args.dry_run, "steps": steps});
        if let (Some(document), Value::Object(more)) = (document.as_object_mut(), more) {
            document.extend(more);
        }
        writeln!(self.output, "{document:#}").map_err(Error::Output)
    }
}

impl Lock {
    fn take(places: Places) -> Result<Self, LockError> {
        let path = places.lock();
        let mut tries = 0..TRIES;
        loop {
            let made = create_private_dir(&places.cc()).map_err(LockError::from);
            match made.and_then(|()| FileLock::exclusive(&path, LOCK_PATIENCE)) {
                Ok(held) if held.is_at(&path) => {
                    return Ok(Self {
                        places,
                        held: Some(held),
                    });
                }
                Err(LockError::Io(_)) if tries.next().is_some() => {}
                Err(error) => return Err(error),
                Ok(_) => {}
            }
        }
    }
}

impl Drop for Lock {
    /// Leaves no trace where nothing is installed: after an uninstall, a refusal, or a no.
    fn drop(&mut self) {
        if self.places.record().exists() {
            return;
        }
        if cfg!(windows) {
            // It removes no open file.
            self.held = None;
        }
        // The directory stays where the user keeps something in it; what stays does no harm.
        let _ = fs::remove_file(self.places.lock());
        let _ = fs::remove_dir(self.places.cc());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn one_at_a_time_also_where_each_leaves_no_trace() {
        let home = tempfile::tempdir().unwrap();
        let vars = [("HOME", home.path()), ("CODEX_HOME", home.path())];
        let places = Places::new(&Env::fixed("/", "/x", vars), None).unwrap();
        let at_work = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let _lock = Lock::take(places.clone()).unwrap();
                        assert_eq!(at_work.fetch_add(1, Ordering::SeqCst), 0);
                        thread::yield_now();
                        at_work.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(!places.cc().exists());
    }
}
