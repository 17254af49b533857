//! The requests of Codex to its model, kept for assertions.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::http;

/// One request for a response; it holds the whole conversation so far.
#[derive(Clone, Debug)]
pub struct Request {
    /// The headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body; null if it is not JSON.
    pub body: Value,
}

impl Request {
    pub(super) fn read(request: &http::Request) -> Self {
        Self {
            headers: request.headers.clone(),
            body: serde_json::from_slice(&request.body).unwrap_or_default(),
        }
    }

    /// The items of the conversation: messages, calls and their outputs, as they came.
    pub fn items(&self) -> &[Value] {
        self.body["input"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The text of each user message, including those that Codex adds.
    pub fn user_texts(&self) -> Vec<String> {
        self.texts_of("user")
    }

    /// The text of each developer message: Codex's own instructions and the output of hooks.
    pub fn developer_texts(&self) -> Vec<String> {
        self.texts_of("developer")
    }

    fn texts_of(&self, role: &str) -> Vec<String> {
        let messages = self.items().iter().filter(|item| item["role"] == role);
        messages.map(|message| texts(&message["content"])).collect()
    }

    /// The command line in the text of the latest skill that was called upon: its first indented line.
    pub fn skill_command(&self) -> Option<String> {
        let texts = self.user_texts();
        let skill = texts.iter().rfind(|text| text.starts_with("<skill>"))?;
        let line = skill.lines().find_map(|line| line.strip_prefix("    "))?;
        Some(line.to_owned())
    }

    /// The output of each tool call, in order.
    pub fn tool_outputs(&self) -> Vec<String> {
        let is_output = |item: &&Value| {
            let kind = item["type"].as_str().unwrap_or_default();
            kind.ends_with("call_output")
        };
        let outputs = self.items().iter().filter(is_output);
        outputs.map(|output| texts(&output["output"])).collect()
    }

    /// The output of the latest tool call.
    ///
    /// # Panics
    /// When no tool was called.
    #[track_caller]
    pub fn tool_output(&self) -> String {
        let last = self.tool_outputs().pop();
        last.expect("the conversation has no output of a tool")
    }

    /// The names of the tools on offer; a tool without a name is named by its type.
    pub fn tools(&self) -> Vec<&str> {
        let tools = self.body["tools"].as_array().into_iter().flatten();
        tools
            .filter_map(|tool| tool["name"].as_str().or(tool["type"].as_str()))
            .collect()
    }

    /// The reasons of `stop` hooks that reached the model, in order.
    pub fn hook_prompts(&self) -> Vec<String> {
        let texts = self.user_texts();
        texts.iter().filter_map(|text| hook_prompt(text)).collect()
    }

    /// Asserts that the latest message is the reason of a `stop` hook that contains `text`.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn assert_hook_prompt(&self, text: &str) {
        let last = self.items().last().map(|item| texts(&item["content"]));
        let last = last.unwrap_or_default();
        let told = hook_prompt(&last).is_some_and(|reason| reason.contains(text));
        assert!(told, "expected a hook prompt with {text:?}, got {last:?}");
    }

    /// How often `text` occurs in user and developer messages and in tool outputs.
    pub fn count(&self, text: &str) -> usize {
        let said = [
            self.user_texts(),
            self.developer_texts(),
            self.tool_outputs(),
        ];
        let said = said.iter().flatten();
        said.map(|said| said.matches(text).count()).sum()
    }
}

/// The unescaped reason in the message that Codex makes of a `stop` hook's output.
fn hook_prompt(message: &str) -> Option<String> {
    let (_, inner) = message.strip_prefix("<hook_prompt ")?.split_once('>')?;
    let inner = inner.strip_suffix("</hook_prompt>")?;
    let inner = inner.replace("&lt;", "<").replace("&gt;", ">");
    Some(inner.replace("&amp;", "&"))
}

/// The text of a content: a string, or the text of its parts.
fn texts(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part["text"].as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}
