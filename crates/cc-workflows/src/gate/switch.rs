//! Whether the gate is on: as the workspace says, else its repository, else the user's settings.

use cc_core::Workspace;
use cc_git::SharedRepository;
use cc_jobs::settings::Settings;
use cc_jobs::{SettingsError, SettingsFile, Store, StoreError, variable_of};

use super::turn;
use crate::Project;

/// Whether the gate of the workspace is on. A worktree in which nobody switched it follows its main
/// working tree, then any other worktree where it is on, then the setting `gate.enabled`.
pub fn is_on(project: &Project) -> bool {
    is_on_by(project, project.settings().as_ref())
}

/// What is wrong with the file that says whether the gate is on, if anything: then it counts as on, and
/// cannot be relied on.
pub(super) fn damage(project: &Project) -> Option<StoreError> {
    match project.store.config() {
        Err(error) => Some(error),
        Ok(config) if config.stop_review_gate.is_some() => None,
        Ok(_) => main_store(project)?.config().err(),
    }
}

/// [`is_on`] by settings that were read already.
pub(super) fn is_on_by(project: &Project, settings: Result<&Settings, &SettingsError>) -> bool {
    if let Some(on) = switch_of(&project.store) {
        return on;
    }
    let siblings = project.siblings();
    let main = main_store(project).and_then(|main| switch_of(&main));
    let says_on = |store: &Store| {
        store
            .config()
            .is_ok_and(|it| it.stop_review_gate == Some(true))
    };
    let any = || siblings.iter().any(says_on);
    match main {
        Some(on) => on,
        None if any() => true,
        None => settings.map_or_else(
            |_| may_be_enabled(project),
            |settings| settings.gate.enabled,
        ),
    }
}

/// Whether the user's settings, which are not valid, may turn the gate on: then it counts as on, and tells the
/// user why it cannot check.
fn may_be_enabled(project: &Project) -> bool {
    let text = SettingsFile::text_of(&project.data);
    text.map_or(true, |text| text.contains("enabled"))
}

/// Whether the user's settings, which are not valid, may ask to block what cannot be checked.
pub(super) fn may_fail_closed(project: &Project) -> bool {
    const KEY: &str = "fail_closed";
    let variable = project.env.text(&variable_of(&format!("gate.{KEY}")));
    let sets = |line: &str| {
        let line = line.split('#').next().unwrap_or_default();
        // However the key is written: in its table, dotted, quoted or in an inline table.
        let bare = line.replace([' ', '\t', '"', '\''], "");
        bare.contains(&format!("{KEY}=true"))
    };
    let text = SettingsFile::text_of(&project.data);
    match variable {
        Some(value) => value != "false",
        None => text.map_or(true, |text| text.lines().any(sets)),
    }
}

/// Turns the gate of the workspace and of the other working trees of its repository on or off; returns
/// whether that changed anything here. The turn in which it is turned on is not checked: its earlier
/// edits have no baseline.
///
/// # Errors
/// When a file cannot be read or written.
pub fn switch(project: &Project, on: bool) -> Result<bool, StoreError> {
    let changed = is_on(project) != on;
    project.store.switch_gate(on)?;
    // New worktrees ask the main one.
    if let Some(main) = main_store(project) {
        main.switch_gate(on)?;
    }
    for store in project.siblings() {
        if switch_of(&store).is_some_and(|was_on| was_on != on) {
            store.switch_gate(on)?;
        }
    }
    project.remember();
    if let Some(session) = project.session.as_ref().filter(|_| changed && on) {
        turn::suppress(project, session)?;
    }
    Ok(changed)
}

/// A damaged file does not switch the gate off.
fn switch_of(store: &Store) -> Option<bool> {
    (store.config()).map_or(Some(true), |config| config.stop_review_gate)
}

/// The store of the main working tree, which may not have any files yet.
fn main_store(project: &Project) -> Option<Store> {
    let repository = SharedRepository::of(project.store.workspace().root())?;
    let main = Workspace::from_canonical(repository.main_root().to_owned());
    let dir = project.data.state(&main);
    (main != *project.store.workspace()).then(|| project.store.beside(dir, main))
}
