//! `install` and `update`: prepare, ask for consent, apply, report.

use std::process::ExitCode;

use cc_core::Env;

use crate::args::InstallArgs;
use crate::console::Console;
use crate::error::Error;
use crate::prepare::plan::{self, Permission};
use crate::prepare::snapshot::{Inspector, Snapshot};
use crate::{apply, consent, lock, prepare, report};

/// Which command was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Install, or repair what is there.
    Install,
    /// Bring an existing installation to this version.
    Update,
}

impl Goal {
    fn name(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Update => "update",
        }
    }
}

/// Installs or updates.
///
/// # Errors
/// What stopped it; running it again continues from there.
pub(crate) fn install(
    env: &Env,
    args: &InstallArgs,
    goal: Goal,
    console: &mut Console<'_>,
) -> Result<ExitCode, Error> {
    let _lock = lock::acquire(env, args.common.dry_run)?;
    let inspector = Inspector::new(env, &args.common, args.bin_dir.as_deref());
    // An update does not ask again for a rule that was declined; who had the old one was never asked
    // for the rule for rescues.
    let is_wanted = |permission: Permission, snapshot: &Snapshot, had_old: bool| match permission {
        _ if goal == Goal::Install => true,
        Permission::Looking => args.allow_commands || snapshot.rules.present,
        Permission::Changing => args.allow_rescue || had_old,
        Permission::HookTrust | Permission::UserHooks => true,
    };

    // Prepare.
    let snapshot = prepare::installable(&inspector, goal == Goal::Update, console)?;
    let steps = plan::install(&snapshot, plan::hooks_from(&snapshot));
    let had_old = snapshot.rules.old;
    let mut permissions = plan::permissions(&snapshot, &steps);
    permissions.retain(|permission| is_wanted(*permission, &snapshot, had_old));
    consent::show_plan(&steps, &snapshot.layout, console)?;
    if args.common.dry_run {
        return report::install_preview(&snapshot, &steps, &permissions, goal.name(), console);
    }

    // Ask for consent.
    if !steps.is_empty() {
        let flags = "--yes (and --allow-commands, --allow-rescue, --trust-hooks if you want them)";
        console.confirm(args.yes, flags)?;
    }
    let granted = consent::ask(&permissions, args, &snapshot.layout, console)?;

    // Apply.
    let done = apply::install(&inspector, snapshot, steps, granted)?;

    // Report.
    let snapshot = inspector.inspect()?;
    let mut declined = plan::permissions(&snapshot, &[]);
    declined.retain(|permission| !granted.covers(*permission));
    // Without the rule for rescues everything works; Codex asks before each.
    let mut missing = declined.iter();
    let is_complete = missing.all(|permission| *permission == Permission::Changing);
    declined.retain(|permission| is_wanted(*permission, &snapshot, had_old));
    report::installed(&snapshot, &done, &declined, is_complete, console)
}
