//! What is wrong, each with the command that fixes it.

use cc_core::installation::{
    HookTrust, HooksTrusted, Installation, InstallationProblem, InstalledHook, InstalledRule,
};

use crate::prepare::codex_info::InstallMethod;
use crate::prepare::snapshot::{CodexState, Snapshot};

/// The problems of a snapshot, the first to fix first.
pub(super) fn of(snapshot: &Snapshot, status: &Installation) -> Vec<InstallationProblem> {
    let mut problems = codex(snapshot);
    problems.extend(unreadable_files(snapshot));
    let run = |command: &str| {
        let installer = snapshot.layout.program("cc-installer");
        let program = if status.binaries.are_complete() {
            &installer
        } else {
            "cc-installer"
        };
        format!("{program} {command}")
    };
    if !status.plugin.installed {
        problems.push(problem("cc is not installed in Codex", run("install")));
        return problems;
    }
    problems.extend(binaries(snapshot, status));
    if !status.plugin.enabled {
        let fix = format!("Enable it in /plugins, or: {}", run("install"));
        problems.push(problem("the plugin is disabled in Codex", fix));
        return problems;
    }
    if status.plugin.drifted {
        let what = "Codex has a different copy of the plugin than this version";
        problems.push(problem(what, run("update")));
    }
    problems.extend(hooks(snapshot, status, &run));
    problems.extend(rules(&status.exec_rule, &run));
    problems
}

fn rules(rule: &InstalledRule, run: &dyn Fn(&str) -> String) -> Option<InstallationProblem> {
    let (what, fix) = match (rule.present, rule.matches) {
        (false, _) if !rule.possible => return None,
        (true, _) if !rule.possible => (
            "an exec rule frees the whole command line in this version of Codex",
            "update",
        ),
        _ if rule.old => (
            "an old exec rule lets Codex's model leave the sandbox through settings of cc-cli",
            "update",
        ),
        (_, true) => return None,
        (true, false) if rule.rescue => (
            "there is no exec rule for looking, only for rescues",
            "install --allow-commands",
        ),
        (true, false) => (
            "the exec rule is for a different cc-cli than the installed one",
            "install --allow-commands",
        ),
        (false, false) => (
            "there is no exec rule: Codex asks before each cc-cli call, or runs it in its sandbox",
            "install --allow-commands",
        ),
    };
    Some(problem(what, run(fix)))
}

fn problem(what: impl Into<String>, fix: impl Into<String>) -> InstallationProblem {
    InstallationProblem {
        what: what.into(),
        fix: fix.into(),
    }
}

fn codex(snapshot: &Snapshot) -> Vec<InstallationProblem> {
    let found = match &snapshot.codex {
        CodexState::NotFound(error) => problem(
            error.to_string(),
            "Install Codex (npm install -g @openai/codex), or name it: cc-installer status --codex PATH",
        ),
        CodexState::NoAnswer(codex, error) => problem(
            error.to_string(),
            format!("See what it prints: {} features list", codex.path.display()),
        ),
        CodexState::Answered(codex)
            if codex.disabled.plugins && codex.method != InstallMethod::UserSkills =>
        {
            problem(
                "plugins are disabled in Codex",
                "codex features enable plugins",
            )
        }
        CodexState::Answered(_) | CodexState::NotAsked(_) => return Vec::new(),
    };
    vec![found]
}

fn unreadable_files(snapshot: &Snapshot) -> impl Iterator<Item = InstallationProblem> {
    let errors = [
        snapshot.config.as_ref().err(),
        snapshot.user_hooks.as_ref().err(),
    ];
    let fix = "Fix the file; Codex cannot read it either.";
    errors
        .into_iter()
        .flatten()
        .map(move |error| problem(error.to_string(), fix))
}

fn binaries(snapshot: &Snapshot, status: &Installation) -> Option<InstallationProblem> {
    let missing = snapshot
        .binaries
        .iter()
        .filter(|binary| !binary.is_installed);
    let missing: Vec<&str> = missing.map(|binary| binary.name).collect();
    let what = if !missing.is_empty() {
        format!("missing in {}: {}", status.binaries.dir, missing.join(", "))
    } else if !status.binaries.versions_agree {
        "the binaries are not from the same installation".to_owned()
    } else {
        return None;
    };
    Some(problem(what, "cc-installer update"))
}

fn hooks(
    snapshot: &Snapshot,
    status: &Installation,
    run: &dyn Fn(&str) -> String,
) -> Vec<InstallationProblem> {
    let hooks = &status.hooks;
    let mut problems = Vec::new();
    if hooks.double {
        let what = "the hooks are declared twice and would run twice";
        problems.push(problem(what, run("update")));
    }
    let disabled = snapshot.codex().and_then(|codex| codex.disabled.hooks);
    if let (Some(feature), true) = (disabled, hooks.installed) {
        let what = "hooks are disabled in Codex: no notices of finished jobs, no review gate";
        problems.push(problem(
            what,
            format!("codex features enable {}", feature.name()),
        ));
    }
    if !hooks.installed {
        let command = if hooks.allowed {
            "install"
        } else {
            "install --trust-hooks"
        };
        problems.push(problem("the hooks are not installed", run(command)));
    } else if matches!(hooks.trusted, HooksTrusted::Some | HooksTrusted::None) {
        let is_modified = |hook: &InstalledHook| hook.trust == Some(HookTrust::Modified);
        let why = if hooks.entries.iter().any(is_modified) {
            "they changed since they were trusted"
        } else {
            "they are not trusted"
        };
        problems.push(problem(
            format!("Codex does not run the hooks: {why}"),
            format!("{}   (or /hooks in Codex)", run("install --trust-hooks")),
        ));
    }
    if hooks.entries.iter().any(|hook| !hook.enabled) {
        problems.push(problem(
            "a hook is disabled in Codex",
            "Enable it in /hooks.",
        ));
    }
    problems
}
