//! How Claude is run for a job, whatever its kind.

use std::path::PathBuf;
use std::time::Duration;

use cc_claude::{Limits, Request};
use cc_core::Dollars;
use cc_jobs::settings::{RescueSettings, ReviewSettings};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which Claude, and its limits. Part of the job's request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunOptions {
    /// A `claude` binary to use instead of the one on PATH.
    #[serde(
        default,
        with = "cc_core::os_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub claude: Option<PathBuf>,
    /// Patterns of variables that it gets besides those that it always gets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claude_pass_env: Vec<String>,
    /// The model, passed through unchanged; `None` means Claude's own default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The effort, passed through unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// How long the job may take in all.
    #[serde(rename = "timeoutMs", with = "millis")]
    pub timeout: Duration,
    /// How long Claude may be silent.
    #[serde(rename = "idleTimeoutMs", with = "millis")]
    pub idle_timeout: Duration,
    /// The most the job may cost, in US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_budget_usd: Option<f64>,
}

impl RunOptions {
    /// A request to Claude within these limits.
    pub(crate) fn apply(&self, request: Request) -> Request {
        Request {
            model: self.model.clone(),
            effort: self.effort.clone(),
            limits: Limits {
                idle: self.idle_timeout,
                total: self.timeout,
            },
            max_budget_usd: self.max_budget_usd,
            ..request
        }
    }
}

impl From<&ReviewSettings> for RunOptions {
    fn from(settings: &ReviewSettings) -> Self {
        Self {
            claude: None,
            claude_pass_env: Vec::new(),
            model: settings.model.clone(),
            effort: settings.effort.clone(),
            timeout: settings.timeout.duration(),
            idle_timeout: settings.idle_timeout.duration(),
            max_budget_usd: settings.max_budget_usd.map(Dollars::amount),
        }
    }
}

impl From<&RescueSettings> for RunOptions {
    fn from(settings: &RescueSettings) -> Self {
        Self {
            claude: None,
            claude_pass_env: Vec::new(),
            model: settings.model.clone(),
            effort: settings.effort.clone(),
            timeout: settings.timeout.duration(),
            idle_timeout: settings.idle_timeout.duration(),
            max_budget_usd: settings.max_budget_usd.map(Dollars::amount),
        }
    }
}

mod millis {
    use super::*;

    pub(super) fn serialize<S: Serializer>(
        span: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
