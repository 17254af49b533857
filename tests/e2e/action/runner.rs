//! Runs the steps of `action.yml` as a runner of GitHub does: conditions, variables, outputs, the first failure
//! ends it. Steps that use another action are noted.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use cc_tests::Sandbox;
use serde_json::{Value, json};

use super::expression::{fill, holds};

/// The action as it is in this repository.
pub(crate) fn action() -> Value {
    let file = crate::source::maps::workspace().join("action.yml");
    serde_norway::from_str(&fs::read_to_string(file).unwrap()).expect("action.yml is YAML")
}

/// A machine that runs the action for one event.
pub(crate) struct Runner<'a> {
    sandbox: &'a Sandbox,
    github: Value,
    env: Vec<(String, String)>,
    bin_dir: Option<PathBuf>,
}

/// What came of it.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) outputs: BTreeMap<String, String>,
    pub(crate) summary: String,
    pub(crate) printed: String,
    /// The other actions that were used.
    pub(crate) used: Vec<String>,
    /// The names of the steps that had a secret in their environment.
    pub(crate) secrets_in: Vec<String>,
}

impl<'a> Runner<'a> {
    pub(crate) fn new(sandbox: &'a Sandbox, mut github: Value) -> Self {
        github["action_path"] = crate::source::maps::workspace().to_str().into();
        fs::create_dir_all(sandbox.root().join("calls")).unwrap();
        fs::create_dir_all(sandbox.root().join("runner")).unwrap();
        Self {
            sandbox,
            github,
            env: Vec::new(),
            bin_dir: None,
        }
    }

    pub(crate) fn set_env(&mut self, name: &str, value: String) {
        self.env.push((name.to_owned(), value));
    }

    /// Puts the programs where the input `bin-dir` says.
    pub(crate) fn install_at(&mut self, sandbox: &Sandbox) {
        let dir = sandbox.root().join("installed");
        fs::create_dir(&dir).unwrap();
        fs::copy(sandbox.product_file("cc-cli"), dir.join("cc-cli")).unwrap();
        self.bin_dir = Some(dir);
    }

    /// A file beside the notes of the calls.
    pub(crate) fn note(&self, name: &str, content: &str) {
        fs::write(self.sandbox.root().join("calls").join(name), content).unwrap();
    }

    /// How a program was called, without its name.
    pub(crate) fn calls(&self, program: &str) -> Vec<String> {
        let calls = fs::read_to_string(self.sandbox.root().join("calls").join(program));
        calls
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    pub(crate) fn run(&mut self, with: &[(&str, &str)]) -> Done {
        let action = action();
        let mut context = json!({ "github": self.github, "inputs": {}, "steps": {} });
        for (name, input) in action["inputs"].as_object().unwrap() {
            let default = fill(
                input["default"]
                    .as_str()
                    .expect("every input has a default text"),
                &context,
            );
            context["inputs"][name] = default.into();
        }
        if let Some(dir) = &self.bin_dir {
            context["inputs"]["bin-dir"] = dir.to_str().into();
        }
        for &(name, value) in with {
            assert!(action["inputs"].get(name).is_some(), "{name} is an input");
            context["inputs"][name] = value.into();
        }
        let mut done = Done {
            code: 0,
            outputs: BTreeMap::new(),
            summary: String::new(),
            printed: String::new(),
            used: Vec::new(),
            secrets_in: Vec::new(),
        };
        for step in action["runs"]["steps"].as_array().unwrap() {
            if step["if"]
                .as_str()
                .is_some_and(|condition| !holds(condition, &context))
            {
                continue;
            }
            if let Some(used) = step["uses"].as_str() {
                done.used.push(used.to_owned());
                continue;
            }
            done.code = self.step(step, &mut context, &mut done);
            if done.code != 0 {
                break;
            }
        }
        for (name, output) in action["outputs"].as_object().unwrap() {
            let value = fill(output["value"].as_str().unwrap(), &context);
            done.outputs.insert(name.clone(), value);
        }
        done
    }

    fn step(&self, step: &Value, context: &mut Value, done: &mut Done) -> i32 {
        let runner = self.sandbox.root().join("runner");
        let file = |name: &str| runner.join(name);
        for name in ["output", "summary"] {
            fs::write(file(name), "").unwrap();
        }
        let script = step["run"].as_str().expect("a step uses or runs something");
        assert!(
            !script.contains("${{"),
            "text from outside gets into scripts through variables only"
        );
        fs::write(file("step.sh"), script).unwrap();
        assert_eq!(step["shell"], "bash");
        let mut bash = self.sandbox.command("/usr/bin/env".as_ref());
        bash = bash.args(["bash", "--noprofile", "--norc", "-eo", "pipefail"]);
        bash = bash
            .args([file("step.sh")])
            .env("GITHUB_OUTPUT", file("output"))
            .env("GITHUB_STEP_SUMMARY", file("summary"))
            .env("RUNNER_TEMP", &runner)
            .env("CALLS", self.sandbox.root().join("calls"))
            .env("CI", "true");
        for (name, value) in &self.env {
            bash = bash.env(name, value);
        }
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            let value = fill(value.as_str().unwrap(), context);
            if value == "sk-ant-made-up" {
                done.secrets_in
                    .push(step["name"].as_str().unwrap().to_owned());
            }
            bash = bash.env(name, value);
        }
        let output = bash.run();
        done.printed += &output.stdout;
        done.printed += &output.stderr;
        done.summary += &fs::read_to_string(file("summary")).unwrap();
        if let Some(id) = step["id"].as_str() {
            let outputs = fs::read_to_string(file("output")).unwrap();
            let outputs = outputs.lines().filter_map(|line| line.split_once('='));
            let outputs: BTreeMap<&str, &str> = outputs.collect();
            context["steps"][id] = json!({ "outputs": outputs });
        }
        output.code().unwrap_or(-1)
    }
}
