//! The bundle on disk: what we put into our marketplace, and what Codex copied of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cc_core::IoError;
use cc_core::fs::{create_private_dir, read_bounded};
use cc_plugin::{Bundle, Hook, HooksFrom};
use serde_json::json;

use crate::files::{self, read_text, remove_dir, replace};
use crate::place::{MARKETPLACE, Places};

/// Far above the largest file of a bundle.
const FILE_LIMIT: u64 = 4 << 20;

/// The files of a directory by their path in it, with forward slashes.
type Tree = BTreeMap<String, Vec<u8>>;

/// The files that belong into the bundle of this installation.
fn wanted(places: &Places, hooks_from: HooksFrom) -> Tree {
    let (cli, hooks) = (places.program("cc-cli"), places.program("cc-hooks"));
    let bundle = Bundle {
        cli: &cli,
        hooks: &hooks,
        hooks_from,
    };
    let files = bundle.files().into_iter();
    files
        .map(|file| (file.path.to_owned(), file.content.into_owned()))
        .collect()
}

/// The hooks of this installation.
pub(crate) fn hooks(places: &Places) -> Vec<Hook> {
    let hooks = places.program("cc-hooks");
    let bundle = Bundle {
        cli: "",
        hooks: &hooks,
        hooks_from: HooksFrom::Plugin,
    };
    bundle.hooks()
}

/// Which bundle of this installation `dir` holds, to the byte and with nothing else in it.
pub(crate) fn held_by(places: &Places, dir: &Path) -> Option<HooksFrom> {
    let mut found = Tree::new();
    read_tree(dir, "", &mut found).ok()?;
    let kinds = [HooksFrom::Plugin, HooksFrom::User];
    kinds
        .into_iter()
        .find(|kind| wanted(places, *kind) == found)
}

fn read_tree(dir: &Path, prefix: &str, tree: &mut Tree) -> Result<(), IoError> {
    let entries = fs::read_dir(dir).map_err(IoError::at("read", dir))?;
    for entry in entries {
        let entry = entry.map_err(IoError::at("read", dir))?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            read_tree(&entry.path(), &format!("{name}/"), tree)?;
        } else {
            tree.insert(name, read_bounded(&entry.path(), FILE_LIMIT)?);
        }
    }
    Ok(())
}

/// Codex's copies of our plugin: the directories of its versions, newest name last.
pub(crate) fn cached(places: &Places) -> Vec<PathBuf> {
    let entries = fs::read_dir(places.cache()).into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    versions.sort();
    versions
}

/// The version that a bundle's manifest names.
pub(crate) fn version_of(dir: &Path) -> Option<String> {
    let text = read_text(&dir.join(cc_plugin::MANIFEST)).ok()??;
    let manifest: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(manifest["version"].as_str()?.to_owned())
}

/// Puts the bundle into our marketplace, whole or not at all.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn write(places: &Places, hooks_from: HooksFrom) -> Result<(), IoError> {
    write_marketplace(places)?;
    let target = places.bundle();
    if held_by(places, &target) == Some(hooks_from) {
        return Ok(());
    }
    // A killed call may have left it, in a directory that is ours alone.
    let staging = target.with_extension("new");
    remove_dir(&staging)?;
    for (path, content) in wanted(places, hooks_from) {
        let path = staging.join(path);
        create_private_dir(path.parent().unwrap_or(&staging))?;
        files::write(&path, &content)?;
    }
    remove_dir(&target)?;
    fs::rename(&staging, &target).map_err(IoError::at("move the bundle to", &target))
}

fn write_marketplace(places: &Places) -> Result<(), IoError> {
    let list = json!({
        "name": MARKETPLACE,
        "interface": {"displayName": "cc"},
        "plugins": [{
            "name": cc_plugin::NAME,
            "source": {"source": "local", "path": "./plugins/cc"},
            "policy": {"installation": "AVAILABLE", "authentication": "ON_USE"},
            "category": "Coding",
        }],
    });
    let (path, text) = (places.marketplace_json(), format!("{list:#}\n"));
    if read_text(&path).ok().flatten().as_deref() == Some(&text) {
        return Ok(());
    }
    replace(&path, &text)
}

/// Where the skills go as skills of the user, for a Codex without plugins.
pub(crate) fn wrapper(places: &Places, skill: &str) -> PathBuf {
    places.codex_home.join("skills").join(format!("cc-{skill}"))
}

/// Whether all skills lie there as skills of the user, as this version has them.
pub(crate) fn wrapped(places: &Places) -> bool {
    let mut wrappers = wrappers(places).into_iter();
    wrappers.all(|(path, text)| read_text(&path).ok().flatten() == Some(text))
}

/// Puts the skills there as skills of the user.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn write_wrappers(places: &Places) -> Result<(), IoError> {
    wrappers(places)
        .into_iter()
        .try_for_each(|(path, text)| replace(&path, &text))
}

fn wrappers(places: &Places) -> Vec<(PathBuf, String)> {
    let files = wanted(places, HooksFrom::User).into_iter();
    let skills = files.filter_map(|(path, content)| {
        let (skill, file) = path.strip_prefix("skills/")?.split_once('/')?;
        // The prefix of a plugin is what tells our names from others.
        let text = String::from_utf8_lossy(&content).replace("$cc:", "$cc-");
        let text = text.replacen(
            &format!("name: {skill}\n"),
            &format!("name: cc-{skill}\n"),
            1,
        );
        Some((wrapper(places, skill).join(file), text))
    });
    skills.collect()
}
