//! The report of `setup`: each check, and the command that fixes a failed one.

use std::fmt::{self, Display, Formatter};

use cc_claude::{AuthStatus, ProbeError};
use cc_core::child::CommandError;
use cc_core::installation::{HooksTrusted, InstalledHooks, InstalledRule};
use cc_core::time::human_duration;
use cc_workflows::Obstacle;
use cc_workflows::Project;
use cc_workflows::setup::{
    ClaudeFound, Installation, InstallationError, OLDEST_TESTED, SetupCheck,
};
use cc_workflows::trust::Standing;
use serde_json::{Value, json};

use crate::error::CliError;
use crate::render::{table_wrapped, wrapped};

pub(crate) struct SetupReport {
    ready: bool,
    workspace: String,
    checks: Vec<CheckRow>,
    steps: Vec<NextStep>,
    gate: bool,
    /// Why the gate, which is on, is never called.
    gate_without_hooks: Option<&'static str>,
    actions: Vec<String>,
}

struct CheckRow {
    /// Its key in the JSON document.
    key: &'static str,
    label: &'static str,
    passed: bool,
    detail: String,
    /// Its other fields in the JSON document.
    fields: Value,
}

struct NextStep {
    problem: String,
    fix: Option<String>,
}

impl SetupReport {
    pub(crate) fn new(project: &Project, findings: &SetupCheck, actions: Vec<String>) -> Self {
        let mut report = Self {
            ready: findings.is_ready(),
            workspace: project.store.workspace().root().display().to_string(),
            checks: Vec::new(),
            steps: Vec::new(),
            gate: findings.gate,
            gate_without_hooks: gate_without_hooks(findings),
            actions,
        };
        if let Some(obstacle) = findings.obstacle {
            report.add(this_call(obstacle));
        }
        report.add(claude(findings));
        report.add(login(findings));
        let claude = findings.claude.iter();
        let problems = claude.flat_map(|claude| &claude.settings_problems);
        report.steps.extend(problems.map(|problem| {
            NextStep::new(
                problem,
                "Fix it: logins and denied tools in it do not count",
            )
        }));
        report.add(git(findings));
        report.add(state_dir(project, findings));
        report.add(sandbox(findings));
        let trust = findings.trust.iter();
        report
            .checks
            .extend(trust.map(|standing| project_settings(project, standing)));
        match &findings.installation {
            Some(Ok(installation)) => {
                report.checks.extend(codex_checks(installation));
                for problem in &installation.problems {
                    report
                        .steps
                        .push(NextStep::new(&problem.what, &problem.fix));
                }
            }
            Some(Err(error)) => report.add(codex_unknown(error)),
            None => {}
        }
        report
    }

    fn add(&mut self, (check, step): (CheckRow, Option<NextStep>)) {
        self.checks.push(check);
        self.steps.extend(step);
    }

    /// The document of `--json`; a check of Codex that did not run has its fields too.
    pub(crate) fn document(&self) -> Value {
        let mut document = json!({
            "ready": self.ready,
            "workspaceRoot": self.workspace,
            "hooks": {"installed": null, "trusted": null, "detail": "not checked"},
            "codex": {"found": null, "detail": "not checked"},
            "projectSettings": {"allowed": null, "detail": "not readable"},
            "execRule": {"present": null, "matches": null, "detail": "not checked"},
            "reviewGateEnabled": self.gate,
            "actionsTaken": self.actions,
            "nextSteps": self.steps.iter().map(NextStep::to_string).collect::<Vec<_>>(),
        });
        for check in &self.checks {
            let mut fields = check.fields.clone();
            fields["detail"] = check.detail.as_str().into();
            document[check.key] = fields;
        }
        document
    }
}

