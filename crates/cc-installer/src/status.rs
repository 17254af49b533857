//! How the installation stands: a document for programs, lines for people, and what is wrong.

mod problems;
mod text;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::bundle;
use crate::files::digest;
use crate::found::{Binary, Found, HostFound, Plugin, Way, from_files};
use crate::hooks::{Listed, Origin};
use crate::place::BINARIES;

/// The document of `status --json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    version: &'static str,
    codex_home: String,
    codex: Option<CodexStatus>,
    binaries: BTreeMap<&'static str, serde_json::Value>,
    plugin: PluginStatus,
    hooks: HooksStatus,
    exec_rule: RuleStatus,
    problems: Vec<Problem>,
}

#[derive(Debug, Serialize)]
struct CodexStatus {
    path: String,
    version: Option<String>,
}

#[derive(Debug, Serialize)]
struct PluginStatus {
    installed: bool,
    enabled: bool,
    version: Option<String>,
    way: Option<&'static str>,
    path: Option<String>,
    drifted: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HooksStatus {
    installed: bool,
    /// Whether they may be, where only the installer asks.
    allowed: bool,
    way: Option<&'static str>,
    trusted: &'static str,
    /// Whether Codex runs them; nobody knows where it cannot be asked.
    runs: Option<bool>,
    switched_off: bool,
    double: bool,
    entries: Vec<HookStatus>,
}

#[derive(Debug, Serialize)]
struct HookStatus {
    event: String,
    command: String,
    trust: Option<crate::hooks::Trust>,
    enabled: bool,
}

#[derive(Debug, Serialize)]
struct RuleStatus {
    present: bool,
    matches: bool,
    path: String,
}

/// Something that is wrong, and the way out.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    what: String,
    fix: String,
}

impl Status {
    /// Sums up what was found.
    pub(crate) fn of(found: &Found) -> Self {
        let codex = match &found.host {
            HostFound::Here(host) => Some((&host.codex, host.version.clone())),
            HostFound::NotAsked(codex) | HostFound::Mute(codex, _) => Some((codex, None)),
            HostFound::Missing(_) => None,
        };
        let mut status = Self {
            version: cc_plugin::VERSION,
            codex_home: shown(&found.places.codex_home),
            codex: codex.map(|(codex, version)| CodexStatus {
                path: shown(&codex.path),
                version,
            }),
            binaries: binaries(found),
            plugin: plugin(found),
            hooks: hooks(found),
            exec_rule: RuleStatus {
                present: found.rule.present,
                matches: found.rule.allows,
                path: shown(&found.rule.path),
            },
            problems: Vec::new(),
        };
        status.problems = problems::of(found, &status);
        status
    }

    /// How people call a skill.
    pub(crate) fn skill(&self, name: &str) -> String {
        let joint = if self.plugin.way == Some("wrappers") {
            '-'
        } else {
            ':'
        };
        format!("$cc{joint}{name}")
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    fn binaries_agree(&self) -> bool {
        self.binaries["versionsAgree"] == true
    }
}

/// A path as people read it: JSON has no other.
fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn binaries(found: &Found) -> BTreeMap<&'static str, serde_json::Value> {
    let recorded = found.record.as_ref().map(|record| &record.binaries);
    let as_installed = |binary: &Binary| {
        let recorded = recorded.and_then(|recorded| recorded.get(binary.name));
        recorded.is_some() && digest(&binary.installed).as_ref() == recorded
    };
    let mut document = BTreeMap::from([
        ("dir", shown(&found.places.bin).into()),
        (
            "versionsAgree",
            found.binaries.iter().all(as_installed).into(),
        ),
    ]);
    for (name, binary) in BINARIES.into_iter().zip(&found.binaries) {
        let path = binary.is_installed.then(|| shown(&binary.installed));
        document.insert(name, serde_json::json!(path));
    }
    document
}

fn plugin(found: &Found) -> PluginStatus {
    let host = found.host();
    if host.is_some_and(|host| host.way == Way::Wrappers) {
        let dir = bundle::wrapper(&found.places, "setup");
        let there = dir.is_dir();
        return PluginStatus {
            installed: there,
            enabled: there,
            version: None,
            way: there.then_some("wrappers"),
            path: there.then(|| shown(&dir)),
            drifted: there && !found.wrapped,
        };
    }
    let known = match host {
        Some(host) => host.plugin.clone(),
        None => from_files(&found.places),
    };
    let Plugin { installed, enabled } = known;
    let path = found.cached.last().filter(|_| installed);
    PluginStatus {
        installed,
        enabled: installed && enabled,
        version: path.and_then(|path| bundle::version_of(path)),
        way: installed.then_some("plugin"),
        path: path.map(|path| shown(path)),
        drifted: installed && (found.copy.is_none() || found.copy != found.bundle),
    }
}

fn hooks(found: &Found) -> HooksStatus {
    let listed = found.host().and_then(|host| host.hooks.as_deref());
    let in_user_file = found.user_hooks.as_deref().unwrap_or_default();
    let off = found.host().and_then(|host| host.off.hooks);
    let has_native = match listed {
        Some(listed) if off.is_none() => listed.iter().any(|hook| hook.origin == Origin::Plugin),
        // Codex does not tell: its copy of the plugin does.
        Some(_) => found.copy == Some(cc_plugin::HooksFrom::Plugin),
        None => found.host().is_none() && found.copy == Some(cc_plugin::HooksFrom::Plugin),
    };
    let entries: Vec<HookStatus> = match listed {
        Some(listed) => listed.iter().map(HookStatus::of_listed).collect(),
        None => in_user_file
            .iter()
            .map(|placed| HookStatus {
                event: placed.hook.event.clone(),
                command: placed.hook.command.clone(),
                trust: None,
                enabled: true,
            })
            .collect(),
    };
    let way = match (has_native, in_user_file) {
        (true, _) => Some("native"),
        (false, []) => None,
        (false, _) => Some("user"),
    };
    let trusted = trusted(found, listed);
    let runs = off.is_none()
        && matches!(trusted, "all" | "notNeeded")
        && entries.iter().all(|hook| hook.enabled)
        && found.binaries.iter().all(|binary| binary.is_installed)
        && (way == Some("user") || plugin(found).enabled);
    HooksStatus {
        installed: way.is_some(),
        allowed: crate::plan::are_hooks_allowed(found),
        way,
        trusted,
        runs: found.host().map(|_| way.is_some() && runs),
        switched_off: off.is_some(),
        double: has_native && !in_user_file.is_empty(),
        entries,
    }
}

impl HookStatus {
    fn of_listed(hook: &Listed) -> Self {
        Self {
            event: hook.event.clone(),
            command: hook.command.clone(),
            trust: hook.trust,
            enabled: hook.enabled,
        }
    }
}

fn trusted(found: &Found, listed: Option<&[Listed]>) -> &'static str {
    let Some(listed) = listed else {
        // A Codex without a list of hooks asks for no trust.
        return if found.host().is_some() {
            "notNeeded"
        } else {
            "unknown"
        };
    };
    let asks: Vec<bool> = listed
        .iter()
        .filter_map(|hook| hook.trust)
        .map(|trust| trust.is_given())
        .collect();
    match asks.iter().filter(|given| **given).count() {
        _ if asks.is_empty() && !listed.is_empty() => "notNeeded",
        // While hooks are off, none is listed.
        _ if found.host().is_some_and(|host| host.off.hooks.is_some()) => "unknown",
        0 => "none",
        given if given == asks.len() => "all",
        _ => "some",
    }
}
