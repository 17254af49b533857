//! The file with the settings of a run: readable by the user alone, and removed at its end.

use std::io::Write;
use std::path::Path;

use cc_core::IoError;
use cc_core::fs::write_transient;
use serde_json::{Map, Value};
use tempfile::{Builder, TempPath};

/// Writes the settings to `file`, or to a temporary one; nothing where there are none.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(
    settings: Map<String, Value>,
    file: Option<&Path>,
) -> Result<Option<TempPath>, IoError> {
    if settings.is_empty() {
        return Ok(None);
    }
    let content = Value::Object(settings).to_string();
    // Claude cannot be given a path that is not valid Unicode.
    if let Some(file) = file.filter(|file| file.to_str().is_some()) {
        write_transient(file, content.as_bytes())?;
        let failed = IoError::at("write", file);
        return TempPath::try_from_path(file).map(Some).map_err(failed);
    }
    let written = || {
        let mut file = Builder::new().prefix("cc-").suffix(".json").tempfile()?;
        file.write_all(content.as_bytes())?;
        Ok(file.into_temp_path())
    };
    let failed = IoError::at("write", Path::new("a temporary file"));
    written().map(Some).map_err(failed)
}
