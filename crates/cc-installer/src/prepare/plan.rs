//! What to do, decided only from a snapshot.

use std::path::PathBuf;

use cc_plugin::HooksFrom;

use super::codex_info::{HooksFeature, InstallMethod};
use super::snapshot::Snapshot;
use crate::edit::config;
use crate::edit::rules::Allows;
use crate::files::{backup_of, leftovers};
use crate::hooks::untrusted;
use crate::layout::{BINARIES, Layout, PLUGIN_ID};

/// One thing to do; doing it again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PlanStep {
    /// Copy the binaries that are missing or different.
    CopyBinaries {
        names: Vec<&'static str>,
    },
    /// Write manual pages and completions to these directories of the user.
    WriteAssets(Vec<PathBuf>),
    WriteBundle(HooksFrom),
    InstallPlugin(InstallMethod),
    /// Write our skills among the user's own.
    WriteUserSkills,
    /// Add our hooks to the user's `hooks.json`; needs a permission.
    AddUserHooks,
    RemoveUserHooks,
    /// Enable hooks in a Codex whose default is off.
    EnableHooks,
    /// Write an exec rule; needs a permission.
    WriteRule(Allows),
    /// Put the rule for looking in place of one that allowed everything.
    NarrowRule,
    /// Remove the exec rules of a Codex in which they free more than what they name.
    RemoveUnsafeRules,
    /// Trust our hooks; needs a permission.
    TrustHooks,
    UninstallPlugin(InstallMethod),
    /// Remove the exec rules for our binary.
    RemoveRules,
    /// Remove the remaining entries about us from `config.toml`.
    CleanConfig,
    RemoveCache,
    RemoveUserSkills,
    /// Remove our manual pages and completions from these directories.
    RemoveAssets(Vec<PathBuf>),
    /// Remove the binaries and our directory.
    RemoveFiles,
    DeleteJobs,
}

/// What only the user can allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    /// An exec rule, so that Codex starts reviews and follows jobs outside its sandbox without asking.
    Looking,
    /// Another, so that it starts rescues and applies their changes without asking.
    Changing,
    /// Trust in our hooks, in a Codex that asks for it.
    HookTrust,
    /// Hooks in the user's `hooks.json`, in a Codex that runs all it finds there.
    UserHooks,
}

/// Where this Codex gets our hooks from, as far as is known before an attempt.
pub(crate) fn hooks_from(snapshot: &Snapshot) -> HooksFrom {
    let Some(codex) = snapshot.codex() else {
        return HooksFrom::Plugin;
    };
    let record = snapshot.record.as_ref();
    let failed_before = record.and_then(|record| record.no_native_hooks.as_ref());
    let is_known_to_fail = failed_before.is_some() && failed_before == codex.version.as_ref();
    if codex.method == InstallMethod::UserSkills || codex.hooks.is_none() || is_known_to_fail {
        HooksFrom::User
    } else {
        // A Codex that lists hooks is assumed to run those of plugins until it shows otherwise.
        HooksFrom::Plugin
    }
}

/// Whether Codex has the bundle with its hooks, and does not run them.
pub(crate) fn lacks_native_hooks(snapshot: &Snapshot) -> bool {
    snapshot.codex().is_some_and(|codex| {
        snapshot.copy == Some(HooksFrom::Plugin)
            && codex.method != InstallMethod::UserSkills
            && !codex.lists_native_hooks()
            // While hooks are disabled none is listed, and nothing is known.
            && codex.disabled.hooks.is_none()
    })
}

