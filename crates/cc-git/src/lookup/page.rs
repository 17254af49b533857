//! One page of a longer output.

use cc_core::text::{head, human_bytes, printable};

/// The most bytes of a page. Claude Code puts more than some 50 kB into a file instead.
const PAGE: usize = 32 << 10;

/// The most bytes of one line; the rest is left out.
const LINE: usize = 2_000;

/// Reads the page that begins after the first lines of an output.
#[derive(Default)]
pub(super) struct PageReader {
    /// The lines before the page.
    skip: usize,
    /// The lines that ended so far.
    ended: usize,
    page: Vec<u8>,
    /// Bytes of the line that is being read.
    line: usize,
    cut: u64,
    is_binary: bool,
    has_more: bool,
}

impl PageReader {
    pub(super) fn new(skip: usize) -> Self {
        Self {
            skip,
            ..Self::default()
        }
    }

    /// Takes the next bytes; `false` once the page is full.
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.line == 0 && self.page.len() >= PAGE {
                self.has_more = true;
                return false;
            }
            self.add(piece);
            if self.is_binary {
                return false;
            }
        }
        true
    }

    /// Adds the next piece of a line.
    fn add(&mut self, piece: &[u8]) {
        let (text, ends) = match piece.strip_suffix(b"\n") {
            Some(text) => (text, true),
            None => (piece, false),
        };
        if self.ended >= self.skip {
            self.is_binary |= text.contains(&0);
            let kept = text.len().min(LINE.saturating_sub(self.line));
            self.page.extend_from_slice(&text[..kept]);
            self.cut += (text.len() - kept) as u64;
        }
        self.line += text.len();
        if !ends {
            return;
        }
        if self.ended >= self.skip {
            if self.cut > 0 {
                let note = format!(" [{} of this line left out]", human_bytes(self.cut));
                self.page.extend_from_slice(note.as_bytes());
            }
            self.page.push(b'\n');
        }
        (self.line, self.cut) = (0, 0);
        self.ended += 1;
    }

    /// The page, and what comes after it.
    pub(super) fn finish(self) -> String {
        if self.is_binary {
            return "[binary content]".to_owned();
        }
        let text = String::from_utf8_lossy(&self.page);
        let text = printable(head(&text, PAGE + 2 * LINE)).into_owned();
        match (self.has_more, text.is_empty()) {
            (true, _) => format!("{text}[more: call again with skip = {}]", self.ended),
            (false, true) if self.skip > 0 => format!("[nothing after line {}]", self.ended),
            (false, true) => "[nothing]".to_owned(),
            (false, false) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(output: &str, skip: usize) -> String {
        let mut reader = PageReader::new(skip);
        for bytes in output.as_bytes().chunks(1_000) {
            if !reader.push(bytes) {
                break;
            }
        }
        reader.finish()
    }

    /// Where the next page begins.
    fn next(page: &str) -> Option<usize> {
        let (_, more) = page.rsplit_once("skip = ")?;
        more.trim_end_matches(']').parse().ok()
    }

    #[test]
    fn the_pages_together_are_the_output() {
        let output: String = (0..20_000).map(|line| format!("line {line}\n")).collect();
        let (mut all, mut skip) = (String::new(), Some(0));
        while let Some(lines) = skip {
            let page = read(&output, lines);
            assert!(page.len() <= PAGE + LINE + 100, "{}", page.len());
            skip = next(&page);
            all.push_str(page.split("[more").next().unwrap());
        }
        assert_eq!(all, output);
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        let page = read(&format!("{}\nnext\n", "x".repeat(1_000_000)), 0);
        assert!(page.len() < LINE + 100, "{}", page.len());
        assert!(page.contains("of this line left out]\nnext\n"), "{page}");
        let page = read(&"x".repeat(1_000_000), 0);
        assert!(page.len() < LINE + 100, "{}", page.len());
    }

    #[test]
    fn binary_content_and_controls_are_not_shown() {
        assert_eq!(read("a\nb\0c", 0), "[binary content]");
        assert!(!read("\u{1b}[31mred\u{202e}\n", 0).contains('\u{1b}'));
    }

    #[test]
    fn an_empty_page_says_so() {
        assert_eq!(read("", 0), "[nothing]");
        assert_eq!(read("a\nb\n", 7), "[nothing after line 2]");
    }
}
