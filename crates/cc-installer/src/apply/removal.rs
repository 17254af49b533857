//! Taking out what is ours, and only that.

use std::fs;
use std::path::Path;

use cc_core::fs::remove_if_there;

use crate::bundle;
use crate::edit::{EditError, config, hooks_json, rules as rule};
use crate::error::Error;
use crate::files::{backup_of, prune_empty, read_text, remove_dir, replace, settle_backup};
use crate::found::Found;
use crate::place::{BINARIES, MARKETPLACE, PLUGIN_ID, Places};
use crate::record::Record;

/// The trust in our hooks in the user's file goes.
///
/// It does so before they do: it goes by their places, which nobody knows any more afterwards.
pub(super) fn user_trust(found: &Found) -> Result<(), Error> {
    let places = &found.places;
    let path = places.config();
    let Some(before) = read_text(&path)? else {
        return Ok(());
    };
    let hooks_json = places.hooks_json().display().to_string();
    let placed = found.user_hooks.as_deref().unwrap_or_default();
    let trust: Vec<String> = placed
        .iter()
        .map(|placed| placed.key(&hooks_json))
        .collect();
    let text = config::without_trust(&before, &trust).map_err(at(&path))?;
    if text != before {
        replace(&path, &text)?;
    }
    Ok(())
}

/// Names the file of an edit that failed.
fn at(path: &Path) -> impl Fn(EditError) -> Error {
    let path = path.to_owned();
    move |source| Error::Edit {
        path: path.clone(),
        source,
    }
}

/// Our hooks go from the user's file, and the file with them if it was ours alone.
pub(super) fn user_hooks(found: &Found) -> Result<(), Error> {
    user_trust(found)?;
    let path = found.places.hooks_json();
    let Some(before) = read_text(&path)? else {
        return Ok(());
    };
    let without = hooks_json::without(&before, &found.hook_programs()).map_err(at(&path))?;
    // A file of the user was backed up when our hooks came.
    if hooks_json::is_empty(&without) && !backup_of(&path).exists() {
        return Ok(remove_if_there(&path)?);
    }
    if without != before {
        replace(&path, &without)?;
    }
    Ok(settle_backup(&path, str::to_owned)?)
}

/// Our rules file goes, and rules for our binary that Codex's dialog wrote.
pub(super) fn rules(found: &Found) -> Result<(), Error> {
    let places = &found.places;
    remove_if_there(&places.rules())?;
    let path = places.default_rules();
    if let Some(before) = read_text(&path)? {
        let without = rule::without(&before, &places.program("cc-cli"));
        if without.is_empty() {
            remove_if_there(&path)?;
        } else if without != before {
            replace(&path, &without)?;
        }
    }
    prune_empty(&places.codex_home.join("rules"), &places.codex_home);
    Ok(())
}

/// What Codex leaves about us in its settings goes: trust in hooks, and all of it if Codex is gone.
pub(super) fn forget(found: &Found, record: &Record) -> Result<(), Error> {
    let places = &found.places;
    let path = places.config();
    let Some(before) = read_text(&path)? else {
        return Ok(());
    };
    let known = config::entries(&before, PLUGIN_ID, MARKETPLACE).map_err(at(&path))?;
    let mut trust = known.trust;
    trust.retain(|key| config::is_of(PLUGIN_ID, key));
    let mut text = config::without(&before, PLUGIN_ID, MARKETPLACE, &trust).map_err(at(&path))?;
    if let Some(flag) = record.flag {
        text = config::with_flag_restored(&text, flag).map_err(at(&path))?;
    }
    if text.trim().is_empty() && !record.had_config {
        return Ok(remove_if_there(&path)?);
    }
    if text != before {
        replace(&path, &text)?;
    }
    Ok(settle_backup(&path, config::without_idle_headers)?)
}

/// The digests go that Codex keeps of what it was first told to trust.
///
/// It names them after nothing that we know, so they are told by what they say.
pub(super) fn baselines(places: &Places, record: &Record) -> Result<(), Error> {
    let dir = places.codex_home.join(".hook-trust");
    for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
        let text = read_text(&entry.path()).ok().flatten().unwrap_or_default();
        if record
            .trusted_contents
            .iter()
            .any(|known| text.trim() == known)
        {
            remove_if_there(&entry.path())?;
        }
    }
    prune_empty(&dir, &places.codex_home);
    Ok(())
}

/// Codex's copies of the plugin go, and the directories that held nothing else.
pub(super) fn cache(places: &Places) -> Result<(), Error> {
    remove_dir(&places.cache())?;
    for dir in [places.cache(), places.offered_data()] {
        prune_empty(&dir, &places.codex_home);
    }
    Ok(())
}

/// The skills among the user's own go.
pub(super) fn wrappers(places: &Places) -> Result<(), Error> {
    for skill in cc_plugin::SKILLS {
        remove_dir(&bundle::wrapper(places, skill))?;
    }
    prune_empty(&places.codex_home.join("skills"), &places.codex_home);
    Ok(())
}

/// The binaries that an installation put there go, and our own directory but for its lock.
pub(super) fn files(found: &Found, record: &Record) -> Result<(), Error> {
    let places = &found.places;
    cache(places)?;
    if record.copied {
        programs(&record.bin)?;
    }
    // This one is ours whatever the record says.
    programs(&places.cc().join("bin"))?;
    remove_dir(&places.marketplace())?;
    settle_backup(&places.hooks_json(), str::to_owned)?;
    Ok(remove_if_there(&places.record())?)
}

/// Our programs in `dir` go, and `dir` if that leaves it empty.
pub(super) fn programs(dir: &Path) -> Result<(), Error> {
    for name in BINARIES {
        remove_if_there(&dir.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))?;
    }
    // It stays where something else is in it.
    let _ = fs::remove_dir(dir);
    Ok(())
}

/// All jobs and settings go.
pub(super) fn jobs(places: &Places) -> Result<(), Error> {
    remove_dir(&places.data)?;
    prune_empty(&places.data, &places.codex_home);
    Ok(())
}
