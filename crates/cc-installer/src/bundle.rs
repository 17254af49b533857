//! The bundle on disk: in our marketplace, and in Codex's copies.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cc_core::IoError;
use cc_core::fs::{create_private_dir, read_bounded};
use cc_plugin::{Bundle, Hook, HooksFrom, Shell};

use crate::files::{self, read_text, remove_dir, replace};
use crate::layout::{Layout, MARKETPLACE};

/// The largest file that is read, far above those of a bundle.
const FILE_LIMIT: u64 = 4 << 20;

/// The files of a directory by their path in it, with forward slashes.
type FileTree = BTreeMap<String, Vec<u8>>;

/// The files that belong in the bundle of this installation.
fn wanted(layout: &Layout, hooks_from: HooksFrom) -> FileTree {
    let (cli, hooks) = (layout.program("cc-cli"), layout.program("cc-hooks"));
    let bundle = Bundle {
        cli: &cli,
        hooks: &hooks,
        hooks_from,
        shell: Shell::of_this_system(),
    };
    let files = bundle.files().into_iter();
    files
        .map(|file| (file.path.to_owned(), file.content.into_owned()))
        .collect()
}

/// The hooks of this installation.
pub(crate) fn hooks(layout: &Layout) -> Vec<Hook> {
    let hooks = layout.program("cc-hooks");
    let bundle = Bundle {
        cli: "",
        hooks: &hooks,
        hooks_from: HooksFrom::Plugin,
        shell: Shell::of_this_system(),
    };
    bundle.hooks()
}

/// Which bundle of this installation `dir` holds, to the byte and with nothing else in it.
pub(crate) fn held_by(layout: &Layout, dir: &Path) -> Option<HooksFrom> {
    let mut found = FileTree::new();
    read_tree(dir, "", &mut found).ok()?;
    let kinds = [HooksFrom::Plugin, HooksFrom::User];
    kinds
        .into_iter()
        .find(|kind| wanted(layout, *kind) == found)
}

fn read_tree(dir: &Path, prefix: &str, tree: &mut FileTree) -> Result<(), IoError> {
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
pub(crate) fn cached(layout: &Layout) -> Vec<PathBuf> {
    let entries = fs::read_dir(layout.cache()).into_iter().flatten().flatten();
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

/// Writes the bundle into our marketplace, as a whole or not at all.
pub(crate) fn write(layout: &Layout, hooks_from: HooksFrom) -> Result<(), IoError> {
    write_marketplace(layout)?;
    let target = layout.bundle();
    if held_by(layout, &target) == Some(hooks_from) {
        return Ok(());
    }
    // A killed call may have left it; the directory around it is ours alone.
    let staging = target.with_extension("new");
    remove_dir(&staging)?;
    for (path, content) in wanted(layout, hooks_from) {
        let path = staging.join(path);
        create_private_dir(path.parent().unwrap_or(&staging))?;
        files::write(&path, &content)?;
    }
    remove_dir(&target)?;
    fs::rename(&staging, &target).map_err(IoError::at("move the bundle to", &target))
}

fn write_marketplace(layout: &Layout) -> Result<(), IoError> {
    let path = layout.marketplace_json();
    let text = cc_plugin::marketplace(MARKETPLACE);
    if read_text(&path).ok().flatten().as_deref() == Some(&text) {
        return Ok(());
    }
    replace(&path, &text)
}

/// Where a skill goes among the user's own, for a Codex without plugins.
pub(crate) fn user_skill(layout: &Layout, skill: &str) -> PathBuf {
    layout.codex_home.join("skills").join(format!("cc-{skill}"))
}

/// Whether all skills are there, as in this version.
pub(crate) fn has_current_user_skills(layout: &Layout) -> bool {
    let mut skills = user_skills(layout).into_iter();
    skills.all(|(path, text)| read_text(&path).ok().flatten() == Some(text))
}

/// Writes all skills there.
pub(crate) fn write_user_skills(layout: &Layout) -> Result<(), IoError> {
    user_skills(layout)
        .into_iter()
        .try_for_each(|(path, text)| replace(&path, &text))
}

fn user_skills(layout: &Layout) -> Vec<(PathBuf, String)> {
    let files = wanted(layout, HooksFrom::User).into_iter();
    let skills = files.filter_map(|(path, content)| {
        let (skill, file) = path.strip_prefix("skills/")?.split_once('/')?;
        // Without the prefix of a plugin, the name itself has to be unique.
        let text = String::from_utf8_lossy(&content).replace("$cc:", "$cc-");
        let text = text.replacen(
            &format!("name: {skill}\n"),
            &format!("name: cc-{skill}\n"),
            1,
        );
        Some((user_skill(layout, skill).join(file), text))
    });
    skills.collect()
}
