//! SARIF 2.1.0: findings for code hosts and editors, in the part of it that GitHub's code scanning shows.

use cc_workflows::report::{Line, contained};
use cc_workflows::review::{Finding, LocatedFinding, Location, ReviewReport, Severity};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The longest title of a finding, in characters.
const TITLE: usize = 120;

/// The findings of a review as a SARIF log with one run.
///
/// A finding is a result only if its file was found: others, and what was not reviewed, are notifications.
pub(crate) fn log(report: &ReviewReport) -> Value {
    let findings = report.findings.as_deref().unwrap_or_default();
    let is_placed =
        |it: &&LocatedFinding| matches!(it.location, Location::Found | Location::NoSuchLine { .. });
    let (placed, others): (Vec<_>, Vec<_>) = findings.iter().partition(is_placed);
    let rules = rules(&placed);
    let results = placed.iter().map(|located| {
        let id = rule_id(&located.finding);
        let index = rules.iter().position(|rule| rule["id"] == id.as_str());
        result(located, &id, index.unwrap_or(0))
    });
    let warnings = report.claude.warning.iter();
    let not_seen = report.not_seen.iter();
    let missing = warnings
        .chain(not_seen.clone())
        .map(|text| notification("not-reviewed", text));
    let others = others.iter().map(|located| {
        let finding = &located.finding;
        let why = located.location.warning().unwrap_or_default();
        let title = title(finding);
        let text = format!(
            "{} ({}; {}): {why}",
            title,
            finding.severity.label(),
            finding.place()
        );
        notification("place-not-found", &text)
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": format!("cc {}", report.review),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
                "notifications": [
                    descriptor("not-reviewed", "A part of the change was not reviewed"),
                    descriptor("place-not-found", "The place of a finding does not exist in the reviewed version"),
                ],
            }},
            "automationDetails": {"id": format!("{}/{}", report.review, report.job_id)},
            "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": missing.chain(others).collect::<Vec<_>>(),
            }],
            "results": results.collect::<Vec<_>>(),
            "properties": {"reviewed": report.target},
        }],
    })
}

fn descriptor(id: &str, text: &str) -> Value {
    let text = format!("{text}.");
    json!({
        "id": id,
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": "Look at it yourself where it matters."},
    })
}

fn notification(id: &str, text: &str) -> Value {
    json!({"level": "warning", "message": {"text": text}, "descriptor": {"id": id}})
}