impl SetupReport {
    /// The report for people, in lines of at most `width` columns.
    pub(crate) fn text(&self, width: Option<usize>) -> String {
        let mut text = String::new();
        for action in &self.actions {
            text += &format!("{action}\n");
        }
        if !self.actions.is_empty() {
            text.push('\n');
        }
        let gate = if self.gate { "on" } else { "off" };
        let row = |mark: &str, label: &str, detail: &str| {
            vec![mark.to_owned(), label.to_owned(), detail.to_owned()]
        };
        let check_row = |check: &CheckRow| {
            let mark = if check.passed { "ok" } else { "!" };
            row(mark, check.label, &check.detail)
        };
        let mut rows: Vec<_> = self.checks.iter().map(check_row).collect();
        let mut gate = format!("{gate} in {}", self.workspace);
        if let Some(why) = self.gate_without_hooks {
            gate.push_str(&format!(", but it does not run: the hooks are {why}"));
        }
        rows.push(row("", "Review gate", &gate));
        text += &table_wrapped(&rows, width);
        if !self.steps.is_empty() {
            text += "\nNext steps\n";
        }
        for step in &self.steps {
            text += &step.text(width.unwrap_or(usize::MAX));
        }
        let verdict = match (self.ready, !self.steps.is_empty()) {
            (true, false) => "Ready.",
            (true, true) => "Reviews work; the steps above enable the rest.",
            (false, _) => "Not ready.",
        };
        text + &format!("\n{verdict}\n")
    }
}

impl Display for NextStep {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.fix {
            Some(fix) => write!(f, "{}: {fix}", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}

impl From<CliError> for NextStep {
    fn from(error: CliError) -> Self {
        Self {
            problem: error.message,
            fix: error.hint,
        }
    }
}

impl NextStep {
    /// The step in lines of at most `width` columns; a command, which is to be copied, is one line.
    fn text(&self, width: usize) -> String {
        let mut text = wrapped(&self.problem, "  - ", 4, width);
        if let Some(fix) = &self.fix {
            let is_sentence = fix.starts_with(|first: char| first.is_ascii_uppercase());
            let width = if is_sentence { width } else { usize::MAX };
            text += &wrapped(fix, "    ", 4, width);
        }
        text
    }

