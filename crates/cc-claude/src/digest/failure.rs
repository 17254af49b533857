//! Which class a failed run belongs to.
//!
//! Decided by fields: `subtype`, `terminal_reason`, HTTP status, the service's error type, the
//! `error` words of `assistant` and `api_retry` events, in this order. The exit code decides
//! nothing where a result event came, and only between "ended by a signal" and "gave up" where none
//! came. Prose is looked at last, where no field decides: [`said_on_stderr`] for a run without a
//! result event (its arguments were refused, before any JSON), and [`startup_prose`] for a run
//! that failed before its first turn. One class has no field: [`refused_prose`] distinguishes a filter
//! and an empty account from a refused model.

use cc_core::text::{one_line, printable, tail};
use cc_core::{Failure, FailureClass, Time};

use crate::outcome::Exit;
use crate::stream::LINE_LIMIT;
use crate::stream::event::{ApiError, Retry, Text, TurnResult};

/// What is known about failed requests in the current turn.
#[derive(Debug, Default)]
pub(super) struct FailureHints {
    /// `assistant.error` and its companions.
    api: Option<Refused>,
    /// The last `api_retry` that no answer followed.
    retry: Option<Refused>,
    /// The model answered in this turn.
    spoke: bool,
    /// The model declined.
    pub(super) declined: bool,
    /// The last `rate_limit_event`.
    limit: Option<(bool, Option<Time>)>,
}

/// A failed request.
#[derive(Debug)]
struct Refused {
    kind: String,
    status: Option<u64>,
    api_type: String,
}

impl FailureHints {
    pub(super) fn api_error(&mut self, error: &ApiError<'_>) {
        self.api = Some(Refused {
            kind: word(&error.kind),
            status: error.status,
            api_type: word(&error.api_type),
        });
    }

    pub(super) fn retry(&mut self, retry: &Retry<'_>) {
        self.retry = Some(Refused {
            kind: word(&retry.error),
            status: retry.status,
            api_type: String::new(),
        });
    }

    pub(super) fn rate_limit(&mut self, rejected: bool, resets_at: Option<Time>) {
        self.limit = Some((rejected, resets_at));
    }

    /// The model answered: what was retried before went well.
    pub(super) fn answered(&mut self) {
        self.api = None;
        self.retry = None;
        self.spoke = true;
    }

    /// A turn is over. Limits stay: they are the account's.
    pub(super) fn end_turn(&mut self) {
        *self = Self {
            limit: self.limit,
            ..Self::default()
        };
    }

    fn is_limited(&self) -> bool {
        matches!(self.limit, Some((true, _)))
    }
}

/// How a turn failed; `None` where its result says that it did not.
pub(super) fn of_turn(result: &TurnResult<'_>, hints: &FailureHints) -> Option<Failure> {
    let subtype = result.subtype.as_deref().unwrap_or_default();
    let failed = result.is_error == Some(true) || subtype.starts_with("error");
    failed.then(|| failure(class_of_turn(subtype, result, hints), said(result), hints))
}

fn class_of_turn(subtype: &str, result: &TurnResult<'_>, hints: &FailureHints) -> FailureClass {
    let reason = result.terminal_reason.as_deref().unwrap_or_default();
    let startup = result.startup_failure.as_deref().unwrap_or_default();
    match subtype {
        "error_max_turns" => FailureClass::Turns,
        "error_max_budget_usd" => FailureClass::Budget,
        "error_max_structured_output_retries" => FailureClass::Schema,
        _ if startup.starts_with("sandbox") => FailureClass::Sandbox,
        // Interrupted, and not by us: a terminal's Ctrl-C reaches the whole process group.
        _ if reason.starts_with("aborted") => FailureClass::Killed,
        "error_during_execution" => result
            .errors
            .iter()
            .find_map(|error| startup_prose(error))
            .unwrap_or(FailureClass::Protocol),
        // What fit before does no longer: it is the conversation that grew.
        _ if matches!(reason, "prompt_too_long" | "blocking_limit") => match hints.spoke {
            true => FailureClass::ContextLimit,
            false => FailureClass::PromptTooLong,
        },
        _ if hints.declined => FailureClass::Declined,
        _ => match result.stop_reason.as_deref() {
            Some("refusal") => FailureClass::Declined,
            Some("max_tokens") => FailureClass::OutputLimit,
            Some("model_context_window_exceeded") => FailureClass::ContextLimit,
            _ => class_of_request(result, hints),
        },
    }
}

