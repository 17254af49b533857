//! Markdown from outside as lines of a terminal.

use cc_workflows::report::dialect;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use super::paint::{
    ADDED, BOLD, CODE, COMMENT, DIM, FAINT, Face, HUNK, ITALIC, KEYWORD, LINK, Look, Piece,
    REMOVED, STRING, STRUCK, VALUE, bold,
};
use crate::render::code::{Code, DiffLine, Kind, is_diff};

/// The lines so far, and where we are.
pub(super) struct Blocks<'a> {
    look: &'a Look,
    width: usize,
    lines: Vec<String>,
    /// The line that is being read.
    line: Vec<Piece>,
    faces: Vec<Face>,
    links: Vec<Option<String>>,
    /// What stands before each line: of quotes and lists.
    lead: Vec<Lead>,
    /// The block of code that is open, with its language.
    code: Option<(String, String)>,
    table: Option<Table>,
}

/// What stands before the lines of a quote or of an item.
struct Lead {
    first: String,
    rest: String,
    /// Whether the first line was written.
    begun: bool,
    /// The number of the next item of an ordered list.
    next: Option<u64>,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
}

impl<'a> Blocks<'a> {
    /// Markdown as lines of at most `width` columns, without their ends.
    pub(super) fn render(markdown: &str, width: usize, look: &'a Look) -> Vec<String> {
        let mut blocks = Self {
            look,
            width,
            lines: Vec::new(),
            line: Vec::new(),
            faces: Vec::new(),
            links: Vec::new(),
            lead: Vec::new(),
            code: None,
            table: None,
        };
        for event in Parser::new_ext(markdown, dialect().options) {
            blocks.event(event);
        }
        blocks.end_line();
        while blocks.lines.last().is_some_and(String::is_empty) {
            blocks.lines.pop();
        }
        blocks.lines
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => match &mut self.code
            {
                Some((_, code)) => code.push_str(&text),
                None => self.push(self.face(), &text),
            },
            Event::Code(code) => self.push(CODE, &code),
            Event::SoftBreak => self.push(self.face(), " "),
            Event::HardBreak => self.end_line(),
            Event::Rule => {
                self.end_line();
                let dashes = "╌".repeat(self.inner().min(40));
                self.write(&[Piece::new(FAINT, &dashes)]);
                self.gap();
            }
            Event::TaskListMarker(done) => self.push(DIM, if done { "[x] " } else { "[ ] " }),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => {
                self.end_line();
                self.gap();
                self.faces.push(BOLD);
            }
            Tag::BlockQuote(_) => {
                self.end_line();
                let bar = "│ ".to_owned();
                self.lead.push(Lead::new(bar.clone(), bar));
            }
            Tag::List(start) => {
                self.end_line();
                self.lead.push(Lead {
                    next: start,
                    ..Lead::new(String::new(), String::new())
                });
            }
            Tag::Item => {
                self.end_line();
                let list = self.lead.last_mut();
                let mark = match list.and_then(|list| list.next.as_mut()) {
                    Some(number) => {
                        *number = number.saturating_add(1);
                        format!("{}. ", *number - 1)
                    }
                    None => "• ".to_owned(),
                };
                let rest = " ".repeat(mark.chars().count());
                self.lead.push(Lead::new(mark, rest));
            }
            Tag::CodeBlock(kind) => {
                self.end_line();
                let language = match &kind {
                    CodeBlockKind::Fenced(info) => info.split([' ', ',']).next().unwrap_or(""),
                    CodeBlockKind::Indented => "",
                };
                self.code = Some((language.to_owned(), String::new()));
            }
            Tag::Emphasis => self.faces.push(ITALIC),
            Tag::Strong => self.faces.push(bold(self.face())),
            Tag::Strikethrough => self.faces.push(STRUCK),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                let is_web = dest_url.starts_with("https://") || dest_url.starts_with("http://");
                let is_clean = dest_url.bytes().all(|byte| byte.is_ascii_graphic());
                self.links
                    .push((is_web && is_clean).then(|| dest_url.to_string()));
                self.faces.push(LINK);
            }
            Tag::Table(_) => {
                self.end_line();
                self.table = Some(Table::default());
            }
            Tag::TableRow | Tag::TableHead => {
                if let Some(table) = &mut self.table {
                    table.rows.push(Vec::new());
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => {
                self.end_line();
                self.gap();
            }
            TagEnd::Heading(_) => {
                self.end_line();
                self.faces.pop();
            }
            TagEnd::BlockQuote(_) => {
                self.end_line();
                self.drop_gap();
                self.lead.pop();
                self.gap();
            }
            TagEnd::Item => {
                self.end_line();
                self.drop_gap();
                self.lead.pop();
            }
            TagEnd::List(_) => {
                self.lead.pop();
                self.gap();
            }
            TagEnd::CodeBlock => {
                if let Some((language, code)) = self.code.take() {
                    self.block(&language, &code);
                }
                self.gap();
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.faces.pop();
            }
            TagEnd::Link | TagEnd::Image => {
                self.faces.pop();
                // A terminal that knows no links still shows where it leads.
                if let Some(Some(url)) = self.links.pop() {
                    let shown = self.line.last().is_some_and(|last| last.text == url);
                    if !shown {
                        self.push(DIM, &format!(" ({url})"));
                    }
                }
            }
            TagEnd::TableCell => {
                let cell: String = self.line.drain(..).map(|piece| piece.text).collect();
                if let Some(row) = self.table.as_mut().and_then(|table| table.rows.last_mut()) {
                    row.push(cell);
                }
            }
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.table(&table);
                }
                self.gap();
            }
            _ => {}
        }
    }

    fn face(&self) -> Face {
        self.faces.last().copied().unwrap_or_default()
    }

    fn push(&mut self, face: Face, text: &str) {
        self.line.push(Piece::new(face, text));
    }

    /// The columns that are left beside what stands before the line.
    fn inner(&self) -> usize {
        let lead: usize = self.lead.iter().map(|lead| lead.rest.chars().count()).sum();
        self.width.saturating_sub(lead).max(10)
    }

    fn end_line(&mut self) {
        if self.line.is_empty() {
            return;
        }
        let line = std::mem::take(&mut self.line);
        for line in self.look.wrapped(&line, self.inner()) {
            self.write_painted(&line);
        }
    }

    fn write(&mut self, pieces: &[Piece]) {
        let line = self.look.cut(pieces, self.inner());
        self.write_painted(&line);
    }

    fn write_painted(&mut self, line: &str) {
        let mut lead = String::new();
        for part in &mut self.lead {
            lead.push_str(if part.begun { &part.rest } else { &part.first });
            part.begun = true;
        }
        let lead = self.look.painted(&[Piece::new(DIM, &lead)]);
        let line = if lead.is_empty() {
            line.to_owned()
        } else {
            format!("{lead}{line}")
        };
        self.lines.push(line.trim_end().to_owned());
    }

    /// An empty line, unless there is one.
    fn gap(&mut self) {
        if self.lines.last().is_some_and(|last| !last.is_empty()) {
            self.lines.push(String::new());
        }
    }

    fn drop_gap(&mut self) {
        if self.lines.last().is_some_and(String::is_empty) {
            self.lines.pop();
        }
    }

    /// A block of code: a diff, or highlighted; cut at the width.
    fn block(&mut self, language: &str, text: &str) {
        let as_diff = is_diff(language, text);
        let mut code = Code::of(language);
        for line in text.trim_end_matches('\n').split('\n') {
            let mut pieces = vec![Piece::new(FAINT, "  ")];
            match as_diff {
                true => pieces.push(Piece::new(of_diff(DiffLine::of(line)), &tabs(line))),
                false => pieces.extend(highlighted(&mut code, line)),
            }
            for line in self.look.wrapped_code(&pieces, self.inner()) {
                self.write_painted(&line);
            }
        }
    }

    fn table(&mut self, table: &Table) {
        let columns = table.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = table.rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell| textwrap::core::display_width(cell))
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let all: usize = widths.iter().map(|width| width + 3).sum();
        for (number, row) in table.rows.iter().enumerate() {
            let face = if number == 0 { BOLD } else { Face::default() };
            if all <= self.inner() + 3 {
                let cells = row.iter().zip(&widths).map(|(cell, width)| {
                    let padding = width.saturating_sub(textwrap::core::display_width(cell));
                    format!("{cell}{}", " ".repeat(padding))
                });
                let line = cells.collect::<Vec<_>>().join(" │ ");
                self.write(&[Piece::new(face, &line)]);
            } else {
                // Too wide: a row becomes a line of its own.
                for line in self
                    .look
                    .wrapped(&[Piece::new(face, &row.join(" │ "))], self.inner())
                {
                    self.write_painted(&line);
                }
            }
        }
    }
}