/// The steps of an installation, without those that need a permission not yet granted.
#[must_use]
pub(crate) fn install(snapshot: &Snapshot, hooks_from: HooksFrom) -> Vec<PlanStep> {
    let codex = snapshot.codex();
    let method = codex.map_or(InstallMethod::AppServer, |codex| codex.method);
    let has_plugins = method != InstallMethod::UserSkills;
    let stale = snapshot
        .binaries
        .iter()
        .filter(|binary| !binary.is_current());
    let names: Vec<&'static str> = stale.map(|binary| binary.name).collect();
    let is_installed = codex.is_some_and(|codex| codex.plugin.installed && codex.plugin.enabled)
        && snapshot.copy == Some(hooks_from);
    let has_user_hooks = snapshot
        .user_hooks
        .as_ref()
        .is_ok_and(|hooks| !hooks.is_empty());
    let mut steps = Vec::new();
    if !names.is_empty() {
        steps.push(PlanStep::CopyBinaries { names });
    }
    let dirs = snapshot.assets.to_write();
    steps.extend((!dirs.is_empty()).then_some(PlanStep::WriteAssets(dirs)));
    if !has_plugins && !snapshot.has_current_user_skills {
        steps.push(PlanStep::WriteUserSkills);
    }
    if has_plugins {
        let is_written = snapshot.bundle == Some(hooks_from);
        steps.extend((!is_written).then_some(PlanStep::WriteBundle(hooks_from)));
        steps.extend((!is_installed).then_some(PlanStep::InstallPlugin(method)));
        steps.extend(has_user_skills(snapshot).then_some(PlanStep::RemoveUserSkills));
    }
    if hooks_from == HooksFrom::Plugin && has_user_hooks {
        steps.push(PlanStep::RemoveUserHooks);
    }
    if hooks_from == HooksFrom::User && are_user_hooks_allowed(snapshot) {
        steps.extend(add_user_hooks(snapshot));
    }
    if !confines_rules(snapshot) {
        let has_rules = snapshot.rules.ours || snapshot.rules.present;
        steps.extend(has_rules.then_some(PlanStep::RemoveUnsafeRules));
    } else if snapshot.rules.old {
        steps.push(PlanStep::NarrowRule);
    }
    steps
}

/// Whether exec rules free only what they name; assumed of a Codex that was not asked.
pub(crate) fn confines_rules(snapshot: &Snapshot) -> bool {
    snapshot.codex().is_none_or(|codex| codex.confines_rules)
}

/// The permissions that are missing after `steps`, as far as is known before.
#[must_use]
pub(crate) fn permissions(snapshot: &Snapshot, steps: &[PlanStep]) -> Vec<Permission> {
    let codex = snapshot.codex();
    let listed = codex.and_then(|codex| codex.hooks.as_deref());
    let are_untrusted = listed.is_some_and(|listed| !untrusted(listed).is_empty());
    let asks_for_trust =
        codex.is_none_or(|codex| codex.hooks.is_some() && codex.disabled.hooks.is_none());
    let mut changes = steps.iter();
    let are_changed = changes.any(|step| {
        use PlanStep::{AddUserHooks, InstallPlugin, WriteBundle};
        matches!(step, WriteBundle(_) | InstallPlugin(_) | AddUserHooks)
    });
    let rules = &snapshot.rules;
    let lets_look = rules.looking || steps.contains(&PlanStep::NarrowRule);
    wanted([
        (confines_rules(snapshot) && !lets_look, Permission::Looking),
        (
            confines_rules(snapshot) && !rules.changing,
            Permission::Changing,
        ),
        (
            are_untrusted || (asks_for_trust && are_changed),
            Permission::HookTrust,
        ),
        (!are_user_hooks_allowed(snapshot), Permission::UserHooks),
    ])
}

/// The steps that a permission allows.
#[must_use]
pub(crate) fn allowed_by(permission: Permission, snapshot: &Snapshot) -> Vec<PlanStep> {
    match permission {
        Permission::Looking => vec![PlanStep::WriteRule(Allows::Looking)],
        Permission::Changing => vec![PlanStep::WriteRule(Allows::Changing)],
        Permission::HookTrust => vec![PlanStep::TrustHooks],
        Permission::UserHooks => add_user_hooks(snapshot),
    }
}

fn add_user_hooks(snapshot: &Snapshot) -> Vec<PlanStep> {
    let disabled = snapshot.codex().and_then(|codex| codex.disabled.hooks);
    wanted([
        (
            !has_exactly_our_user_hooks(snapshot),
            PlanStep::AddUserHooks,
        ),
        (
            disabled == Some(HooksFeature::CodexHooks),
            PlanStep::EnableHooks,
        ),
    ])
}

