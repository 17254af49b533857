//! What Codex does itself: installs our plugin, trusts our hooks, uninstalls the plugin.

use serde_json::{Value, json};

use crate::bundle;
use crate::edit::config::kept::kept;
use crate::error::Error;
use crate::files::{read_text, replace};
use crate::hooks;
use crate::host::Codex;
use crate::host::app_server::AppServer;
use crate::host::error::HostError;
use crate::layout::{Layout, MARKETPLACE, PLUGIN_ID};
use crate::prepare::codex_info::{CodexInfo, InstallMethod};

/// Has Codex install the plugin, and checks that it did.
pub(super) fn install(
    layout: &Layout,
    codex: &CodexInfo,
    method: InstallMethod,
) -> Result<(), Error> {
    keeping_other_settings(layout, || {
        add(layout, &codex.program, method)?;
        if !is_installed(layout) {
            // It kept an older copy of the same version.
            remove(&codex.program, method)?;
            add(layout, &codex.program, method)?;
        }
        Ok(())
    })?;
    if is_installed(layout) {
        Ok(())
    } else {
        Err(Error::PluginRejected {
            why: "its copy differs from what was to be installed",
        })
    }
}

/// Whether Codex's only copy is the bundle in our marketplace.
fn is_installed(layout: &Layout) -> bool {
    let wanted = bundle::held_by(layout, &layout.bundle());
    match bundle::cached(layout).as_slice() {
        [only] => wanted.is_some() && bundle::held_by(layout, only) == wanted,
        _ => false,
    }
}

fn add(layout: &Layout, codex: &Codex, method: InstallMethod) -> Result<(), Error> {
    match method {
        InstallMethod::AppServer => {
            let mut server = codex.app_server()?;
            add_marketplace(layout, &mut server)?;
            let params = json!({"pluginName": cc_plugin::NAME, "marketplacePath": layout.marketplace_json()});
            server.call("plugin/install", &params)?;
        }
        InstallMethod::CommandLine => {
            let root = layout.marketplace().display().to_string();
            command(codex, &["plugin", "marketplace", "add", &root])?;
            command(codex, &["plugin", "add", PLUGIN_ID])?;
        }
        InstallMethod::UserSkills => {}
    }
    Ok(())
}

/// Registers our marketplace with a Codex that has such a list; older ones need only its path.
fn add_marketplace(layout: &Layout, server: &mut AppServer) -> Result<(), Error> {
    let params = json!({"source": layout.marketplace()});
    match server.call("marketplace/add", &params) {
        Err(refused @ HostError::Refused { .. }) => {
            // Most often the name is registered for an earlier path of this directory.
            let name = json!({"marketplaceName": MARKETPLACE});
            if server.call("marketplace/remove", &name).is_err() {
                return Err(refused.into());
            }
            server.call("marketplace/add", &params)?;
        }
        Err(error) if !error.is_unknown() => return Err(error.into()),
        _ => {}
    }
    Ok(())
}

/// Has Codex uninstall the plugin and our marketplace.
pub(super) fn uninstall(
    layout: &Layout,
    codex: &CodexInfo,
    method: InstallMethod,
) -> Result<(), Error> {
    keeping_other_settings(layout, || remove(&codex.program, method))
}

fn remove(codex: &Codex, method: InstallMethod) -> Result<(), Error> {
    match method {
        InstallMethod::AppServer => {
            let mut server = codex.app_server()?;
            server.call("plugin/uninstall", &json!({"pluginId": PLUGIN_ID}))?;
            let removed = server.call(
                "marketplace/remove",
                &json!({"marketplaceName": MARKETPLACE}),
            );
            absent_is_fine(removed)
        }
        InstallMethod::CommandLine => {
            command(codex, &["plugin", "remove", PLUGIN_ID])?;
            absent_is_fine(
                command(codex, &["plugin", "marketplace", "remove", MARKETPLACE])
                    .map(|()| Value::Null),
            )
        }
        InstallMethod::UserSkills => Ok(()),
    }
}

/// A marketplace that Codex does not know, or has no list of, is as good as removed.
fn absent_is_fine(answer: Result<Value, HostError>) -> Result<(), Error> {
    match answer {
        Ok(_) | Err(HostError::Refused { .. } | HostError::Unknown { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Trusts our hooks that Codex would not run, by the hashes that it lists now.
///
/// Only the next look at Codex shows whether it worked.
pub(super) fn trust_hooks(layout: &Layout, codex: &CodexInfo) -> Result<(), Error> {
    keeping_other_settings(layout, || {
        let mut server = codex.program.app_server()?;
        let listed = match hooks::list(&mut server, layout) {
            Err(error) if error.is_unknown() => return Ok(()),
            listed => listed?,
        };
        let wanted = hooks::untrusted(&listed);
        if !wanted.is_empty() {
            hooks::trust(&mut server, &wanted)?;
        }
        Ok(())
    })
}

fn command(codex: &Codex, args: &[&str]) -> Result<(), HostError> {
    let printed = codex.run(args)?;
    if printed.success {
        return Ok(());
    }
    Err(HostError::Refused {
        request: format!("codex {}", args.join(" ")),
        message: cc_core::text::one_line(&printed.stderr, 400),
    })
}

/// Lets Codex change its settings, and restores what else it rewrote in them.
fn keeping_other_settings(
    layout: &Layout,
    change: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    let path = layout.config();
    let before = read_text(&path)?;
    let changed = change();
    if let (Some(before), Some(after)) = (before, read_text(&path)?) {
        let text = kept(&before, &after);
        if text != after {
            replace(&path, &text)?;
        }
    }
    changed
}