impl Lead {
    fn new(first: String, rest: String) -> Self {
        Self {
            first,
            rest,
            begun: false,
            next: None,
        }
    }
}

impl Look {
    /// Code as lines of at most `width` columns, broken anywhere: nothing of it is lost.
    fn wrapped_code(&self, pieces: &[Piece], width: usize) -> Vec<String> {
        let solid: Vec<Piece> = pieces
            .iter()
            .map(|piece| Piece {
                // A space that is no place to break a line.
                text: piece.text.replace(' ', "\u{a0}"),
                ..piece.clone()
            })
            .collect();
        let lines = self.wrapped(&solid, width).into_iter();
        let lines: Vec<String> = lines.map(|line| line.replace('\u{a0}', " ")).collect();
        if lines.is_empty() {
            vec![String::new()]
        } else {
            lines
        }
    }
}

fn of_diff(line: DiffLine) -> Face {
    match line {
        DiffLine::Added => ADDED,
        DiffLine::Removed => REMOVED,
        DiffLine::Hunk => HUNK,
        DiffLine::Context => Face::default(),
    }
}

fn tabs(line: &str) -> String {
    line.replace('\t', "    ")
}

/// A line of code.
pub(super) fn highlighted(code: &mut Code, line: &str) -> Vec<Piece> {
    let pieces = code.line(line).into_iter().map(|(kind, text)| {
        let face = match kind {
            Kind::Plain => Face::default(),
            Kind::Comment => COMMENT,
            Kind::Text => STRING,
            Kind::Number => VALUE,
            Kind::Keyword => KEYWORD,
        };
        Piece::new(face, &tabs(text))
    });
    pieces.collect()
}
