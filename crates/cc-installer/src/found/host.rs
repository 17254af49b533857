//! What Codex can do and what it has of us, asked for feature by feature.

use std::path::PathBuf;

use serde_json::json;

use crate::hooks::{self, Listed, Origin};
use crate::host::app_server::AppServer;
use crate::host::{Codex, HostError};
use crate::place::{PLUGIN_ID, Places};

/// How this Codex takes a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// By requests to its app-server.
    AppServer,
    /// By its command line.
    Cli,
    /// Not at all: skills go among the user's own.
    Wrappers,
}

/// A Codex that answered.
#[derive(Debug)]
pub(crate) struct Host {
    /// The program.
    pub(crate) codex: Codex,
    /// Its version: to be shown, and to tell whether this is the Codex of an earlier look.
    pub(crate) version: Option<String>,
    /// How it takes a plugin.
    pub(crate) way: Way,
    /// Our plugin as it knows it.
    pub(crate) plugin: Plugin,
    /// Our hooks as it lists them; `None` where it has no list.
    pub(crate) hooks: Option<Vec<Listed>>,
    /// What is switched off in it.
    pub(crate) off: Off,
}

/// What we need of Codex and is switched off in its settings or by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Off {
    /// Whether plugins are.
    pub(crate) plugins: bool,
    /// The feature without which no hook runs.
    pub(crate) hooks: Option<HooksFeature>,
}

/// The feature that hooks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HooksFeature {
    /// `hooks`, which is off only where the user wants that.
    Hooks,
    /// `codex_hooks` of old versions, the oldest of which have it off by default.
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
pub(crate) struct Plugin {
    /// Whether it is installed.
    pub(crate) installed: bool,
    /// Whether it is switched on.
    pub(crate) enabled: bool,
}

impl Host {
    /// Asks `codex` about itself.
    pub(super) fn ask(codex: &Codex, places: &Places) -> Result<Self, HostError> {
        let mut server = codex.app_server()?;
        let version = server.version().map(str::to_owned);
        let way = way(codex, &mut server)?;
        let hooks = known(hooks::list(&mut server, places))?;
        Ok(Self {
            codex: codex.clone(),
            version,
            way,
            plugin: plugin(&mut server, places)?,
            hooks,
            off: off(codex)?,
        })
    }

    /// Whether Codex runs the hooks of our plugin itself.
    pub(crate) fn lists_native_hooks(&self) -> bool {
        let mut listed = self.hooks.iter().flatten();
        listed.any(|hook| hook.origin == Origin::Plugin)
    }
}

/// Asks what changes nothing, to learn what would be understood.
fn way(codex: &Codex, server: &mut AppServer) -> Result<Way, HostError> {
    match server.call("plugin/list", &json!({})) {
        Err(error) if error.is_unknown() => {}
        // A list that cannot be made (a broken marketplace, no network) is a list all the same.
        Ok(_) | Err(HostError::Refused { .. }) => return Ok(Way::AppServer),
        Err(error) => return Err(error),
    }
    let help = codex.run(&["plugin", "add", "--help"])?;
    Ok(if help.success {
        Way::Cli
    } else {
        Way::Wrappers
    })
}

fn plugin(server: &mut AppServer, places: &Places) -> Result<Plugin, HostError> {
    let marketplace = places.marketplace_json();
    if !marketplace.exists() {
        return Ok(Plugin::default());
    }
    let params = json!({"pluginName": cc_plugin::NAME, "marketplacePath": marketplace});
    match server.call("plugin/read", &params) {
        Ok(answer) => {
            let summary = &answer["plugin"]["summary"];
            Ok(Plugin {
                installed: summary["id"] == PLUGIN_ID && summary["installed"] == true,
                enabled: summary["enabled"] == true,
            })
        }
        Err(error) if error.is_unknown() => Ok(from_files(places)),
        Err(HostError::Refused { .. }) => Ok(Plugin::default()),
        Err(error) => Err(error),
    }
}

/// Where Codex cannot be asked, its files tell.
pub(crate) fn from_files(places: &Places) -> Plugin {
    let config = super::read_config(places).unwrap_or_default();
    let cached: Vec<PathBuf> = crate::bundle::cached(places);
    Plugin {
        installed: config.enabled.is_some() && !cached.is_empty(),
        enabled: config.enabled == Some(true),
    }
}

/// What the list of features says is off; a Codex without such a list has nothing off.
fn off(codex: &Codex) -> Result<Off, HostError> {
    let printed = codex.run(&["features", "list"])?;
    let is_off = |feature: &str| {
        printed.success
            && printed.stdout.lines().any(|line| {
                let mut words = line.split_whitespace();
                words.next() == Some(feature) && words.next_back() == Some("false")
            })
    };
    let hooks = [HooksFeature::Hooks, HooksFeature::CodexHooks];
    Ok(Off {
        plugins: is_off("plugins"),
        hooks: hooks.into_iter().find(|hooks| is_off(hooks.name())),
    })
}

fn known<T>(answer: Result<T, HostError>) -> Result<Option<T>, HostError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_unknown() => Ok(None),
        Err(error) => Err(error),
    }
}
