//! The HTML page of a report: one file that runs nothing and loads nothing.

mod finding;
mod icon;
mod text;

use std::fmt::Write;
use std::path::Path;

use cc_jobs::Job;
use cc_workflows::report::{Line, Report};
use cc_workflows::review::{LocatedFinding, Location};

use text::{escape, line, markdown};

const STYLE: &str = include_str!("html/style.css");

/// The only style that the page allows, by its digest.
const STYLE_DIGEST: &str = "sha256-A8KLuKGmMhExpTUP1Rk7/Ur/0LI96bra7BHfUmvX8pA=";

/// The HTML page of a report.
pub(crate) fn page(job: &Job, report: &Report) -> String {
    let title = escape(&job.title);
    let cards = numbered(report);
    let wide = if cards.len() > 1 { "page wide" } else { "page" };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{STYLE_DIGEST}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<div class=\"{wide}\">\n{}{}{}{}</div>\n</body>\n</html>\n",
        side(&cards),
        head(job, report),
        main(report, &cards),
        footer(report),
    )
}

/// The findings with their numbers; those whose place was not found come last.
fn numbered(report: &Report) -> Vec<(usize, &LocatedFinding)> {
    let mut cards: Vec<_> = (1..).zip(report.findings.iter().flatten()).collect();
    cards.sort_by_key(|(_, located)| located.location != Location::Found);
    cards
}

fn entries(cards: &[(usize, &LocatedFinding)]) -> String {
    let entries = cards
        .iter()
        .map(|(number, located)| finding::entry(*number, located));
    format!(
        "<ol class=\"index\">\n{}</ol>\n",
        entries.collect::<String>()
    )
}

/// The index beside the report, on wide screens.
fn side(cards: &[(usize, &LocatedFinding)]) -> String {
    if cards.len() < 2 {
        return String::new();
    }
    format!(
        "<nav class=\"side\" aria-label=\"Findings\">\n<h2>Findings</h2>\n{}</nav>\n",
        entries(cards)
    )
}

/// The header, and what was not reviewed.
fn head(job: &Job, report: &Report) -> String {
    let title = match report.title.is_empty() {
        true => escape(&job.title),
        false => line(&report.title),
    };
    let mut head = format!("<header class=\"head\">\n<h1>{title}</h1>\n");
    if let Some(verdict) = report.verdict {
        let class = if verdict.is_good() { "good" } else { "bad" };
        let mut words = verdict.words().to_owned();
        words[..1].make_ascii_uppercase();
        let _ = write!(
            head,
            "<div class=\"row\"><span class=\"chip verdict {class}\">{}{words}</span>",
            icon::verdict(verdict.is_good())
        );
        for (severity, count) in report.counts() {
            let _ = write!(
                head,
                "<span class=\"chip {}\">{}{count} {}</span>",
                severity.word(),
                icon::severity(severity),
                severity.word()
            );
        }
        head.push_str("</div>\n");
    }
    head.push_str("<dl class=\"facts\">\n");
    let root = Path::new(&job.workspace_root).file_name();
    let repository = root.map(|name| fact("Repository", &Line::text(name.to_string_lossy())));
    head.extend(repository);
    head.extend(report.facts.iter().map(|it| fact(it.label, &it.value)));
    let date = job.state().completed_at().unwrap_or(job.created_at);
    head.push_str(&fact("Date", &Line::text(minute(&date.to_string()))));
    head.push_str("</dl>\n</header>\n");
    head
}

/// A time of a record up to its minute.
fn minute(time: &str) -> String {
    let minute = time.get(..16).unwrap_or(time);
    format!("{} UTC", minute.replace('T', " "))
}

fn fact(label: &str, value: &Line) -> String {
    format!("<div><dt>{label}</dt><dd>{}</dd></div>\n", line(value))
}

fn main(report: &Report, cards: &[(usize, &LocatedFinding)]) -> String {
    let mut main = String::from("<main>\n");
    let missing: Vec<&Line> = report.warnings.iter().chain(&report.not_reviewed).collect();
    if !missing.is_empty() {
        let _ = write!(
            main,
            "<section class=\"amber\"><h2>{}Not reviewed</h2>\n{}</section>\n",
            icon::warning(),
            list(missing)
        );
    }
    if cards.len() > 1 {
        let _ = write!(
            main,
            "<details class=\"fold\"><summary>{} findings</summary>\n{}</details>\n",
            cards.len(),
            entries(cards)
        );
    }
    for note in &report.notes {
        let _ = writeln!(main, "<section class=\"amber\">{}</section>", line(note));
    }
    if !report.answer.trim().is_empty() {
        let answer = markdown(&report.answer);
        let _ = write!(main, "<section class=\"card\">\n{answer}</section>\n");
    }
    if report.findings.as_ref().is_some_and(Vec::is_empty) {
        main.push_str("<section class=\"card\"><p>No findings.</p></section>\n");
    }
    for (number, located) in cards {
        main.push_str(&finding::card(&report.job, *number, located));
    }
    for section in &report.sections {
        let _ = write!(
            main,
            "<section class=\"card\"><h2>{}</h2>\n{}</section>\n",
            line(&section.title),
            list(section.items.iter())
        );
    }
    if !report.next_steps.is_empty() {
        let steps = report
            .next_steps
            .iter()
            .map(|step| format!("<li>{}</li>\n", line(step)));
        let _ = write!(
            main,
            "<section class=\"card\"><h2>Next steps</h2>\n<ol>\n{}</ol></section>\n",
            steps.collect::<String>()
        );
    }
    if !report.remarks.is_empty() {
        let remarks = report
            .remarks
            .iter()
            .map(|it| format!("<p>{}</p>\n", line(it)));
        let _ = write!(
            main,
            "<section class=\"card\">\n{}</section>\n",
            remarks.collect::<String>()
        );
    }
    main.push_str("</main>\n");
    main
}

fn list<'a>(lines: impl IntoIterator<Item = &'a Line>) -> String {
    let lines = lines
        .into_iter()
        .map(|it| format!("<li>{}</li>\n", line(it)));
    format!("<ul>\n{}</ul>\n", lines.collect::<String>())
}

fn footer(report: &Report) -> String {
    let lines = report
        .reviewed
        .iter()
        .chain([&report.footer])
        .chain(&report.continuation);
    let lines = lines.map(|it| format!("<p>{}</p>\n", line(it)));
    format!("<footer>\n{}</footer>\n", lines.collect::<String>())
}

#[cfg(test)]
mod tests;
