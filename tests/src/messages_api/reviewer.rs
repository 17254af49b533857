//! A reviewer that always gives a plausible answer.

use serde_json::{Map, Value, json};

use super::{Block, Request, Turn};

/// Looks at a diff first if it has a tool for that, then answers with the review: in the requested schema, else as
/// Markdown.
pub(super) fn answer(request: &Request) -> Turn {
    let results = request.tool_results();
    let command = json!({"command": "git diff --stat HEAD", "description": "Look at the change"});
    let looks = [("mcp__git__diff", json!({"stat": true})), ("Bash", command)];
    let has = |(tool, _): &(&str, Value)| request.tools().contains(tool);
    if results.is_empty()
        && let Some((tool, input)) = looks.into_iter().find(has)
    {
        let intro = Block::text("I will look at the change first.");
        return Turn::blocks([intro, Block::tool(tool, input)]);
    }
    let file = results.iter().find_map(|result| changed_file(result));
    let file = file.unwrap_or("src/lib.rs");
    match request.tool_schema("StructuredOutput") {
        Some(schema) => Turn::tool("StructuredOutput", Example { schema, file }.of("", schema)),
        None => Turn::text(format!(
            "## Findings\n\n- **medium** `{file}:1`: the error is dropped. Return it to the caller.\n\n\
             No other problems were found.\n"
        )),
    }
}

/// The first file of a `git diff --stat`.
fn changed_file(stat: &str) -> Option<&str> {
    stat.lines()
        .find_map(|line| Some(line.split_once(" | ")?.0.trim()))
}

/// Makes up a value that a JSON schema accepts.
struct Example<'a> {
    schema: &'a Value,
    file: &'a str,
}

impl Example<'_> {
    fn of(&self, name: &str, schema: &Value) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.schema.pointer(reference.trim_start_matches('#'));
            return self.of(name, target.unwrap_or(&Value::Null));
        }
        for choice in ["anyOf", "oneOf", "allOf"] {
            if let Some(first) = schema[choice].get(0) {
                return self.of(name, first);
            }
        }
        if let Some(value) = schema.get("const").or(schema["enum"].get(0)) {
            return value.clone();
        }
        let kind = schema["type"].as_str().or(schema["type"][0].as_str());
        match kind.unwrap_or(if schema.get("properties").is_some() {
            "object"
        } else {
            "string"
        }) {
            "object" => self.object(schema),
            "array" => json!([self.of(name, &schema["items"])]),
            "integer" => json!(schema["minimum"].as_i64().unwrap_or(1).max(1)),
            "number" => json!(schema["maximum"].as_f64().unwrap_or(1.0).min(0.8)),
            "boolean" => json!(true),
            "null" => Value::Null,
            _ if name.contains("file") || name.contains("path") => json!(self.file),
            _ => json!(format!("The error is dropped ({name}).")),
        }
    }

    fn object(&self, schema: &Value) -> Value {
        let properties = schema["properties"].as_object().into_iter().flatten();
        let fields = properties.map(|(name, schema)| (name.clone(), self.of(name, schema)));
        Value::Object(fields.collect::<Map<_, _>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_follows_its_schema() {
        let schema = json!({
            "type": "object",
            "properties": {
                "verdict": {"enum": ["approve", "reject"]},
                "findings": {"type": "array", "items": {"$ref": "#/$defs/finding"}},
                "retryAt": {"type": ["null", "string"]},
            },
            "$defs": {"finding": {"properties": {
                "file": {"type": "string"},
                "line": {"type": "integer", "minimum": 3},
                "confidence": {"type": "number", "maximum": 1},
            }}},
        });
        let example = Example {
            schema: &schema,
            file: "src/main.rs",
        }
        .of("", &schema);
        let finding = json!({"file": "src/main.rs", "line": 3, "confidence": 0.8});
        assert_eq!(
            example,
            json!({"verdict": "approve", "findings": [finding], "retryAt": null})
        );
    }

    #[test]
    fn the_changed_file_is_read_from_the_stat() {
        let stat = " src/a.rs | 2 +-\n 1 file changed\n";
        assert_eq!(changed_file(stat), Some("src/a.rs"));
        assert_eq!(changed_file("nothing"), None);
    }
}
