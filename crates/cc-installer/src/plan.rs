//! What to do, decided from what was found alone.

use std::path::PathBuf;

use cc_plugin::HooksFrom;

use crate::edit::config;
use crate::files::{backup_of, leftovers};
use crate::found::{Found, HooksFeature, Way};
use crate::hooks::Listed;
use crate::place::{BINARIES, PLUGIN_ID, Places};

/// One thing to do; doing it again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Copy the binaries.
    Binaries {
        /// Which of them.
        names: Vec<&'static str>,
    },
    /// Write the bundle into our marketplace.
    Bundle(HooksFrom),
    /// Have Codex take the plugin.
    Plugin(Way),
    /// Put the skills among the user's own.
    Wrappers,
    /// Put our hooks into the user's `hooks.json`.
    UserHooks,
    /// Take our hooks out of the user's `hooks.json`.
    NoUserHooks,
    /// Switch hooks on in a Codex that has them off.
    Flag,
    /// Write the exec rule; only with the user's consent.
    Rule,
    /// Trust our hooks; only with the user's consent.
    Trust,
    /// Have Codex drop the plugin.
    DropPlugin(Way),
    /// Take the exec rules for our binary out.
    NoRules,
    /// Take what is left of us out of `config.toml`.
    Forget,
    /// Remove Codex's copies of the plugin.
    NoCache,
    /// Remove the skills among the user's own.
    NoWrappers,
    /// Remove the binaries and everything that says we were here.
    NoFiles,
    /// Remove all jobs and settings.
    NoJobs,
}

/// How hooks get to Codex, as far as it is known before an attempt.
pub(crate) fn hooks_from(found: &Found) -> HooksFrom {
    let Some(host) = found.host() else {
        return HooksFrom::Plugin;
    };
    // What this Codex showed at an earlier installation need not be tried again.
    let tried = found
        .record
        .as_ref()
        .and_then(|record| record.no_native_hooks.as_ref());
    let in_vain = tried.is_some() && tried == host.version.as_ref();
    if host.way == Way::Wrappers || host.hooks.is_none() || in_vain {
        HooksFrom::User
    } else {
        // A Codex that lists hooks is taken to run those of plugins until it shows otherwise.
        HooksFrom::Plugin
    }
}

/// What an installation takes, except for the consents.
pub(crate) fn install(found: &Found, hooks_from: HooksFrom) -> Vec<Step> {
    let mut steps = Vec::new();
    let stale: Vec<&'static str> = found
        .binaries
        .iter()
        .filter(|binary| !binary.is_current())
        .map(|binary| binary.name)
        .collect();
    if !stale.is_empty() {
        steps.push(Step::Binaries { names: stale });
    }
    let way = found.host().map_or(Way::AppServer, |host| host.way);
    if way == Way::Wrappers {
        if !found.wrapped {
            steps.push(Step::Wrappers);
        }
    } else {
        if found.bundle != Some(hooks_from) {
            steps.push(Step::Bundle(hooks_from));
        }
        let taken = found
            .host()
            .is_some_and(|host| host.plugin.installed && host.plugin.enabled);
        if !taken || found.copy != Some(hooks_from) {
            steps.push(Step::Plugin(way));
        }
        if has_wrappers(found) {
            steps.push(Step::NoWrappers);
        }
    }
    let user_hooks = found.user_hooks.as_ref().map_or(0, Vec::len);
    match hooks_from {
        HooksFrom::Plugin if user_hooks > 0 => steps.push(Step::NoUserHooks),
        HooksFrom::Plugin => {}
        HooksFrom::User if are_hooks_allowed(found) => steps.extend(with_user_hooks(found)),
        HooksFrom::User => {}
    }
    steps
}

/// What it takes to have our hooks run from the user's `hooks.json`.
pub(crate) fn with_user_hooks(found: &Found) -> Vec<Step> {
    let off = found.host().and_then(|host| host.off.hooks);
    let steps = [
        (!has_exactly_our_user_hooks(found), Step::UserHooks),
        (off == Some(HooksFeature::CodexHooks), Step::Flag),
    ];
    wanted(steps)
}

/// Whether our hooks may stand in the user's `hooks.json`.
///
/// A Codex that has no list of hooks runs whatever stands there. So it takes a yes to put them there,
/// unless that was given at an earlier installation; elsewhere it takes one to trust them.
pub(crate) fn are_hooks_allowed(found: &Found) -> bool {
    let asks_itself = found.host().is_none_or(|host| host.hooks.is_some());
    let were_put = found
        .record
        .as_ref()
        .is_some_and(|record| record.user_hooks);
    let are_there = found
        .user_hooks
        .as_ref()
        .map_or(true, |hooks| !hooks.is_empty());
    asks_itself || were_put || are_there
}

fn wanted<const N: usize>(steps: [(bool, Step); N]) -> Vec<Step> {
    let wanted = steps.into_iter().filter(|(wanted, _)| *wanted);
    wanted.map(|(_, step)| step).collect()
}

/// The consents that are not given yet.
pub(crate) fn consents(found: &Found) -> Vec<Step> {
    let listed = found.host().and_then(|host| host.hooks.as_deref());
    let asks = listed.is_some_and(|listed| !untrusted(listed).is_empty());
    wanted([
        (!found.rule.allows, Step::Rule),
        (asks, Step::Trust),
        (!are_hooks_allowed(found), Step::UserHooks),
    ])
}

