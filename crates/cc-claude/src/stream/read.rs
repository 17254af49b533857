//! One line of the stream, read as JSON and turned into events.

use std::time::Duration;

use cc_core::{Time, Usage, text};
use serde_json::value::RawValue;

use super::event::{
    ApiError, Assistant, Block, BlockStart, ClaudeEvent, DeniedCall, Init, ModelUsage, Retry,
    STRUCTURED_OUTPUT, ServerState, Text, ToolInput, ToolResult, TurnResult, User,
};
use super::line::{RawBlock, RawDenial, RawInput, RawUsage, StreamLine};
use super::loose::{Object, Scalar};
use super::{repair, scan};
use crate::observer::LINE;

/// The most bytes of a structured output. A tree of values takes a multiple of its text.
const STRUCTURED_LIMIT: usize = 4 << 20;

/// More than any run costs, in US dollars.
const MOST_DOLLARS: f64 = 1e9;

/// Reads one line without its line feed. A blank line is nothing.
pub(super) fn line(line: &[u8], sink: &mut dyn FnMut(ClaudeEvent<'_>)) {
    match scan::text_delta(line) {
        Some(text) => sink(ClaudeEvent::TextDelta(text)),
        None => parse(line, sink),
    }
}

/// Reads one line of any shape.
pub(super) fn parse(line: &[u8], sink: &mut dyn FnMut(ClaudeEvent<'_>)) {
    if line.trim_ascii().is_empty() {
        return;
    }
    if let Ok(text) = std::str::from_utf8(line)
        && let Ok(parsed) = serde_json::from_str::<Object<StreamLine<'_>>>(text)
    {
        return emit(parsed, sink);
    }
    let text = repair::readable(line);
    match serde_json::from_str(&text) {
        Ok(parsed) => emit(parsed, sink),
        Err(_) => sink(unreadable(line)),
    }
}

fn unreadable(line: &[u8]) -> ClaudeEvent<'static> {
    let beginning = String::from_utf8_lossy(&line[..line.len().min(8 * LINE)]);
    ClaudeEvent::Unreadable {
        bytes: line.len() as u64,
        excerpt: text::one_line(&beginning, LINE),
    }
}

fn emit(parsed: Object<StreamLine<'_>>, sink: &mut dyn FnMut(ClaudeEvent<'_>)) {
    let Some(line) = parsed.0 else {
        return sink(ClaudeEvent::Other);
    };
    let kind = line.kind.as_str();
    if kind == "assistant" {
        return emit_assistant(line, sink);
    }
    sink(match kind {
        "stream_event" => stream_event(line),
        "user" => user(line),
        "result" => ClaudeEvent::Result(Box::new(result(line))),
        "system" => system(line),
        "rate_limit_event" => rate_limit(line),
        _ => ClaudeEvent::Other,
    });
}

fn stream_event(line: StreamLine<'_>) -> ClaudeEvent<'_> {
    let subagent = line.parent_tool_use_id.is_text();
    let raw = line.event.0.unwrap_or_default();
    let delta = raw.delta.0.unwrap_or_default();
    let whole = |count: &Scalar<'_>| count.whole().unwrap_or(0);
    match raw.kind.as_str() {
        "message_start" => {
            let read = raw
                .message
                .0
                .unwrap_or_default()
                .usage
                .0
                .unwrap_or_default();
            ClaudeEvent::MessageStart {
                subagent,
                usage: Usage {
                    input_tokens: whole(&read.input_tokens),
                    cache_read_input_tokens: whole(&read.cache_read_input_tokens),
                    cache_creation_input_tokens: whole(&read.cache_creation_input_tokens),
                    output_tokens: 0,
                },
            }
        }
        "message_delta" => ClaudeEvent::MessageDelta {
            subagent,
            stop_reason: delta.stop_reason.text(),
            output_tokens: whole(&raw.usage.0.unwrap_or_default().output_tokens),
        },
        "content_block_start" if !subagent => {
            let block = raw.content_block.0.unwrap_or_default();
            match block.kind.as_str() {
                "thinking" => ClaudeEvent::BlockStart(BlockStart::Thinking),
                "text" => ClaudeEvent::BlockStart(BlockStart::Answer),
                _ if block.name.is(STRUCTURED_OUTPUT) => {
                    ClaudeEvent::BlockStart(BlockStart::Answer)
                }
                _ => ClaudeEvent::Other,
            }
        }
        "content_block_delta" if !subagent && delta.kind.is("text_delta") => {
            let text = delta.text.text();
            text.map_or(ClaudeEvent::Other, ClaudeEvent::TextDelta)
        }
        _ => ClaudeEvent::Other,
    }
}

fn emit_assistant(line: StreamLine<'_>, sink: &mut dyn FnMut(ClaudeEvent<'_>)) {
    let message = line.message.0.unwrap_or_default();
    let failed = line.error.is_text() || line.is_api_error_message.truth() == Some(true);
    let error = failed.then(|| ApiError {
        kind: line.error.text(),
        status: line.api_error_status.whole(),
        api_type: line.api_error_type.text(),
    });
    let event = Assistant {
        subagent: line.parent_tool_use_id.is_text(),
        block: None,
        stop_reason: message.stop_reason.text(),
        error,
    };
    let blocks = message.content.0.unwrap_or_default().into_iter();
    let mut blocks = blocks.filter_map(|content| block(content.0?)).peekable();
    if blocks.peek().is_none() {
        return sink(ClaudeEvent::Assistant(event));
    }
    for block in blocks {
        sink(ClaudeEvent::Assistant(Assistant {
            block: Some(block),
            ..event.clone()
        }));
    }
}

