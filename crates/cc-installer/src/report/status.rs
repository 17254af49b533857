//! The document of `status --json`.

use std::path::Path;

use cc_core::installation::{
    HookTrust, HooksSource, HooksTrusted, Installation, InstalledBinaries, InstalledCodex,
    InstalledHook, InstalledHooks, InstalledPlugin, InstalledRule, SkillsForm,
};
use cc_plugin::HooksFrom;

use crate::bundle;
use crate::edit::hooks_json::PlacedHook;
use crate::files::digest;
use crate::hooks::{HookOrigin, ListedHook};
use crate::layout::BINARIES;
use crate::prepare::codex_info::{InstallMethod, PluginState};
use crate::prepare::plan::{are_user_hooks_allowed, confines_rules};
use crate::prepare::snapshot::{Binary, CodexState, Snapshot};

/// The status that a snapshot shows; its problems are yet to be found.
pub(super) fn of(snapshot: &Snapshot) -> Installation {
    let codex = match &snapshot.codex {
        CodexState::Answered(info) => Some((&info.program, info.version.clone())),
        CodexState::NotAsked(codex) | CodexState::NoAnswer(codex, _) => Some((codex, None)),
        CodexState::NotFound(_) => None,
    };
    let plugin = plugin(snapshot);
    Installation {
        version: cc_plugin::VERSION.to_owned(),
        codex_home: text(&snapshot.layout.codex_home),
        codex: codex.map(|(codex, version)| InstalledCodex {
            path: text(&codex.path),
            version,
        }),
        binaries: binaries(snapshot),
        hooks: hooks(snapshot, &plugin),
        plugin,
        exec_rule: InstalledRule {
            present: snapshot.rules.present,
            matches: snapshot.rules.looking,
            rescue: snapshot.rules.changing,
            old: snapshot.rules.old,
            possible: confines_rules(snapshot),
            path: text(&snapshot.rules.path),
        },
        problems: Vec::new(),
    }
}

/// A path as JSON can hold it.
fn text(path: &Path) -> String {
    path.display().to_string()
}

fn binaries(snapshot: &Snapshot) -> InstalledBinaries {
    let recorded = snapshot.record.as_ref().map(|record| &record.binaries);
    let is_as_installed = |binary: &Binary| {
        let recorded = recorded.and_then(|recorded| recorded.get(binary.name));
        recorded.is_some() && digest(&binary.installed).as_ref() == recorded
    };
    let [cc_cli, cc_hooks, cc_installer] = BINARIES.map(|name| {
        let mut binaries = snapshot.binaries.iter();
        let binary = binaries.find(|binary| binary.name == name && binary.is_installed);
        binary.map(|binary| text(&binary.installed))
    });
    InstalledBinaries {
        dir: text(&snapshot.layout.bin),
        versions_agree: snapshot.binaries.iter().all(is_as_installed),
        cc_cli,
        cc_hooks,
        cc_installer,
    }
}

fn plugin(snapshot: &Snapshot) -> InstalledPlugin {
    let codex = snapshot.codex();
    if codex.is_some_and(|codex| codex.method == InstallMethod::UserSkills) {
        let dir = bundle::user_skill(&snapshot.layout, "setup");
        let exists = dir.is_dir();
        return InstalledPlugin {
            installed: exists,
            enabled: exists,
            version: None,
            way: exists.then_some(SkillsForm::UserSkills),
            path: exists.then(|| text(&dir)),
            drifted: exists && !snapshot.has_current_user_skills,
        };
    }
    let PluginState { installed, enabled } = match codex {
        Some(codex) => codex.plugin.clone(),
        None => PluginState::from_files(snapshot.config.as_ref().ok(), &snapshot.cached),
    };
    let path = snapshot.cached.last().filter(|_| installed);
    InstalledPlugin {
        installed,
        enabled: installed && enabled,
        version: path.and_then(|path| bundle::version_of(path)),
        way: installed.then_some(SkillsForm::Plugin),
        path: path.map(|path| text(path)),
        drifted: installed && (snapshot.copy.is_none() || snapshot.copy != snapshot.bundle),
    }
}

fn hooks(snapshot: &Snapshot, plugin: &InstalledPlugin) -> InstalledHooks {
    let codex = snapshot.codex();
    let listed = codex.and_then(|codex| codex.hooks.as_deref());
    let placed = snapshot.user_hooks.as_deref().unwrap_or_default();
    let are_disabled = codex.is_some_and(|codex| codex.disabled.hooks.is_some());
    let is_in_copy = snapshot.copy == Some(HooksFrom::Plugin);
    let is_native = match listed {
        Some(listed) if !are_disabled => {
            let mut origins = listed.iter().map(|hook| hook.origin);
            origins.any(|origin| origin == HookOrigin::Plugin)
        }
        // Codex lists none, but its copy of the plugin has them.
        Some(_) => is_in_copy,
        None => codex.is_none() && is_in_copy,
    };
    let unlisted = || placed.iter().map(unlisted);
    let known = |hooks: &[ListedHook]| hooks.iter().map(|listed| listed.hook.clone()).collect();
    let entries: Vec<InstalledHook> = listed.map_or_else(|| unlisted().collect(), known);
    let way = match (is_native, placed) {
        (true, _) => Some(HooksSource::Plugin),
        (false, []) => None,
        (false, _) => Some(HooksSource::UserFile),
    };
    let trusted = match (codex, listed) {
        (None, _) => HooksTrusted::Unknown,
        (Some(_), None) => HooksTrusted::NotNeeded,
        (Some(_), Some(listed)) => trusted(listed, are_disabled),
    };
    let run = !are_disabled
        && matches!(trusted, HooksTrusted::All | HooksTrusted::NotNeeded)
        && entries.iter().all(|hook| hook.enabled)
        && snapshot.binaries.iter().all(|binary| binary.is_installed)
        && (way == Some(HooksSource::UserFile) || plugin.enabled);
    InstalledHooks {
        installed: way.is_some(),
        allowed: are_user_hooks_allowed(snapshot),
        way,
        trusted,
        runs: codex.map(|_| way.is_some() && run),
        switched_off: are_disabled,
        double: is_native && !placed.is_empty(),
        entries,
    }
}

fn trusted(listed: &[ListedHook], are_disabled: bool) -> HooksTrusted {
    let trust: Vec<HookTrust> = listed
        .iter()
        .filter_map(|listed| listed.hook.trust)
        .collect();
    match trust.iter().filter(|trust| trust.is_given()).count() {
        _ if trust.is_empty() && !listed.is_empty() => HooksTrusted::NotNeeded,
        // While hooks are disabled, none is listed.
        _ if are_disabled => HooksTrusted::Unknown,
        0 => HooksTrusted::None,
        given if given == trust.len() => HooksTrusted::All,
        _ => HooksTrusted::Some,
    }
}

/// One of our hooks in the user's file, in a Codex that lists none.
fn unlisted(placed: &PlacedHook) -> InstalledHook {
    InstalledHook {
        event: placed.hook.event.clone(),
        command: placed.hook.command.clone(),
        enabled: true,
        trust: None,
    }
}
