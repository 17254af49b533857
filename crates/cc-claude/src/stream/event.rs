//! What Claude says, one event a line, reduced to what a run's outcome and progress need.
//!
//! Texts borrow from the line. Every field may be absent: nothing about the stream is guaranteed
//! from one version of Claude to the next.

use std::borrow::Cow;
use std::time::Duration;

use cc_core::{Time, Usage};
use serde_json::Value;

/// The tool that Claude offers when, and only when, it accepted the schema.
pub(crate) const STRUCTURED_OUTPUT: &str = "StructuredOutput";

/// A text of the line.
pub(crate) type Text<'a> = Cow<'a, str>;

/// One thing Claude said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ClaudeEvent<'a> {
    /// `system/init`: a turn begins. The first line of most streams; another one comes before each
    /// further turn. Absent where Claude does not get that far (unknown thread, sandbox missing).
    Init(Init<'a>),
    /// `assistant`: one finished block of a message. A line with several blocks gives one event for
    /// each, one with none a single event without a block.
    Assistant(Assistant<'a>),
    /// `user`: results of tools, and what Claude Code says in the user's name.
    User(User<'a>),
    /// `stream_event` with `content_block_delta`: text of Claude's own block that is being written.
    TextDelta(Text<'a>),
    /// `stream_event` with `message_start`.
    MessageStart {
        /// Whether a subagent speaks.
        subagent: bool,
        /// The tokens that the message has read; those it writes come at its end.
        usage: Usage,
    },
    /// `stream_event` with `content_block_start`: a block of Claude's own begins.
    BlockStart(BlockStart),
    /// `stream_event` with `message_delta`: a message ends.
    MessageDelta {
        /// Whether a subagent speaks.
        subagent: bool,
        /// Why the message ended.
        stop_reason: Option<Text<'a>>,
        /// The tokens that it wrote.
        output_tokens: u64,
    },
    /// `system/api_retry`: a request failed and will be tried again.
    Retry(Retry<'a>),
    /// `system/permission_denied`, from 2.1.260 on.
    PermissionDenied {
        /// The tool.
        tool: Option<Text<'a>>,
        /// The call.
        id: Option<Text<'a>>,
    },
    /// `system/task_started`: a subagent or a long command runs.
    TaskStarted {
        /// `local_agent` or `local_bash`.
        kind: Option<Text<'a>>,
        /// The tool call that started it.
        tool_use_id: Option<Text<'a>>,
        /// What it does.
        description: Option<Text<'a>>,
    },
    /// `system/task_notification`: such a task ended.
    TaskEnded {
        /// The tool call that started it.
        tool_use_id: Option<Text<'a>>,
    },
    /// `system/model_fallback`.
    Fallback {
        /// The model that was asked.
        from: Option<Text<'a>>,
        /// The model that answers from now on.
        to: Option<Text<'a>>,
        /// Why.
        trigger: Option<Text<'a>>,
    },
    /// `system/model_refusal_no_fallback`: the model declined.
    Refusal,
    /// `system/informational`.
    Information {
        /// What it says.
        content: Option<Text<'a>>,
    },
    /// `system/status` with `compacting`.
    Compacting,
    /// `rate_limit_event`, with an OAuth login only.
    RateLimit {
        /// Whether requests are refused now.
        rejected: bool,
        /// When the limit resets.
        resets_at: Option<Time>,
        /// Which limit it is, such as `five_hour`.
        window: Option<Text<'a>>,
        /// How much of it is used: a share of one.
        used: Option<f64>,
    },
    /// `result`: a turn is over.
    Result(Box<TurnResult<'a>>),
    /// A line that is not JSON or not UTF-8.
    Unreadable {
        /// The length of the line.
        bytes: u64,
        /// Its beginning, as one printable line.
        excerpt: String,
    },
    /// A line longer than [`LINE_LIMIT`](super::LINE_LIMIT), skipped.
    Oversized {
        /// The length of the line.
        bytes: u64,
    },
    /// Anything else: a sign of life.
    Other,
}

/// What begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockStart {
    /// Thinking.
    Thinking,
    /// Text, or the call of the tool of structured output: the answer.
    Answer,
}

/// `system/init`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Init<'a> {
    /// Claude's session id.
    pub(crate) session_id: Option<Text<'a>>,
    /// The model, as Claude names it.
    pub(crate) model: Option<Text<'a>>,
    /// The version of Claude Code.
    pub(crate) version: Option<Text<'a>>,
    /// The tools on offer.
    pub(crate) tools: Option<Vec<Text<'a>>>,
    /// The MCP servers.
    pub(crate) servers: Vec<ServerState<'a>>,
}

/// An MCP server, as `system/init` lists it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ServerState<'a> {
    /// Its name.
    pub(crate) name: Text<'a>,
    /// `connected`, `failed`, `pending`, `needs-auth`, ….
    pub(crate) status: Text<'a>,
}

/// `assistant`: one block of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Assistant<'a> {
    /// Whether a subagent speaks.
    pub(crate) subagent: bool,
    /// The block; absent where it is thinking or of an unknown kind.
    pub(crate) block: Option<Block<'a>>,
    /// Why the message ended. Set only where the answer did not come as a stream.
    pub(crate) stop_reason: Option<Text<'a>>,
    /// What went wrong with the request; then the text is Claude Code's own, not the model's.
    pub(crate) error: Option<ApiError<'a>>,
}

/// A block of a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Block<'a> {
    /// Text.
    Text(Text<'a>),
    /// A call of a tool.
    ToolUse {
        /// The call.
        id: Text<'a>,
        /// The tool.
        name: Text<'a>,
        /// What of its input is worth showing.
        input: ToolInput<'a>,
    },
}

/// The parts of a tool's input that say what it works on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ToolInput<'a> {
    /// The file that the tool reads or writes.
    pub(crate) file: Option<Text<'a>>,
    /// The command, pattern, address or description: the first of them that is there.
    pub(crate) subject: Option<Text<'a>>,
    /// The directory a pattern is searched in.
    pub(crate) within: Option<Text<'a>>,
    /// Whether the call starts a subagent.
    pub(crate) starts_subagent: bool,
    /// All of it, as JSON, for the tool of structured output only.
    pub(crate) raw: Text<'a>,
}