/// Whether our hooks may be in the user's `hooks.json`.
///
/// A Codex without a list of hooks runs all that it finds there, so adding them needs a permission,
/// unless it was granted at an earlier installation. Elsewhere trusting them does.
pub(crate) fn are_user_hooks_allowed(snapshot: &Snapshot) -> bool {
    let asks_for_trust = snapshot.codex().is_none_or(|codex| codex.hooks.is_some());
    let were_added = snapshot
        .record
        .as_ref()
        .is_some_and(|record| record.user_hooks);
    asks_for_trust || were_added || may_have_user_hooks(snapshot)
}

/// Whether our hooks are in the user's `hooks.json`, or it cannot be read.
fn may_have_user_hooks(snapshot: &Snapshot) -> bool {
    let hooks = snapshot.user_hooks.as_ref();
    hooks.map_or(true, |hooks| !hooks.is_empty())
}

/// Whether each of our hooks is in the user's file once, as this version declares it.
fn has_exactly_our_user_hooks(snapshot: &Snapshot) -> bool {
    let sorted = |mut hooks: Vec<cc_plugin::Hook>| {
        hooks.sort_by(|a, b| (&a.event, &a.command).cmp(&(&b.event, &b.command)));
        hooks
    };
    snapshot.user_hooks.as_ref().is_ok_and(|placed| {
        let there = placed.iter().map(|placed| placed.hook.clone()).collect();
        sorted(there) == sorted(crate::bundle::hooks(&snapshot.layout))
    })
}

/// Whether one of our skills is among the user's own.
fn has_user_skills(snapshot: &Snapshot) -> bool {
    let exists = |skill: &&str| crate::bundle::user_skill(&snapshot.layout, skill).exists();
    cc_plugin::SKILLS.iter().any(exists)
}

/// The steps of an uninstall; none where nothing is installed and no jobs are to be deleted.
#[must_use]
pub(crate) fn uninstall(snapshot: &Snapshot, delete_jobs: bool) -> Vec<PlanStep> {
    let layout = &snapshot.layout;
    let config = snapshot.config.as_ref().ok();
    let is_named =
        config.is_some_and(|config| config.enabled.is_some() || config.marketplace.is_some());
    let codex = snapshot.codex().filter(|codex| {
        let may_have_it = is_named || codex.plugin.installed || !snapshot.cached.is_empty();
        codex.method != InstallMethod::UserSkills && may_have_it
    });
    let mut steps = Vec::new();
    steps.extend(codex.map(|codex| PlanStep::UninstallPlugin(codex.method)));
    steps.extend(may_have_user_hooks(snapshot).then_some(PlanStep::RemoveUserHooks));
    let has_rules = snapshot.rules.ours || snapshot.rules.present;
    steps.extend(has_rules.then_some(PlanStep::RemoveRules));
    let has_copies = !snapshot.cached.is_empty() || layout.offered_data().exists();
    let mut copies: Vec<PlanStep> = has_copies
        .then_some(PlanStep::RemoveCache)
        .into_iter()
        .collect();
    copies.extend(has_user_skills(snapshot).then_some(PlanStep::RemoveUserSkills));
    let dirs = snapshot.assets.written();
    copies.extend((!dirs.is_empty()).then_some(PlanStep::RemoveAssets(dirs)));
    if !steps.is_empty() || !copies.is_empty() || is_named || has_traces(snapshot) {
        steps.push(PlanStep::CleanConfig);
        steps.extend(copies);
        steps.push(PlanStep::RemoveFiles);
    }
    if delete_jobs && layout.data.exists() {
        steps.push(PlanStep::DeleteJobs);
    }
    steps
}

/// Whether an installation, perhaps an unfinished one, left something that needs no step of its own.
fn has_traces(snapshot: &Snapshot) -> bool {
    let layout = &snapshot.layout;
    let is_trusted = snapshot.config.as_ref().is_ok_and(|config| {
        let mut keys = config.trust.iter();
        keys.any(|key| config::is_of(PLUGIN_ID, key))
    });
    let files = [
        layout.cc().join("bin"),
        layout.marketplace(),
        backup_of(&layout.config()),
        backup_of(&layout.hooks_json()),
    ];
    let mut dirs = layout.written_dirs().into_iter();
    snapshot.record.is_some()
        || is_trusted
        || files.iter().any(|path| path.exists())
        || dirs.any(|dir| !leftovers(&dir).is_empty())
}