fn block(content: RawBlock<'_>) -> Option<Block<'_>> {
    match content.kind.as_str() {
        "text" => Some(Block::Text(content.text.text()?)),
        "tool_use" => {
            let raw = content.input.map(RawValue::get).unwrap_or_default();
            let input: Object<RawInput<'_>> = serde_json::from_str(raw).unwrap_or_default();
            let mut input = ToolInput::from(input.0.unwrap_or_default());
            let name = content.name.text()?;
            if name == STRUCTURED_OUTPUT {
                input.raw = text::head(raw, STRUCTURED_LIMIT).into();
            }
            let id = content.id.text().unwrap_or_default();
            Some(Block::ToolUse { id, name, input })
        }
        _ => None,
    }
}

impl<'a> From<RawInput<'a>> for ToolInput<'a> {
    fn from(raw: RawInput<'a>) -> Self {
        let file = raw.file_path.text().or(raw.notebook_path.text());
        let subject = raw
            .command
            .text()
            .or(raw.pattern.text())
            .or(raw.url.text())
            .or(raw.query.text())
            .or(raw.description.text())
            .or(raw.revision.text())
            .or(raw.from.text());
        Self {
            file,
            subject,
            within: raw.path.text(),
            starts_subagent: raw.subagent_type.is_text(),
            raw: Text::default(),
        }
    }
}

/// How Claude Code begins the result of a call that it refuses itself: of a tool that it has not, or with wrong
/// input. Measured on 2.1.197 to 2.1.332.
const NEVER_BEGAN: &str = "\"<tool_use_error>";