/// What an `assistant` event says about a failed request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ApiError<'a> {
    /// `error`: `authentication_failed`, `rate_limit`, `server_error`, `invalid_request`, ….
    pub(crate) kind: Option<Text<'a>>,
    /// `api_error_status`, from 2.1.330 on: the HTTP status.
    pub(crate) status: Option<u64>,
    /// `api_error_type`, from 2.1.330 on: the type in the body, as `overloaded_error`.
    pub(crate) api_type: Option<Text<'a>>,
}

/// `user`: results of tools, or text in the user's name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct User<'a> {
    /// Whether it is said to a subagent.
    pub(crate) subagent: bool,
    /// Whether Claude Code made it up: a nudge, a continuation.
    pub(crate) synthetic: bool,
    /// The results of tools in it.
    pub(crate) tool_results: Vec<ToolResult<'a>>,
}

/// The result of a tool call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ToolResult<'a> {
    /// The call.
    pub(crate) id: Option<Text<'a>>,
    /// Whether it failed.
    pub(crate) is_error: bool,
    /// Whether Claude Code refused the call itself: its tool never began.
    pub(crate) never_began: bool,
}

/// `system/api_retry`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Retry<'a> {
    /// Which retry this is, from 1.
    pub(crate) attempt: u32,
    /// How many there are.
    pub(crate) of: u32,
    /// How long Claude waits before it.
    pub(crate) delay: Duration,
    /// The HTTP status, where there was an answer.
    pub(crate) status: Option<u64>,
    /// `rate_limit`, `overloaded`, `authentication_failed`, `server_error`, `unknown`.
    pub(crate) error: Option<Text<'a>>,
}

/// `result`: how a turn ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TurnResult<'a> {
    /// `success`, `error_max_turns`, ….
    pub(crate) subtype: Option<Text<'a>>,
    /// Whether the turn failed. True with subtype `success` where the service refused.
    pub(crate) is_error: Option<bool>,
    /// The last block of text only, or what went wrong.
    pub(crate) result: Option<Text<'a>>,
    /// What went wrong, with the `error_*` subtypes.
    pub(crate) errors: Vec<Text<'a>>,
    /// The structured output.
    pub(crate) structured: Option<Value>,
    /// The HTTP status of the request that failed.
    pub(crate) api_status: Option<u64>,
    /// `api_error_type`: the type in the body, as `overloaded_error`.
    pub(crate) api_type: Option<Text<'a>>,
    /// `api_error`: why there was no answer at all, as `connection_failed`.
    pub(crate) api_error: Option<Text<'a>>,
    /// `terminal_reason`: `completed`, `max_turns`, `aborted_tools`, ….
    pub(crate) terminal_reason: Option<Text<'a>>,
    /// `startup_failure_reason`: why Claude did not start.
    pub(crate) startup_failure: Option<Text<'a>>,
    /// Why the last message ended.
    pub(crate) stop_reason: Option<Text<'a>>,
    /// `origin.kind`: what the turn answers, where it was not the prompt.
    pub(crate) origin: Option<Text<'a>>,
    /// The number of this result in the run. Only versions that also set `origin` have it.
    pub(crate) index: Option<u64>,
    /// The turns, as Claude counts them.
    pub(crate) turns: u64,
    /// `total_cost_usd`: for the session so far, on 2.1.330 with the runs before a resume.
    pub(crate) total_cost_usd: Option<f64>,
    /// `modelUsage`: for the session so far, on 2.1.330 with the runs before a resume.
    pub(crate) usage: Vec<ModelUsage<'a>>,
    /// `model_usage_since_last_result`, from 2.1.330 on.
    pub(crate) usage_since_last: Option<Vec<ModelUsage<'a>>>,
    /// The calls that were not permitted.
    pub(crate) denials: Vec<DeniedCall<'a>>,
}

/// What one model used.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ModelUsage<'a> {
    /// The model.
    pub(crate) model: Text<'a>,
    /// Its tokens.
    pub(crate) tokens: Usage,
    /// Their price in US dollars.
    pub(crate) cost_usd: f64,
}

/// A call that was not permitted, as a result event lists it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DeniedCall<'a> {
    /// The call.
    pub(crate) id: Option<Text<'a>>,
    /// The tool.
    pub(crate) tool: Text<'a>,
    /// What of its input is worth showing.
    pub(crate) input: ToolInput<'a>,
}
