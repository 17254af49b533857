//! The verdict: where it is found in what Claude gave, and the report that holds it.

use std::time::Duration;

use cc_core::JobId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::claude_report::ClaudeReport;
use crate::report::{Line, Report, Verdict};
use crate::schema;

/// Whether the turn may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GateVerdict {
    /// It may.
    Allow,
    /// Something must be fixed first.
    Block,
}

/// What Claude answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GateAnswer {
    /// Whether the turn may end.
    pub verdict: GateVerdict,
    /// What must be fixed, where, and how one sees it; or one sentence why nothing has to.
    #[schemars(length(min = 1))]
    pub reason: String,
}

impl GateAnswer {
    /// The JSON Schema that Claude is asked to fill.
    pub(super) fn schema() -> Value {
        schema::of::<Self>()
    }

    /// The answer in a report: the structured one, else the first line of the text where it is
    /// `ALLOW: …` or `BLOCK: …`.
    pub(super) fn of(report: &cc_claude::RunReport) -> Result<Self, String> {
        let structured = report.structured.clone().or_else(|| report.json_in_text());
        let why = match structured.map(|output| Self::deserialize(&output)) {
            Some(Ok(answer)) => return answer.with_reason(),
            Some(Err(error)) => format!("the verdict does not have the requested form: {error}"),
            None => "Claude gave no verdict".to_owned(),
        };
        Self::in_words(&report.text).ok_or(why)
    }

    fn with_reason(self) -> Result<Self, String> {
        match self.verdict == GateVerdict::Block && self.reason.trim().is_empty() {
            true => Err("Claude blocks without a reason".to_owned()),
            false => Ok(self),
        }
    }

    /// Two such lines contradict each other, and a word within a sentence is none.
    fn in_words(text: &str) -> Option<Self> {
        let verdict = |line: &str| {
            let (word, reason) = line.split_once(':')?;
            let verdict = match word {
                "ALLOW" => GateVerdict::Allow,
                "BLOCK" => GateVerdict::Block,
                _ => return None,
            };
            Some((verdict, reason.trim().to_owned()))
        };
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let (verdict_given, first) = lines.next().and_then(verdict)?;
        let rest: Vec<&str> = lines.collect();
        if rest.iter().copied().any(|line| verdict(line).is_some()) {
            return None;
        }
        let reason = match first.is_empty() {
            true => rest.join("\n"),
            false => first,
        };
        Self {
            verdict: verdict_given,
            reason,
        }
        .with_reason()
        .ok()
    }
}

/// The result of a check, as the record keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateReport {
    /// The job.
    pub job_id: JobId,
    /// The verdict; `None` if there is no valid one.
    #[serde(flatten)]
    pub answer: Option<GateAnswer>,
    /// Why there is no valid verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parse_error: Option<String>,
    /// How the run went.
    pub claude: ClaudeReport,
}

impl GateReport {
    /// The report.
    pub(crate) fn report(&self, elapsed: Option<Duration>) -> Report {
        let footer = self.claude.run.line(&self.job_id, elapsed);
        let mut report = Report::new(self.job_id.clone(), Line::default(), footer);
        match &self.answer {
            Some(answer) => {
                report.verdict = Some(match answer.verdict {
                    GateVerdict::Allow => Verdict::Allowed,
                    GateVerdict::Block => Verdict::Blocked,
                });
                report.answer.clone_from(&answer.reason);
            }
            None => report.notes.push(Line::text(self.summary())),
        }
        self.claude.run.facts(&mut report, elapsed);
        report
    }

    /// The verdict and its reason.
    pub(super) fn summary(&self) -> String {
        match (&self.answer, &self.parse_error) {
            (Some(answer), _) => {
                let word = match answer.verdict {
                    GateVerdict::Allow => "Allowed",
                    GateVerdict::Block => "Blocked",
                };
                format!("{word}: {}", answer.reason)
            }
            (None, Some(error)) => format!("No verdict: {error}"),
            (None, None) => "No verdict".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(structured: Value, text: &str, expect: Result<(GateVerdict, &str), &str>) {
        let report = cc_claude::RunReport {
            structured: (!structured.is_null()).then_some(structured),
            text: text.to_owned(),
            ..cc_claude::RunReport::default()
        };
        let found = GateAnswer::of(&report);
        match expect {
            Ok((verdict, reason)) => {
                let reason = reason.to_owned();
                assert_eq!(found, Ok(GateAnswer { verdict, reason }), "{text}");
            }
            Err(why) => assert!(
                found.as_ref().is_err_and(|error| error.contains(why)),
                "{text}: {found:?}"
            ),
        }
    }

    #[test]
    fn only_a_whole_verdict_counts() {
        use GateVerdict::{Allow, Block};
        let block = json!({"verdict": "block", "reason": "r"});
        check(block.clone(), "", Ok((Block, "r")));
        check(block.clone(), "ALLOW: no", Ok((Block, "r")));
        check(
            Value::Null,
            &format!("```json\n{block}\n```"),
            Ok((Block, "r")),
        );
        check(
            json!({"verdict": "allow", "reason": ""}),
            "",
            Ok((Allow, "")),
        );
        check(
            json!({"verdict": "block", "reason": " "}),
            "",
            Err("without a reason"),
        );
        check(
            json!({"verdict": "maybe", "reason": "r"}),
            "",
            Err("requested form"),
        );
        check(json!({"verdict": "block"}), "", Err("missing field"));
        check(json!("block"), "BLOCK: it leaks", Ok((Block, "it leaks")));
        check(Value::Null, "ALLOW: fine", Ok((Allow, "fine")));
        check(
            Value::Null,
            "\n  BLOCK: it leaks\nmore",
            Ok((Block, "it leaks")),
        );
        check(
            Value::Null,
            "BLOCK:\n\nit leaks\nhere",
            Ok((Block, "it leaks\nhere")),
        );
        check(Value::Null, "BLOCK:", Err("no verdict"));
        check(Value::Null, "ALLOW: a\nBLOCK: b", Err("no verdict"));
        check(
            Value::Null,
            "I would say BLOCK: it leaks",
            Err("no verdict"),
        );
        check(Value::Null, "Well.\nBLOCK: it leaks", Err("no verdict"));
        check(Value::Null, "block: it leaks", Err("no verdict"));
        check(Value::Null, "BLOCKED: x", Err("no verdict"));
        check(Value::Null, "", Err("no verdict"));
    }

    #[test]
    fn the_schema_as_claude_gets_it() {
        insta::assert_json_snapshot!(GateAnswer::schema(), @r#"
        {
          "additionalProperties": false,
          "description": "What Claude answers.",
          "properties": {
            "reason": {
              "description": "What must be fixed, where, and how one sees it; or one sentence why nothing has to.",
              "minLength": 1,
              "type": "string"
            },
            "verdict": {
              "description": "Whether the turn may end.",
              "enum": [
                "allow",
                "block"
              ],
              "type": "string"
            }
          },
          "required": [
            "verdict",
            "reason"
          ],
          "type": "object"
        }
        "#);
    }
}