fn list(dirs: &[PathBuf]) -> String {
    let dirs: Vec<String> = dirs.iter().map(|dir| dir.display().to_string()).collect();
    dirs.join(", ")
}

fn wanted<T, const N: usize>(items: [(bool, T); N]) -> Vec<T> {
    let wanted = items.into_iter().filter(|(is_wanted, _)| *is_wanted);
    wanted.map(|(_, item)| item).collect()
}

impl PlanStep {
    /// The step in one line, for people.
    pub(crate) fn describe(&self, layout: &Layout) -> String {
        let bin = layout.bin.display();
        let config = layout.config();
        let hooks_json = layout.hooks_json();
        let marketplace = layout.marketplace();
        let skills = layout.codex_home.join("skills");
        match self {
            Self::CopyBinaries { names } if names.len() == BINARIES.len() => {
                format!("copy {} to {bin}", names.join(", "))
            }
            Self::CopyBinaries { names } => format!("update {} in {bin}", names.join(", ")),
            Self::WriteAssets(dirs) => {
                format!("write manual pages and completions to {}", list(dirs))
            }
            Self::RemoveAssets(dirs) => {
                format!(
                    "remove the manual pages and completions of cc from {}",
                    list(dirs)
                )
            }
            Self::WriteBundle(HooksFrom::Plugin) => {
                format!(
                    "write the plugin, including hooks, to {}",
                    marketplace.display()
                )
            }
            Self::WriteBundle(HooksFrom::User) => {
                format!(
                    "write the plugin, without hooks, to {}",
                    marketplace.display()
                )
            }
            Self::InstallPlugin(InstallMethod::CommandLine) => {
                "have Codex install the plugin cc@cc-local (codex plugin add)".into()
            }
            Self::InstallPlugin(_) => "have Codex install the plugin cc@cc-local".into(),
            Self::WriteUserSkills => format!(
                "write the cc skills to {} (this version of Codex has no plugins)",
                skills.display()
            ),
            Self::AddUserHooks => format!("add the cc hooks to {}", hooks_json.display()),
            Self::RemoveUserHooks => format!("remove the cc hooks from {}", hooks_json.display()),
            Self::EnableHooks => format!(
                "enable hooks in {} (features.codex_hooks)",
                config.display()
            ),
            Self::WriteRule(Allows::Looking) => {
                format!(
                    "write the exec rule for looking to {}",
                    layout.rules().display()
                )
            }
            Self::WriteRule(Allows::Changing) => {
                format!(
                    "write the exec rule for changing to {}",
                    layout.rules().display()
                )
            }
            Self::NarrowRule => format!(
                "replace the exec rule for all of cc-cli in {} by one for looking: by the old one whoever \
                 steers Codex's model can leave the sandbox, for example through a setting",
                layout.codex_home.join("rules").display()
            ),
            Self::RemoveUnsafeRules => format!(
                "remove the exec rules for cc-cli from {}: this version of Codex runs everything else on \
                 the same command line outside its sandbox too",
                layout.codex_home.join("rules").display()
            ),
            Self::TrustHooks => "trust the cc hooks in Codex".into(),
            Self::UninstallPlugin(_) => {
                "have Codex remove the plugin cc@cc-local and its marketplace".into()
            }
            Self::RemoveRules => format!(
                "remove the exec rule for cc-cli from {}",
                layout.codex_home.join("rules").display()
            ),
            Self::CleanConfig => {
                format!("remove the remaining cc entries from {}", config.display())
            }
            Self::RemoveCache => "remove Codex's copies of the plugin".into(),
            Self::RemoveUserSkills => format!("remove the cc skills from {}", skills.display()),
            Self::RemoveFiles => {
                format!("remove the binaries in {bin} and {}", layout.cc().display())
            }
            Self::DeleteJobs => {
                format!("delete all jobs and settings in {}", layout.data.display())
            }
        }
    }
}
