//! The card of a finding, and its line in the index.

use cc_core::JobId;
use cc_git::Excerpt;
use cc_workflows::report::Line;
use cc_workflows::review::{Finding, LocatedFinding, Location};

use super::icon;
use super::text::{block, escape, highlighted, line, markdown};
use crate::render::code::{Code, is_diff};

/// The line of the index.
pub(super) fn entry(number: usize, located: &LocatedFinding) -> String {
    let finding = &located.finding;
    let (word, label) = (finding.severity.word(), finding.severity.label());
    format!(
        "<li><a href=\"#finding-{number}\"><span class=\"chip {word}\" title=\"{label}\">{}</span>\
         <span class=\"name\">{number}. {}</span></a></li>\n",
        icon::severity(finding.severity),
        escape(&Line::foreign(&finding.title).plain()),
    )
}

/// The card.
pub(super) fn card(job: &JobId, number: usize, located: &LocatedFinding) -> String {
    let LocatedFinding {
        finding,
        location,
        excerpt,
    } = located;
    let (word, label) = (finding.severity.word(), finding.severity.label());
    let unverified = if *location == Location::Found {
        ""
    } else {
        " unverified"
    };
    let title = line(&Line::foreign(&finding.title));
    let mut card = format!(
        "<article class=\"card finding f-{word}{unverified}\" id=\"finding-{number}\" aria-labelledby=\"title-{number}\">\n\
         <div class=\"row\"><span class=\"chip {word}\">{}{label}</span><span class=\"number\">#{number}</span>{}</div>\n\
         <h2 class=\"title\" id=\"title-{number}\">{title}</h2>\n{}",
        icon::severity(finding.severity),
        confidence(finding.percent()),
        place(finding, *location),
    );
    if let Some(excerpt) = excerpt {
        card.push_str(&lines(finding, excerpt));
    }
    card.push_str(&markdown(&finding.body));
    if !finding.recommendation.trim().is_empty() {
        card.push_str("<p class=\"label\">Fix</p>\n");
        card.push_str(&fix(&finding.recommendation));
    }
    card.push_str(&format!(
        "<p class=\"label\">Hand it to Claude</p>\n<code class=\"copy\" tabindex=\"0\">cc-cli rescue --from {} --findings {number}</code>\n\
         <p class=\"hint\">One click selects all of it.</p>\n</article>\n",
        escape(job.as_str())
    ));
    card
}

fn confidence(percent: u8) -> String {
    format!(
        "<span class=\"sure\"><svg viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"all\" width=\"100\" height=\"8\" rx=\"4\"/><rect class=\"part\" width=\"{percent}\" height=\"8\" rx=\"4\"/>\
         </svg>{percent}% confident</span>"
    )
}

fn place(finding: &Finding, location: Location) -> String {
    let place = escape(&finding.place());
    let doubt = location.warning();
    let doubt = doubt.map_or_else(String::new, |doubt| {
        format!("<span class=\"doubt\">{}</span>", escape(&doubt))
    });
    format!("<p class=\"where\"><code class=\"place\">{place}</code>{doubt}</p>\n")
}

/// The lines that it is about, with their neighbours.
fn lines(finding: &Finding, excerpt: &Excerpt) -> String {
    let mut code = Code::of(&finding.file);
    let last = finding.line_end.max(finding.line_start);
    let lines = (excerpt.first..).zip(&excerpt.lines).map(|(number, text)| {
        let class = match (finding.line_start..=last).contains(&number) {
            true => "l hit",
            false => "l",
        };
        let text = highlighted(&mut code, text);
        format!("<span class=\"{class}\"><span class=\"n\">{number}</span>{text}\n</span>")
    });
    let lines: String = lines.collect();
    format!(
        "<pre class=\"lines\" tabindex=\"0\" aria-label=\"The reviewed lines\"><code>{lines}</code></pre>\n"
    )
}

/// The fix, as a diff where it is one.
fn fix(text: &str) -> String {
    let is_bare_diff = is_diff("", text) && !text.contains("```") && !text.contains("~~~");
    match is_bare_diff {
        true => block("diff", text.trim_matches('\n')),
        false => markdown(text),
    }
}
