//! The requests of a client, kept for assertions.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::http;

/// One request as received.
#[derive(Clone, Debug)]
pub struct Request {
    /// What it asks for.
    pub kind: Kind,
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers, names in lower case, keys replaced by `<key>`.
    pub headers: BTreeMap<String, String>,
    /// The body; null where it is not JSON.
    pub body: Value,
    /// The length of the body in bytes.
    pub bytes: usize,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message of the conversation: takes a turn of the script.
    Message,
    /// A message outside the conversation, such as a title or a quota probe.
    Side,
    /// A count of tokens.
    CountTokens,
    /// Anything else.
    Other,
}

/// Prefixes of the system prompts that Claude Code sends outside the conversation.
const SIDE_PROMPTS: [&str; 4] = [
    "Generate a concise, sentence-case title",
    "isNewTopic",
    "Analyze if this message indicates a new conversation topic",
    "Your task is to process Bash commands",
];

impl Request {
    pub(super) fn read(request: &http::Request) -> Self {
        let masked = |(name, value): (&String, &String)| {
            let secret = matches!(name.as_str(), "x-api-key" | "authorization");
            (
                name.clone(),
                if secret {
                    "<key>".to_owned()
                } else {
                    value.clone()
                },
            )
        };
        let mut read = Self {
            kind: Kind::Other,
            method: request.method.clone(),
            path: request.path.clone(),
            headers: request.headers.iter().map(masked).collect(),
            body: serde_json::from_slice(&request.body).unwrap_or_default(),
            bytes: request.body.len(),
        };
        read.kind = read.classify();
        read
    }

    fn classify(&self) -> Kind {
        let path = self.path.split('?').next().unwrap_or_default();
        match (self.method.as_str(), path) {
            ("POST", "/v1/messages/count_tokens") => Kind::CountTokens,
            ("POST", "/v1/messages") => {
                let probe = self.body["max_tokens"]
                    .as_u64()
                    .is_some_and(|most| most <= 1);
                let system = self.system();
                let side = probe || SIDE_PROMPTS.iter().any(|mark| system.contains(mark));
                if side { Kind::Side } else { Kind::Message }
            }
            _ => Kind::Other,
        }
    }

    /// The system prompt, its parts joined by newlines.
    pub fn system(&self) -> String {
        texts(&self.body["system"])
    }

    /// The text of all messages of the user, joined by newlines; tool results are not part of it.
    pub fn prompt(&self) -> String {
        let users = self.messages().filter(|message| message["role"] == "user");
        users
            .map(|message| texts(&message["content"]))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The names of the tools on offer.
    pub fn tools(&self) -> Vec<&str> {
        let tools = self.body["tools"].as_array();
        tools
            .into_iter()
            .flatten()
            .filter_map(|tool| tool["name"].as_str())
            .collect()
    }

    /// The input schema of a tool on offer.
    pub fn tool_schema(&self, name: &str) -> Option<&Value> {
        let tools = self.body["tools"].as_array()?;
        tools
            .iter()
            .find(|tool| tool["name"] == name)
            .map(|tool| &tool["input_schema"])
    }

    /// The text of each tool result so far, in order.
    pub fn tool_results(&self) -> Vec<String> {
        let blocks = self
            .messages()
            .filter_map(|message| message["content"].as_array())
            .flatten();
        let results = blocks.filter(|block| block["type"] == "tool_result");
        results.map(|result| texts(&result["content"])).collect()
    }

    /// The calls of tools in the conversation, each with its result, by their ids.
    #[must_use]
    pub fn tool_calls(&self) -> Vec<(Value, String)> {
        let blocks = || {
            let contents = self.messages().filter_map(|it| it["content"].as_array());
            contents.flatten()
        };
        let result_of = |call: &Value| {
            let mut results = blocks().filter(|block| block["type"] == "tool_result");
            let result = results.find(|result| result["tool_use_id"] == call["id"]);
            texts(&result.unwrap_or(&Value::Null)["content"])
        };
        let calls = blocks().filter(|block| block["type"] == "tool_use");
        calls.map(|call| (call.clone(), result_of(call))).collect()
    }

    fn messages(&self) -> impl Iterator<Item = &Value> {
        self.body["messages"].as_array().into_iter().flatten()
    }
}

/// The text of a content: a string, or the text of its blocks.
fn texts(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts = blocks.iter().filter_map(|block| block["text"].as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}
