//! What Codex does itself: taking our plugin, trusting our hooks, dropping the plugin.

use serde_json::{Value, json};

use crate::bundle;
use crate::edit::config;
use crate::error::Error;
use crate::files::{read_text, replace};
use crate::found::{Host, Way};
use crate::hooks;
use crate::host::app_server::AppServer;
use crate::host::{Codex, HostError};
use crate::place::{MARKETPLACE, PLUGIN_ID, Places};
use crate::plan::untrusted;

/// Has Codex take the plugin, and looks whether it did.
pub(super) fn install(places: &Places, host: &Host, way: Way) -> Result<(), Error> {
    keeping_the_rest(places, || {
        put(places, &host.codex, way)?;
        if !is_taken(places) {
            // It kept an older copy of the same version.
            take_out(&host.codex, way)?;
            put(places, &host.codex, way)?;
        }
        Ok(())
    })?;
    if is_taken(places) {
        Ok(())
    } else {
        Err(Error::NotTaken {
            why: "its copy differs from what was to be installed",
        })
    }
}

/// Whether Codex's only copy is the bundle in our marketplace.
fn is_taken(places: &Places) -> bool {
    let wanted = bundle::held_by(places, &places.bundle());
    match bundle::cached(places).as_slice() {
        [only] => wanted.is_some() && bundle::held_by(places, only) == wanted,
        _ => false,
    }
}

fn put(places: &Places, codex: &Codex, way: Way) -> Result<(), Error> {
    match way {
        Way::AppServer => {
            let mut server = codex.app_server()?;
            add_marketplace(places, &mut server)?;
            let params = json!({"pluginName": cc_plugin::NAME, "marketplacePath": places.marketplace_json()});
            server.call("plugin/install", &params)?;
        }
        Way::Cli => {
            let root = places.marketplace().display().to_string();
            command(codex, &["plugin", "marketplace", "add", &root])?;
            command(codex, &["plugin", "add", PLUGIN_ID])?;
        }
        Way::Wrappers => {}
    }
    Ok(())
}

/// Names our marketplace to a Codex that wants that; older ones need only its path.
fn add_marketplace(places: &Places, server: &mut AppServer) -> Result<(), Error> {
    let params = json!({"source": places.marketplace()});
    match server.call("marketplace/add", &params) {
        Err(refused @ HostError::Refused { .. }) => {
            // Most often the name is taken by an earlier place of this directory.
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

/// Has Codex drop the plugin and our marketplace.
pub(super) fn remove(places: &Places, host: &Host, way: Way) -> Result<(), Error> {
    keeping_the_rest(places, || take_out(&host.codex, way))
}

fn take_out(codex: &Codex, way: Way) -> Result<(), Error> {
    match way {
        Way::AppServer => {
            let mut server = codex.app_server()?;
            server.call("plugin/uninstall", &json!({"pluginId": PLUGIN_ID}))?;
            let removed = server.call(
                "marketplace/remove",
                &json!({"marketplaceName": MARKETPLACE}),
            );
            absent_is_fine(removed)
        }
        Way::Cli => {
            command(codex, &["plugin", "remove", PLUGIN_ID])?;
            absent_is_fine(
                command(codex, &["plugin", "marketplace", "remove", MARKETPLACE])
                    .map(|()| Value::Null),
            )
        }
        Way::Wrappers => Ok(()),
    }
}

/// A marketplace that Codex does not know, or no marketplaces at all: what was wanted.
fn absent_is_fine(answer: Result<Value, HostError>) -> Result<(), Error> {
    match answer {
        Ok(_) | Err(HostError::Refused { .. } | HostError::Unknown { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Trusts those of our hooks that Codex would not run, by the hashes that it names now.
///
/// Whether it worked is seen by looking again.
pub(super) fn trust(places: &Places, host: &Host) -> Result<(), Error> {
    keeping_the_rest(places, || {
        let mut server = host.codex.app_server()?;
        let listed = match hooks::list(&mut server, places) {
            Err(error) if error.is_unknown() => return Ok(()),
            listed => listed?,
        };
        let wanted = untrusted(&listed);
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

/// Lets Codex change its settings, and puts back what it changed beside that.
fn keeping_the_rest(
    places: &Places,
    change: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    let path = places.config();
    let before = read_text(&path)?;
    let changed = change();
    if let (Some(before), Some(after)) = (before, read_text(&path)?) {
        let kept = config::kept(&before, &after);
        if kept != after {
            replace(&path, &kept)?;
        }
    }
    changed
}
