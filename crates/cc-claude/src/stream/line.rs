//! The shape of a line, as far as anything asks for it.
//!
//! All kinds of lines are one struct, because `type` may come last (2.1.330 writes it in the middle
//! of result lines) and a line is scanned only once. What no field asks for is skipped without a
//! copy.

use serde_json::value::RawValue;

use super::loose::{List, Object, Pairs, Scalar, loose};

loose! {
    StreamLine<'a> {
        kind = "type": Scalar<'a>,
        subtype: Scalar<'a>,
        session_id: Scalar<'a>,
        parent_tool_use_id: Scalar<'a>,
        // stream_event
        event: Object<RawEvent<'a>>,
        // assistant, user
        message: Object<RawMessage<'a>>,
        is_synthetic = "isSynthetic": Scalar<'a>,
        error: Scalar<'a>,
        is_api_error_message: Scalar<'a>,
        api_error_status: Scalar<'a>,
        api_error_type: Scalar<'a>,
        api_error: Scalar<'a>,
        // system
        model: Scalar<'a>,
        claude_code_version: Scalar<'a>,
        tools: List<Scalar<'a>>,
        mcp_servers: List<Object<RawServer<'a>>>,
        attempt: Scalar<'a>,
        max_retries: Scalar<'a>,
        retry_delay_ms: Scalar<'a>,
        error_status: Scalar<'a>,
        tool_name: Scalar<'a>,
        tool_use_id: Scalar<'a>,
        task_type: Scalar<'a>,
        description: Scalar<'a>,
        original_model: Scalar<'a>,
        fallback_model: Scalar<'a>,
        trigger: Scalar<'a>,
        content: Scalar<'a>,
        status: Scalar<'a>,
        // rate_limit_event
        rate_limit_info: Object<RawRateLimit<'a>>,
        // result
        is_error: Scalar<'a>,
        result: Scalar<'a>,
        errors: List<Scalar<'a>>,
        structured_output: Option<&'a RawValue>,
        terminal_reason: Scalar<'a>,
        startup_failure_reason: Scalar<'a>,
        stop_reason: Scalar<'a>,
        origin: Object<RawOrigin<'a>>,
        result_index: Scalar<'a>,
        num_turns: Scalar<'a>,
        total_cost_usd: Scalar<'a>,
        model_usage = "modelUsage": Pairs<'a, Object<RawUsage<'a>>>,
        model_usage_since_last_result: Pairs<'a, Object<RawUsage<'a>>>,
        permission_denials: List<Object<RawDenial<'a>>>,
    }
}

loose! {
    /// An MCP server of `system/init`.
    RawServer<'a> {
        name: Scalar<'a>,
        status: Scalar<'a>,
    }
}

loose! {
    /// The Messages API's own event inside a `stream_event`.
    RawEvent<'a> {
        kind = "type": Scalar<'a>,
        delta: Object<RawDelta<'a>>,
        content_block: Object<RawBlockStart<'a>>,
        message: Object<RawMessageStart<'a>>,
        usage: Object<RawTokens<'a>>,
    }
}

loose! {
    RawBlockStart<'a> {
        kind = "type": Scalar<'a>,
        name: Scalar<'a>,
    }
}

loose! {
    RawMessageStart<'a> {
        usage: Object<RawTokens<'a>>,
    }
}

loose! {
    /// The tokens of one message, as the Messages API counts them.
    RawTokens<'a> {
        input_tokens: Scalar<'a>,
        output_tokens: Scalar<'a>,
        cache_read_input_tokens: Scalar<'a>,
        cache_creation_input_tokens: Scalar<'a>,
    }
}

loose! {
    RawDelta<'a> {
        kind = "type": Scalar<'a>,
        text: Scalar<'a>,
        stop_reason: Scalar<'a>,
    }
}

loose! {
    RawMessage<'a> {
        content: List<Object<RawBlock<'a>>>,
        stop_reason: Scalar<'a>,
    }
}

loose! {
    RawBlock<'a> {
        kind = "type": Scalar<'a>,
        text: Scalar<'a>,
        id: Scalar<'a>,
        name: Scalar<'a>,
        input: Option<&'a RawValue>,
        tool_use_id: Scalar<'a>,
        content: Option<&'a RawValue>,
        is_error: Scalar<'a>,
    }
}

loose! {
    RawInput<'a> {
        file_path: Scalar<'a>,
        notebook_path: Scalar<'a>,
        command: Scalar<'a>,
        pattern: Scalar<'a>,
        path: Scalar<'a>,
        url: Scalar<'a>,
        query: Scalar<'a>,
        description: Scalar<'a>,
        revision: Scalar<'a>,
        from: Scalar<'a>,
        subagent_type: Scalar<'a>,
    }
}

loose! {
    RawRateLimit<'a> {
        status: Scalar<'a>,
        resets_at = "resetsAt" | "resets_at": Scalar<'a>,
        window = "rateLimitType": Scalar<'a>,
        used = "utilization": Scalar<'a>,
    }
}

loose! {
    RawOrigin<'a> {
        kind: Scalar<'a>,
    }
}

loose! {
    RawUsage<'a> {
        input_tokens = "inputTokens": Scalar<'a>,
        output_tokens = "outputTokens": Scalar<'a>,
        cache_read_input_tokens = "cacheReadInputTokens": Scalar<'a>,
        cache_creation_input_tokens = "cacheCreationInputTokens": Scalar<'a>,
        cost_usd = "costUSD": Scalar<'a>,
    }
}

loose! {
    RawDenial<'a> {
        tool_name: Scalar<'a>,
        tool_use_id: Scalar<'a>,
        tool_input: Object<RawInput<'a>>,
    }
}