/// The consents that there will be to give after `steps`, as far as one can tell.
pub(crate) fn consents_after(found: &Found, steps: &[Step]) -> Vec<Step> {
    let mut consents = consents(found);
    let lists = found.host().is_none_or(|host| host.hooks.is_some());
    if lists && !steps.is_empty() && !consents.contains(&Step::Trust) {
        consents.push(Step::Trust);
    }
    consents
}

/// The hooks that Codex would not run.
pub(crate) fn untrusted(hooks: &[Listed]) -> Vec<Listed> {
    let asks = |hook: &&Listed| hook.trust.is_some_and(|trust| !trust.is_given());
    hooks.iter().filter(asks).cloned().collect()
}

/// Whether each of our hooks stands once in the user's file, as this version declares it.
pub(crate) fn has_exactly_our_user_hooks(found: &Found) -> bool {
    let sorted = |mut hooks: Vec<cc_plugin::Hook>| {
        hooks.sort_by(|a, b| (&a.event, &a.command).cmp(&(&b.event, &b.command)));
        hooks
    };
    let there = found
        .user_hooks
        .as_ref()
        .map(|placed| placed.iter().map(|placed| placed.hook.clone()).collect());
    let wanted = crate::bundle::hooks(&found.places);
    there.is_ok_and(|there| sorted(there) == sorted(wanted))
}

/// Whether one of our skills lies among the user's own.
fn has_wrappers(found: &Found) -> bool {
    let wrapped = |skill: &&str| crate::bundle::wrapper(&found.places, skill).exists();
    cc_plugin::SKILLS.iter().any(wrapped)
}

/// Whether anything of an installation is there, an unfinished one too.
pub(crate) fn is_anything_there(found: &Found) -> bool {
    let places = &found.places;
    let named = found.config.as_ref().is_ok_and(|config| {
        let trusts = |key: &String| config::is_of(PLUGIN_ID, key);
        config.enabled.is_some() || config.marketplace.is_some() || config.trust.iter().any(trusts)
    });
    let left = [
        places.cc().join("bin"),
        places.marketplace(),
        backup_of(&places.config()),
        backup_of(&places.hooks_json()),
    ];
    // Two steps are in every plan.
    let more = uninstall(found, false).len() > 2;
    let mut written = places.written().into_iter();
    found.record.is_some()
        || named
        || more
        || left.iter().any(|path| path.exists())
        || written.any(|dir| !leftovers(&dir).is_empty())
}

/// What it takes to be gone.
pub(crate) fn uninstall(found: &Found, jobs_too: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    let config = found.config.as_ref().ok();
    let named =
        config.is_some_and(|config| config.enabled.is_some() || config.marketplace.is_some());
    if let Some(host) = found.host()
        && host.way != Way::Wrappers
        && (named || host.plugin.installed || !found.cached.is_empty())
    {
        steps.push(Step::DropPlugin(host.way));
    }
    if found
        .user_hooks
        .as_ref()
        .map_or(true, |hooks| !hooks.is_empty())
    {
        steps.push(Step::NoUserHooks);
    }
    if found.rule.ours || found.rule.present {
        steps.push(Step::NoRules);
    }
    steps.push(Step::Forget);
    if !found.cached.is_empty() || found.places.offered_data().exists() {
        steps.push(Step::NoCache);
    }
    if has_wrappers(found) {
        steps.push(Step::NoWrappers);
    }
    steps.push(Step::NoFiles);
    if jobs_too && found.places.data.exists() {
        steps.push(Step::NoJobs);
    }
    steps
}

impl Step {
    /// The step in one line, for people.
    pub(crate) fn describe(&self, places: &Places) -> String {
        let show = |path: PathBuf| path.display().to_string();
        match self {
            Self::Binaries { names } if names.len() == BINARIES.len() => {
                format!("copy {} to {}", names.join(", "), places.bin.display())
            }
            Self::Binaries { names } => {
                format!("renew {} in {}", names.join(", "), places.bin.display())
            }
            Self::Bundle(HooksFrom::Plugin) => format!(
                "write the plugin, hooks included, to {}",
                show(places.marketplace())
            ),
            Self::Bundle(HooksFrom::User) => format!(
                "write the plugin, without hooks, to {}",
                show(places.marketplace())
            ),
            Self::Plugin(Way::Cli) => {
                "have Codex install the plugin cc@cc-local (codex plugin add)".into()
            }
            Self::Plugin(_) => "have Codex install the plugin cc@cc-local".into(),
            Self::Wrappers => format!(
                "put the skills into {}: this Codex has no plugins",
                show(places.codex_home.join("skills"))
            ),
            Self::UserHooks => format!("add our hooks to {}", show(places.hooks_json())),
            Self::NoUserHooks => format!("take our hooks out of {}", show(places.hooks_json())),
            Self::Flag => format!(
                "switch hooks on in {} (features.codex_hooks)",
                show(places.config())
            ),
            Self::Rule => format!("write the exec rule {}", show(places.rules())),
            Self::Trust => "trust our hooks in Codex".into(),
            Self::DropPlugin(_) => {
                "have Codex remove the plugin cc@cc-local and its marketplace".into()
            }
            Self::NoRules => format!(
                "remove the exec rule for cc-cli from {}",
                show(places.codex_home.join("rules"))
            ),
            Self::Forget => format!("take what is left of cc out of {}", show(places.config())),
            Self::NoCache => "remove Codex's copies of the plugin".into(),
            Self::NoWrappers => format!(
                "remove the cc skills from {}",
                show(places.codex_home.join("skills"))
            ),
            Self::NoFiles => format!(
                "remove the binaries in {} and {}",
                places.bin.display(),
                show(places.cc())
            ),
            Self::NoJobs => format!("delete all jobs and settings in {}", places.data.display()),
        }
    }
}
