//! `config`: the user's settings, the same for all workspaces.

use cc_core::DataDir;
use cc_jobs::{SettingEntry, SettingOrigin, SettingsFile};
use serde_json::{Value, json};

use crate::args::ConfigCommand;
use crate::error::{CliResult, ExitStatus};
use crate::printer::Printer;
use crate::render::table;

pub(super) fn config(data: &DataDir, command: &ConfigCommand, printer: &mut Printer) -> CliResult {
    match command {
        ConfigCommand::List { json } => return list(data, *json, printer),
        ConfigCommand::Get { key, json } => return get(data, key, *json, printer),
        ConfigCommand::Set { key, value } => SettingsFile::set(data, key, value)?,
        ConfigCommand::Unset { key } => {
            if !SettingsFile::unset(data, key)? {
                printer.note(format_args!("`{key}` was not set."));
            }
        }
        ConfigCommand::Path => printer.text(data.settings().display().to_string()),
    }
    Ok(ExitStatus::Success)
}

fn list(data: &DataDir, as_json: bool, printer: &mut Printer) -> CliResult {
    let entries = SettingsFile::read(data)?.entries();
    if as_json {
        printer.json(&json!({
            "path": data.settings().display().to_string(),
            "settings": entries,
        }));
        return Ok(ExitStatus::Success);
    }
    let row = |entry: &SettingEntry| {
        let origin = match entry.origin {
            SettingOrigin::File => "config.toml",
            SettingOrigin::Default => "default",
        };
        let value = match &entry.value {
            Value::Null => "-".to_owned(),
            value => as_typed(value),
        };
        vec![entry.key.clone(), value, origin.to_owned()]
    };
    printer.text(table(&entries.iter().map(row).collect::<Vec<_>>()));
    Ok(ExitStatus::Success)
}

/// A setting without a value prints nothing and exits with 1, like `git config --get`.
fn get(data: &DataDir, key: &str, as_json: bool, printer: &mut Printer) -> CliResult {
    let entry = SettingsFile::read(data)?.entry(key)?;
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

/// A value in the form that `config set` takes.
fn as_typed(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
