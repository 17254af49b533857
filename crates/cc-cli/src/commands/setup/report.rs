//! The findings in words, each beside the command that mends it.

use std::fmt::{self, Display, Formatter};

use cc_claude::{AuthStatus, ProbeError};
use cc_workflows::Project;
use cc_workflows::preflight::Obstacle;
use cc_workflows::setup::{
    ClaudeFound, Findings, Hooks, Installation, InstallationError, OLDEST_TESTED, Trust,
};
use serde_json::{Value, json};

use crate::complaint::Complaint;
use crate::render::table::table;

/// All that was found.
pub(super) struct Report {
    ready: bool,
    workspace: String,
    checks: Vec<Check>,
    steps: Vec<Step>,
    gate: bool,
    actions: Vec<String>,
}

/// One thing that was looked at.
struct Check {
    /// Its name in the document.
    key: &'static str,
    /// Its name for people.
    label: &'static str,
    is_good: bool,
    detail: String,
    /// What the document says beside the detail.
    fields: Value,
}

/// Something to do.
struct Step {
    what: String,
    fix: Option<String>,
}

impl Report {
    pub(super) fn of(project: &Project, found: &Findings, actions: Vec<String>) -> Self {
        let mut report = Self {
            ready: found.is_ready(),
            workspace: project.store.workspace().root().display().to_string(),
            checks: Vec::new(),
            steps: Vec::new(),
            gate: found.gate,
            actions,
        };
        if let Some(obstacle) = found.obstacle {
            report.add(call(obstacle));
        }
        report.add(claude(found));
        report.add(auth(found));
        report.add(state(project, found));
        report.add(sandbox(found));
        match &found.installation {
            Some(Ok(installation)) => {
                report.checks.extend(in_codex(installation));
                let problems = installation.problems.iter();
                let steps = problems.map(|problem| Step::new(&problem.what, &problem.fix));
                report.steps.extend(steps);
            }
            Some(Err(error)) => report.add(unknown(error)),
            None => {}
        }
        report
    }

    fn add(&mut self, (check, step): (Check, Option<Step>)) {
        self.checks.push(check);
        self.steps.extend(step);
    }

