//! Text from elsewhere, made bounded and harmless to print.

use std::borrow::Cow;

/// The longest beginning of `text` of at most `limit` bytes that ends between characters.
pub fn head(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// The longest end of `text` of at most `limit` bytes that begins between characters.
pub fn tail(text: &str, limit: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(limit))..]
}

/// Whether a character can control a terminal or reorder what people read: controls other than
/// newline and tab, and the marks, overrides and isolates of bidirectional text.
fn is_unprintable(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` without characters that can control a terminal, each shown as `�`; `\r\n` becomes `\n`.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    Cow::Owned(
        text.chars()
            .map(|c| if is_unprintable(c) { '\u{fffd}' } else { c })
            .collect(),
    )
}

/// `text` as one printable line of at most `limit` characters, runs of white space as one space,
/// an ellipsis where it was cut.
pub fn one_line(text: &str, limit: usize) -> String {
    // A bounded look is enough: what lies further back cannot be shown.
    let words = head(text, limit.saturating_mul(8).max(64)).split_whitespace();
    let folded = words.collect::<Vec<_>>().join(" ");
    let folded = printable(&folded);
    let mut line: String = folded.chars().take(limit).collect();
    if folded.chars().nth(limit).is_some() {
        line.pop();
        line.push('…');
    }
    line
}

/// The first line of Markdown `text` that is not empty, as one line of at most `limit` characters, without
/// the marks of headings and emphasis.
pub fn first_line(text: &str, limit: usize) -> String {
    let mut lines = text
        .lines()
        .map(|line| line.trim_matches(['#', ' ', '*', '\t']));
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    // What stands in backticks is code: `src/**/*.rs`.
    let parts = line.split('`').enumerate();
    let parts = parts.map(|(at, part)| match at % 2 {
        0 => part.replace("**", ""),
        _ => part.to_owned(),
    });
    one_line(&parts.collect::<Vec<_>>().join("`"), limit)
}

/// The last bytes of a stream that may never end.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    bytes: Vec<u8>,
    limit: usize,
    cut: bool,
}

impl Tail {
    /// Keeps the last `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
            cut: false,
        }
    }

    /// Takes in the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let keep = &bytes[bytes.len().saturating_sub(self.limit)..];
        self.bytes.extend_from_slice(keep);
        self.cut |= keep.len() < bytes.len();
        // Cutting at twice the limit moves each byte once, not once a push.
        if self.bytes.len() > 2 * self.limit {
            self.trim();
        }
    }

    /// The kept bytes as text, broken characters replaced.
    pub fn text(&mut self) -> Cow<'_, str> {
        self.trim();
        String::from_utf8_lossy(&self.bytes)
    }

    /// Whether earlier bytes were dropped.
    pub fn was_cut(&mut self) -> bool {
        self.trim();
        self.cut
    }

    fn trim(&mut self) {
        let excess = self.bytes.len().saturating_sub(self.limit);
        if excess > 0 {
            self.bytes.drain(..excess);
            self.cut = true;
        }
    }
}

/// A count of bytes as people read it: `812 B`, `14 kB`, `2.1 MB`.
pub fn human_bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// A large count as people read it: `812`, `14.2k`, `2.1M`.
pub fn human_count(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => format!("{:.1}k", number as f64 / 1e3),
        _ => format!("{:.1}M", number as f64 / 1e6),
    }
}

/// A count with its noun: `1 file`, `3 files`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Text as one word of a shell's command line, quoted where needed.
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    match cfg!(windows) {
        true => format!("\"{text}\""),
        // Codex's exec rules do not match a command with a backslash outside of quotes.
        false => format!("'{}'", text.replace('\'', r#"'"'"'"#)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_fall_between_characters() {
        assert_eq!(head("aé", 2), "a");
        assert_eq!(head("aé", 3), "aé");
        assert_eq!(tail("éa", 2), "a");
        assert_eq!(tail("éa", 9), "éa");
    }

    #[test]
    #[cfg(unix)]
    fn a_shell_takes_it_for_one_word() {
        for text in [
            "/home/dev/my-repo_1.x",
            "/tmp/a b",
            "it's",
            "$HOME `x`\n;",
            "",
            "~",
            "ü",
        ] {
            let script = format!("printf %s {}", shell_word(text));
            let printed = std::process::Command::new("sh")
                .args(["-c", &script])
                .output();
            assert_eq!(printed.unwrap().stdout, text.as_bytes(), "{script}");
        }
        assert_eq!(shell_word("/home/dev"), "/home/dev");
    }

    #[test]
    fn printable_text_cannot_control_a_terminal() {
        assert_eq!(printable("a\tb\nc"), "a\tb\nc");
        assert_eq!(
            printable("\x1b[2J\u{202e}x\r\ny\r"),
            "\u{fffd}[2J\u{fffd}x\ny\u{fffd}"
        );
    }

    #[test]
    fn one_line_folds_and_cuts() {
        assert_eq!(one_line("  a\n\tb  ", 10), "a b");
        assert_eq!(one_line("abcdef", 6), "abcdef");
        assert_eq!(one_line("abcdefg", 6), "abcde…");
        assert_eq!(one_line(&"é".repeat(1_000_000), 3), "éé…");
    }

    #[test]
    fn the_first_line_is_taken_without_its_marks() {
        assert_eq!(first_line("\n## **Verdict**\nmore", 20), "Verdict");
        assert_eq!(first_line("\n \n", 20), "");
        assert_eq!(first_line("**No:** it **breaks**.", 40), "No: it breaks.");
        let code = "**Only** `src/**/*.rs`";
        assert_eq!(first_line(code, 40), "Only `src/**/*.rs`");
    }

    #[test]
    fn a_tail_keeps_the_end() {
        let mut tail = Tail::new(4);
        tail.push(b"ab");
        assert!(!tail.was_cut());
        tail.push(b"cdefghijk");
        tail.push(b"l");
        assert_eq!(tail.text(), "ijkl");
        assert!(tail.was_cut());
    }

    proptest::proptest! {
        #[test]
        fn a_tail_is_the_end_of_all_that_was_pushed(parts: Vec<Vec<u8>>, limit in 0usize..20) {
            let mut tail = Tail::new(limit);
            parts.iter().for_each(|part| tail.push(part));
            let all = parts.concat();
            let end = &all[all.len().saturating_sub(limit)..];
            assert_eq!(tail.text(), String::from_utf8_lossy(end));
            assert_eq!(tail.was_cut(), all.len() > limit);
        }
    }
}
