//! The user's settings: `config.toml` of the data directory, the same for all workspaces.
//!
//! The fields of [`Settings`] are the keys, `rescue.timeout` for example. A key that the file does
//! not have keeps its default; a key that we do not know, or a value of another type, is an error.

mod repository;
mod value;

use std::path::PathBuf;
use std::time::Duration;

use cc_core::Dollars;
use serde::{Deserialize, Serialize};

pub use repository::{
    REPOSITORY_FILE, REPOSITORY_FILE_LIMIT, RepositoryFileError, RepositorySettings,
};
pub use value::TimeSpan;

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Plain reviews.
    pub review: ReviewSettings,
    /// Adversarial reviews.
    pub adversarial_review: ReviewSettings,
    /// The diff that reviews and the gate see.
    pub diff: DiffSettings,
    /// Rescues.
    pub rescue: RescueSettings,
    /// The review gate at the end of a turn.
    pub gate: GateSettings,
    /// All jobs.
    pub jobs: JobSettings,
    /// What all jobs together may cost.
    pub budget: BudgetSettings,
    /// Claude Code itself.
    pub claude: ClaudeSettings,
}

/// Defaults of a review, where its command line does not say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReviewSettings {
    /// The model, passed through unchanged.
    #[serde(with = "value::name")]
    pub model: Option<String>,
    /// The effort, passed through unchanged.
    #[serde(with = "value::name")]
    pub effort: Option<String>,
    /// Its time limit.
    pub timeout: TimeSpan,
    /// How long Claude may be silent.
    pub idle_timeout: TimeSpan,
    /// The most that one job may cost, in US dollars.
    #[serde(with = "value::dollars")]
    pub max_budget_usd: Option<Dollars>,
    /// A file with the user's own instructions for reviews; absolute.
    #[serde(with = "value::absolute_path")]
    pub instructions: Option<PathBuf>,
    /// Who decides whether a project's own rules for reviews are used.
    pub trust: TrustPolicy,
    /// Whether Claude may run commands, such as the tests, in a sandbox that cannot write the workspace.
    pub run_commands: bool,
    /// What such commands may read besides the workspace and the user's tools; absolute, or `~/NAME`.
    #[serde(deserialize_with = "value::directories")]
    pub readable_paths: Vec<String>,
}

/// What reviews and the gate see of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiffSettings {
    /// Patterns of files that are shown although they look like secrets.
    pub show_secrets: Vec<String>,
    /// Patterns of files that are listed and not shown, such as generated code.
    pub exclude: Vec<String>,
}

/// Defaults of a rescue, where its command line does not say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RescueSettings {
    /// The model, passed through unchanged.
    #[serde(with = "value::name")]
    pub model: Option<String>,
    /// The effort, passed through unchanged.
    #[serde(with = "value::name")]
    pub effort: Option<String>,
    /// Its time limit.
    pub timeout: TimeSpan,
    /// How long Claude may be silent.
    pub idle_timeout: TimeSpan,
    /// The most that one job may cost, in US dollars.
    #[serde(with = "value::dollars")]
    pub max_budget_usd: Option<Dollars>,
    /// The hosts that sandboxed commands may reach, such as `crates.io` or `*.npmjs.org`.
    #[serde(deserialize_with = "value::domains")]
    pub allowed_domains: Vec<String>,
    /// Directories that sandboxed commands may write besides the workspace; absolute, or `~/NAME`.
    #[serde(deserialize_with = "value::directories")]
    pub writable_paths: Vec<String>,
    /// Protected paths of the workspace that sandboxed commands may write all the same, such as `.vscode`;
    /// never `.git`, `.codex` and `.agents`.
    #[serde(deserialize_with = "value::unprotected")]
    pub unprotected_paths: Vec<PathBuf>,
    /// Variables that Claude and its commands get in a rescue besides those that are always passed; `*` is any text.
    #[serde(deserialize_with = "value::variables")]
    pub pass_env: Vec<String>,
    /// Who decides whether a repository's own Claude configuration is loaded.
    pub trust: TrustPolicy,
    /// Which Claude settings outside the repository are loaded.
    pub setting_sources: SettingSources,
}

