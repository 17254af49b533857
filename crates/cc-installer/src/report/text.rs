//! A status as text.

use cc_core::installation::{
    HooksSource, HooksTrusted, Installation, InstalledHooks, InstalledPlugin, InstalledRule,
    SkillsForm,
};
use cc_core::text::count;

/// `status` in lines; those to be copied are indented by four spaces.
pub(super) fn of(status: &Installation) -> String {
    let codex = match &status.codex {
        Some(codex) => {
            let version = codex.version.as_deref().unwrap_or("unknown version");
            format!("{version}, {}", codex.path)
        }
        None => "not found".to_owned(),
    };
    let binaries = if status.binaries.are_complete() {
        &status.binaries.dir
    } else {
        "missing"
    };
    let rule = rule(&status.exec_rule);
    let mut text = format!(
        "cc {}\n  codex        {codex}\n  binaries     {binaries}\n  plugin       {}\n  hooks        {}\n  exec rule    {rule}\n",
        status.version,
        plugin(&status.plugin),
        hooks(&status.hooks),
    );
    for problem in &status.problems {
        // A sentence wraps, a command is to be copied.
        let indent = match problem.fix.starts_with(|c: char| c.is_ascii_uppercase()) {
            true => "  ",
            false => "    ",
        };
        text += &format!("\n  ! {}\n{indent}{}\n", problem.what, problem.fix);
    }
    if status.problems.is_empty() {
        text += "\nAll good.\n";
    }
    text.truncate(text.trim_end().len());
    text
}

fn rule(rule: &InstalledRule) -> &'static str {
    match (rule.present, rule.matches) {
        (true, _) if !rule.possible => "unsafe with this version of Codex",
        (false, _) if !rule.possible => {
            "none: this version of Codex would free the whole command line"
        }
        _ if rule.old => "for everything that cc-cli can do",
        (_, true) if rule.rescue => "for looking and changing",
        (_, true) => "for looking; Codex asks before each rescue",
        (true, false) if rule.rescue => "for changing only",
        (true, false) => "for a different cc-cli",
        (false, false) => "none",
    }
}

fn plugin(plugin: &InstalledPlugin) -> String {
    match (plugin.installed, plugin.enabled) {
        (false, _) => "not installed".to_owned(),
        (true, false) => "installed, but disabled in Codex".to_owned(),
        (true, true) => match (&plugin.version, plugin.way) {
            (Some(version), _) => format!("installed, {version}"),
            (None, Some(SkillsForm::UserSkills)) => "installed as user skills".to_owned(),
            (None, _) => "installed".to_owned(),
        },
    }
}

fn hooks(hooks: &InstalledHooks) -> String {
    let from = match hooks.way {
        None => return "not installed".to_owned(),
        Some(HooksSource::Plugin) => "in the plugin",
        Some(HooksSource::UserFile) => "in hooks.json",
    };
    let trust = match hooks.trusted {
        _ if hooks.switched_off => "disabled in Codex",
        HooksTrusted::All => "trusted",
        HooksTrusted::Some => "some of them not trusted",
        HooksTrusted::None => "not trusted",
        HooksTrusted::NotNeeded => "allowed (this version of Codex does not ask)",
        HooksTrusted::Unknown => "not checked",
    };
    match hooks.entries.len() {
        0 => format!("{from}, {trust}"),
        known => format!("{} {from}, {trust}", count(known, "hook")),
    }
}
