//! The third step: executes a plan. Doing any step again is harmless.

mod plugin;
mod removal;

use cc_core::fs::{create_private_dir, remove_if_there};
use cc_plugin::HooksFrom;

use crate::bundle;
use crate::consent::Granted;
use crate::edit::config::{ConfigEntries, flag};
use crate::edit::hooks_json;
use crate::edit::rules::{self, Allows};
use crate::error::Error;
use crate::files::{
    self, backup_of, copy_program, digest, leftovers, read_text, remove_ended_asides, replace,
};
use crate::layout::Layout;
use crate::prepare::codex_info::{CodexInfo, InstallMethod};
use crate::prepare::plan::{self, PlanStep};
use crate::prepare::snapshot::{Inspector, Snapshot, read_config};
use crate::record::InstallRecord;

/// Executes the plan of an installation, then what the user allowed; returns the steps done.
///
/// A Codex that turns out not to run the plugin's hooks gets them in the user's file.
pub(crate) fn install(
    inspector: &Inspector<'_>,
    snapshot: Snapshot,
    mut steps: Vec<PlanStep>,
    granted: Granted,
) -> Result<Vec<PlanStep>, Error> {
    if snapshot.record.is_none() {
        back_up(&snapshot.layout)?;
    }
    Executor::begin(&snapshot, &steps)?.run(&steps)?;
    let mut snapshot = inspector.inspect()?;
    if plan::lacks_native_hooks(&snapshot) {
        let more = plan::install(&snapshot, HooksFrom::User);
        let mut executor = Executor::begin(&snapshot, &more)?;
        executor.record_no_native_hooks()?;
        executor.run(&more)?;
        steps.extend(more);
        snapshot = inspector.inspect()?;
    }
    if let Some(codex) = snapshot.codex()
        && codex.method != InstallMethod::UserSkills
        && !codex.plugin.installed
    {
        return Err(Error::PluginRejected {
            why: "it does not list it as installed",
        });
    }
    // Which hooks this Codex wants trust for is known only now.
    let mut executor = Executor::begin(&snapshot, &[])?;
    for permission in plan::permissions(&snapshot, &[]) {
        if granted.covers(permission) {
            let allowed = plan::allowed_by(permission, &snapshot);
            executor.run(&allowed)?;
            steps.extend(allowed);
        }
    }
    executor.finish()?;
    Ok(steps)
}

/// Executes the plan of an uninstall.
pub(crate) fn uninstall(snapshot: &Snapshot, steps: &[PlanStep]) -> Result<(), Error> {
    let mut executor = Executor::begin(snapshot, steps)?;
    executor.run(steps)?;
    if !steps.contains(&PlanStep::RemoveFiles) {
        // The record that `begin` wrote.
        executor.run(&[PlanStep::RemoveFiles])?;
    }
    Ok(())
}

/// Adds a rule to those that our file has.
fn write_rule(layout: &Layout, added: Allows) -> Result<(), Error> {
    let cli = layout.program("cc-cli");
    let text = read_text(&layout.rules())?.unwrap_or_default();
    let is_allowed = |allows: &Allows| *allows == added || rules::allows(&text, &cli, *allows);
    let allowed: Vec<Allows> = rules::ALL.into_iter().filter(is_allowed).collect();
    Ok(replace(&layout.rules(), &rules::file(&cli, &allowed))?)
}

/// Takes out the rule that allows everything, wherever it is, and adds the one for looking.
fn narrow_rule(layout: &Layout) -> Result<(), Error> {
    let path = layout.default_rules();
    if let Some(text) = read_text(&path)? {
        let narrow = rules::without_old(&text, &layout.program("cc-cli"));
        if narrow.is_empty() {
            remove_if_there(&path)?;
        } else if narrow != text {
            replace(&path, &narrow)?;
        }
    }
    write_rule(layout, Allows::Looking)
}

/// Saves the user's files as they are before a first installation; an uninstall restores them.
fn back_up(layout: &Layout) -> Result<(), Error> {
    for path in [layout.config(), layout.hooks_json()] {
        // One that an earlier installation left is not the state before this one.
        remove_if_there(&backup_of(&path))?;
        if let Some(text) = read_text(&path)? {
            files::write(&backup_of(&path), text.as_bytes())?;
        }
    }
    Ok(())
}

/// Executes steps on what a snapshot shows, and keeps the record.
struct Executor<'a> {
    snapshot: &'a Snapshot,
    record: InstallRecord,
}

impl<'a> Executor<'a> {
    /// Removes what a killed call left, and writes the record before anything else: a repair or an
    /// uninstall has to know what may be there.
    fn begin(snapshot: &'a Snapshot, steps: &[PlanStep]) -> Result<Self, Error> {
        let layout = &snapshot.layout;
        create_private_dir(&layout.cc())?;
        let assets = &snapshot.assets;
        let dirs = layout.written_dirs().into_iter();
        let dirs = dirs.chain(assets.to_write()).chain(assets.written());
        let mut left = dirs.flat_map(|dir| leftovers(&dir));
        left.try_for_each(|file| remove_if_there(&file))?;
        remove_ended_asides(snapshot.binaries.iter().map(|it| it.installed.as_path()));
        let mut record = match &snapshot.record {
            Some(record) => record.clone(),
            None => InstallRecord {
                had_config: snapshot.has_config,
                ..InstallRecord::default()
            },
        };
        let mut copies = steps.iter();
        record.copied |= copies.any(|step| matches!(step, PlanStep::CopyBinaries { .. }));
        if record.bin.as_os_str().is_empty() {
            record.bin.clone_from(&layout.bin);
        }
        let mut executor = Self { snapshot, record };
        executor.record_trusted(snapshot.config.as_ref().ok());
        executor.record.write(layout)?;
        Ok(executor)
    }