/// The class of a request that the service did not answer.
fn class_of_request(result: &TurnResult<'_>, hints: &FailureHints) -> FailureClass {
    let api = hints.api.as_ref();
    let kind = api.map_or("", |api| &api.kind);
    let own_type = result.api_type.as_deref();
    let status = result.api_status.or(api.and_then(|api| api.status));
    let refined = |class| match (class, result.result.as_deref()) {
        (FailureClass::Model, Some(said)) => refused_prose(said).unwrap_or(class),
        _ => class,
    };
    by_own_word(kind)
        .or_else(|| by_status(status))
        .or_else(|| by_type(own_type.or(api.map(|api| api.api_type.as_str()))?))
        .or_else(|| by_api_error(result.api_error.as_deref()?))
        .or_else(|| by_kind(kind))
        .or_else(|| hints.is_limited().then_some(FailureClass::UsageLimit))
        .or_else(|| by_silence(kind, hints.retry.as_ref()))
        .or_else(|| startup_prose(result.result.as_deref()?))
        .map_or(FailureClass::Protocol, refined)
}

/// By the words of the `assistant` event that are more exact than a status.
fn by_own_word(kind: &str) -> Option<FailureClass> {
    Some(match kind {
        // "Credit balance is too low" is a 400.
        "billing_error" => FailureClass::Credit,
        // Claude Code's own limit (CLAUDE_CODE_MAX_OUTPUT_TOKENS), after its attempts to continue.
        "max_output_tokens" => FailureClass::OutputLimit,
        _ => return None,
    })
}

/// Prose of a refused request: the service answers these with the status and type of a wrong model.
fn refused_prose(text: &str) -> Option<FailureClass> {
    let text = text.to_lowercase();
    if text.contains("content filtering policy") {
        Some(FailureClass::Declined)
    } else if text.contains("credit balance is too low") {
        Some(FailureClass::Credit)
    } else {
        None
    }
}

/// By the HTTP status. 2.1.197 has none where it gave up on 529.
fn by_status(status: Option<u64>) -> Option<FailureClass> {
    Some(match status? {
        401 | 403 => FailureClass::LoggedOut,
        402 => FailureClass::Credit,
        429 => FailureClass::UsageLimit,
        408 => FailureClass::Network,
        413 => FailureClass::PromptTooLong,
        400..=499 => FailureClass::Model,
        500..=599 => FailureClass::Overloaded,
        _ => return None,
    })
}

/// By the type in the body of the service's answer (`api_error_type`).
fn by_type(api_type: &str) -> Option<FailureClass> {
    Some(match api_type {
        "authentication_error" | "permission_error" => FailureClass::LoggedOut,
        "rate_limit_error" => FailureClass::UsageLimit,
        "billing_error" => FailureClass::Credit,
        "overloaded_error" | "api_error" | "timeout_error" => FailureClass::Overloaded,
        "request_too_large" => FailureClass::PromptTooLong,
        "invalid_request_error" | "not_found_error" => FailureClass::Model,
        _ => return None,
    })
}

/// By why there was no answer at all (`api_error`, from 2.1.330 on: `connection_failed`).
fn by_api_error(api_error: &str) -> Option<FailureClass> {
    let about_network = ["connection", "timeout", "dns", "tls", "network"];
    let network = about_network.iter().any(|word| api_error.contains(word));
    network.then_some(FailureClass::Network)
}

/// By the word of the `assistant` event: nothing else shows a missing login.
fn by_kind(kind: &str) -> Option<FailureClass> {
    Some(match kind {
        "authentication_failed" => FailureClass::LoggedOut,
        "rate_limit" => FailureClass::UsageLimit,
        "overloaded" => FailureClass::Overloaded,
        "invalid_request" | "model_not_found" => FailureClass::Model,
        _ => return None,
    })
}

/// Where the service never gave a status, the last retry distinguishes overload from a dead network:
/// 2.1.197 says `server_error` to both.
fn by_silence(kind: &str, retry: Option<&Refused>) -> Option<FailureClass> {
    let Some(retry) = retry else {
        return (kind == "server_error").then_some(FailureClass::Network);
    };
    by_status(retry.status)
        .or_else(|| by_kind(&retry.kind))
        .or(Some(FailureClass::Network))
}

