//! The review gate by direct calls of its hooks, as Codex makes them.

mod bounds;
mod damaged;
mod failing;
#[cfg(unix)]
mod hostile;
#[cfg(unix)]
mod others;
#[cfg(target_os = "linux")]
mod reads;
mod switch;
mod turns;
mod verdicts;

use std::time::Duration;

use cc_tests::Sandbox;
use cc_tests::fake::{Run, Scenario};
use cc_tests::sandbox::Output;
use serde_json::{Value, json};

/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(120);

/// A session of Codex in a repository whose gate is on.
struct Session {
    sandbox: Sandbox,
}

impl Session {
    fn new(sandbox: Sandbox) -> Self {
        sandbox.write(
            "src/lib.rs",
            "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n",
        );
        sandbox.commit("Add demo");
        let session = Self { sandbox };
        session.gate(true);
        session
    }

    /// A session whose Claude gives these verdicts, in order.
    fn with_verdicts<'a>(verdicts: impl IntoIterator<Item = &'a str>) -> Self {
        let run =
            |verdict: &str| Run::structured(json!({"verdict": verdict, "reason": "it subtracts"}));
        let scenario = Scenario::runs(verdicts.into_iter().map(run));
        Self::new(Sandbox::fake(&scenario))
    }

    fn gate(&self, on: bool) {
        let dir = self.sandbox.state_dir();
        std::fs::create_dir_all(dir.root()).unwrap();
        let config = json!({"version": 1, "stopReviewGate": on});
        std::fs::write(dir.config(), config.to_string()).unwrap();
    }

    fn set(&self, key: &str, value: &str) {
        self.sandbox
            .cc(["config", "set", key, value])
            .run()
            .success();
    }

    fn input(&self, more: Value) -> Value {
        let mut input = json!({"session_id": "s", "turn_id": "t1", "cwd": self.sandbox.repo()});
        for (name, value) in more.as_object().into_iter().flatten() {
            input[name] = value.clone();
        }
        input
    }

    /// The user asks for something: a turn begins.
    fn prompt(&self, prompt: &str) -> Output {
        let input = self.input(json!({"prompt": prompt}));
        self.sandbox
            .hook("user-prompt-submit", &input)
            .run()
            .success()
    }

    /// The turn is about to end.
    fn stop(&self) -> Option<Value> {
        self.stop_with(json!({"last_assistant_message": "Done."}))
    }

    /// The turn is about to end after it was blocked.
    fn stop_again(&self) -> Option<Value> {
        self.stop_with(json!({"stop_hook_active": true}))
    }

    /// The turn, blocked once, is let end without another check.
    #[track_caller]
    fn ends_after_one_block(&self) {
        let answer = self.stop_again().unwrap();
        let told = warning(&answer);
        assert!(told.contains("blocked this turn once"), "{answer}");
        assert_eq!(self.checks(), 1);
    }

    fn stop_with(&self, more: Value) -> Option<Value> {
        let output = self.sandbox.hook("stop", &self.input(more)).run().success();
        (!output.stdout.is_empty()).then(|| output.json())
    }

    /// A turn that edits a file.
    fn turn_with_edit(&self) {
        self.prompt("do it");
        let path = "src/lib.rs";
        let text = self.sandbox.read(path);
        self.sandbox.write(path, format!("{text}// edited\n"));
    }

    /// How often Claude was asked.
    fn checks(&self) -> usize {
        let calls = self.sandbox.claude_calls();
        calls.iter().filter(|call| call.is_run()).count()
    }

    /// What the gate wrote down of the last turn.
    fn last(&self) -> Value {
        let path = self.sandbox.state_dir().stop_review_last();
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    fn history(&self) -> Vec<Value> {
        let path = self.sandbox.state_dir().stop_review_history();
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

fn reason(answer: &Value) -> &str {
    assert_eq!(answer["decision"], "block", "{answer}");
    assert_eq!(answer.as_object().unwrap().len(), 2, "{answer}");
    answer["reason"].as_str().unwrap()
}

/// The warning of an answer that lets the turn end.
fn warning(answer: &Value) -> &str {
    assert_eq!(answer.as_object().unwrap().len(), 1, "{answer}");
    answer["systemMessage"].as_str().unwrap()
}