    fn new(problem: impl Display, fix: impl Display) -> Self {
        Self {
            problem: problem.to_string(),
            fix: Some(fix.to_string()),
        }
    }
}

/// What keeps Codex from calling the gate, if it is on.
fn gate_without_hooks(findings: &SetupCheck) -> Option<&'static str> {
    let installation = findings.installation.as_ref()?.as_ref().ok()?;
    let hooks = &installation.hooks;
    let runs = hooks.installed
        && !hooks.switched_off
        && !matches!(hooks.trusted, HooksTrusted::None | HooksTrusted::Some);
    (findings.gate && !runs).then(|| hooks_detail(hooks))
}

/// Says why this call cannot start jobs; inside a sandbox, other checks say little about the outside.
fn this_call(obstacle: Obstacle) -> (CheckRow, Option<NextStep>) {
    let check = CheckRow {
        key: "call",
        label: "This call",
        passed: false,
        detail: obstacle.to_string(),
        fields: json!({"canStartJobs": false}),
    };
    (check, Some(CliError::from(obstacle).into()))
}

fn claude(findings: &SetupCheck) -> (CheckRow, Option<NextStep>) {
    let check = |detail: String, version: Option<&str>, step: Option<NextStep>| {
        let path = findings.claude.as_ref().ok().map(|claude| &claude.path);
        let available = path.is_some() && (version.is_some() || step.is_none());
        let check = CheckRow {
            key: "claude",
            label: "Claude Code",
            passed: step.is_none(),
            detail,
            fields: json!({"available": available, "version": version, "path": path}),
        };
        (check, step)
    };
    let claude = match &findings.claude {
        Err(error) => {
            let mut missing = CliError::from(error.clone());
            if let Some(hint) = &mut missing.hint {
                hint.push_str(
                    "\n    If it is installed elsewhere: cc-cli config set claude.path PATH",
                );
            }
            return check(error.to_string(), None, Some(missing.into()));
        }
        Ok(claude) => claude,
    };
    let path = claude.path.display();
    match &claude.version {
        None => check(path.to_string(), None, None),
        Some(Err(error)) => {
            let fix = format!("Check its output: {path} --version");
            let step = NextStep::new("Claude Code does not print its version", fix);
            check(error.to_string(), None, Some(step))
        }
        Some(Ok(version)) => {
            let step = too_old(claude, version);
            check(format!("{version}, {path}"), Some(version), step)
        }
    }
}

fn too_old(claude: &ClaudeFound, version: &str) -> Option<NextStep> {
    let [major, minor, patch] = OLDEST_TESTED;
    claude.is_older_than_tested().then(|| {
        let what = format!(
            "Claude Code {version} is older than {major}.{minor}.{patch}, the oldest that cc is tested with"
        );
        NextStep::new(what, "claude update")
    })
}

fn login(findings: &SetupCheck) -> (CheckRow, Option<NextStep>) {
    let claude = findings.claude.as_ref().ok();
    let asked = claude.and_then(|claude| claude.auth.as_ref());
    let (detail, step) = match asked {
        None => ("not checked".to_owned(), None),
        // The version check reports that it cannot be started.
        Some(Err(error @ ProbeError::Command(CommandError::Start { .. }))) => {
            (error.to_string(), None)
        }
        Some(Err(error)) => {
            let what = "Claude Code does not report whether you are logged in";
            let step = NextStep::new(what, "Check its output: claude auth status");
            (error.to_string(), Some(step))
        }
        Some(Ok(auth)) if auth.logged_in => (login_detail(auth), None),
        Some(Ok(_)) => {
            let step = NextStep::new("Claude Code is not logged in", "claude auth login");
            ("not logged in".to_owned(), Some(step))
        }
    };
    let logged_in = matches!(asked, Some(Ok(auth)) if auth.logged_in);
    let check = CheckRow {
        key: "auth",
        label: "Login",
        passed: logged_in,
        detail,
        fields: json!({"loggedIn": logged_in, "verified": false}),
    };
    (check, step)
}

/// The login method without the account: the text goes to a model. Claude Code does not ask the
/// service about it.
fn login_detail(auth: &AuthStatus) -> String {
    let how = auth.auth_method.as_deref().unwrap_or("logged in");
    match &auth.subscription_type {
        Some(plan) => format!("{how}, {plan} (not verified)"),
        None => format!("{how} (not verified)"),
    }
}

fn git(findings: &SetupCheck) -> (CheckRow, Option<NextStep>) {
    let error = findings.git.as_ref().err();
    let check = CheckRow {
        key: "git",
        label: "Git",
        passed: error.is_none(),
        detail: error.map_or_else(|| "works here".to_owned(), ToString::to_string),
        fields: json!({"works": error.is_none()}),
    };
    (check, error.map(|error| CliError::from(error).into()))
}

fn state_dir(project: &Project, findings: &SetupCheck) -> (CheckRow, Option<NextStep>) {
    let dir = project.data.root().display().to_string();
    let step = match (&findings.state, &findings.settings) {
        (Err(error), _) => Some(NextStep::new(
            error,
            "Make it writable and free some space, or set CC_DATA_DIR to another directory.",
        )),
        (_, Err(error)) => Some(NextStep::new(
            error,
            format_args!(
                "Fix or remove that line in {}",
                project.data.settings().display()
            ),
        )),
        (Ok(()), Ok(())) => None,
    };
    let check = CheckRow {
        key: "state",
        label: "Jobs",
        passed: step.is_none(),
        detail: step
            .as_ref()
            .map_or_else(|| dir.clone(), |step| step.problem.clone()),
        fields: json!({
            "writable": findings.state.is_ok(),
            "settingsValid": findings.settings.is_ok(),
            "path": dir,
        }),
    };
    (check, step)
}

fn sandbox(findings: &SetupCheck) -> (CheckRow, Option<NextStep>) {
    let missing = findings.sandbox.as_ref().err();
    let of_reviews = match &findings.run_commands {
        None => String::new(),
        Some(Ok(())) => " and of reviews (--run-commands)".to_owned(),
        Some(Err(why)) => format!(", not of reviews (--run-commands): {why}"),
    };
    let run_commands = findings.run_commands.as_ref().map(Result::is_ok);
    let check = CheckRow {
        key: "sandbox",
        label: "Sandbox",
        passed: missing.is_none(),
        detail: missing.map_or_else(
            || format!("available for the commands of rescues{of_reviews}"),
            ToString::to_string,
        ),
        fields: json!({"available": missing.is_none(), "runCommands": run_commands}),
    };
    (
        check,
        missing.map(|missing| CliError::from(missing.clone()).into()),
    )
}

/// What the repository can have executed in rescues.
fn project_settings(project: &Project, standing: &Standing) -> CheckRow {
    let (allowed, detail) = match standing {
        Standing::Nothing => (None, "has no hooks, servers or skills of its own".to_owned()),
        Standing::Allowed(at) => {
            let age = human_duration(at.until(project.store.now()));
            (Some(true), format!("its hooks, servers and skills were allowed {age} ago"))
        }
        Standing::New => (
            Some(false),
            "its hooks, servers and skills are not allowed in rescues; to see them: cc-cli trust".to_owned(),
        ),
        Standing::Changed(_) => (
            Some(false),
            "its hooks, servers and skills changed since you allowed them; to see them: cc-cli trust"
                .to_owned(),
        ),
    };
    CheckRow {
        key: "projectSettings",
        label: "Project",
        passed: true,
        detail,
        fields: json!({"allowed": allowed}),
    }
}

fn codex_checks(installation: &Installation) -> [CheckRow; 4] {
    let Installation {
        codex,
        plugin,
        hooks,
        exec_rule: rule,
        ..
    } = installation;
    let version = codex.as_ref().and_then(|codex| codex.version.as_deref());
    let trusted = matches!(hooks.trusted, HooksTrusted::All | HooksTrusted::NotNeeded);
    [
        CheckRow {
            key: "codex",
            label: "Codex",
            passed: version.is_some(),
            detail: codex.as_ref().map_or_else(
                || "not found".to_owned(),
                |codex| format!("{}, {}", version.unwrap_or("version unknown"), codex.path),
            ),
            fields: json!({"found": codex.is_some(), "version": version}),
        },
        CheckRow {
            key: "plugin",
            label: "Plugin",
            passed: plugin.installed && plugin.enabled && !plugin.drifted,
            detail: match (plugin.installed, plugin.enabled, plugin.drifted) {
                (false, ..) => "not installed".to_owned(),
                (true, false, _) => "disabled".to_owned(),
                (true, true, true) => "changed since it was installed".to_owned(),
                (true, true, false) => format!("installed, {}", installation.version),
            },
            fields: json!({
                "installed": plugin.installed,
                "enabled": plugin.enabled,
                "drifted": plugin.drifted,
            }),
        },
        CheckRow {
            key: "hooks",
            label: "Hooks",
            passed: hooks.installed && trusted && !hooks.double && !hooks.switched_off,
            detail: hooks_detail(hooks).to_owned(),
            fields: json!({
                "installed": hooks.installed,
                "trusted": trusted,
                "switchedOff": hooks.switched_off,
                "double": hooks.double,
            }),
        },
        CheckRow {
            key: "execRule",
            label: "Exec rule",
            passed: match rule.possible {
                true => rule.matches && !rule.old,
                false => !rule.present,
            },
            detail: rule_detail(rule).to_owned(),
            fields: json!({
                "present": rule.present,
                "matches": rule.matches,
                "rescue": rule.rescue,
                "old": rule.old,
                "possible": rule.possible,
            }),
        },
    ]
}

fn rule_detail(rule: &InstalledRule) -> &'static str {
    match (rule.present, rule.matches) {
        (true, _) if !rule.possible => "unsafe with this version of Codex",
        (false, _) if !rule.possible => "none; this version of Codex would free the whole line",
        _ if rule.old => "an old one, for everything that cc-cli can do",
        (_, true) if rule.rescue => "for looking and changing",
        (_, true) => "for looking; Codex asks before each rescue",
        (true, false) => "for another cc-cli",
        (false, false) => "none",
    }
}

fn hooks_detail(hooks: &InstalledHooks) -> &'static str {
    match (hooks.installed, hooks.trusted) {
        (false, _) => "not installed",
        _ if hooks.switched_off => "disabled in Codex",
        _ if hooks.double => "declared twice",
        (true, HooksTrusted::All) => "trusted",
        (true, HooksTrusted::NotNeeded) => "installed; this Codex needs no trust",
        (true, HooksTrusted::Some) => "not all trusted",
        (true, HooksTrusted::None) => "not trusted",
        (true, HooksTrusted::Unknown) => "installed; trust unknown",
    }
}

fn codex_unknown(error: &InstallationError) -> (CheckRow, Option<NextStep>) {
    let fix = match error {
        InstallationError::Command(CommandError::Start { .. }) => {
            "cargo install cc-installer && cc-installer install"
        }
        _ => "Check its output: cc-installer status",
    };
    let check = CheckRow {
        key: "codex",
        label: "Codex",
        passed: false,
        detail: error.to_string(),
        fields: json!({"found": null}),
    };
    (
        check,
        Some(NextStep::new(
            "The Codex integration could not be checked",
            fix,
        )),
    )
}