/// The rules that the results need, each once.
fn rules(findings: &[&LocatedFinding]) -> Vec<Value> {
    let mut rules: Vec<Value> = Vec::new();
    for located in findings {
        let rule = rule(&located.finding);
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    rules
}

fn rule_id(finding: &Finding) -> String {
    let kind = if finding.security {
        "security"
    } else {
        "defect"
    };
    format!("cc/{kind}-{}", finding.severity.word())
}

fn rule(finding: &Finding) -> Value {
    let severity = finding.severity;
    let word = severity.word();
    let (name, noun) = match finding.security {
        true => ("Security", "security problem"),
        false => ("Defect", "defect"),
    };
    let mut rule = json!({
        "id": rule_id(finding),
        "name": format!("{name}{}", severity.label()),
        "shortDescription": {"text": format!("A {noun} of {word} severity.")},
        "fullDescription": {"text": format!(
            "A {noun} of {word} severity, found by a review of a change by Claude Code: {}.",
            meaning(severity)
        )},
        "help": {
            "text": "Check the finding against the code before you act on it: it was written by a model. \
                     To hand it to Claude: cc-cli rescue --from JOB --findings NUMBER",
            "markdown": "Check the finding against the code before you act on it: it was written by a model.\n\n\
                         To hand it to Claude: `cc-cli rescue --from JOB --findings NUMBER`",
        },
        "defaultConfiguration": {"level": level(severity)},
        "properties": {
            "precision": "medium",
            "problem.severity": match severity {
                Severity::Critical | Severity::High => "error",
                Severity::Medium => "warning",
                Severity::Low => "recommendation",
            },
            "tags": if finding.security { json!(["security", "review"]) } else { json!(["correctness", "review"]) },
        },
    });
    if finding.security {
        rule["properties"]["security-severity"] = json!(match severity {
            Severity::Critical => "9.5",
            Severity::High => "8.0",
            Severity::Medium => "5.0",
            Severity::Low => "2.0",
        });
    }
    rule
}

fn meaning(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "data loss, a security hole or an outage",
        Severity::High => "wrong results or a crash in ordinary use",
        Severity::Medium => "wrong in rarer cases, or a risk for later changes",
        Severity::Low => "a small defect",
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

fn title(finding: &Finding) -> String {
    cc_core::text::one_line(&Line::foreign(&finding.title).plain(), TITLE)
}

fn result(located: &LocatedFinding, rule: &str, index: usize) -> Value {
    let finding = &located.finding;
    let mut place =
        json!({"artifactLocation": {"uri": uri(&finding.file), "uriBaseId": "%SRCROOT%"}});
    if located.location == Location::Found {
        // SARIF counts lines from 1; Claude may answer 0.
        let start = finding.line_start.max(1);
        place["region"] = json!({"startLine": start, "endLine": finding.line_end.max(start)});
    }
    let title = title(finding);
    let mut text = format!("{}. {}", title.trim_end_matches('.'), finding.body.trim());
    let mut markdown = format!("**{}**\n\n{}", contained(&title), contained(&finding.body));
    if !finding.recommendation.trim().is_empty() {
        text.push_str(&format!("\n\nFix: {}", finding.recommendation.trim()));
        markdown.push_str(&format!(
            "\n\n**Fix:**\n\n{}",
            contained(&finding.recommendation)
        ));
    }
    if let Some(warning) = located.location.warning() {
        text.push_str(&format!("\n\nLocation: {warning}"));
        markdown.push_str(&format!("\n\n**Location:** {warning}"));
    }
    json!({
        "ruleId": rule,
        "ruleIndex": index,
        "level": level(finding.severity),
        "message": {"text": text, "markdown": markdown},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"ccFinding/v1": fingerprint(located)},
        "rank": f64::from(finding.percent()),
        "properties": {"confidence": finding.confidence.clamp(0.0, 1.0)},
    })
}

/// What tells findings apart across reviews, wherever their lines move: the file and the code that it is about; the
/// title where the code is unknown.
fn fingerprint(located: &LocatedFinding) -> String {
    let finding = &located.finding;
    let mut digest = Sha256::new();
    digest.update(&finding.file);
    let lines = located.excerpt.iter().flat_map(|excerpt| {
        let numbered = (excerpt.first..).zip(&excerpt.lines);
        let last = finding.line_end.max(finding.line_start);
        let own = numbered.filter(move |(number, _)| (finding.line_start..=last).contains(number));
        own.map(|(_, line)| line.trim())
    });
    let lines: Vec<&str> = lines.collect();
    match lines.is_empty() {
        true => digest.update(finding.title.to_lowercase()),
        false => lines.iter().for_each(|line| {
            digest.update([0]);
            digest.update(line);
        }),
    }
    digest.update([0, u8::from(finding.security)]);
    digest.finalize()[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
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

    fn located(lines: (u64, u64), location: &Value, security: bool) -> LocatedFinding {
        let finding = json!({
            "severity": "high", "title": "`t`. ", "body": "b", "file": "f", "confidence": 1, "security": security,
            "line_start": lines.0, "line_end": lines.1, "recommendation": "```\nopen", "location": location,
        });
        serde_json::from_value(finding).unwrap()
    }

    #[test]
    fn lines_count_from_one() {
        let check = |lines, expect| {
            let located = located(lines, &json!({"check": "found"}), false);
            let result = result(&located, "r", 0);
            let place = &result["locations"][0]["physicalLocation"];
            assert_eq!(place["region"], expect);
        };
        check((0, 0), json!({"startLine": 1, "endLine": 1}));
        check((3, 2), json!({"startLine": 3, "endLine": 3}));
        check((3, 4), json!({"startLine": 3, "endLine": 4}));
    }

    #[test]
    fn only_security_problems_have_a_security_severity() {
        let found = json!({"check": "found"});
        let of = |security| rule(&located((1, 1), &found, security).finding);
        assert_eq!(of(false)["properties"].get("security-severity"), None);
        assert_eq!(of(true)["properties"]["security-severity"], "8.0");
        assert_ne!(of(true)["id"], of(false)["id"]);
    }

    #[test]
    fn a_fingerprint_follows_the_code_and_not_its_lines() {
        let found = json!({"check": "found"});
        let with = |line: u64, code: &str| {
            let mut located = located((line, line), &found, false);
            let excerpt = json!({"first": line, "lines": [code]});
            located.excerpt = Some(serde_json::from_value(excerpt).unwrap());
            fingerprint(&located)
        };
        assert_eq!(with(3, "  a - b"), with(90, "a - b"));
        assert_ne!(with(3, "a - b"), with(3, "a + b"));
    }

    #[test]
    fn a_place_that_was_not_found_is_no_location() {
        let mut report = json!({
            "jobId": "review-0-0", "review": "adversarial-review", "target": {"mode": "staged", "label": "l"},
            "sessionId": null, "notSeen": [],
            "claude": {"status": 0, "stderr": "", "stdout": "", "usage": cc_core::Usage::default()},
        });
        let checks = [
            ("/etc/passwd", json!({"check": "unknown"})),
            ("//evil/x", json!({"check": "unknown"})),
            ("../../x", json!({"check": "unknown"})),
            ("none.rs", json!({"check": "no-such-file"})),
            ("here.rs", json!({"check": "found"})),
        ];
        let findings = checks.map(|(file, location)| {
            let mut finding = serde_json::to_value(located((1, 1), &location, false)).unwrap();
            finding["file"] = json!(file);
            finding
        });
        report["findings"] = json!(findings);
        let log = log(&serde_json::from_value(report).unwrap());
        let run = &log["runs"][0];
        let results = run["results"].as_array().unwrap().iter();
        let uris: Vec<_> = results
            .map(|it| &it["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
            .collect();
        assert_eq!(uris, ["here.rs"]);
        let told = &run["invocations"][0]["toolExecutionNotifications"];
        assert_eq!(told.as_array().unwrap().len(), 4);
    }

    #[test]
    fn paths_become_uri_references() {
        assert_eq!(uri("src/a b#é.rs"), "src/a%20b%23%C3%A9.rs");
    }

    #[test]
    fn the_message_is_contained() {
        let result = result(&located((1, 1), &json!({"check": "found"}), false), "r", 0);
        assert_eq!(result["message"]["text"], "t. b\n\nFix: ```\nopen");
        let markdown = result["message"]["markdown"].as_str().unwrap();
        assert!(markdown.ends_with("```\nopen\n```"), "{markdown}");
    }
}
