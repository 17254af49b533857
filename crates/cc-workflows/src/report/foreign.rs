//! Markdown from outside, made so that it stays inside its place in a report.
//!
//! It is edited as little as possible, then parsed once more: what still reaches beyond its end, or still
//! looks like a part of ours, becomes a block of code.

use std::ops::Range;

use cc_core::text::{one_line, printable};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// The Markdown that every form of a report understands.
pub(crate) const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS);

/// How Markdown from outside is to be read, by every form.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// The extensions.
    pub options: Options,
    /// The highest level of its headings: those above are ours.
    pub heading: u8,
}

/// How Markdown from outside is to be read.
#[must_use]
pub fn dialect() -> Dialect {
    Dialect {
        options: OPTIONS,
        heading: LEVEL,
    }
}

/// Headings from outside are at least of this level; ours are above.
pub(super) const LEVEL: u8 = 3;

/// How often a text is edited: what was HTML can become a heading.
const ROUNDS: usize = 4;

/// `text` as blocks of Markdown that end where they end, have no headings above level 3, no line across and
/// no HTML.
#[must_use]
pub fn block(text: &str) -> String {
    let text = printable(text);
    let mut text = text.trim_matches('\n').trim_end().to_owned();
    for _ in 0..ROUNDS {
        if is_contained(&text) {
            return text;
        }
        text = edited(&text);
    }
    match is_contained(&text) {
        true => text,
        false => fenced(&text),
    }
}

/// `text` in a block of code.
fn fenced(text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}text\n{text}\n{fence}")
}

/// `code` as code within a line.
pub(super) fn code(code: &str) -> String {
    let code = one_line(code, 1_000);
    let marks = "`".repeat(longest_run(&code) + 1);
    // One space at each end is taken off again.
    let is_edge = |c: char| c == '`' || c == ' ';
    match code.is_empty() || code.starts_with(is_edge) || code.ends_with(is_edge) {
        true => format!("{marks} {code} {marks}"),
        false => format!("{marks}{code}{marks}"),
    }
}

/// `text` as text within a line: as it is where it has no marks of Markdown, else each mark escaped.
pub(super) fn inline(text: &str) -> String {
    let words = text.trim_matches(' ');
    // As it would stand in a line of ours, at the beginning of one, and at the beginning of an item.
    let is_plain = words.is_empty()
        || ["", "x ", "- "].iter().all(|before| {
            let is_item = *before == "- ";
            let whole = format!("{before}{words}");
            let mut read = String::new();
            for event in Parser::new_ext(&whole, OPTIONS) {
                match event {
                    Event::Text(text) => read.push_str(&text),
                    Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
                    Event::Start(Tag::List(_) | Tag::Item) if is_item => {}
                    Event::End(TagEnd::List(_) | TagEnd::Item) if is_item => {}
                    _ => return false,
                }
            }
            read == if is_item { words } else { &whole }
        });
    // A mark that is alone here may find its other half in the next part of the line.
    const MARKS: [char; 8] = ['`', '*', '[', ']', '<', '~', '\\', '|'];
    if is_plain && !words.contains(MARKS) && has_inner_underscores(words) {
        return text.to_owned();
    }
    let has_meaning = |c: char| "\\`*_{}[]<>#+-=!|~&".contains(c);
    let escaped = text.chars().map(|c| match has_meaning(c) {
        true => format!("\\{c}"),
        false => c.to_string(),
    });
    let mut escaped: String = escaped.collect();
    // `1.` at the beginning is an item of a list.
    let digits = escaped.len()
        - escaped
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .len();
    if digits > 0 && escaped[digits..].starts_with(['.', ')']) {
        escaped.insert(digits, '\\');
    }
    escaped
}

/// Whether each underscore stands between letters or digits, where it means nothing.
fn has_inner_underscores(text: &str) -> bool {
    let parts: Vec<&str> = text.split('_').collect();
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    parts
        .windows(2)
        .all(|pair| is_word(pair[0].chars().next_back()) && is_word(pair[1].chars().next()))
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or(0)
}

