//! The settings of one workspace.

use std::fs;
use std::time::Duration;

use cc_core::fs::{create_private_dir, read_bounded, write_atomic};
use cc_core::{FileLock, IoError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Store, StoreError, content_of};

/// The most that the file may hold, in bytes.
const LIMIT: u64 = 64 << 10;

/// How long to wait for another process that changes the file.
const PATIENCE: Duration = Duration::from_secs(5);

/// The field of the review gate.
const GATE: &str = "stopReviewGate";

/// `config.json` of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkspaceConfig {
    /// The version of the file.
    pub version: u32,
    /// Whether the review gate is on; `None` where nobody switched it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_review_gate: Option<bool>,
}

impl Default for WorkspaceConfig {
    fn default() -> Self {
        Self {
            version: 1,
            stop_review_gate: None,
        }
    }
}

impl Store {
    /// The settings of this workspace; the defaults if there are none.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn config(&self) -> Result<WorkspaceConfig, StoreError> {
        let path = self.dir().config();
        let read = |bytes: &[u8]| serde_json::from_slice(bytes);
        Ok(content_of(&path, read_bounded(&path, LIMIT), read)?.unwrap_or_default())
    }

    /// Turns the review gate of this workspace on or off; returns whether that changed anything. Other
    /// fields of the file are kept; a damaged file is kept beside the new one, as `config.json.damaged`.
    ///
    /// # Errors
    /// When the file cannot be locked, moved or written.
    pub fn switch_gate(&self, on: bool) -> Result<bool, StoreError> {
        let path = self.dir().config();
        create_private_dir(self.dir().root())?;
        let _lock = FileLock::exclusive(&self.dir().config_lock(), PATIENCE)?;
        let read = |bytes: &[u8]| serde_json::from_slice(bytes);
        let mut fields: Map<String, Value> =
            match content_of(&path, read_bounded(&path, LIMIT), read) {
                Ok(fields) => fields.unwrap_or_default(),
                Err(_) => {
                    let aside = path.with_extension("json.damaged");
                    fs::rename(&path, aside).map_err(IoError::at("move", &path))?;
                    Map::new()
                }
            };
        let was_on = fields.get(GATE) == Some(&Value::Bool(true));
        fields.entry("version").or_insert(Value::from(1));
        fields.insert(GATE.to_owned(), on.into());
        write_atomic(&path, &serde_json::to_vec_pretty(&fields)?)?;
        Ok(was_on != on)
    }
}

#[cfg(test)]
mod tests {
    use cc_core::{Clock, DataDir, Workspace};

    use super::*;

    #[test]
    fn the_gate_is_switched_and_the_rest_stays() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::at(dir.path().to_owned());
        let workspace = Workspace::from_canonical("/w".into());
        let store = Store::new(&data, workspace, Clock::System, |_, _| Ok(None));
        assert_eq!(store.config().unwrap().stop_review_gate, None);
        assert!(!store.switch_gate(false).unwrap());
        assert!(store.switch_gate(true).unwrap());
        assert!(!store.switch_gate(true).unwrap());
        assert_eq!(store.config().unwrap().stop_review_gate, Some(true));
        let path = store.dir().config();
        std::fs::write(&path, r#"{"version":1,"stopReviewGate":true,"theirs":[1]}"#).unwrap();
        assert!(store.switch_gate(false).unwrap());
        let text = std::fs::read_to_string(&path).unwrap();
        let fields: Value = serde_json::from_str(&text).unwrap();
        let expect = serde_json::json!({"version": 1, "stopReviewGate": false, "theirs": [1]});
        assert_eq!(fields, expect);
        for damaged in ["{", "", r#"{"stopReviewGate":"yes"}"#] {
            std::fs::write(&path, damaged).unwrap();
            let error = store.config().unwrap_err().to_string();
            assert!(error.contains("config.json` is damaged"), "{error}");
        }
        std::fs::write(&path, "{").unwrap();
        store.switch_gate(true).unwrap();
        assert_eq!(store.config().unwrap().stop_review_gate, Some(true));
        let aside = std::fs::read_to_string(path.with_extension("json.damaged"));
        assert_eq!(aside.unwrap(), "{", "nothing is lost");
    }
}
