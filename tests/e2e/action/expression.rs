//! The part of the runner's expressions that `action.yml` uses: names, texts in quotes, `==`, `!=`, `&&`, `||`.

use serde_json::Value;

/// The text with the value of each `${{ … }}` in its place.
pub(crate) fn fill(text: &str, context: &Value) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (expression, after) = after.split_once("}}").expect("an expression ends");
        filled += before;
        filled += &said(&value(expression, context));
        rest = after;
    }
    filled + rest
}

/// Whether a condition holds.
pub(crate) fn holds(condition: &str, context: &Value) -> bool {
    is_true(&value(condition, context))
}

fn value(expression: &str, context: &Value) -> Value {
    let any = split(expression, "||").map(|all| {
        let all = split(all, "&&").map(|part| compare(part, context));
        pick(all, |value| !is_true(value))
    });
    pick(any, is_true)
}

/// The first that ends the evaluation, else the last.
fn pick(mut values: impl Iterator<Item = Value>, ends: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    values
        .find(|value| {
            last = value.clone();
            ends(value)
        })
        .unwrap_or(last)
}

fn compare(part: &str, context: &Value) -> Value {
    for (operator, equal) in [("==", true), ("!=", false)] {
        if let Some((left, right)) = part.split_once(operator) {
            let same = said(&atom(left, context)) == said(&atom(right, context));
            return (same == equal).into();
        }
    }
    atom(part, context)
}

fn atom(atom: &str, context: &Value) -> Value {
    let atom = atom.trim();
    if let Some(text) = atom.strip_prefix('\'') {
        return text.trim_end_matches('\'').into();
    }
    assert!(
        atom.chars()
            .all(|c| c.is_alphanumeric() || "._-".contains(c)),
        "not an expression of ours: {atom}"
    );
    let found = atom
        .split('.')
        .try_fold(context, |value, name| value.get(name));
    found.cloned().unwrap_or_default()
}

fn split<'a>(text: &'a str, operator: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(operator)
}

fn is_true(value: &Value) -> bool {
    !matches!(said(value).as_str(), "" | "false" | "0")
}

fn said(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
