//! A report as Markdown: headings of level 1 and 2 and the one `---` are ours, and what stands below it.

use std::fmt::Write;

use super::foreign::{block, code, inline};
use super::{Line, Report, Span};
use crate::review::findings::LocatedFinding;

impl Report {
    /// The report as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        if !self.title.is_empty() {
            part(&mut out, &format!("# {}", markdown(&self.title)));
        }
        if let Some(verdict) = self.verdict {
            part(&mut out, &format!("**Verdict: {}**", verdict.words()));
        }
        for note in &self.notes {
            part(&mut out, &format!("> {}", markdown(note)));
        }
        if !self.answer.trim().is_empty() {
            part(&mut out, &block(&self.answer));
        }
        self.list_findings(&mut out);
        list(&mut out, "Warnings", &self.warnings);
        list(&mut out, "Not reviewed", &self.not_reviewed);
        for section in &self.sections {
            list(&mut out, &markdown(&section.title), &section.items);
        }
        if !self.next_steps.is_empty() {
            out.push_str("## Next steps\n\n");
            for (number, step) in (1..).zip(&self.next_steps) {
                let _ = writeln!(out, "{number}. {}", markdown(step));
            }
            out.push('\n');
        }
        for remark in &self.remarks {
            part(&mut out, &markdown(remark));
        }
        out.push_str("---\n");
        let last = self.reviewed.iter().chain([&self.footer]);
        for line in last.chain(&self.continuation) {
            let _ = writeln!(out, "{}", markdown(line));
        }
        out
    }

    fn list_findings(&self, out: &mut String) {
        let Some(findings) = &self.findings else {
            return;
        };
        if findings.is_empty() {
            part(out, "No findings.");
        }
        for (number, located) in (1..).zip(findings) {
            finding(out, number, located);
        }
    }
}

fn finding(out: &mut String, number: usize, located: &LocatedFinding) {
    let finding = &located.finding;
    let title = markdown(&Line::foreign(&finding.title));
    let severity = finding.severity.label();
    part(out, &format!("## {number}. {severity}: {title}"));
    let place = code(&finding.place());
    let warning = located.location.warning();
    let warning = warning.map_or_else(String::new, |warning| format!(" (**{warning}**)"));
    let percent = finding.percent();
    part(out, &format!("{place}{warning} · confidence {percent} %"));
    part(out, &block(&finding.body));
    let fix = block(&finding.recommendation);
    if !fix.trim().is_empty() {
        part(
            out,
            &match is_paragraph(&fix) {
                true => format!("**Fix:** {fix}"),
                false => format!("**Fix:**\n\n{fix}"),
            },
        );
    }
}

/// Whether text that stays inside its place can also stand behind words of ours: it means the same there.
fn is_paragraph(block: &str) -> bool {
    use pulldown_cmark::{Event, Parser, Tag};
    fn structure(text: &str) -> Vec<Event<'_>> {
        Parser::new_ext(text, super::foreign::OPTIONS)
            .filter(|event| !matches!(event, Event::Text(_)))
            .collect()
    }
    let alone = structure(block);
    matches!(alone.first(), Some(Event::Start(Tag::Paragraph)))
        && structure(&format!("Fix: {block}")) == alone
}

fn part(out: &mut String, text: &str) {
    out.push_str(text);
    out.push_str("\n\n");
}

fn list(out: &mut String, title: &str, items: &[Line]) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(out, "## {title}\n");
    for item in items {
        let _ = writeln!(out, "- {}", markdown(item));
    }
    out.push('\n');
}

/// A line as Markdown.
fn markdown(line: &Line) -> String {
    let spans = line.spans().iter().map(|span| match span {
        Span::Text(text) => inline(text),
        Span::Code(text) => code(text),
    });
    spans.collect()
}
