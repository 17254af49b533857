//! What a running job does at the moment: a small file beside its record, for whoever watches.
//!
//! The worker writes it in place, a few times a second at most. A reader that comes in between finds no
//! valid file and looks again later; nothing depends on it.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use cc_core::fs::read_own;
use cc_core::{IoError, Time, Usage};
use serde::{Deserialize, Serialize};

/// The largest such file that is read, in bytes.
const LIMIT: u64 = 64 << 10;

/// What a running job does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunProgress {
    /// What Claude is busy with.
    pub phase: RunPhase,
    /// The tool and what it works on, or why Claude waits; one line, empty where there is nothing to say.
    #[serde(default)]
    pub detail: String,
    /// When Claude printed something last.
    pub last_activity_at: Time,
    /// The tokens used so far.
    #[serde(default)]
    pub usage: Usage,
    /// Their price in US dollars, as far as Claude has said it: usually only at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// The end of the answer that is being written, or of the last text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// What Claude is busy with.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RunPhase {
    /// Claude Code has not reported yet.
    #[default]
    Starting,
    /// The model thinks, or was asked and has not answered yet.
    Thinking,
    /// A tool runs.
    Tool,
    /// The answer is being written.
    Writing,
    /// A request failed, and the next attempt is due soon.
    Retrying,
}

impl RunProgress {
    /// Writes it to `path`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), IoError> {
        let bytes = serde_json::to_vec(self).map_err(std::io::Error::from);
        let write = |bytes: Vec<u8>| {
            let mut options = File::options();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(path)?.write_all(&bytes)
        };
        bytes.and_then(write).map_err(IoError::at("write", path))
    }

    /// Reads it from `path`; `None` where there is nothing that can be read at the moment.
    #[must_use]
    pub fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&read_own(path, LIMIT).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written_and_a_half_written_one_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.progress");
        assert_eq!(RunProgress::read(&path), None);
        let progress = RunProgress {
            phase: RunPhase::Tool,
            detail: "Read src/\u{7}x.rs".into(),
            last_activity_at: Time::from_millis(5),
            usage: Usage {
                input_tokens: 7,
                ..Usage::default()
            },
            cost_usd: Some(0.5),
            text: "so far".into(),
        };
        progress.write(&path).unwrap();
        assert_eq!(RunProgress::read(&path), Some(progress.clone()));
        let later = RunProgress {
            detail: String::new(),
            text: String::new(),
            ..progress
        };
        later.write(&path).unwrap();
        assert_eq!(RunProgress::read(&path), Some(later));
        let bytes = std::fs::read(&path).unwrap();
        for half in 0..bytes.len() {
            cc_core::fs::write_atomic(&path, &bytes[..half]).unwrap();
            assert_eq!(RunProgress::read(&path), None, "{half} bytes");
        }
    }
}
