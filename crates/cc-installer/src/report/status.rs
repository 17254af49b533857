//! The document of `status --json`.

use std::path::Path;

use cc_plugin::HooksFrom;
use serde::Serialize;

use crate::bundle;
use crate::edit::hooks_json::PlacedHook;
use crate::files::digest;
use crate::hooks::{HookOrigin, HookTrust, ListedHook};
use crate::layout::BINARIES;
use crate::prepare::codex_info::{InstallMethod, PluginState};
use crate::prepare::plan::{are_user_hooks_allowed, confines_rules};
use crate::prepare::snapshot::{Binary, CodexState, Snapshot};

/// The whole document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InstallStatus {
    pub(super) version: &'static str,
    codex_home: String,
    pub(super) codex: Option<CodexStatus>,
    pub(super) binaries: BinariesStatus,
    pub(super) plugin: PluginStatus,
    pub(super) hooks: HooksStatus,
    pub(super) exec_rule: RuleStatus,
    pub(super) problems: Vec<InstallProblem>,
}

#[derive(Debug, Serialize)]
pub(super) struct CodexStatus {
    pub(super) path: String,
    pub(super) version: Option<String>,
}

/// The installed binaries; the path of each that exists.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct BinariesStatus {
    pub(super) dir: String,
    #[serde(rename = "versionsAgree")]
    pub(super) versions_agree: bool,
    cc_cli: Option<String>,
    cc_hooks: Option<String>,
    cc_installer: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct PluginStatus {
    pub(super) installed: bool,
    pub(super) enabled: bool,
    pub(super) version: Option<String>,
    pub(super) way: Option<SkillsForm>,
    path: Option<String>,
    pub(super) drifted: bool,
}

/// The form in which Codex has our skills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum SkillsForm {
    Plugin,
    #[serde(rename = "wrappers")]
    UserSkills,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HooksStatus {
    pub(super) installed: bool,
    /// Whether they may be, where only the installer asks.
    pub(super) allowed: bool,
    pub(super) way: Option<HooksSource>,
    pub(super) trusted: HooksTrust,
    /// Whether Codex runs them; unknown where it cannot be asked.
    runs: Option<bool>,
    pub(super) switched_off: bool,
    pub(super) double: bool,
    pub(super) entries: Vec<ListedHook>,
}

/// Where Codex gets our hooks from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum HooksSource {
    #[serde(rename = "native")]
    Plugin,
    #[serde(rename = "user")]
    UserFile,
}

/// How many of our hooks are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum HooksTrust {
    All,
    Some,
    None,
    /// This version of Codex asks for no trust.
    NotNeeded,
    Unknown,
}

#[derive(Debug, Serialize)]
pub(super) struct RuleStatus {
    pub(super) present: bool,
    /// Whether a rule lets the installed `cc-cli` look.
    pub(super) matches: bool,
    /// Whether one lets it change files too.
    pub(super) rescue: bool,
    /// Whether one lets it do everything.
    pub(super) old: bool,
    /// Whether this Codex frees only what a rule names; elsewhere there is none.
    pub(super) possible: bool,
    pub(super) path: String,
}

/// A problem and its fix.
#[derive(Debug, Serialize)]
pub(super) struct InstallProblem {
    pub(super) what: String,
    pub(super) fix: String,
}

