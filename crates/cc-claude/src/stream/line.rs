//! The shape of a line, as far as anything asks for it.
//!
//! All kinds of lines are one struct, because `type` may come last (2.1.330 writes it in the middle
//! of result lines) and a line is scanned only once. What no field asks for is skipped without a
//! copy.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::loose::{List, Object, Pairs, Scalar};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    pub(super) r#type: Scalar<'a>,
    #[serde(borrow)]
    pub(super) subtype: Scalar<'a>,
    #[serde(borrow)]
    pub(super) session_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) parent_tool_use_id: Scalar<'a>,
    // stream_event
    #[serde(borrow)]
    pub(super) event: Object<RawEvent<'a>>,
    // assistant, user
    #[serde(borrow)]
    pub(super) message: Object<RawMessage<'a>>,
    #[serde(rename = "isSynthetic")]
    pub(super) is_synthetic: Scalar<'a>,
    #[serde(borrow)]
    pub(super) error: Scalar<'a>,
    pub(super) is_api_error_message: Scalar<'a>,
    pub(super) api_error_status: Scalar<'a>,
    #[serde(borrow)]
    pub(super) api_error_type: Scalar<'a>,
    #[serde(borrow)]
    pub(super) api_error: Scalar<'a>,
    // system
    #[serde(borrow)]
    pub(super) model: Scalar<'a>,
    #[serde(borrow)]
    pub(super) claude_code_version: Scalar<'a>,
    #[serde(borrow)]
    pub(super) tools: List<Scalar<'a>>,
    #[serde(borrow)]
    pub(super) mcp_servers: List<Object<RawServer<'a>>>,
    pub(super) attempt: Scalar<'a>,
    pub(super) max_retries: Scalar<'a>,
    pub(super) retry_delay_ms: Scalar<'a>,
    pub(super) error_status: Scalar<'a>,
    #[serde(borrow)]
    pub(super) tool_name: Scalar<'a>,
    #[serde(borrow)]
    pub(super) tool_use_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) task_type: Scalar<'a>,
    #[serde(borrow)]
    pub(super) description: Scalar<'a>,
    #[serde(borrow)]
    pub(super) original_model: Scalar<'a>,
    #[serde(borrow)]
    pub(super) fallback_model: Scalar<'a>,
    #[serde(borrow)]
    pub(super) trigger: Scalar<'a>,
    #[serde(borrow)]
    pub(super) content: Scalar<'a>,
    #[serde(borrow)]
    pub(super) status: Scalar<'a>,
    // rate_limit_event
    #[serde(borrow)]
    pub(super) rate_limit_info: Object<RawRateLimit<'a>>,
    // result
    pub(super) is_error: Scalar<'a>,
    #[serde(borrow)]
    pub(super) result: Scalar<'a>,
    #[serde(borrow)]
    pub(super) errors: List<Scalar<'a>>,
    #[serde(borrow)]
    pub(super) structured_output: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) terminal_reason: Scalar<'a>,
    #[serde(borrow)]
    pub(super) startup_failure_reason: Scalar<'a>,
    #[serde(borrow)]
    pub(super) stop_reason: Scalar<'a>,
    #[serde(borrow)]
    pub(super) origin: Object<RawOrigin<'a>>,
    pub(super) result_index: Scalar<'a>,
    pub(super) num_turns: Scalar<'a>,
    pub(super) total_cost_usd: Scalar<'a>,
    #[serde(borrow, rename = "modelUsage")]
    pub(super) model_usage: Pairs<'a, Object<RawUsage<'a>>>,
    #[serde(borrow)]
    pub(super) model_usage_since_last_result: Pairs<'a, Object<RawUsage<'a>>>,
    #[serde(borrow)]
    pub(super) permission_denials: List<Object<RawDenial<'a>>>,
}

/// An MCP server of `system/init`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RawServer<'a> {
    #[serde(borrow)]
    pub(super) name: Scalar<'a>,
    #[serde(borrow)]
    pub(super) status: Scalar<'a>,
}

/// The Messages API's own event inside a `stream_event`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RawEvent<'a> {
    #[serde(borrow)]
    pub(super) r#type: Scalar<'a>,
    #[serde(borrow)]
    pub(super) delta: Object<RawDelta<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RawDelta<'a> {
    #[serde(borrow)]
    pub(super) r#type: Scalar<'a>,
    #[serde(borrow)]
    pub(super) text: Scalar<'a>,
    #[serde(borrow)]
    pub(super) stop_reason: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RawMessage<'a> {
    #[serde(borrow)]
    pub(super) content: List<Object<RawBlock<'a>>>,
    #[serde(borrow)]
    pub(super) stop_reason: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RawBlock<'a> {
    #[serde(borrow)]
    pub(super) r#type: Scalar<'a>,
    #[serde(borrow)]
    pub(super) text: Scalar<'a>,
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) name: Scalar<'a>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) tool_use_id: Scalar<'a>,
    pub(super) is_error: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RawInput<'a> {
    #[serde(borrow)]
    pub(super) file_path: Scalar<'a>,
    #[serde(borrow)]
    pub(super) notebook_path: Scalar<'a>,
    #[serde(borrow)]
    pub(super) command: Scalar<'a>,
    #[serde(borrow)]
    pub(super) pattern: Scalar<'a>,
    #[serde(borrow)]
    pub(super) path: Scalar<'a>,
    #[serde(borrow)]
    pub(super) url: Scalar<'a>,
    #[serde(borrow)]
    pub(super) query: Scalar<'a>,
    #[serde(borrow)]
    pub(super) description: Scalar<'a>,
    #[serde(borrow)]
    pub(super) revision: Scalar<'a>,
    #[serde(borrow)]
    pub(super) from: Scalar<'a>,
    pub(super) subagent_type: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RawRateLimit<'a> {
    #[serde(borrow)]
    pub(super) status: Scalar<'a>,
    #[serde(rename = "resetsAt", alias = "resets_at")]
    pub(super) resets_at: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RawOrigin<'a> {
    #[serde(borrow)]
    pub(super) kind: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawUsage<'a> {
    #[serde(borrow)]
    pub(super) input_tokens: Scalar<'a>,
    pub(super) output_tokens: Scalar<'a>,
    pub(super) cache_read_input_tokens: Scalar<'a>,
    pub(super) cache_creation_input_tokens: Scalar<'a>,
    #[serde(rename = "costUSD")]
    pub(super) cost_usd: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RawDenial<'a> {
    #[serde(borrow)]
    pub(super) tool_name: Scalar<'a>,
    #[serde(borrow)]
    pub(super) tool_use_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) tool_input: Object<RawInput<'a>>,
}
