//! A report at a terminal: wrapped, with colours by severity and places that can be clicked.

mod blocks;
mod paint;

use std::path::Path;

use cc_git::Excerpt;
use cc_workflows::report::{Line, Report, Span};
use cc_workflows::review::{Finding, LocatedFinding, Location, Severity};

use super::code::Code;
use blocks::Blocks;
use paint::{
    BOLD, CODE, DIM, FAINT, Face, GOOD, HIT, NUMBER, Piece, WARN, bold, of_severity, rule,
};

pub(crate) use paint::Look;

/// The report as lines for a terminal, each with its end.
pub(crate) fn report(report: &Report, look: &Look) -> String {
    let mut page = Page {
        look,
        out: String::new(),
    };
    if !report.title.is_empty() {
        page.line(0, &faced(&report.title, BOLD));
    }
    page.verdict(report);
    for note in report.notes.iter() {
        page.paragraph(0, &faced(note, WARN));
    }
    page.list("Not reviewed", &report.not_reviewed, WARN);
    page.list("Warnings", &report.warnings, WARN);
    page.foreign(0, &report.answer);
    for (number, located) in (1..).zip(report.findings.iter().flatten()) {
        page.finding(number, located);
    }
    if report.findings.as_ref().is_some_and(Vec::is_empty) {
        page.paragraph(0, &[Piece::new(GOOD, "No findings.")]);
    }
    for section in &report.sections {
        page.list(&section.title.plain(), &section.items, BOLD);
    }
    if !report.next_steps.is_empty() {
        page.paragraph(0, &[Piece::new(BOLD, "Next steps")]);
        for (number, step) in (1..).zip(&report.next_steps) {
            let mark = format!("{number:>3}. ");
            page.item(&mark, &faced(step, Face::default()));
        }
    }
    for remark in &report.remarks {
        page.paragraph(0, &faced(remark, Face::default()));
    }
    page.gap();
    page.out.push_str(&rule(look));
    let last = report.reviewed.iter().chain([&report.footer]);
    for line in last.chain(&report.continuation) {
        page.line(0, &faced(line, DIM));
    }
    page.out
}

/// What there is of a job without a report, as lines for a terminal: how it ended, what Claude had written, and how
/// to continue.
pub(crate) fn unfinished(
    outcome: &[String],
    partial: Option<&str>,
    last: &[Line],
    look: &Look,
) -> String {
    let mut page = Page {
        look,
        out: String::new(),
    };
    for line in outcome {
        page.line(0, &[Piece::new(Face::default(), line)]);
    }
    if let Some(partial) = partial {
        page.paragraph(0, &[Piece::new(BOLD, "Partial output")]);
        page.foreign(0, partial);
    }
    if !last.is_empty() {
        page.gap();
        page.out.push_str(&rule(look));
    }
    for line in last {
        page.line(0, &faced(line, DIM));
    }
    page.out
}

struct Page<'a> {
    look: &'a Look,
    out: String,
}

