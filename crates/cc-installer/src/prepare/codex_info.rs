//! What Codex supports and what it has of us, asked feature by feature.

use std::path::PathBuf;

use serde_json::json;

use crate::edit::config::ConfigEntries;
use crate::hooks::{self, HookOrigin, ListedHook};
use crate::host::Codex;
use crate::host::app_server::AppServer;
use crate::host::error::HostError;
use crate::layout::{Layout, PLUGIN_ID};

/// How our skills get into this Codex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InstallMethod {
    /// As a plugin, by requests to its app-server.
    AppServer,
    /// As a plugin, by its command line.
    CommandLine,
    /// Without a plugin, which it does not support: as skills of the user.
    UserSkills,
}

/// The answers of a Codex.
#[derive(Debug)]
pub(crate) struct CodexInfo {
    pub(crate) program: Codex,
    /// Its version: to be shown, and to know whether an earlier installation tried the same one.
    pub(crate) version: Option<String>,
    /// How our skills get into it.
    pub(crate) method: InstallMethod,
    /// Our plugin as it knows it.
    pub(crate) plugin: PluginState,
    /// Our hooks as it lists them; `None` where it has no list.
    pub(crate) hooks: Option<Vec<ListedHook>>,
    /// What is disabled in it.
    pub(crate) disabled: DisabledFeatures,
    /// Whether an exec rule frees the command that it names alone, not the rest of the line too.
    pub(crate) confines_rules: bool,
}

/// The features we need that are disabled, by its settings or by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DisabledFeatures {
    /// Whether plugins are.
    pub(crate) plugins: bool,
    /// The one without which no hook runs.
    pub(crate) hooks: Option<HooksFeature>,
}

/// The feature that runs hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HooksFeature {
    /// `hooks`, which only the user disables.
    Hooks,
    /// `codex_hooks` of old versions; the oldest disable it by default.
    CodexHooks,
}

impl HooksFeature {
    /// Its name in Codex's settings.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hooks => "hooks",
            Self::CodexHooks => "codex_hooks",
        }
    }
}

/// Our plugin as Codex knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PluginState {
    /// Whether it is installed.
    pub(crate) installed: bool,
    /// Whether it is enabled.
    pub(crate) enabled: bool,
}

impl CodexInfo {
    /// Asks `codex` about itself.
    ///
    /// `config` and `cached` tell what it has of us where it cannot say so.
    pub(super) fn ask(
        codex: &Codex,
        layout: &Layout,
        config: Option<&ConfigEntries>,
        cached: &[PathBuf],
    ) -> Result<Self, HostError> {
        let mut server = codex.app_server()?;
        let version = server.version().map(str::to_owned);
        let method = method(codex, &mut server)?;
        let hooks = supported(hooks::list(&mut server, layout))?;
        let plugin = supported(plugin(&mut server, layout))?;
        Ok(Self {
            program: codex.clone(),
            version,
            method,
            plugin: plugin.unwrap_or_else(|| PluginState::from_files(config, cached)),
            hooks,
            disabled: disabled(codex)?,
            confines_rules: confines_rules(&mut server)?,
        })
    }

    /// Whether Codex runs the hooks of our plugin itself.
    pub(crate) fn lists_native_hooks(&self) -> bool {
        let mut listed = self.hooks.iter().flatten();
        listed.any(|hook| hook.origin == HookOrigin::Plugin)
    }
}

/// Sends requests that change nothing, to find out which ones it supports.
fn method(codex: &Codex, server: &mut AppServer) -> Result<InstallMethod, HostError> {
    match server.call("plugin/list", &json!({})) {
        Err(error) if error.is_unknown() => {}
        // It supports the request even where the list fails (a broken marketplace, no network).
        Ok(_) | Err(HostError::Refused { .. }) => return Ok(InstallMethod::AppServer),
        Err(error) => return Err(error),
    }
    let help = codex.run(&["plugin", "add", "--help"])?;
    Ok(if help.success {
        InstallMethod::CommandLine
    } else {
        InstallMethod::UserSkills
    })
}

/// Whether a rule frees only the command that it names. No answer of Codex says so; of the pinned
/// versions, exactly those without this request free `cc-cli …; touch x` as a whole.
fn confines_rules(server: &mut AppServer) -> Result<bool, HostError> {
    // Without its parameters the request changes nothing.
    match server.call("marketplace/add", &json!({})) {
        Err(error) if error.is_unknown() => Ok(false),
        Ok(_) | Err(HostError::Refused { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

fn plugin(server: &mut AppServer, layout: &Layout) -> Result<PluginState, HostError> {
    let marketplace = layout.marketplace_json();
    if !marketplace.exists() {
        return Ok(PluginState::default());
    }
    let params = json!({"pluginName": cc_plugin::NAME, "marketplacePath": marketplace});
    match server.call("plugin/read", &params) {
        Ok(answer) => {
            let summary = &answer["plugin"]["summary"];
            Ok(PluginState {
                installed: summary["id"] == PLUGIN_ID && summary["installed"] == true,
                enabled: summary["enabled"] == true,
            })
        }
        Err(HostError::Refused { .. }) => Ok(PluginState::default()),
        Err(error) => Err(error),
    }
}

impl PluginState {
    /// The state that Codex's files show, where Codex cannot be asked.
    pub(crate) fn from_files(config: Option<&ConfigEntries>, cached: &[PathBuf]) -> Self {
        let enabled = config.and_then(|config| config.enabled);
        Self {
            installed: enabled.is_some() && !cached.is_empty(),
            enabled: enabled == Some(true),
        }
    }
}

/// What the list of features shows as disabled; nothing in a Codex without such a list.
fn disabled(codex: &Codex) -> Result<DisabledFeatures, HostError> {
    let printed = codex.run(&["features", "list"])?;
    let is_disabled = |feature: &str| {
        printed.success
            && printed.stdout.lines().any(|line| {
                let mut words = line.split_whitespace();
                words.next() == Some(feature) && words.next_back() == Some("false")
            })
    };
    let hooks = [HooksFeature::Hooks, HooksFeature::CodexHooks];
    Ok(DisabledFeatures {
        plugins: is_disabled("plugins"),
        hooks: hooks.into_iter().find(|hooks| is_disabled(hooks.name())),
    })
}

/// `None` where this Codex does not support the request.
fn supported<T>(answer: Result<T, HostError>) -> Result<Option<T>, HostError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_unknown() => Ok(None),
        Err(error) => Err(error),
    }
}
