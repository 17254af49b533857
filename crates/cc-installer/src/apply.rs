//! Doing the steps of a plan, each so that doing it again is harmless.

mod codex;
mod removal;

use cc_core::fs::{create_private_dir, remove_if_there};

use crate::bundle;
use crate::edit::config::{self, Entries};
use crate::edit::{hooks_json, rules};
use crate::error::Error;
use crate::files::{self, backup_of, copy_program, digest, leftovers, read_text, replace};
use crate::found::{self, Found, Host};
use crate::place::Places;
use crate::plan::Step;
use crate::record::Record;

/// Keeps the user's files as they are before a first installation; an uninstall restores them.
///
/// # Errors
/// When a file cannot be read or a backup not be written.
pub(crate) fn back_up(places: &Places) -> Result<(), Error> {
    for path in [places.config(), places.hooks_json()] {
        // What an earlier installation left behind is not what this one finds.
        remove_if_there(&backup_of(&path))?;
        if let Some(text) = read_text(&path)? {
            files::write(&backup_of(&path), text.as_bytes())?;
        }
    }
    Ok(())
}

/// One run of a plan.
pub(crate) struct Apply<'a> {
    found: &'a Found,
    record: Record,
}

impl<'a> Apply<'a> {
    /// Makes ready to change what was found.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub(crate) fn begin(found: &'a Found, steps: &[Step]) -> Result<Self, Error> {
        let places = &found.places;
        create_private_dir(&places.cc())?;
        let written = places.written().into_iter();
        let mut left = written.flat_map(|dir| leftovers(&dir));
        left.try_for_each(|file| remove_if_there(&file))?;
        let mut record = match &found.record {
            Some(record) => record.clone(),
            None => Record {
                had_config: found.has_config,
                ..Record::default()
            },
        };
        record.copied |= steps
            .iter()
            .any(|step| matches!(step, Step::Binaries { .. }));
        if record.bin.as_os_str().is_empty() {
            record.bin.clone_from(&places.bin);
        }
        // Before anything else: whoever repairs or removes must know what may be there.
        let mut apply = Self { found, record };
        apply.remember_trusted(found.config.as_ref().ok());
        apply.record.write(places)?;
        Ok(apply)
    }

    fn remember_trusted(&mut self, config: Option<&Entries>) {
        let contents = config.into_iter().flat_map(|config| &config.contents);
        self.record.trusted_contents.extend(contents.cloned());
    }

    /// Does one step.
    ///
    /// # Errors
    /// Whatever it failed of; running the plan again goes on from there.
    pub(crate) fn step(&mut self, step: &Step) -> Result<(), Error> {
        match step {
            Step::Binaries { .. } => self.binaries(),
            Step::Bundle(hooks_from) => Ok(bundle::write(self.places(), *hooks_from)?),
            Step::Plugin(way) => codex::install(self.places(), self.host()?, *way),
            Step::Wrappers => Ok(bundle::write_wrappers(self.places())?),
            Step::UserHooks => self.user_hooks(),
            Step::NoUserHooks => removal::user_hooks(self.found),
            Step::Flag => self.flag(),
            Step::Rule => self.rule(),
            Step::Trust => {
                codex::trust(self.places(), self.host()?)?;
                let config = found::read_config(self.places());
                self.remember_trusted(config.as_ref().ok());
                Ok(())
            }
            Step::DropPlugin(way) => codex::remove(self.places(), self.host()?, *way),
            Step::NoRules => removal::rules(self.found),
            Step::Forget => {
                removal::baselines(self.places(), &self.record)?;
                removal::forget(self.found, &self.record)
            }
            Step::NoCache => removal::cache(self.places()),
            Step::NoWrappers => removal::wrappers(self.places()),
            Step::NoFiles => removal::files(self.found, &self.record),
            Step::NoJobs => removal::jobs(self.places()),
        }
    }

    /// Records that this Codex does not run the hooks of plugins.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub(crate) fn remember_no_native_hooks(&mut self) -> Result<(), Error> {
        self.record.no_native_hooks = self.host()?.version.clone();
        self.record.write(self.places())
    }

    /// Records what is installed now.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        let places = self.places().clone();
        for binary in &self.found.binaries {
            // What the installed installer finds beside itself it did not put there.
            let is_known = self.record.binaries.contains_key(binary.name);
            if (binary.source != binary.installed || !is_known)
                && let Some(digest) = digest(&binary.installed)
            {
                self.record.binaries.insert(binary.name.to_owned(), digest);
            }
        }
        self.record.version = cc_plugin::VERSION.to_owned();
        if self.record.bin != places.bin {
            removal::programs(&self.record.bin)?;
            self.record.bin.clone_from(&places.bin);
        }
        self.record.write(&places)
    }

    fn places(&self) -> &'a Places {
        &self.found.places
    }

    fn host(&self) -> Result<&'a Host, Error> {
        self.found.host().ok_or(Error::NotTaken {
            why: "it was not asked",
        })
    }

    fn binaries(&self) -> Result<(), Error> {
        for binary in &self.found.binaries {
            if !binary.is_current() {
                copy_program(&binary.source, &binary.installed)?;
            }
        }
        Ok(())
    }

    fn user_hooks(&mut self) -> Result<(), Error> {
        self.record.user_hooks = true;
        self.record.write(self.places())?;
        // Trust goes by place, and what is stale may have another than what comes.
        if !self.found.user_hooks.as_ref().map_or(true, Vec::is_empty) {
            removal::user_trust(self.found)?;
        }
        let path = self.places().hooks_json();
        let before = read_text(&path)?;
        let text = before.as_deref().unwrap_or_default();
        let wanted = bundle::hooks(self.places());
        let merged = hooks_json::merged(text, &wanted, &self.found.hook_programs());
        let merged = merged.map_err(|source| Error::Edit {
            path: path.clone(),
            source,
        })?;
        Ok(replace(&path, &merged)?)
    }

    fn flag(&mut self) -> Result<(), Error> {
        let path = self.places().config();
        let before = read_text(&path)?;
        let text = before.as_deref().unwrap_or_default();
        let set = config::with_flag(text);
        let (with, was) = set.map_err(|source| Error::Edit {
            path: path.clone(),
            source,
        })?;
        if self.record.flag.is_none() && was.value != Some(true) {
            self.record.flag = Some(was);
            self.record.write(self.places())?;
        }
        Ok(replace(&path, &with)?)
    }

    fn rule(&self) -> Result<(), Error> {
        let text = rules::file(&self.places().program("cc-cli"));
        Ok(replace(&self.places().rules(), &text)?)
    }
}