/// Who decides whether a repository is trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustPolicy {
    /// Codex: the trust level of the project in its `config.toml`.
    #[default]
    Codex,
    /// Every repository is trusted.
    Always,
    /// None is trusted.
    Never,
}

/// Which Claude settings outside the repository are loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SettingSources {
    /// None.
    #[default]
    #[serde(rename = "")]
    None,
    /// The user's own.
    #[serde(rename = "user")]
    User,
}

/// The review gate at the end of a turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GateSettings {
    /// Whether it is on in workspaces that do not switch it on or off themselves.
    pub enabled: bool,
    /// The model, passed through unchanged.
    #[serde(with = "value::name")]
    pub model: Option<String>,
    /// The effort, passed through unchanged.
    #[serde(with = "value::name")]
    pub effort: Option<String>,
    /// How long the gate may take; 13 minutes at most, since Codex ends the hook after 15.
    pub timeout: TimeSpan,
    /// What one check may cost, in US dollars.
    #[serde(with = "value::dollars")]
    pub max_budget_usd: Option<Dollars>,
    /// How often one turn may be blocked.
    pub max_rounds: u32,
    /// How long the gate pauses after a check; a turn that ends meanwhile passes unchecked.
    #[serde(with = "value::rest")]
    pub cooldown: Duration,
    /// How many checks one session of Codex may have.
    pub max_per_session: u32,
    /// How many checks a workspace may have in 24 hours; the last 200 are remembered.
    pub max_per_day: u32,
    /// Whether a turn is blocked when the gate itself fails.
    pub fail_closed: bool,
}

/// The life of all jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobSettings {
    /// Whether the background jobs of a session are cancelled when it ends.
    pub cancel_on_session_end: bool,
    /// Whether an idle session is notified at once when a background job ends.
    pub notify: bool,
    /// How many jobs that Codex's model started may run at once in a session.
    pub max_per_session: u32,
}

/// What all jobs together may cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetSettings {
    /// In 24 hours, in US dollars, over all workspaces.
    #[serde(with = "value::dollars")]
    pub per_day_usd: Option<Dollars>,
}

/// Claude Code itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClaudeSettings {
    /// The binary to use instead of the one on the PATH; absolute.
    #[serde(with = "value::absolute_path")]
    pub path: Option<PathBuf>,
    /// Variables that Claude gets in every job besides those that it needs; `*` is any text.
    #[serde(deserialize_with = "value::variables")]
    pub pass_env: Vec<String>,
}

/// Longer than Claude's own limit of five minutes for a silent stream.
const IDLE_LIMIT: TimeSpan = TimeSpan::from_minutes(10);

impl Default for ReviewSettings {
    fn default() -> Self {
        Self {
            model: None,
            effort: None,
            timeout: TimeSpan::from_minutes(60),
            idle_timeout: IDLE_LIMIT,
            max_budget_usd: None,
            instructions: None,
            trust: TrustPolicy::default(),
            run_commands: false,
            readable_paths: Vec::new(),
        }
    }
}

impl Default for RescueSettings {
    fn default() -> Self {
        let ReviewSettings {
            model,
            effort,
            timeout,
            idle_timeout,
            max_budget_usd,
            ..
        } = ReviewSettings::default();
        Self {
            model,
            effort,
            timeout,
            idle_timeout,
            max_budget_usd,
            allowed_domains: Vec::new(),
            writable_paths: Vec::new(),
            unprotected_paths: Vec::new(),
            pass_env: Vec::new(),
            trust: TrustPolicy::default(),
            setting_sources: SettingSources::default(),
        }
    }
}

impl Default for GateSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            model: None,
            effort: None,
            timeout: TimeSpan::from_minutes(10),
            max_budget_usd: None,
            max_rounds: 1,
            cooldown: Duration::ZERO,
            max_per_session: 50,
            max_per_day: 100,
            fail_closed: false,
        }
    }
}

impl Default for JobSettings {
    fn default() -> Self {
        Self {
            cancel_on_session_end: false,
            notify: true,
            max_per_session: 4,
        }
    }
}
