//! The second step: shows the plan, and asks for each permission by its exact words.

use crate::args::InstallArgs;
use crate::bundle;
use crate::console::Console;
use crate::edit::rules::{self, Allows};
use crate::error::Error;
use crate::layout::Layout;
use crate::prepare::plan::{Permission, PlanStep};

/// What the user allowed.
#[must_use]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Granted {
    commands: bool,
    rescue: bool,
    hooks: bool,
}

impl Granted {
    /// Whether it includes a permission.
    pub(crate) fn covers(self, permission: Permission) -> bool {
        match permission {
            Permission::Looking => self.commands,
            Permission::Changing => self.rescue,
            Permission::HookTrust | Permission::UserHooks => self.hooks,
        }
    }
}

/// Shows what is going to be done.
pub(crate) fn show_plan(
    steps: &[PlanStep],
    layout: &Layout,
    console: &mut Console<'_>,
) -> Result<(), Error> {
    if steps.is_empty() {
        return console.say(format!("cc {} is installed.", cc_plugin::VERSION));
    }
    console.say("cc-installer will")?;
    let mut lines = steps.iter().map(|step| step.describe(layout));
    lines.try_for_each(|line| console.say(format!("  - {line}")))
}

/// Asks for permissions, except for those that a flag of this call grants.
pub(crate) fn ask(
    permissions: &[Permission],
    args: &InstallArgs,
    layout: &Layout,
    console: &mut Console<'_>,
) -> Result<Granted, Error> {
    let mut granted = Granted {
        commands: args.allow_commands,
        rescue: args.allow_rescue,
        hooks: args.trust_hooks,
    };
    for permission in permissions {
        console.say(format!("\n{}", text(*permission, layout)))?;
        let (question, by_flag, granted) = match permission {
            Permission::Looking => (
                "Write this rule?",
                "Allowed by --allow-commands.",
                &mut granted.commands,
            ),
            Permission::Changing => (
                "Write this rule too?",
                "Allowed by --allow-rescue.",
                &mut granted.rescue,
            ),
            Permission::UserHooks => (
                "Add these hooks?",
                "Allowed by --trust-hooks.",
                &mut granted.hooks,
            ),
            Permission::HookTrust => (
                "Trust these hooks?",
                "Trusted by --trust-hooks.",
                &mut granted.hooks,
            ),
        };
        if *granted {
            console.say(by_flag)?;
        } else {
            *granted = console.ask(question)?;
        }
    }
    Ok(granted)
}

/// What exactly a permission allows.
pub(crate) fn text(permission: Permission, layout: &Layout) -> String {
    let hooks_json = layout.hooks_json();
    match permission {
        Permission::Looking => looking_text(layout),
        Permission::Changing => changing_text(layout),
        Permission::HookTrust => hooks_text(
            layout,
            "once you trust them",
            "Codex asks again when a new version changes them.",
        ),
        Permission::UserHooks => hooks_text(
            layout,
            &format!("as soon as they are in {}", hooks_json.display()),
            "This version of Codex does not ask for itself.",
        ),
    }
}

/// What does not work without a permission, and how to grant it later.
pub(crate) fn declined(permission: Permission, layout: &Layout) -> String {
    let installer = layout.program("cc-installer");
    match permission {
        Permission::Looking => format!(
            "Without the exec rule for looking, Codex asks before each cc-cli call, and the call fails where nobody can answer. To allow it later:\n    {installer} install --allow-commands"
        ),
        Permission::Changing => format!(
            "Codex asks before each rescue, and the rescue fails where nobody can answer. To allow them later:\n    {installer} install --allow-rescue"
        ),
        Permission::UserHooks => format!(
            "Without the hooks, there are no notices of finished jobs and no review gate. To add them later:\n    {installer} install --trust-hooks"
        ),
        Permission::HookTrust => format!(
            "Unless the hooks are trusted, there are no notices of finished jobs and no review gate. To trust them later (or in Codex: /hooks):\n    {installer} install --trust-hooks"
        ),
    }
}

fn looking_text(layout: &Layout) -> String {
    rule_text(
        layout,
        Allows::Looking,
        "Permission 1: looking",
        "lets Codex start reviews, and follow, read and cancel their jobs, outside its sandbox and without \
         asking, in the directory of its session and below. Claude Code then reads what is there with your \
         login and your rights and sends it to Anthropic; it cannot change files, and Codex cannot change \
         settings or switch the review gate off this way.",
    )
}

