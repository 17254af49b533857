//! SARIF 2.1.0: findings for code hosts and editors.

use cc_workflows::review::{LocatedFinding, Location, ReviewReport, Severity};
use serde_json::{Value, json};

/// The findings of a review as a SARIF log with one run.
pub(crate) fn log(report: &ReviewReport) -> Value {
    let findings = report.findings.as_deref().unwrap_or_default();
    let rules = [
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Low,
    ]
    .map(rule);
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "cc adversarial-review",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "automationDetails": {"id": format!("{}/{}", report.review, report.job_id)},
            "results": findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn rule(severity: Severity) -> Value {
    json!({
        "id": rule_id(severity),
        "shortDescription": {"text": format!("{} finding of an adversarial review", severity.label())},
        "defaultConfiguration": {"level": level(severity)},
        "properties": {"security-severity": match severity {
            Severity::Critical => "9.5",
            Severity::High => "8.0",
            Severity::Medium => "5.0",
            Severity::Low => "2.0",
        }},
    })
}

fn result(
    LocatedFinding {
        finding, location, ..
    }: &LocatedFinding,
) -> Value {
    let mut place =
        json!({"artifactLocation": {"uri": uri(&finding.file), "uriBaseId": "%SRCROOT%"}});
    if matches!(location, Location::Found | Location::Unknown) {
        // SARIF counts lines from 1; Claude may answer 0.
        let start = finding.line_start.max(1);
        place["region"] = json!({"startLine": start, "endLine": finding.line_end.max(start)});
    }
    let mut text = format!("{}\n\n{}", finding.title, finding.body);
    if !finding.recommendation.is_empty() {
        text.push_str(&format!("\n\nFix: {}", finding.recommendation));
    }
    if let Some(warning) = location.warning() {
        text.push_str(&format!("\n\nLocation: {warning}"));
    }
    json!({
        "ruleId": rule_id(finding.severity),
        "level": level(finding.severity),
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
        "rank": (finding.confidence.clamp(0.0, 1.0) * 100.0).round(),
    })
}

fn rule_id(severity: Severity) -> String {
    format!("cc/{}", severity.label().to_lowercase())
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// A relative path as a URI reference; escapes all but the unreserved characters of RFC 3986.
fn uri(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_from_one() {
        let check = |(start, end), expect| {
            let finding = json!({
                "severity": "high", "title": "t", "body": "b", "file": "f", "confidence": 1,
                "line_start": start, "line_end": end, "recommendation": "r",
            });
            let located = LocatedFinding {
                finding: serde_json::from_value(finding).unwrap(),
                location: Location::Found,
                excerpt: None,
            };
            let place = &result(&located)["locations"][0]["physicalLocation"];
            assert_eq!(place["region"], expect);
        };
        check((0, 0), json!({"startLine": 1, "endLine": 1}));
        check((3, 2), json!({"startLine": 3, "endLine": 3}));
        check((3, 4), json!({"startLine": 3, "endLine": 4}));
    }

    #[test]
    fn paths_become_uri_references() {
        assert_eq!(uri("src/a b#é.rs"), "src/a%20b%23%C3%A9.rs");
    }
}
