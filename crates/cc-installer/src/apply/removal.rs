//! Removes what is ours, and nothing else.

use std::fs;
use std::path::Path;

use cc_core::fs::remove_if_there;

use crate::bundle;
use crate::edit::config::{self, flag};
use crate::edit::{hooks_json, rules as exec_rules};
use crate::error::Error;
use crate::files::{
    backup_of, prune_empty, read_text, remove_dir, remove_program, replace, settle_backup,
};
use crate::layout::{BINARIES, Layout, MARKETPLACE, PLUGIN_ID};
use crate::prepare::snapshot::Snapshot;
use crate::record::InstallRecord;

/// Removes the trust in our hooks of the user's file.
///
/// Has to come before their removal: trust is keyed by their positions.
pub(super) fn user_trust(snapshot: &Snapshot) -> Result<(), Error> {
    let layout = &snapshot.layout;
    let path = layout.config();
    let Some(before) = read_text(&path)? else {
        return Ok(());
    };
    let hooks_json = layout.hooks_json().display().to_string();
    let placed = snapshot.user_hooks.as_deref().unwrap_or_default();
    let trust: Vec<String> = placed
        .iter()
        .map(|placed| placed.key(&hooks_json))
        .collect();
    let text = config::without_trust(&before, &trust).map_err(Error::edit(&path))?;
    if text != before {
        replace(&path, &text)?;
    }
    Ok(())
}

/// Removes our hooks from the user's file, and the file if it was ours alone.
pub(super) fn user_hooks(snapshot: &Snapshot) -> Result<(), Error> {
    user_trust(snapshot)?;
    let path = snapshot.layout.hooks_json();
    let Some(before) = read_text(&path)? else {
        return Ok(());
    };
    let without =
        hooks_json::without(&before, &snapshot.hook_programs()).map_err(Error::edit(&path))?;
    // A file of the user was backed up when our hooks came.
    if hooks_json::is_empty(&without) && !backup_of(&path).exists() {
        return Ok(remove_if_there(&path)?);
    }
    if without != before {
        replace(&path, &without)?;
    }
    Ok(settle_backup(&path, str::to_owned)?)
}

/// Removes our rules file, and the rules for our binary that Codex's dialog wrote.
pub(super) fn rules(layout: &Layout) -> Result<(), Error> {
    remove_if_there(&layout.rules())?;
    let path = layout.default_rules();
    if let Some(before) = read_text(&path)? {
        let without = exec_rules::without(&before, &layout.program("cc-cli"));
        if without.is_empty() {
            remove_if_there(&path)?;
        } else if without != before {
            replace(&path, &without)?;
        }
    }
    prune_empty(&layout.codex_home.join("rules"), &layout.codex_home);
    Ok(())
}

/// Removes what Codex left about us in its settings: trust in hooks, and everything if Codex is gone.
pub(super) fn config_entries(layout: &Layout, record: &InstallRecord) -> Result<(), Error> {
    let path = layout.config();
    let Some(before) = read_text(&path)? else {
        return Ok(());
    };
    let known = config::entries(&before, PLUGIN_ID, MARKETPLACE).map_err(Error::edit(&path))?;
    let mut trust = known.trust;
    trust.retain(|key| config::is_of(PLUGIN_ID, key));
    let mut text =
        config::without(&before, PLUGIN_ID, MARKETPLACE, &trust).map_err(Error::edit(&path))?;
    if let Some(flag) = record.flag {
        text = flag::with_flag_restored(&text, flag).map_err(Error::edit(&path))?;
    }
    if text.trim().is_empty() && !record.had_config {
        return Ok(remove_if_there(&path)?);
    }
    if text != before {
        replace(&path, &text)?;
    }
    Ok(settle_backup(&path, config::without_idle_headers)?)
}

/// Removes the digests that Codex keeps of the plugin contents that were trusted.
///
/// Nothing in their file names refers to us, so they are recognized by their content.
pub(super) fn trusted_contents(layout: &Layout, record: &InstallRecord) -> Result<(), Error> {
    let dir = layout.codex_home.join(".hook-trust");
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
    prune_empty(&dir, &layout.codex_home);
    Ok(())
}

/// Removes Codex's copies of the plugin, and the directories that held nothing else.
pub(super) fn cache(layout: &Layout) -> Result<(), Error> {
    remove_dir(&layout.cache())?;
    for dir in [layout.cache(), layout.offered_data()] {
        prune_empty(&dir, &layout.codex_home);
    }
    Ok(())
}

/// Removes our skills from the user's own.
pub(super) fn user_skills(layout: &Layout) -> Result<(), Error> {
    for skill in cc_plugin::SKILLS {
        remove_dir(&bundle::user_skill(layout, skill))?;
    }
    prune_empty(&layout.codex_home.join("skills"), &layout.codex_home);
    Ok(())
}

/// Removes the binaries that an installation copied, and our own directory except for its lock.
pub(super) fn files(layout: &Layout, record: &InstallRecord) -> Result<(), Error> {
    cache(layout)?;
    if record.copied {
        programs(layout, &record.bin)?;
    }
    // This directory is ours even without a record.
    programs(layout, &layout.cc().join("bin"))?;
    remove_dir(&layout.marketplace())?;
    settle_backup(&layout.hooks_json(), str::to_owned)?;
    Ok(remove_if_there(&layout.record())?)
}

/// Removes our programs from `dir`, and `dir` if it is empty then.
pub(super) fn programs(layout: &Layout, dir: &Path) -> Result<(), Error> {
    for name in BINARIES {
        let program = dir.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        remove_program(&program, &layout.temporary)?;
    }
    // A directory that is not empty stays.
    let _ = fs::remove_dir(dir);
    Ok(())
}

/// Deletes all jobs and settings.
pub(super) fn jobs(layout: &Layout) -> Result<(), Error> {
    remove_dir(&layout.data)?;
    prune_empty(&layout.data, &layout.codex_home);
    Ok(())
}
