//! Colours, links and widths of a terminal.

use std::path::{Path, PathBuf};

use cc_core::text::printable;
use cc_workflows::review::Severity;
use textwrap::core::display_width;

/// How a terminal shows things.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// Its width, in columns.
    pub(crate) width: usize,
    /// Whether it shows colours.
    pub(crate) colour: bool,
    /// The directory that files lie in, if they can be clicked.
    pub(crate) links: Option<PathBuf>,
}

/// Colour and weight: the parameters of an SGR sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Face(&'static [u8]);

impl Face {
    pub(super) fn is_plain(self) -> bool {
        self.0.is_empty()
    }
}

pub(super) const BOLD: Face = Face(&[1]);
pub(super) const ITALIC: Face = Face(&[3]);
pub(super) const STRUCK: Face = Face(&[9]);
pub(super) const DIM: Face = Face(&[2]);
pub(super) const FAINT: Face = Face(&[2]);
pub(super) const CODE: Face = Face(&[36]);
pub(super) const LINK: Face = Face(&[4]);
pub(super) const GOOD: Face = Face(&[32]);
pub(super) const WARN: Face = Face(&[33]);
pub(super) const NUMBER: Face = Face(&[2]);
pub(super) const HIT: Face = Face(&[33, 1]);
pub(super) const ADDED: Face = Face(&[32]);
pub(super) const REMOVED: Face = Face(&[31]);
pub(super) const HUNK: Face = Face(&[36]);
pub(super) const COMMENT: Face = Face(&[2]);
pub(super) const STRING: Face = Face(&[32]);
pub(super) const VALUE: Face = Face(&[36]);
pub(super) const KEYWORD: Face = Face(&[35]);

/// The face of a severity.
pub(super) fn of_severity(severity: Severity) -> Face {
    match severity {
        Severity::Critical => Face(&[35, 1]),
        Severity::High => Face(&[31]),
        Severity::Medium => Face(&[33]),
        Severity::Low => Face(&[34]),
    }
}

/// A face in bold.
pub(super) fn bold(face: Face) -> Face {
    match face.0 {
        [31] => Face(&[31, 1]),
        [32] => Face(&[32, 1]),
        [33] => Face(&[33, 1]),
        [34] => Face(&[34, 1]),
        [] => BOLD,
        _ => face,
    }
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) face: Face,
    /// Printable.
    pub(super) text: String,
    pub(super) link: Option<String>,
}

impl Piece {
    /// Text on one line; what could control the terminal is taken out.
    pub(super) fn new(face: Face, text: &str) -> Self {
        Self {
            face,
            text: printable(text).replace(['\n', '\t'], " "),
            link: None,
        }
    }
}

/// A line across.
pub(super) fn rule(look: &Look) -> String {
    let line = Piece::new(FAINT, &"─".repeat(look.width.min(80)));
    format!("{}\n", look.painted(&[line]))
}

impl Look {
    /// The address of a file below the directory.
    pub(super) fn link(&self, file: &Path) -> Option<String> {
        let path = self.links.as_ref()?.join(file);
        let path = path.to_str()?.replace(std::path::MAIN_SEPARATOR, "/");
        let escaped = path.bytes().map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        });
        // Before the letter of a drive stands the empty host's slash.
        let root = if path.starts_with('/') { "" } else { "/" };
        Some(format!("file://{root}{}", escaped.collect::<String>()))
    }

    /// The pieces of one line with their colours.
    pub(super) fn painted(&self, pieces: &[Piece]) -> String {
        let mut out = String::new();
        for piece in pieces.iter().filter(|piece| !piece.text.is_empty()) {
            let numbers: Vec<String> = piece.face.0.iter().map(u8::to_string).collect();
            let is_painted = self.colour && !numbers.is_empty();
            if let Some(link) = &piece.link {
                out.push_str(&format!("\x1b]8;;{link}\x1b\\"));
            }
            match is_painted {
                true => out.push_str(&format!("\x1b[{}m{}\x1b[0m", numbers.join(";"), piece.text)),
                false => out.push_str(&piece.text),
            }
            if piece.link.is_some() {
                out.push_str("\x1b]8;;\x1b\\");
            }
        }
        out
    }

    /// The pieces as lines of at most `width` columns, broken between words where that is possible.
    pub(super) fn wrapped(&self, pieces: &[Piece], width: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let (mut line, mut used): (Vec<Piece>, usize) = (Vec::new(), 0);
        for word in words(pieces) {
            let space = word.iter().all(|piece| piece.text == " ");
            let long: usize = word.iter().map(|piece| display_width(&piece.text)).sum();
            if used + long <= width {
                if !(space && used == 0) {
                    used += long;
                    line.extend(word);
                }
                continue;
            }
            if used > 0 {
                trim(&mut line);
                lines.push(self.painted(&line));
                line.clear();
                used = 0;
            }
            if space {
                continue;
            }
            for piece in word {
                for c in piece.text.chars() {
                    let wide = display_width(c.encode_utf8(&mut [0; 4]));
                    if used + wide > width && used > 0 {
                        lines.push(self.painted(&line));
                        line.clear();
                        used = 0;
                    }
                    used += wide;
                    match line.last_mut() {
                        Some(last) if last.face == piece.face && last.link == piece.link => {
                            last.text.push(c)
                        }
                        _ => line.push(Piece {
                            text: c.to_string(),
                            ..piece.clone()
                        }),
                    }
                }
            }
        }
        trim(&mut line);
        if !line.is_empty() {
            lines.push(self.painted(&line));
        }
        lines
    }

    /// The pieces as one line, cut at `width` columns.
    pub(super) fn cut(&self, pieces: &[Piece], width: usize) -> String {
        let all: usize = pieces.iter().map(|piece| display_width(&piece.text)).sum();
        if all <= width {
            let mut pieces = pieces.to_vec();
            trim(&mut pieces);
            return self.painted(&pieces);
        }
        let mut left = width.saturating_sub(1);
        let mut kept = Vec::new();
        for piece in pieces {
            let mut text = String::new();
            for c in piece.text.chars() {
                let wide = display_width(c.encode_utf8(&mut [0; 4]));
                if wide > left {
                    left = 0;
                    break;
                }
                left -= wide;
                text.push(c);
            }
            kept.push(Piece {
                text,
                ..piece.clone()
            });
            if left == 0 {
                break;
            }
        }
        kept.push(Piece::new(FAINT, "…"));
        self.painted(&kept)
    }
}

/// Takes the white space at the end of a line away.
fn trim(line: &mut Vec<Piece>) {
    while line
        .last()
        .is_some_and(|piece| piece.text.trim_end().is_empty())
    {
        line.pop();
    }
}

/// The words of a line, each of one or more pieces, and the spaces between them.
fn words(pieces: &[Piece]) -> Vec<Vec<Piece>> {
    let mut words: Vec<Vec<Piece>> = Vec::new();
    let mut joins = false;
    for piece in pieces {
        for part in piece.text.split_inclusive(' ') {
            let (word, space) = match part.strip_suffix(' ') {
                Some(word) => (word, true),
                None => (part, false),
            };
            if !word.is_empty() {
                let piece = Piece {
                    text: word.to_owned(),
                    ..piece.clone()
                };
                match words.last_mut() {
                    Some(last) if joins => last.push(piece),
                    _ => words.push(vec![piece]),
                }
                joins = true;
            }
            if space {
                let piece = Piece {
                    text: " ".to_owned(),
                    ..piece.clone()
                };
                words.push(vec![piece]);
                joins = false;
            }
        }
    }
    words
}
