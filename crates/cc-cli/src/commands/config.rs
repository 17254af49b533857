//! `config`: the user's settings, the same for all workspaces.

use std::path::Path;
use std::process::Command;

use cc_core::Env;
use cc_core::fs::{create_private_dir, write_atomic};
use cc_jobs::{SettingEntry, SettingOrigin, SettingsError, SettingsFile, StoreError, variable_of};
use cc_workflows::Project;
use serde_json::Value;

use super::setup::{ask, is_interactive};
use crate::args::ConfigCommand;
use crate::documents::SettingsReport;
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;
use crate::render::table;

pub(super) fn config(
    project: &Project,
    command: &ConfigCommand,
    printer: &mut Printer,
) -> CliResult {
    let data = &project.data;
    match command {
        ConfigCommand::List { json } => return list(project, *json, printer),
        ConfigCommand::Get { key, json } => return get(project, key, *json, printer),
        ConfigCommand::Set { key, value } => SettingsFile::set(data, key, value)?,
        ConfigCommand::Unset { key } => {
            if !SettingsFile::unset(data, key)? {
                printer.note(format_args!("`{key}` was not set."));
            }
        }
        ConfigCommand::Edit => return edit(project, printer),
        ConfigCommand::Path => printer.text(data.settings().display().to_string()),
    }
    Ok(ExitStatus::Success)
}

fn list(project: &Project, as_json: bool, printer: &mut Printer) -> CliResult {
    let entries = project.settings_file()?.entries();
    if as_json {
        printer.json(&SettingsReport {
            path: project.data.settings().display().to_string(),
            settings: entries,
        });
        return Ok(ExitStatus::Success);
    }
    let row = |entry: &SettingEntry| {
        let origin = match entry.origin {
            SettingOrigin::File => "config.toml".to_owned(),
            SettingOrigin::Default => "default".to_owned(),
            SettingOrigin::Environment => variable_of(&entry.key),
        };
        let value = match &entry.value {
            Value::Null => "-".to_owned(),
            value => as_typed(value),
        };
        vec![entry.key.clone(), value, origin]
    };
    printer.text(table(&entries.iter().map(row).collect::<Vec<_>>()));
    Ok(ExitStatus::Success)
}

/// A setting without a value prints nothing and exits with 1, like `git config --get`.
fn get(project: &Project, key: &str, as_json: bool, printer: &mut Printer) -> CliResult {
    let entry = project.settings_file()?.entry(key)?;
    if as_json {
        printer.json(&entry);
    } else if !entry.value.is_null() {
        printer.text(as_typed(&entry.value));
    }
    Ok(match entry.value {
        Value::Null => ExitStatus::Failure,
        _ => ExitStatus::Success,
    })
}

/// Has the user edit a copy, which takes the place of the file once it is valid.
fn edit(project: &Project, printer: &mut Printer) -> CliResult {
    let data = &project.data;
    let before = SettingsFile::text_of(data)?;
    let copy = data.root().join("config.edit.toml");
    create_private_dir(data.root()).map_err(SettingsError::from)?;
    let start = match before.is_empty() {
        true => "# Settings of cc. All of them, with their values: cc-cli config list\n",
        false => before.as_str(),
    };
    write_atomic(&copy, start.as_bytes()).map_err(SettingsError::from)?;
    loop {
        open_editor(&project.env, &copy)?;
        let bytes = cc_core::fs::read_bounded(&copy, 1 << 20).map_err(SettingsError::from)?;
        let text = String::from_utf8_lossy(&bytes);
        let is_same = text == before || text == start;
        let saved = match is_same {
            true => Ok(()),
            false => SettingsFile::put_in_place(data, &before, &text),
        };
        match saved {
            Ok(()) => {
                cc_core::fs::remove_if_there(&copy).map_err(StoreError::from)?;
                printer.note(match is_same {
                    true => "No changes.",
                    false => "Saved.",
                });
                return Ok(ExitStatus::Success);
            }
            Err(error) => {
                let error = CliError::from(error).hint(format!(
                    "Nothing was changed. Your version: {}",
                    copy.display()
                ));
                if !is_interactive(&project.env) {
                    return Err(error);
                }
                printer.error(&error);
                if !ask("Edit again?", printer) {
                    return Ok(error.status);
                }
            }
        }
    }
}

/// Runs the user's editor, a command with arguments as in other programs, until it ends.
fn open_editor(env: &Env, file: &Path) -> Result<(), CliError> {
    let named = ["VISUAL", "EDITOR"].iter().find_map(|name| env.text(name));
    let editor = named.unwrap_or(if cfg!(windows) { "notepad" } else { "vi" });
    let mut command = match cfg!(windows) {
        true => {
            let mut words = editor.split_whitespace();
            let mut command = Command::new(words.next().unwrap_or("notepad"));
            command.args(words);
            command
        }
        false => {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", &format!("{editor} \"$1\""), editor]);
            command
        }
    };
    let status = command.arg(file).status();
    let failed = |why: String| {
        let message = format!("the editor `{editor}` failed: {why}");
        CliError::new(ExitStatus::Failure, message)
            .hint("Choose one: EDITOR=nano cc-cli config edit")
    };
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(status.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// A value in the form that `config set` takes.
fn as_typed(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