    /// The document of `--json`; fields of what was not asked have their shape all the same.
    pub(super) fn document(&self) -> Value {
        let mut document = json!({
            "ready": self.ready,
            "workspaceRoot": self.workspace,
            "hooks": {"installed": null, "trusted": null, "detail": "not asked"},
            "codex": {"found": null, "detail": "not asked"},
            "execRule": {"present": null, "matches": null, "detail": "not asked"},
            "reviewGateEnabled": self.gate,
            "actionsTaken": self.actions,
            "nextSteps": self.steps.iter().map(Step::to_string).collect::<Vec<_>>(),
        });
        for check in &self.checks {
            let mut fields = check.fields.clone();
            fields["detail"] = check.detail.as_str().into();
            document[check.key] = fields;
        }
        document
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for action in &self.actions {
            writeln!(f, "{action}")?;
        }
        if !self.actions.is_empty() {
            writeln!(f)?;
        }
        let gate = if self.gate { "on" } else { "off" };
        let row = |mark: &str, label: &str, detail: &str| {
            vec![mark.to_owned(), label.to_owned(), detail.to_owned()]
        };
        let mut rows: Vec<_> = self
            .checks
            .iter()
            .map(|check| {
                let mark = if check.is_good { "ok" } else { "!" };
                row(mark, check.label, &check.detail)
            })
            .collect();
        rows.push(row(
            "",
            "Review gate",
            &format!("{gate} in {}", self.workspace),
        ));
        f.write_str(&table(&rows))?;
        if !self.steps.is_empty() {
            writeln!(f, "\nNext steps")?;
        }
        for step in &self.steps {
            writeln!(f, "  - {}", step.what)?;
            if let Some(fix) = &step.fix {
                writeln!(f, "    {fix}")?;
            }
        }
        let verdict = match (self.ready, !self.steps.is_empty()) {
            (true, false) => "Ready.",
            (true, true) => "Reviews can run; the steps above bring the rest.",
            (false, _) => "Not ready.",
        };
        writeln!(f, "\n{verdict}")
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.fix {
            Some(fix) => write!(f, "{}: {fix}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl From<Complaint> for Step {
    fn from(complaint: Complaint) -> Self {
        Self {
            what: complaint.text,
            fix: complaint.hint,
        }
    }
}

impl Step {
    fn new(what: impl Display, fix: impl Display) -> Self {
        Self {
            what: what.to_string(),
            fix: Some(fix.to_string()),
        }
    }
}

/// Nothing that was found inside a sandbox tells how things are outside of it.
fn call(obstacle: Obstacle) -> (Check, Option<Step>) {
    let check = Check {
        key: "call",
        label: "This call",
        is_good: false,
        detail: obstacle.to_string(),
        fields: json!({"canStartJobs": false}),
    };
    (check, Some(Complaint::from(obstacle).into()))
}

fn claude(found: &Findings) -> (Check, Option<Step>) {
    let check = |detail: String, version: Option<&str>, step: Option<Step>| {
        let path = found.claude.as_ref().ok().map(|claude| &claude.path);
        let available = path.is_some() && (version.is_some() || step.is_none());
        let check = Check {
            key: "claude",
            label: "Claude Code",
            is_good: step.is_none(),
            detail,
            fields: json!({"available": available, "version": version, "path": path}),
        };
        (check, step)
    };
    let claude = match &found.claude {
        Err(error) => {
            let mut missing = Complaint::from(error.clone());
            if let Some(hint) = &mut missing.hint {
                hint.push_str("\n    If it is somewhere: cc-cli config set claude.path PATH");
            }
            return check(error.to_string(), None, Some(missing.into()));
        }
        Ok(claude) => claude,
    };
    let path = claude.path.display();
    match &claude.version {
        None => check(path.to_string(), None, None),
        Some(Err(error)) => {
            let fix = format!("See what it says: {path} --version");
            let step = Step::new("Claude Code does not tell its version", fix);
            check(error.to_string(), None, Some(step))
        }
        Some(Ok(version)) => {
            let step = too_old(claude, version);
            check(format!("{version}, {path}"), Some(version), step)
        }
    }
}

fn too_old(claude: &ClaudeFound, version: &str) -> Option<Step> {
    let [major, minor, patch] = OLDEST_TESTED;
    claude.is_older_than_tested().then(|| {
        let what = format!(
            "Claude Code {version} is older than {major}.{minor}.{patch}, the oldest that cc is tested with"
        );
        Step::new(what, "claude update")
    })
}

fn auth(found: &Findings) -> (Check, Option<Step>) {
    let claude = found.claude.as_ref().ok();
    let asked = claude.and_then(|claude| claude.auth.as_ref());
    let (detail, step) = match asked {
        None => ("not asked".to_owned(), None),
        // That it cannot be started is told of its version.
        Some(Err(error @ ProbeError::Start { .. })) => (error.to_string(), None),
        Some(Err(error)) => {
            let what = "Claude Code does not tell whether somebody is logged in";
            let step = Step::new(what, "See what it says: claude auth status");
            (error.to_string(), Some(step))
        }
        Some(Ok(auth)) if auth.logged_in => (login(auth), None),
        Some(Ok(_)) => {
            let step = Step::new("Claude Code is not logged in", "claude auth login");
            ("not logged in".to_owned(), Some(step))
        }
    };
    let logged_in = matches!(asked, Some(Ok(auth)) if auth.logged_in);
    let check = Check {
        key: "auth",
        label: "Login",
        is_good: logged_in,
        detail,
        fields: json!({"loggedIn": logged_in}),
    };
    (check, step)
}

/// How, and not who: the words go to a model.
fn login(auth: &AuthStatus) -> String {
    let how = auth.auth_method.as_deref().unwrap_or("logged in");
    match &auth.subscription_type {
        Some(plan) => format!("{how}, {plan}"),
        None => how.to_owned(),
    }
}

fn state(project: &Project, found: &Findings) -> (Check, Option<Step>) {
    let dir = project.data.root().display().to_string();
    let step = match (&found.state, &found.settings) {
        (Err(error), _) => Some(Step::new(
            error,
            "Make it writable and leave some space, or set CC_DATA_DIR to another directory.",
        )),
        (_, Err(error)) => Some(Step::new(
            error,
            format_args!(
                "Mend or remove that line in {}",
                project.data.settings().display()
            ),
        )),
        (Ok(()), Ok(())) => None,
    };
    let check = Check {
        key: "state",
        label: "Jobs",
        is_good: step.is_none(),
        detail: step
            .as_ref()
            .map_or_else(|| dir.clone(), |step| step.what.clone()),
        fields: json!({
            "writable": found.state.is_ok(),
            "settingsValid": found.settings.is_ok(),
            "path": dir,
        }),
    };
    (check, step)
}

fn sandbox(found: &Findings) -> (Check, Option<Step>) {
    let missing = found.sandbox.as_ref().err();
    let check = Check {
        key: "sandbox",
        label: "Sandbox",
        is_good: missing.is_none(),
        detail: missing.map_or_else(
            || "can start, for the commands of rescues".to_owned(),
            ToString::to_string,
        ),
        fields: json!({"available": missing.is_none()}),
    };
    (
        check,
        missing.map(|missing| Complaint::from(missing.clone()).into()),
    )
}

fn in_codex(installation: &Installation) -> [Check; 4] {
    let Installation {
        codex,
        plugin,
        hooks,
        exec_rule: rule,
        ..
    } = installation;
    let version = codex.as_ref().and_then(|codex| codex.version.as_deref());
    let trusted = matches!(hooks.trusted, Trust::All | Trust::NotNeeded);
    [
        Check {
            key: "codex",
            label: "Codex",
            is_good: version.is_some(),
            detail: codex.as_ref().map_or_else(
                || "not found".to_owned(),
                |codex| {
                    format!(
                        "{}, {}",
                        version.unwrap_or("no answer"),
                        codex.path.display()
                    )
                },
            ),
            fields: json!({"found": codex.is_some(), "version": version}),
        },
        Check {
            key: "plugin",
            label: "Plugin",
            is_good: plugin.installed && plugin.enabled && !plugin.drifted,
            detail: match (plugin.installed, plugin.enabled, plugin.drifted) {
                (false, ..) => "not installed".to_owned(),
                (true, false, _) => "switched off".to_owned(),
                (true, true, true) => "another copy than was installed".to_owned(),
                (true, true, false) => format!("installed, {}", installation.version),
            },
            fields: json!({
                "installed": plugin.installed,
                "enabled": plugin.enabled,
                "drifted": plugin.drifted,
            }),
        },
        Check {
            key: "hooks",
            label: "Hooks",
            is_good: hooks.installed && trusted && !hooks.double && !hooks.switched_off,
            detail: in_words(hooks).to_owned(),
            fields: json!({
                "installed": hooks.installed,
                "trusted": trusted,
                "switchedOff": hooks.switched_off,
                "double": hooks.double,
            }),
        },
        Check {
            key: "execRule",
            label: "Exec rule",
            is_good: rule.matches,
            detail: match (rule.present, rule.matches) {
                (_, true) => rule.path.display().to_string(),
                (true, false) => "for another cc-cli".to_owned(),
                (false, false) => "none".to_owned(),
            },
            fields: json!({"present": rule.present, "matches": rule.matches}),
        },
    ]
}

fn in_words(hooks: &Hooks) -> &'static str {
    match (hooks.installed, hooks.trusted) {
        (false, _) => "not installed",
        _ if hooks.switched_off => "switched off in Codex",
        _ if hooks.double => "declared twice",
        (true, Trust::All) => "trusted",
        (true, Trust::NotNeeded) => "installed; this Codex asks for no trust",
        (true, Trust::Some) => "not all of them trusted",
        (true, Trust::None) => "not trusted",
        (true, Trust::Unknown) => "installed; Codex could not be asked about trust",
    }
}

fn unknown(error: &InstallationError) -> (Check, Option<Step>) {
    let fix = match error {
        InstallationError::Start { .. } => "cargo install cc-installer && cc-installer install",
        _ => "See what it says: cc-installer status",
    };
    let check = Check {
        key: "codex",
        label: "Codex",
        is_good: false,
        detail: error.to_string(),
        fields: json!({"found": null}),
    };
    (
        check,
        Some(Step::new("Nothing is known of cc in Codex", fix)),
    )
}
