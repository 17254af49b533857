//! JSON Schemas of structured answers, generated from the types that read them.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

/// The schema of `T`, in the subset that Claude Code's validator takes: 2.1.197 drops a schema with
/// `format` in silence, 2.1.330 refuses one with `$schema` of 2020-12.
pub fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    strip(&mut schema);
    schema
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("format");
            fields.remove("default");
            if fields.get("title").is_some_and(Value::is_string) {
                fields.remove("title");
            }
            flatten_choice(fields);
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Documented variants come as `oneOf` of constants; a plain `enum` says the same in fewer tokens.
fn flatten_choice(fields: &mut serde_json::Map<String, Value>) {
    let Some(choices) = fields.get("oneOf").and_then(Value::as_array) else {
        return;
    };
    let constants: Option<Vec<Value>> = choices
        .iter()
        .map(|choice| choice.get("const").cloned())
        .collect();
    if let Some(constants) = constants {
        fields.remove("oneOf");
        fields.insert("type".into(), "string".into());
        fields.insert("enum".into(), constants.into());
    }
}
