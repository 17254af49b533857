//! Lines that are nearly JSON: what one text or number in them costs is that text or number.

use std::borrow::Cow;

/// The line as text that a reader of JSON takes, as far as that is known: bytes that are no text,
/// halves of characters and numbers without a value are replaced.
pub(super) fn readable(line: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(line);
    let text = match without_lone_surrogates(&text) {
        Some(text) => Cow::Owned(text),
        None => text,
    };
    match without_infinite_numbers(&text) {
        Cow::Owned(text) => Cow::Owned(text),
        Cow::Borrowed(_) => text,
    }
}

/// The text with each escaped half of a surrogate pair replaced by `\ufffd`, where there is one.
///
/// JavaScript cuts texts between the halves of a character and writes the half as an escape, which no
/// Rust text can hold.
fn without_lone_surrogates(text: &str) -> Option<String> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut repaired = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(offset) = memchr::memchr(b'\\', &text.as_bytes()[at..]) {
        at += offset;
        let is_high = |unit| matches!(unit, Some(0xd800..=0xdbff));
        let is_low = |unit| matches!(unit, Some(0xdc00..=0xdfff));
        let first = unit(at);
        at += match first {
            _ if is_high(first) && is_low(unit(at + 6)) => 12,
            _ if is_high(first) || is_low(first) => {
                repaired.push_str(&text[copied..at]);
                repaired.push_str("\\ufffd");
                copied = at + 6;
                6
            }
            // An escape is two bytes at least; the second may itself be a backslash.
            _ => 2,
        };
        if at >= text.len() {
            break;
        }
    }
    (copied > 0).then(|| repaired + &text[copied..])
}

/// The text with `null` for each number that no number type holds, such as `1e999` or `NaN`.
pub(super) fn without_infinite_numbers(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    let mut repaired = String::new();
    let (mut copied, mut at) = (0, 0);
    while at < bytes.len() {
        if bytes[at] == b'"' {
            at = end_of_string(bytes, at);
            continue;
        }
        let length = bytes[at..]
            .iter()
            .take_while(|byte| is_of_word(byte))
            .count();
        // Within a character nothing is a word.
        let word = text.get(at..at + length).unwrap_or_default();
        if word.parse::<f64>().is_ok_and(|number| !number.is_finite()) {
            repaired.push_str(&text[copied..at]);
            repaired.push_str("null");
            copied = at + length;
        }
        at += length.max(1);
    }
    match copied {
        0 => Cow::Borrowed(text),
        _ => Cow::Owned(repaired + &text[copied..]),
    }
}

/// The index after the string that begins at `at`.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    at += 1;
    while let Some(offset) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += offset;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}
