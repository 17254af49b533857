//! `install` and `update`: the plan, the permissions, and a look at what came of it.

use std::process::ExitCode;

use cc_plugin::HooksFrom;
use serde_json::json;

use crate::NOT_GOOD;
use crate::apply::{self, Apply};
use crate::args::InstallArgs;
use crate::consent::{by_flag, declined, question, text};
use crate::error::Error;
use crate::files::locked;
use crate::found::{Found, HostFound, Way};
use crate::place::BinDirError;
use crate::plan::{self, Step};
use crate::session::Session;
use crate::status::Status;

/// Installs, or repairs what is there.
///
/// # Errors
/// Whatever stopped it; running it again goes on from there.
pub(crate) fn install(session: &mut Session<'_>, args: &InstallArgs) -> Result<ExitCode, Error> {
    let found = session.look(args.bin_dir.as_deref())?;
    bring(session, args, found, "install", &|_, _| true)
}

/// Brings an installation to this version.
///
/// # Errors
/// The same, and [`Error::NotInstalled`].
pub(crate) fn update(session: &mut Session<'_>, args: &InstallArgs) -> Result<ExitCode, Error> {
    let found = session.look(args.bin_dir.as_deref())?;
    if found.record.is_none() {
        return Err(Error::NotInstalled {
            codex_home: found.places.codex_home,
        });
    }
    // A rule that was declined once is not asked for at every update.
    bring(session, args, found, "update", &|step, found| {
        *step != Step::Rule || found.rule.present
    })
}

fn bring(
    session: &mut Session<'_>,
    args: &InstallArgs,
    found: Found,
    command: &str,
    is_asked: &dyn Fn(&Step, &Found) -> bool,
) -> Result<ExitCode, Error> {
    let mut found = checked(session, args, found)?;
    let places = found.places.clone();
    let steps = plan::install(&found, plan::hooks_from(&found));
    if steps.contains(&Step::UserHooks) {
        found.user_hooks = Ok(found.user_hooks?);
    }
    if steps.is_empty() {
        session.say(format!("cc {} is in place.", cc_plugin::VERSION))?;
    } else {
        session.show("cc-installer will", &steps, &places)?;
    }
    let is_wanted = |step: &Step, found: &Found| is_asked(step, found) || is_given(step, args);
    if session.is_dry() {
        let mut consents = plan::consents_after(&found, &steps);
        consents.retain(|step| is_wanted(step, &found));
        for consent in &consents {
            session.say(format!("\n{}", text(consent, &places)))?;
        }
        if !steps.is_empty() || !consents.is_empty() {
            session.only_looked(command)?;
        }
        let asked: Vec<String> = consents.iter().map(|step| step.describe(&places)).collect();
        session.document(&steps, &places, json!({"permissions": asked}))?;
        return Ok(ExitCode::SUCCESS);
    }
    if !steps.is_empty() {
        let flags = "--yes (and --allow-commands, --trust-hooks as you wish)";
        session.confirm(args.yes, flags)?;
    }
    if found.record.is_none() {
        apply::back_up(&places)?;
    }
    let (mut done, found) = carry_out(session, args, found, steps)?;

    // Asked only now: before, nobody knows which hooks this Codex wants trust for.
    if let Some(host) = found.host()
        && host.way != Way::Wrappers
        && !host.plugin.installed
    {
        return Err(Error::NotTaken {
            why: "it does not list it as installed",
        });
    }
    let mut apply = Apply::begin(&found, &[])?;
    let (mut refused, mut all_given) = (Vec::new(), true);
    for consent in plan::consents(&found) {
        if !is_wanted(&consent, &found) {
            all_given = false;
            continue;
        }
        session.say(format!("\n{}", text(&consent, &places)))?;
        let given = is_given(&consent, args);
        if given {
            session.say(by_flag(&consent))?;
        }
        if given || session.asker().ask(question(&consent))? {
            let steps = match consent {
                Step::UserHooks => plan::with_user_hooks(&found),
                consent => vec![consent],
            };
            steps.iter().try_for_each(|step| apply.step(step))?;
            done.extend(steps);
        } else {
            all_given = false;
            refused.push(consent);
        }
    }
    apply.finish()?;

    let status = Status::of(&session.look(args.bin_dir.as_deref())?);
    session.say(format!("\n{status}"))?;
    for consent in &refused {
        session.say(declined(consent, &places))?;
    }
    if status.is_good() {
        let setup = status.skill("setup");
        session.say(format!("In Codex, begin a new session and type {setup}."))?;
    }
    session.document(&done, &places, json!({"status": status}))?;
    // What the user does not want is no failure; what does not work for another reason is one.
    Ok(if status.is_good() || !all_given {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NOT_GOOD)
    })
}

/// Does the steps; where Codex then does not run the plugin's hooks, they go to the user's file.
///
/// Gives what was done, and what is found afterwards.
fn carry_out(
    session: &mut Session<'_>,
    args: &InstallArgs,
    found: Found,
    steps: Vec<Step>,
) -> Result<(Vec<Step>, Found), Error> {
    let mut apply = Apply::begin(&found, &steps)?;
    steps.iter().try_for_each(|step| apply.step(step))?;
    let found = session.look(args.bin_dir.as_deref())?;
    let Some(host) = found.host() else {
        return Ok((steps, found));
    };
    let native = found.copy == Some(HooksFrom::Plugin) && host.way != Way::Wrappers;
    // Where hooks are off, none is listed, and nobody knows what this Codex would run.
    if !native || host.lists_native_hooks() || host.off.hooks.is_some() {
        return Ok((steps, found));
    }
    let more = plan::install(&found, HooksFrom::User);
    let mut apply = Apply::begin(&found, &more)?;
    apply.remember_no_native_hooks()?;
    more.iter().try_for_each(|step| apply.step(step))?;
    let found = session.look(args.bin_dir.as_deref())?;
    Ok(([steps, more].concat(), found))
}

fn is_given(step: &Step, args: &InstallArgs) -> bool {
    match step {
        Step::Rule => args.allow_commands,
        Step::Trust | Step::UserHooks => args.trust_hooks,
        _ => false,
    }
}

/// Gives the world back if it can be worked on; refuses what cannot work before anything is changed.
fn checked(
    session: &mut Session<'_>,
    args: &InstallArgs,
    mut found: Found,
) -> Result<Found, Error> {
    // Codex starts with settings that it cannot read, and fails only when it is to change them.
    found.config = Ok(found.config?);
    match found.places.check_bin(session.env) {
        // Named by the user, now or at an earlier installation: their machine, their risk.
        Err(error @ BinDirError::Writable { .. })
            if args.bin_dir.is_some() || found.record.is_some() =>
        {
            session.say(format!("Warning: {error}.\n"))?;
        }
        checked => checked?,
    }
    match found.host {
        HostFound::Missing(error) => return Err(error.into()),
        HostFound::Mute(_, error) => return Err(error.into()),
        HostFound::Here(ref host) if host.off.plugins && host.way != Way::Wrappers => {
            return Err(Error::PluginsOff);
        }
        HostFound::Here(ref host) if host.way == Way::Wrappers => {}
        HostFound::Here(_) | HostFound::NotAsked(_) => {
            if let Some(path) = locked(&found.places.config()) {
                return Err(Error::ConfigLocked { path });
            }
        }
    }
    let mut binaries = found.binaries.iter();
    match binaries.find(|binary| !binary.has_source) {
        Some(binary) => Err(Error::SourceMissing {
            path: binary.source.clone(),
        }),
        None => Ok(found),
    }
}
