//! `config`: the user's settings, the same for all workspaces.

use cc_core::DataDir;
use cc_jobs::SettingsFile;
use cc_jobs::{Entry, Origin};
use serde_json::{Value, json};

use super::Outcome;
use crate::args::ConfigCommand;
use crate::complaint::Exit;
use crate::output::Output;
use crate::render::table::table;

pub(super) fn config(data: &DataDir, command: &ConfigCommand, output: &mut Output) -> Outcome {
    match command {
        ConfigCommand::List { json } => list(data, *json, output),
        ConfigCommand::Get { key, json } => get(data, key, *json, output),
        ConfigCommand::Set { key, value } => {
            SettingsFile::set(data, key, value)?;
            Ok(Exit::Done)
        }
        ConfigCommand::Unset { key } => {
            if !SettingsFile::unset(data, key)? {
                output.note(format_args!("`{key}` was not set."));
            }
            Ok(Exit::Done)
        }
        ConfigCommand::Path => {
            output.text(data.settings().display().to_string());
            Ok(Exit::Done)
        }
    }
}

fn list(data: &DataDir, as_json: bool, output: &mut Output) -> Outcome {
    let entries = SettingsFile::read(data)?.entries();
    if as_json {
        output.json(&json!({
            "path": data.settings().display().to_string(),
            "settings": entries,
        }));
        return Ok(Exit::Done);
    }
    let row = |entry: &Entry| {
        let origin = match entry.origin {
            Origin::File => "config.toml",
            Origin::Default => "default",
        };
        let value = match &entry.value {
            Value::Null => "-".to_owned(),
            value => shown(value),
        };
        vec![entry.key.clone(), value, origin.to_owned()]
    };
    output.text(table(&entries.iter().map(row).collect::<Vec<_>>()));
    Ok(Exit::Done)
}

/// A key without a value prints nothing and fails, as `git config --get` does.
fn get(data: &DataDir, key: &str, as_json: bool, output: &mut Output) -> Outcome {
    let entry = SettingsFile::read(data)?.entry(key)?;
    if as_json {
        output.json(&entry);
    } else if !entry.value.is_null() {
        output.text(shown(&entry.value));
    }
    Ok(match entry.value {
        Value::Null => Exit::Failed,
        _ => Exit::Done,
    })
}

/// A value as `config set` takes it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