impl InstallStatus {
    /// The status that a snapshot shows; its problems are yet to be found.
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let codex = match &snapshot.codex {
            CodexState::Answered(info) => Some((&info.program, info.version.clone())),
            CodexState::NotAsked(codex) | CodexState::NoAnswer(codex, _) => Some((codex, None)),
            CodexState::NotFound(_) => None,
        };
        let plugin = PluginStatus::of(snapshot);
        Self {
            version: cc_plugin::VERSION,
            codex_home: text(&snapshot.layout.codex_home),
            codex: codex.map(|(codex, version)| CodexStatus {
                path: text(&codex.path),
                version,
            }),
            binaries: BinariesStatus::of(snapshot),
            hooks: HooksStatus::of(snapshot, &plugin),
            plugin,
            exec_rule: RuleStatus {
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

    /// What the user types to call a skill.
    pub(super) fn skill(&self, name: &str) -> String {
        let separator = match self.plugin.way {
            Some(SkillsForm::UserSkills) => '-',
            _ => ':',
        };
        format!("$cc{separator}{name}")
    }
}

/// A path as JSON can hold it.
fn text(path: &Path) -> String {
    path.display().to_string()
}

impl BinariesStatus {
    fn of(snapshot: &Snapshot) -> Self {
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
        Self {
            dir: text(&snapshot.layout.bin),
            versions_agree: snapshot.binaries.iter().all(is_as_installed),
            cc_cli,
            cc_hooks,
            cc_installer,
        }
    }

    /// Whether all three exist.
    pub(super) fn are_complete(&self) -> bool {
        self.cc_cli.is_some() && self.cc_hooks.is_some() && self.cc_installer.is_some()
    }
}

impl PluginStatus {
    fn of(snapshot: &Snapshot) -> Self {
        let codex = snapshot.codex();
        if codex.is_some_and(|codex| codex.method == InstallMethod::UserSkills) {
            let dir = bundle::user_skill(&snapshot.layout, "setup");
            let exists = dir.is_dir();
            return Self {
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
        Self {
            installed,
            enabled: installed && enabled,
            version: path.and_then(|path| bundle::version_of(path)),
            way: installed.then_some(SkillsForm::Plugin),
            path: path.map(|path| text(path)),
            drifted: installed && (snapshot.copy.is_none() || snapshot.copy != snapshot.bundle),
        }
    }
}

impl HooksStatus {
    fn of(snapshot: &Snapshot, plugin: &PluginStatus) -> Self {
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
        let hooks_json = text(&snapshot.layout.hooks_json());
        let unlisted = || placed.iter().map(|placed| unlisted(placed, &hooks_json));
        let entries = listed.map_or_else(|| unlisted().collect(), <[_]>::to_vec);
        let way = match (is_native, placed) {
            (true, _) => Some(HooksSource::Plugin),
            (false, []) => None,
            (false, _) => Some(HooksSource::UserFile),
        };
        let trusted = match (codex, listed) {
            (None, _) => HooksTrust::Unknown,
            (Some(_), None) => HooksTrust::NotNeeded,
            (Some(_), Some(listed)) => HooksTrust::of(listed, are_disabled),
        };
        let run = !are_disabled
            && matches!(trusted, HooksTrust::All | HooksTrust::NotNeeded)
            && entries.iter().all(|hook| hook.enabled)
            && snapshot.binaries.iter().all(|binary| binary.is_installed)
            && (way == Some(HooksSource::UserFile) || plugin.enabled);
        Self {
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
}

impl HooksTrust {
    fn of(listed: &[ListedHook], are_disabled: bool) -> Self {
        let trust: Vec<HookTrust> = listed.iter().filter_map(|hook| hook.trust).collect();
        match trust.iter().filter(|trust| trust.is_given()).count() {
            _ if trust.is_empty() && !listed.is_empty() => Self::NotNeeded,
            // While hooks are disabled, none is listed.
            _ if are_disabled => Self::Unknown,
            0 => Self::None,
            given if given == trust.len() => Self::All,
            _ => Self::Some,
        }
    }
}

/// One of our hooks in the user's file, in a Codex that lists none.
fn unlisted(placed: &PlacedHook, hooks_json: &str) -> ListedHook {
    ListedHook {
        origin: HookOrigin::User,
        key: placed.key(hooks_json),
        event: placed.hook.event.clone(),
        command: placed.hook.command.clone(),
        enabled: true,
        trust: None,
        hash: None,
    }
}