fn changing_text(layout: &Layout) -> String {
    rule_text(
        layout,
        Allows::Changing,
        "Permission 2: changing",
        "lets Codex also have Claude Code change files in the directory of its session and below, without \
         asking, where Codex itself may write. Claude's commands run in an OS sandbox that can write only \
         in that workspace, and hooks and servers of a repository run only as you allowed them (cc-cli \
         trust), but what Claude writes there runs with your rights once you or your tools run it.",
    )
}

fn rule_text(layout: &Layout, allows: Allows, title: &str, what: &str) -> String {
    format!(
        "{title}\nThis rule\n\n    {rule}\n\nin {file} {what}\n",
        rule = rules::rule(&layout.program("cc-cli"), allows),
        file = layout.rules().display(),
    )
}

fn hooks_text(layout: &Layout, when: &str, end: &str) -> String {
    let hooks = bundle::hooks(layout);
    let lines: String = hooks
        .iter()
        .map(|hook| format!("    {:<17} {}\n", hook.event, hook.command))
        .collect();
    format!(
        "Permission 3: hooks\n\
         Codex runs these commands outside its sandbox, {when}:\n\
         \n{lines}\n\
         They record which session a job belongs to, announce finished jobs, and delay the end of a \
         turn for a review if you enable the review gate. {end}\n"
    )
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::path::Path;

    use cc_core::Env;

    use super::*;
    use crate::console::wrap;

    fn layout() -> Layout {
        let env = Env::fixed("/", "/x", [("HOME", "/home/dev")]);
        Layout::new(&env, Some(Path::new("/opt/cc"))).unwrap()
    }

    #[test]
    fn the_exact_rule_and_commands_are_shown() {
        let text = |permission| wrap(&text(permission, &layout()), Some(80));
        insta::assert_snapshot!(text(Permission::Looking), @r#"
        Permission 1: looking
        This rule

            prefix_rule(pattern=["/opt/cc/cc-cli", "codex", ["review", "adversarial-review", "status", "result", "wait", "cancel", "logs", "scope", "resume-candidate", "setup"]], decision="allow")

        in /home/dev/.codex/rules/cc.rules lets Codex start reviews, and follow, read
        and cancel their jobs, outside its sandbox and without asking, in the directory
        of its session and below. Claude Code then reads what is there with your login
        and your rights and sends it to Anthropic; it cannot change files, and Codex
        cannot change settings or switch the review gate off this way.
        "#);
        insta::assert_snapshot!(text(Permission::Changing), @r#"
        Permission 2: changing
        This rule

            prefix_rule(pattern=["/opt/cc/cc-cli", "codex", ["rescue", "apply", "discard"]], decision="allow")

        in /home/dev/.codex/rules/cc.rules lets Codex also have Claude Code change files
        in the directory of its session and below, without asking, where Codex itself
        may write. Claude's commands run in an OS sandbox that can write only in that
        workspace, and hooks and servers of a repository run only as you allowed them
        (cc-cli trust), but what Claude writes there runs with your rights once you or
        your tools run it.
        "#);
        insta::assert_snapshot!(text(Permission::HookTrust), @"
        Permission 3: hooks
        Codex runs these commands outside its sandbox, once you trust them:

            SessionEnd        /opt/cc/cc-hooks session-end
            SessionStart      /opt/cc/cc-hooks session-start
            Stop              /opt/cc/cc-hooks stop
            UserPromptSubmit  /opt/cc/cc-hooks user-prompt-submit

        They record which session a job belongs to, announce finished jobs, and delay
        the end of a turn for a review if you enable the review gate. Codex asks again
        when a new version changes them.
        ");
        insta::assert_snapshot!(text(Permission::UserHooks), @"
        Permission 3: hooks
        Codex runs these commands outside its sandbox, as soon as they are in
        /home/dev/.codex/hooks.json:

            SessionEnd        /opt/cc/cc-hooks session-end
            SessionStart      /opt/cc/cc-hooks session-start
            Stop              /opt/cc/cc-hooks stop
            UserPromptSubmit  /opt/cc/cc-hooks user-prompt-submit

        They record which session a job belongs to, announce finished jobs, and delay
        the end of a turn for a review if you enable the review gate. This version of
        Codex does not ask for itself.
        ");
    }

    #[test]
    fn every_text_fits_a_narrow_terminal() {
        let (layout, width) = (layout(), 48);
        let permissions = [
            Permission::Looking,
            Permission::Changing,
            Permission::HookTrust,
            Permission::UserHooks,
        ];
        for permission in permissions {
            let texts = [text(permission, &layout), declined(permission, &layout)];
            for text in texts.map(|text| wrap(&text, Some(width))) {
                let mut prose = text.lines().filter(|line| !line.starts_with("    "));
                assert!(prose.all(|line| line.len() <= width), "{text}");
            }
        }
    }
}
