//! The user's `hooks.json`, for a Codex that does not run the hooks of plugins.
//!
//! Our hooks are inserted and cut out as text at positions from the parser, so that everything else
//! keeps its bytes.

use cc_plugin::Hook;
use jsonc_parser::ast::{Array, Object, ObjectProp, Value};
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::json;

use super::{EditError, line_at};

/// One of our hooks in the file, with its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlacedHook {
    /// Its declaration.
    pub(crate) hook: Hook,
    /// The index of its group in the event.
    pub(crate) group: usize,
    /// Its index in the group.
    pub(crate) handler: usize,
}

impl PlacedHook {
    /// The key of Codex's trust in it: the event in snake case and both positions.
    pub(crate) fn key(&self, file: &str) -> String {
        let event = snake(&self.hook.event);
        format!("{file}:{event}:{}:{}", self.group, self.handler)
    }
}

/// `SessionStart` as `session_start`.
pub(crate) fn snake(event: &str) -> String {
    let mut snake = String::new();
    for c in event.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// The hooks in `text` whose command starts one of `programs`.
pub(crate) fn ours(text: &str, programs: &[String]) -> Result<Vec<PlacedHook>, EditError> {
    Ok(find(text, programs)?
        .into_iter()
        .map(|found| found.placed)
        .collect())
}

/// `text` with `hooks` as its only hooks that start one of `programs`.
pub(crate) fn merged(text: &str, hooks: &[Hook], programs: &[String]) -> Result<String, EditError> {
    let mut there: Vec<Hook> = ours(text, programs)?
        .into_iter()
        .map(|placed| placed.hook)
        .collect();
    let mut wanted = hooks.to_vec();
    let order = |hook: &Hook| (hook.event.clone(), hook.command.clone(), hook.timeout);
    there.sort_by_key(order);
    wanted.sort_by_key(order);
    if there == wanted {
        return Ok(text.to_owned());
    }
    let mut text = without(text, programs)?;
    if text.trim().is_empty() {
        text = "{\n}\n".to_owned();
    }
    for hook in hooks {
        text = with(&text, hook)?;
    }
    Ok(text)
}

/// `text` without the hooks whose command starts one of `programs`; groups and events that this empties go too.
pub(crate) fn without(text: &str, programs: &[String]) -> Result<String, EditError> {
    let mut text = text.to_owned();
    while let Some(found) = find(&text, programs)?.pop() {
        text.replace_range(found.cut, "");
    }
    Ok(text)
}

/// Whether `text` declares nothing.
pub(crate) fn is_empty(text: &str) -> bool {
    let document = serde_json::from_str::<serde_json::Value>(text);
    text.trim().is_empty() || document.is_ok_and(|document| document == json!({}))
}

struct Occurrence {
    placed: PlacedHook,
    /// The bytes to remove: the handler, or the largest group, event or object that holds nothing else.
    cut: std::ops::Range<usize>,
}

fn find(text: &str, programs: &[String]) -> Result<Vec<Occurrence>, EditError> {
    let Some(root) = parse(text)? else {
        return Ok(Vec::new());
    };
    let root = object(text, &root)?;
    let Some(hooks) = root.get("hooks") else {
        return Ok(Vec::new());
    };
    let events = object(text, &hooks.value)?;
    let mut found = Vec::new();
    for event in &events.properties {
        let groups = array(text, &event.value)?;
        for (group, value) in groups.elements.iter().enumerate() {
            let Some(handlers) = value.as_object().and_then(|group| group.get_array("hooks"))
            else {
                continue;
            };
            for (handler, value) in handlers.elements.iter().enumerate() {
                let Some(hook) = hook_of(event, value, programs) else {
                    continue;
                };
                let mut cut = cut_item(handlers.range, &handlers.elements, handler);
                if handlers.elements.len() == 1 {
                    cut = cut_item(groups.range, &groups.elements, group);
                    if groups.elements.len() == 1 {
                        cut = cut_property(events, event);
                        if events.properties.len() == 1 {
                            cut = cut_property(root, hooks);
                        }
                    }
                }
                let placed = PlacedHook {
                    hook,
                    group,
                    handler,
                };
                found.push(Occurrence { placed, cut });
            }
        }
    }
    Ok(found)
}

/// The bytes of a list item, with its comma and spaces.
fn cut_item(list: Range, items: &[impl Ranged], index: usize) -> std::ops::Range<usize> {
    let ranges: Vec<Range> = items.iter().map(Ranged::range).collect();
    let item = ranges[index];
    match (index.checked_sub(1), ranges.get(index + 1)) {
        (Some(before), _) => ranges[before].end..item.end,
        (None, Some(next)) => item.start..next.start,
        (None, None) => list.start + 1..item.end,
    }
}

fn cut_property(object: &Object<'_>, property: &ObjectProp<'_>) -> std::ops::Range<usize> {
    let mut properties = object.properties.iter();
    let index = properties
        .position(|other| other.range == property.range)
        .unwrap_or_default();
    cut_item(object.range, &object.properties, index)
}

fn hook_of(event: &ObjectProp<'_>, handler: &Value<'_>, programs: &[String]) -> Option<Hook> {
    let handler = handler.as_object()?;
    let command = &*handler.get_string("command")?.value;
    let program = programs
        .iter()
        .find_map(|program| command.strip_prefix(program.as_str()))?;
    let timeout = handler
        .get_number("timeout")
        .and_then(|number| number.value.parse().ok());
    program.starts_with(' ').then(|| Hook {
        event: event.name.as_str().to_owned(),
        command: command.to_owned(),
        timeout: timeout.unwrap_or_default(),
    })
}

/// `text` with one more hook, as the last of its event.
fn with(text: &str, hook: &Hook) -> Result<String, EditError> {
    let group =
        json!({"hooks": [{"type": "command", "command": hook.command, "timeout": hook.timeout}]});
    let event = serde_json::Value::from(hook.event.as_str());
    let Some(root) = parse(text)? else {
        return Err(EditError::Shape {
            line: 1,
            expected: "an object",
        });
    };
    let root = object(text, &root)?;
    let Some(hooks) = root.get("hooks") else {
        let item = format!("\"hooks\": {{\n    {event}: [\n      {group}\n    ]\n  }}");
        return Ok(insert(text, root.range, &root.properties, 2, &item));
    };
    let events = object(text, &hooks.value)?;
    let known = events
        .properties
        .iter()
        .find(|known| known.name.as_str() == hook.event);
    let Some(known) = known else {
        let item = format!("{event}: [\n      {group}\n    ]");
        return Ok(insert(text, events.range, &events.properties, 4, &item));
    };
    let groups = array(text, &known.value)?;
    Ok(insert(
        text,
        groups.range,
        &groups.elements,
        6,
        &group.to_string(),
    ))
}

/// `text` with `item` after the last of `items`.
fn insert(text: &str, list: Range, items: &[impl Ranged], indent: usize, item: &str) -> String {
    let (at, comma) = match items.last() {
        Some(last) => (last.range().end, ","),
        None => (list.start + 1, ""),
    };
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let pad = " ".repeat(indent);
    let item = format!("{comma}\n{pad}{item}").replace('\n', newline);
    let (before, after) = text.split_at(at);
    format!("{before}{item}{after}")
}

fn parse(text: &str) -> Result<Option<Value<'_>>, EditError> {
    // As strict as Codex: a file that it cannot read is not changed.
    let strict = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &strict);
    parsed
        .map(|parsed| parsed.value)
        .map_err(|error| EditError::Syntax {
            line: error.line_display(),
            reason: error.kind().to_string(),
        })
}

fn object<'a, 'b>(text: &str, value: &'b Value<'a>) -> Result<&'b Object<'a>, EditError> {
    value.as_object().ok_or_else(|| EditError::Shape {
        line: line_at(text, value.range().start),
        expected: "an object",
    })
}

fn array<'a, 'b>(text: &str, value: &'b Value<'a>) -> Result<&'b Array<'a>, EditError> {
    value.as_array().ok_or_else(|| EditError::Shape {
        line: line_at(text, value.range().start),
        expected: "a list",
    })
}

#[cfg(test)]
mod tests;
