//! What is wrong, each with the command that mends it.

use super::{HookStatus, Problem, Status};
use crate::found::{Found, HostFound, Way};
use crate::hooks::Trust;

pub(super) fn of(found: &Found, status: &Status) -> Vec<Problem> {
    let installer = found.places.program("cc-installer");
    let mut problems = Vec::new();
    let mut add = |what: String, fix: String| problems.push(Problem { what, fix });
    let whole = found.binaries.iter().all(|binary| binary.is_installed);
    let program = if whole { &installer } else { "cc-installer" };
    let again = |what: &str| format!("{program} {what}");

    match &found.host {
        HostFound::Missing(error) => add(
            error.to_string(),
            "Install Codex (npm install -g @openai/codex), or name it: cc-installer status --codex PATH"
                .into(),
        ),
        HostFound::Mute(codex, error) => add(
            error.to_string(),
            format!("See what it says: {} features list", codex.path.display()),
        ),
        HostFound::Here(host) if host.off.plugins && host.way != Way::Wrappers => add(
            "plugins are switched off in Codex".into(),
            "codex features enable plugins".into(),
        ),
        HostFound::Here(_) | HostFound::NotAsked(_) => {}
    }
    let troubles = [found.config.as_ref().err(), found.user_hooks.as_ref().err()];
    for trouble in troubles.into_iter().flatten() {
        add(
            trouble.to_string(),
            "Mend the file; Codex cannot read it either.".into(),
        );
    }
    let missing: Vec<&str> = found
        .binaries
        .iter()
        .filter(|binary| !binary.is_installed)
        .map(|binary| binary.name)
        .collect();
    if !status.plugin.installed {
        add("cc is not installed in Codex".into(), again("install"));
        return problems;
    }
    if !missing.is_empty() {
        add(
            format!(
                "{} missing in {}",
                missing.join(", "),
                found.places.bin.display()
            ),
            "cc-installer update".into(),
        );
    } else if !status.binaries_agree() {
        add(
            "the binaries are not those of one installation".into(),
            "cc-installer update".into(),
        );
    }
    if !status.plugin.enabled {
        add(
            "the plugin is switched off in Codex".into(),
            "Switch it on in /plugins, or: ".to_owned() + &again("install"),
        );
        return problems;
    }
    if status.plugin.drifted {
        add(
            "Codex has another copy of the plugin than this version's".into(),
            again("update"),
        );
    }
    if status.hooks.double {
        add(
            "the hooks are declared twice and would run twice".into(),
            again("update"),
        );
    }
    let off = found.host().and_then(|host| host.off.hooks);
    if let (Some(off), true) = (off, status.hooks.installed) {
        add(
            "hooks are switched off in Codex: no notices of finished jobs, no review gate".into(),
            format!("codex features enable {}", off.name()),
        );
    }
    if !status.hooks.installed {
        let install = match status.hooks.allowed {
            true => "install",
            false => "install --trust-hooks",
        };
        add("the hooks are not installed".into(), again(install));
    } else if matches!(status.hooks.trusted, "some" | "none") {
        let changed = |hook: &HookStatus| hook.trust == Some(Trust::Modified);
        let why = if status.hooks.entries.iter().any(changed) {
            "they changed since they were trusted"
        } else {
            "they are not trusted"
        };
        add(
            format!("Codex does not run the hooks: {why}"),
            format!("{}   (or /hooks in Codex)", again("install --trust-hooks")),
        );
    }
    if status.hooks.entries.iter().any(|hook| !hook.enabled) {
        add(
            "a hook is switched off in Codex".into(),
            "Switch it on in /hooks.".into(),
        );
    }
    if !status.exec_rule.matches {
        let what = if status.exec_rule.present {
            "the exec rule is about another cc-cli than the installed one"
        } else {
            "there is no exec rule: Codex asks about each call of cc-cli, or runs it in its sandbox"
        };
        add(what.into(), again("install --allow-commands"));
    }
    problems
}
