//! Why a run of Claude failed, in words a caller can act on.

use serde::{Deserialize, Serialize};

use crate::Time;

/// The kind of a failure. Texts for people are made from it, never parsed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// No `claude` binary was found.
    NotInstalled,
    /// Claude has no login, or the login expired.
    LoggedOut,
    /// The account's or key's usage limit is reached.
    UsageLimit,
    /// The account of the key has no credit left.
    Credit,
    /// The service is overloaded or has an internal error.
    Overloaded,
    /// The service could not be reached.
    Network,
    /// The model was refused or is unknown.
    Model,
    /// The model or the service's filter declined the content.
    Declined,
    /// The prompt does not fit the model's context.
    PromptTooLong,
    /// The conversation grew until it no longer fit the model's context.
    ContextLimit,
    /// The answer is longer than the model may write.
    OutputLimit,
    /// The conversation to continue no longer exists.
    Thread,
    /// No structured output came, even after asking again.
    Schema,
    /// Claude Code runs without the server that gives it Git.
    GitServer,
    /// The operating system's sandbox could not start, or we are inside one that forbids the run.
    Sandbox,
    /// What nobody but the user should change did change during the run: what Git, Codex or an editor run.
    Protected,
    /// Claude printed nothing for too long.
    TimeoutIdle,
    /// The run took longer than allowed.
    TimeoutTotal,
    /// The limit of turns was reached.
    Turns,
    /// The limit of dollars was reached.
    Budget,
    /// Claude was ended by a signal that was not ours.
    Killed,
    /// The job's worker ended without saving a result.
    Lost,
    /// Claude's output was empty or not understood.
    Protocol,
    /// `cc` itself failed: a file, a process, a bug.
    Internal,
    /// A class written by a newer version.
    #[serde(other)]
    Other,
}

impl FailureClass {
    /// A lowercase fragment for people, such as `out of time`.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotInstalled => "Claude Code is not installed",
            Self::LoggedOut => "Claude Code is logged out",
            Self::UsageLimit => "the usage limit is reached",
            Self::Credit => "the account has no credit",
            Self::Overloaded => "the service is overloaded",
            Self::Network => "the service could not be reached",
            Self::Model => "the model was refused",
            Self::Declined => "the content was declined",
            Self::PromptTooLong => "the prompt is too long",
            Self::ContextLimit => "the conversation is too long",
            Self::OutputLimit => "the answer is too long",
            Self::Thread => "Claude Code no longer has the conversation",
            Self::Schema => "no structured answer",
            Self::GitServer => "the Git server did not start",
            Self::Sandbox => "the sandbox could not start",
            Self::Protected => "protected files changed",
            Self::TimeoutIdle => "no output from Claude for too long",
            Self::TimeoutTotal => "out of time",
            Self::Turns => "out of turns",
            Self::Budget => "out of budget",
            Self::Killed => "Claude was killed",
            Self::Lost => "its worker process ended unexpectedly",
            Self::Protocol => "Claude's output could not be read",
            Self::Internal | Self::Other => "an error",
        }
    }
}

/// A failed run: its class, the details, and when to try again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The kind of failure.
    pub class: FailureClass,
    /// What happened, for people: a lowercase fragment or Claude's own words, at most 2,000 bytes.
    pub detail: String,
    /// When the limit resets, if the service reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Time>,
}

impl Failure {
    /// A failure without a time to retry.
    pub fn new(class: FailureClass, detail: impl AsRef<str>) -> Self {
        Self {
            class,
            detail: crate::text::head(detail.as_ref().trim(), 2_000).to_owned(),
            retry_at: None,
        }
    }
}