fn user(line: StreamLine<'_>) -> ClaudeEvent<'_> {
    let message = line.message.0.unwrap_or_default();
    let contents = message.content.0.unwrap_or_default().into_iter();
    let tool_results = contents
        .filter_map(|content| content.0)
        .filter(|content| content.kind.is("tool_result"))
        .map(|content| ToolResult {
            id: content.tool_use_id.text(),
            is_error: content.is_error.truth() == Some(true),
            never_began: content
                .content
                .is_some_and(|said| said.get().starts_with(NEVER_BEGAN)),
        });
    ClaudeEvent::User(User {
        subagent: line.parent_tool_use_id.is_text(),
        synthetic: line.is_synthetic.truth() == Some(true),
        tool_results: tool_results.collect(),
    })
}

fn system(line: StreamLine<'_>) -> ClaudeEvent<'_> {
    match line.subtype.as_str() {
        "init" => ClaudeEvent::Init(Init {
            session_id: line.session_id.text(),
            model: line.model.text(),
            version: line.claude_code_version.text(),
            tools: line.tools.0.map(texts),
            servers: line
                .mcp_servers
                .0
                .unwrap_or_default()
                .into_iter()
                .filter_map(|server| server.0)
                .map(|server| ServerState {
                    name: server.name.text().unwrap_or_default(),
                    status: server.status.text().unwrap_or_default(),
                })
                .collect(),
        }),
        "api_retry" => ClaudeEvent::Retry(Retry {
            attempt: small(&line.attempt),
            of: small(&line.max_retries),
            delay: line
                .retry_delay_ms
                .real()
                .and_then(|millis| Duration::try_from_secs_f64(millis / 1_000.0).ok())
                .unwrap_or_default(),
            status: line.error_status.whole(),
            error: line.error.text(),
        }),
        "permission_denied" => ClaudeEvent::PermissionDenied {
            tool: line.tool_name.text(),
            id: line.tool_use_id.text(),
        },
        "task_started" => ClaudeEvent::TaskStarted {
            kind: line.task_type.text(),
            tool_use_id: line.tool_use_id.text(),
            description: line.description.text(),
        },
        "task_notification" => ClaudeEvent::TaskEnded {
            tool_use_id: line.tool_use_id.text(),
        },
        "model_fallback" => ClaudeEvent::Fallback {
            from: line.original_model.text(),
            to: line.fallback_model.text(),
            trigger: line.trigger.text(),
        },
        "model_refusal_no_fallback" => ClaudeEvent::Refusal,
        "informational" => ClaudeEvent::Information {
            content: line.content.text(),
        },
        "status" if line.status.is("compacting") => ClaudeEvent::Compacting,
        _ => ClaudeEvent::Other,
    }
}

fn rate_limit(line: StreamLine<'_>) -> ClaudeEvent<'_> {
    let info = line.rate_limit_info.0.unwrap_or_default();
    let seconds = info.resets_at.whole().and_then(|at| i64::try_from(at).ok());
    ClaudeEvent::RateLimit {
        rejected: info.status.is("rejected"),
        resets_at: seconds.map(|at| Time::from_millis(at.saturating_mul(1_000))),
        window: info.window.text(),
        used: info.used.real().filter(|used| (0.0..=1.0).contains(used)),
    }
}

fn result(line: StreamLine<'_>) -> TurnResult<'_> {
    let structured = line
        .structured_output
        .filter(|raw| raw.get().len() <= STRUCTURED_LIMIT)
        .and_then(|raw| {
            let whole = serde_json::from_str(raw.get());
            whole
                .or_else(|_| serde_json::from_str(&repair::without_infinite_numbers(raw.get())))
                .ok()
        })
        .filter(|value: &serde_json::Value| !value.is_null());
    let denials = line.permission_denials.0.unwrap_or_default().into_iter();
    TurnResult {
        subtype: line.subtype.text(),
        is_error: line.is_error.truth(),
        result: line.result.text(),
        errors: line.errors.0.map(texts).unwrap_or_default(),
        structured,
        api_status: line.api_error_status.whole(),
        api_type: line.api_error_type.text(),
        api_error: line.api_error.text(),
        terminal_reason: line.terminal_reason.text(),
        startup_failure: line.startup_failure_reason.text(),
        stop_reason: line.stop_reason.text(),
        origin: line.origin.0.and_then(|origin| origin.kind.text()),
        index: line.result_index.whole(),
        turns: line.num_turns.whole().unwrap_or(0),
        total_cost_usd: dollars(&line.total_cost_usd),
        usage: line.model_usage.0.map(usage).unwrap_or_default(),
        usage_since_last: line.model_usage_since_last_result.0.map(usage),
        denials: denials.filter_map(|call| denied(call.0?)).collect(),
    }
}

fn usage<'a>(entries: Vec<(Text<'a>, Object<RawUsage<'a>>)>) -> Vec<ModelUsage<'a>> {
    let of_model = |(model, used): (Text<'a>, Object<RawUsage<'a>>)| {
        let used = used.0.unwrap_or_default();
        let tokens = |count: &Scalar<'_>| count.whole().unwrap_or(0);
        ModelUsage {
            model,
            tokens: Usage {
                input_tokens: tokens(&used.input_tokens),
                output_tokens: tokens(&used.output_tokens),
                cache_read_input_tokens: tokens(&used.cache_read_input_tokens),
                cache_creation_input_tokens: tokens(&used.cache_creation_input_tokens),
            },
            cost_usd: dollars(&used.cost_usd).unwrap_or(0.0),
        }
    };
    entries.into_iter().map(of_model).collect()
}

/// A price; one that cannot be is absent, so that it neither lifts a budget nor hides other prices.
fn dollars(price: &Scalar<'_>) -> Option<f64> {
    price
        .real()
        .filter(|dollars| (0.0..MOST_DOLLARS).contains(dollars))
}

fn denied(call: RawDenial<'_>) -> Option<DeniedCall<'_>> {
    Some(DeniedCall {
        id: call.tool_use_id.text(),
        tool: call.tool_name.text()?,
        input: call.tool_input.0.unwrap_or_default().into(),
    })
}

fn texts(items: Vec<Scalar<'_>>) -> Vec<Text<'_>> {
    items.into_iter().filter_map(Scalar::text).collect()
}

fn small(number: &Scalar<'_>) -> u32 {
    u32::try_from(number.whole().unwrap_or(0)).unwrap_or(u32::MAX)
}
