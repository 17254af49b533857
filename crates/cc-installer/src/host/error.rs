//! Why Codex failed or refused.

use std::time::Duration;

use cc_core::child::CommandError;
use cc_core::text::tail;
use cc_core::time::exact_duration;

/// Why a request to Codex failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostError {
    /// It could not be started, or printed without end.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// It did not answer in time and was ended.
    #[error("codex did not answer `{request}` within {}", exact_duration(*waited))]
    Timeout {
        /// What it was asked.
        request: String,
        waited: Duration,
    },
    /// It ended before it answered.
    #[error("codex ended before it answered `{request}`: {}", said(stderr))]
    Ended {
        /// What it was asked.
        request: String,
        /// The end of what it printed.
        stderr: String,
    },
    /// This version does not know the request.
    #[error("this version of codex does not know `{request}`")]
    Unknown {
        /// What it was asked.
        request: String,
    },
    /// It said no.
    #[error("codex refused `{request}`: {message}")]
    Refused {
        /// What it was asked.
        request: String,
        message: String,
    },
}

fn said(stderr: &str) -> &str {
    match tail(stderr.trim(), 600) {
        "" => "it said nothing",
        said => said,
    }
}

impl HostError {
    /// Whether another way of asking may work: the version lacks this one.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}