    fn run(&mut self, steps: &[PlanStep]) -> Result<(), Error> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: &PlanStep) -> Result<(), Error> {
        let layout = self.layout();
        match step {
            PlanStep::CopyBinaries { .. } => self.copy_binaries(),
            PlanStep::WriteAssets(_) => {
                self.snapshot.assets.write(&mut self.record)?;
                self.record.write(layout)
            }
            PlanStep::RemoveAssets(_) => self.snapshot.assets.remove(&self.record),
            PlanStep::WriteBundle(hooks_from) => Ok(bundle::write(layout, *hooks_from)?),
            PlanStep::InstallPlugin(method) => plugin::install(layout, self.codex()?, *method),
            PlanStep::WriteUserSkills => Ok(bundle::write_user_skills(layout)?),
            PlanStep::AddUserHooks => self.add_user_hooks(),
            PlanStep::RemoveUserHooks => removal::user_hooks(self.snapshot),
            PlanStep::EnableHooks => self.enable_hooks(),
            PlanStep::WriteRule(allows) => write_rule(layout, *allows),
            PlanStep::NarrowRule => narrow_rule(layout),
            PlanStep::TrustHooks => {
                plugin::trust_hooks(layout, self.codex()?)?;
                self.record_trusted(read_config(layout).as_ref().ok());
                Ok(())
            }
            PlanStep::UninstallPlugin(method) => plugin::uninstall(layout, self.codex()?, *method),
            PlanStep::RemoveRules | PlanStep::RemoveUnsafeRules => removal::rules(layout),
            PlanStep::CleanConfig => {
                removal::trusted_contents(layout, &self.record)?;
                removal::config_entries(layout, &self.record)
            }
            PlanStep::RemoveCache => removal::cache(layout),
            PlanStep::RemoveUserSkills => removal::user_skills(layout),
            PlanStep::RemoveFiles => removal::files(layout, &self.record),
            PlanStep::DeleteJobs => removal::jobs(layout),
        }
    }

    /// Records that this Codex does not run the hooks of plugins.
    fn record_no_native_hooks(&mut self) -> Result<(), Error> {
        self.record.no_native_hooks = self.codex()?.version.clone();
        self.record.write(self.layout())
    }

    fn record_trusted(&mut self, config: Option<&ConfigEntries>) {
        let contents = config.into_iter().flat_map(|config| &config.contents);
        self.record.trusted_contents.extend(contents.cloned());
    }

    /// Records what is installed now.
    fn finish(mut self) -> Result<(), Error> {
        let layout = self.layout();
        for binary in &self.snapshot.binaries {
            // The installed installer did not copy the binaries beside it.
            let is_known = self.record.binaries.contains_key(binary.name);
            if (binary.source != binary.installed || !is_known)
                && let Some(digest) = digest(&binary.installed)
            {
                self.record.binaries.insert(binary.name.to_owned(), digest);
            }
        }
        self.record.version = cc_plugin::VERSION.to_owned();
        if self.record.bin != layout.bin {
            removal::programs(layout, &self.record.bin)?;
            self.record.bin.clone_from(&layout.bin);
        }
        self.record.write(layout)
    }

    fn layout(&self) -> &'a Layout {
        &self.snapshot.layout
    }

    fn codex(&self) -> Result<&'a CodexInfo, Error> {
        self.snapshot.codex().ok_or(Error::PluginRejected {
            why: "it was not asked",
        })
    }

    fn copy_binaries(&self) -> Result<(), Error> {
        for binary in &self.snapshot.binaries {
            if !binary.is_current() {
                copy_program(&binary.source, &binary.installed)?;
            }
        }
        Ok(())
    }

    fn add_user_hooks(&mut self) -> Result<(), Error> {
        self.record.user_hooks = true;
        self.record.write(self.layout())?;
        // Trust is keyed by position, and stale hooks may be in other positions than the new ones.
        if !self
            .snapshot
            .user_hooks
            .as_ref()
            .map_or(true, Vec::is_empty)
        {
            removal::user_trust(self.snapshot)?;
        }
        let path = self.layout().hooks_json();
        let text = read_text(&path)?.unwrap_or_default();
        let wanted = bundle::hooks(self.layout());
        let merged = hooks_json::merged(&text, &wanted, &self.snapshot.hook_programs());
        Ok(replace(&path, &merged.map_err(Error::edit(&path))?)?)
    }

    fn enable_hooks(&mut self) -> Result<(), Error> {
        let path = self.layout().config();
        let text = read_text(&path)?.unwrap_or_default();
        let (text, before) = flag::with_flag(&text).map_err(Error::edit(&path))?;
        if self.record.flag.is_none() && before.value != Some(true) {
            self.record.flag = Some(before);
            self.record.write(self.layout())?;
        }
        Ok(replace(&path, &text)?)
    }
}
