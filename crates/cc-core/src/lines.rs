//! Line endings of text, which other programs rewrite.

/// The byte order mark.
const MARK: char = '\u{feff}';

/// `after` with the line endings of `before`, line by line, also at the end of the text.
///
/// Codex rewrites `config.toml` with `\n`. New lines get the ending that most lines had. A byte order
/// mark, which editors on Windows write, stays too.
#[must_use]
pub fn keep_endings(before: &str, after: &str) -> String {
    if let (Some(before), false) = (before.strip_prefix(MARK), after.starts_with(MARK)) {
        return format!("{MARK}{}", keep_endings(before, after));
    }
    let crlf = before.matches("\r\n").count();
    let usual = if crlf * 2 > before.matches('\n').count() {
        "\r\n"
    } else {
        "\n"
    };
    let old: Vec<(&str, &str)> = before.split_inclusive('\n').map(split_ending).collect();
    let mut from = 0;
    let mut text = String::with_capacity(after.len() + crlf);
    let mut lines = after.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let (line, ending) = split_ending(line);
        text.push_str(line);
        let known = old[from..].iter().position(|(known, _)| *known == line);
        let known = known.map(|step| {
            from += step + 1;
            (from, old[from - 1].1)
        });
        text.push_str(match known {
            // A last line without an ending stays so only if it is still the last one.
            Some((at, "")) if at == old.len() && lines.peek().is_none() => "",
            Some((_, known)) if !ending.is_empty() && !known.is_empty() => known,
            _ if ending.is_empty() => "",
            _ => usual,
        });
    }
    text
}

/// A text with `\n` only.
#[must_use]
pub fn unix(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn split_ending(line: &str) -> (&str, &str) {
    let bare = line.strip_suffix('\n').unwrap_or(line);
    let bare = bare.strip_suffix('\r').unwrap_or(bare);
    line.split_at(bare.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_follow_their_lines() {
        let check = |before: &str, after: &str, expect: &str| {
            assert_eq!(
                keep_endings(before, after),
                expect,
                "{before:?} -> {after:?}"
            );
        };
        check("a\r\nb\r\n", "a\nnew\nb\n", "a\r\nnew\r\nb\r\n");
        check("a\nb\r\nc\n", "a\nb\nc\nnew\n", "a\nb\r\nc\nnew\n");
        check("a\r\nb", "a\nb\n", "a\r\nb");
        check("a\r\nb", "a\nb\nnew\n", "a\r\nb\r\nnew\r\n");
        check("", "new\n", "new\n");
        check("a\n\n", "a\n\n", "a\n\n");
        check("\u{feff}a\r\n", "a\nb\n", "\u{feff}a\r\nb\r\n");
        check("\u{feff}a\n", "\u{feff}a\n", "\u{feff}a\n");
    }

    proptest::proptest! {
        #[test]
        fn a_rewrite_with_other_endings_is_undone(lines in proptest::collection::vec("[a-c]{0,2}", 0..6), ends in proptest::collection::vec(proptest::bool::ANY, 6), open: bool) {
            let mut before: String = lines.iter().zip(ends).map(|(line, crlf)| line.clone() + if crlf { "\r\n" } else { "\n" }).collect();
            if open {
                before.push('z');
            }
            let mut rewritten = unix(&before);
            assert_eq!(keep_endings(&before, &rewritten), before);
            if open {
                rewritten.push('\n');
                assert_eq!(keep_endings(&before, &rewritten), before);
            }
        }
    }
}