/// Whether `text` ends where it ends, and cannot be taken for a part of ours.
fn is_contained(text: &str) -> bool {
    const NEXT: &str = "next part";
    let whole = format!("{text}\n\n# {NEXT}\n");
    let mut depth = 0_usize;
    let mut own = None;
    for (event, range) in Parser::new_ext(&whole, OPTIONS).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) if range.start > text.len() => {
                own = (depth == 0 && level == HeadingLevel::H1).then_some(());
            }
            Event::Start(Tag::Heading { level, .. }) if (level as u8) < LEVEL => return false,
            Event::Rule if !whole[range].starts_with('*') => return false,
            Event::Html(_) | Event::InlineHtml(_) => return false,
            Event::Text(text) | Event::Code(text) if *printable(&text) != *text => return false,
            _ => {}
        }
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    own.is_some()
}

/// One edit of a text.
type Edit = (Range<usize>, String);

fn edited(text: &str) -> String {
    let mut edits: Vec<Edit> = Vec::new();
    let down = LEVEL.saturating_sub(highest_heading(text).unwrap_or(LEVEL));
    for (event, range) in Parser::new_ext(text, OPTIONS).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                edits.extend(lower(text, range, level as u8, down));
            }
            Event::Rule => {
                let line = text[range.clone()].trim_end().len();
                edits.push((range.start..range.start + line, "* * *".to_owned()));
            }
            Event::Html(_) | Event::InlineHtml(_) => {
                edits.push((range.clone(), text[range].replace('<', "&lt;")));
            }
            Event::Text(shown) if *printable(&shown) != *shown => {
                edits.push((range, printable(&shown).into_owned()));
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) if range.end >= text.len() => {
                edits.extend(missing_fence(text, range));
            }
            _ => {}
        }
    }
    edits.sort_by_key(|(range, _)| range.start);
    let (mut out, mut at) = (String::with_capacity(text.len() + 16), 0);
    for (range, replacement) in edits {
        if range.start < at {
            continue;
        }
        out.push_str(&text[at..range.start]);
        out.push_str(&replacement);
        at = range.end;
    }
    out.push_str(&text[at..]);
    out
}

fn highest_heading(text: &str) -> Option<u8> {
    let levels = Parser::new_ext(text, OPTIONS).filter_map(|event| match event {
        Event::Start(Tag::Heading { level, .. }) => Some(level as u8),
        _ => None,
    });
    levels.min()
}

/// Moves a heading `down`; one that is underlined loses its line.
fn lower(text: &str, range: Range<usize>, level: u8, down: u8) -> Vec<Edit> {
    let marks = "#".repeat((level + down).min(6).into());
    let heading = text[range.clone()].trim_end();
    if heading.starts_with('#') {
        let old = heading.len() - heading.trim_start_matches('#').len();
        return vec![(range.start..range.start + old, marks)];
    }
    let Some(line) = heading.rfind('\n') else {
        return Vec::new();
    };
    let underline = heading[line..].find(['=', '-']).map(|at| line + at);
    let underline =
        underline.map(|at| (range.start + at..range.start + heading.len(), String::new()));
    // An ATX heading has one line.
    let is_one_line = heading.matches('\n').count() == 1;
    let start = is_one_line.then(|| (range.start..range.start, format!("{marks} ")));
    start.into_iter().chain(underline).collect()
}

/// The closing fence of a block of code that reaches to the end of the text, if it has none.
fn missing_fence(text: &str, range: Range<usize>) -> Option<Edit> {
    let block = &text[range];
    let mark = block.chars().next()?;
    let length = block.len() - block.trim_start_matches(mark).len();
    let last = block.lines().skip(1).last().map(str::trim);
    let is_closed =
        last.is_some_and(|line| line.len() >= length && line.chars().all(|c| c == mark));
    let fence = mark.to_string().repeat(length);
    (!is_closed).then(|| (text.len()..text.len(), format!("\n{fence}")))
}