impl Page<'_> {
    /// An empty line, unless there is one.
    fn gap(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// A line, wrapped.
    fn line(&mut self, indent: usize, pieces: &[Piece]) {
        let width = self.look.width.saturating_sub(indent).max(20);
        for line in self.look.wrapped(pieces, width) {
            self.push(indent, &line);
        }
    }

    fn push(&mut self, indent: usize, line: &str) {
        if !line.is_empty() {
            self.out.push_str(&" ".repeat(indent));
            self.out.push_str(line);
        }
        self.out.push('\n');
    }

    fn paragraph(&mut self, indent: usize, pieces: &[Piece]) {
        self.gap();
        self.line(indent, pieces);
    }

    fn item(&mut self, mark: &str, pieces: &[Piece]) {
        let width = self.look.width.saturating_sub(mark.len()).max(20);
        for (number, line) in self.look.wrapped(pieces, width).iter().enumerate() {
            let lead = if number == 0 {
                mark.to_owned()
            } else {
                " ".repeat(mark.len())
            };
            self.out.push_str(&format!("{lead}{line}\n"));
        }
    }

    fn list(&mut self, title: &str, items: &[Line], face: Face) {
        if items.is_empty() {
            return;
        }
        self.paragraph(0, &[Piece::new(bold(face), title)]);
        for item in items {
            self.item("  - ", &faced(item, Face::default()));
        }
    }

    /// Markdown from outside.
    fn foreign(&mut self, indent: usize, markdown: &str) {
        let width = self.look.width.saturating_sub(indent).max(20);
        let lines = Blocks::render(markdown, width, self.look);
        if lines.is_empty() {
            return;
        }
        self.gap();
        for line in lines {
            self.push(indent, &line);
        }
    }

    fn verdict(&mut self, report: &Report) {
        let Some(verdict) = report.verdict else {
            return;
        };
        let face = bold(if verdict.is_good() {
            GOOD
        } else {
            of_severity(Severity::High)
        });
        let mut pieces = vec![Piece::new(face, &format!("Verdict: {}", verdict.words()))];
        for (severity, count) in report.counts() {
            let text = format!("{count} {}", severity.word());
            pieces.push(Piece::new(DIM, " · "));
            pieces.push(Piece::new(of_severity(severity), &text));
        }
        self.paragraph(0, &pieces);
    }

    fn finding(&mut self, number: usize, located: &LocatedFinding) {
        const INDENT: usize = 3;
        let LocatedFinding {
            finding,
            location,
            excerpt,
        } = located;
        let face = of_severity(finding.severity);
        let label = format!("{number}. {}", finding.severity.label());
        let mut pieces = vec![Piece::new(bold(face), &label), Piece::new(face, ": ")];
        pieces.extend(faced(&Line::foreign(&finding.title), BOLD));
        self.gap();
        self.line(0, &pieces);
        let mut place = self.look.place(finding, *location);
        place.push(Piece::new(
            DIM,
            &format!(" · {}% confident", finding.percent()),
        ));
        if let Some(warning) = location.warning() {
            place.push(Piece::new(WARN, &format!(" · {warning}")));
        }
        self.line(INDENT, &place);
        if let Some(excerpt) = excerpt {
            self.gap();
            self.excerpt(INDENT, finding, excerpt);
        }
        self.foreign(INDENT, &finding.body);
        if !finding.recommendation.trim().is_empty() {
            self.paragraph(INDENT, &[Piece::new(bold(GOOD), "Fix")]);
            self.foreign_below(INDENT, &finding.recommendation);
        }
    }

    fn foreign_below(&mut self, indent: usize, markdown: &str) {
        let width = self.look.width.saturating_sub(indent).max(20);
        for line in Blocks::render(markdown, width, self.look) {
            self.push(indent, &line);
        }
    }

    /// The lines that it is about, cut at the width.
    fn excerpt(&mut self, indent: usize, finding: &Finding, excerpt: &Excerpt) {
        let mut code = Code::of(&finding.file);
        let last = finding.line_end.max(finding.line_start);
        let digits = (excerpt.first + excerpt.lines.len() as u64)
            .to_string()
            .len();
        for (number, text) in (excerpt.first..).zip(&excerpt.lines) {
            let is_hit = (finding.line_start..=last).contains(&number);
            let (mark, face) = if is_hit { (">", HIT) } else { (" ", FAINT) };
            let mut pieces = vec![
                Piece::new(face, mark),
                Piece::new(
                    if is_hit { HIT } else { NUMBER },
                    &format!(" {number:>digits$} "),
                ),
                Piece::new(FAINT, "| "),
            ];
            pieces.extend(blocks::highlighted(&mut code, text));
            let width = self.look.width.saturating_sub(indent).max(20);
            let line = self.look.cut(&pieces, width);
            self.push(indent, &line);
        }
    }
}

impl Look {
    /// The place of a finding, with a link to its file.
    fn place(&self, finding: &Finding, location: Location) -> Vec<Piece> {
        let link = (location == Location::Found)
            .then(|| self.link(Path::new(&finding.file)))
            .flatten();
        vec![Piece {
            link,
            ..Piece::new(CODE, &finding.place())
        }]
    }
}

/// A line of a report.
fn faced(line: &Line, face: Face) -> Vec<Piece> {
    let pieces = line.spans().iter().map(|span| match span {
        Span::Text(text) => Piece::new(face, text),
        Span::Code(code) => Piece::new(if face.is_plain() { CODE } else { face }, code),
    });
    pieces.collect()
}

#[cfg(test)]
mod tests;