/// Prose of a run that failed before its first turn or of an old version without fields.
fn startup_prose(text: &str) -> Option<FailureClass> {
    if text.contains("sandbox required but unavailable") {
        Some(FailureClass::Sandbox)
    } else if text.contains("No conversation found") {
        Some(FailureClass::Thread)
    } else if text.contains("Not logged in") || text.contains("Please run /login") {
        Some(FailureClass::LoggedOut)
    } else {
        None
    }
}

/// How a run without a result event failed. `printed` is the first thing it printed that is no
/// JSON, `oversized` the length of a line that was too long to read.
pub(super) fn without_result(
    exit: &Exit,
    hints: &FailureHints,
    printed: Option<&str>,
    oversized: Option<u64>,
) -> Failure {
    const SHOWN: usize = 1_000;
    let stderr = printable(tail(exit.stderr.trim(), SHOWN));
    // Claude catches signals and exits with 128 + the signal: 143 after SIGTERM, 129 after SIGHUP.
    let signal = exit.signal.or_else(|| match exit.code {
        Some(code @ (129 | 130 | 131 | 137 | 143)) => Some(code - 128),
        // Windows ends a process with this code at Ctrl-C.
        Some(-1_073_741_510) => Some(2),
        _ => None,
    });
    if let Some(signal) = signal {
        let detail = with_context(format!("claude was ended by signal {signal}"), &stderr);
        return Failure::new(FailureClass::Killed, detail);
    }
    if hints.api.is_some() {
        let class = class_of_request(&TurnResult::default(), hints);
        let detail = with_context("claude ended after a failed request".into(), &stderr);
        return failure(class, detail, hints);
    }
    if let Some((class, what)) = said_on_stderr(&exit.stderr) {
        return Failure::new(class, with_context(what.into(), &stderr));
    }
    let how = match exit.code {
        Some(code) => format!("claude exited with code {code} without a result"),
        None => "claude ended without a result".to_owned(),
    };
    let how = match oversized {
        Some(bytes) => format!(
            "{how} that could be read: a line of {bytes} bytes is longer than the {LINE_LIMIT} that are taken"
        ),
        None => how,
    };
    let context = if stderr.is_empty() {
        printed.unwrap_or_default()
    } else {
        &stderr
    };
    Failure::new(FailureClass::Protocol, with_context(how, context))
}

/// What standard error says about a run that printed no JSON.
fn said_on_stderr(stderr: &str) -> Option<(FailureClass, &'static str)> {
    let says = |text: &str| stderr.contains(text);
    Some(if says("unknown option") {
        let what =
            "this version of claude does not support an option that cc uses; it may be too old";
        (FailureClass::Protocol, what)
    } else if says("--json-schema") || says("Invalid schema") {
        (FailureClass::Schema, "claude refused the schema")
    } else if says("sandbox required but unavailable") {
        (FailureClass::Sandbox, "the sandbox could not start")
    } else if says("No conversation found") {
        (FailureClass::Thread, "the thread does not exist")
    } else if says("piped stdin input exceeds") {
        (FailureClass::PromptTooLong, "the prompt is too long")
    } else if says("Not logged in") || says("Please run /login") {
        (FailureClass::LoggedOut, "claude is not logged in")
    } else {
        return None;
    })
}

/// Claude's own words about a failed turn.
fn said(result: &TurnResult<'_>) -> String {
    let said = match result.result.as_deref().map(str::trim) {
        Some(said) if !said.is_empty() => said.to_owned(),
        _ => result.errors.join("; "),
    };
    let reason = result.terminal_reason.as_deref().unwrap_or_default();
    if reason.starts_with("aborted") {
        // The errors hold only a diagnostic of Claude Code's own.
        return format!("claude was interrupted ({})", one_line(reason, 50));
    }
    if said.is_empty() {
        let subtype = result.subtype.as_deref().unwrap_or("a failure");
        return format!("claude reported {} without a reason", one_line(subtype, 80));
    }
    said
}

fn failure(class: FailureClass, detail: String, hints: &FailureHints) -> Failure {
    let mut failure = Failure::new(class, printable(&detail));
    if let (FailureClass::UsageLimit, Some((true, resets_at))) = (class, hints.limit) {
        failure.retry_at = resets_at;
    }
    failure
}

fn with_context(what: String, context: &str) -> String {
    if context.is_empty() {
        what
    } else {
        format!("{what}: {context}")
    }
}

/// A word of the stream, bounded.
fn word(text: &Option<Text<'_>>) -> String {
    one_line(text.as_deref().unwrap_or_default(), 80)
}
