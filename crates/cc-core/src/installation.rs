//! The installation in Codex, as `cc-installer status --json` prints it and `cc-cli setup` reads it.

use serde::{Deserialize, Serialize};

/// The whole document.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Installation {
    /// The installer's version.
    pub version: String,
    /// Codex's home directory.
    pub codex_home: String,
    /// The Codex that was asked, if one was found.
    pub codex: Option<InstalledCodex>,
    /// The binaries that Codex calls.
    pub binaries: InstalledBinaries,
    /// The plugin, as Codex knows it.
    pub plugin: InstalledPlugin,
    /// The hooks, as Codex knows them.
    pub hooks: InstalledHooks,
    /// Codex's permission to run `cc-cli` outside of its sandbox.
    pub exec_rule: InstalledRule,
    /// The problems, the first to fix first.
    pub problems: Vec<InstallationProblem>,
}

/// The host.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InstalledCodex {
    /// Its binary.
    pub path: String,
    /// Its version, if known.
    pub version: Option<String>,
}

/// The installed binaries; the path of each that exists.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct InstalledBinaries {
    /// Their directory.
    pub dir: String,
    /// Whether they are those of one installation.
    #[serde(rename = "versionsAgree")]
    pub versions_agree: bool,
    /// `cc-cli`.
    pub cc_cli: Option<String>,
    /// `cc-hooks`.
    pub cc_hooks: Option<String>,
    /// `cc-installer`.
    pub cc_installer: Option<String>,
}

/// The plugin.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InstalledPlugin {
    /// Whether Codex has it.
    pub installed: bool,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Its version, if it is known.
    pub version: Option<String>,
    /// The form in which Codex has the skills.
    pub way: Option<SkillsForm>,
    /// Codex's copy of it.
    pub path: Option<String>,
    /// Whether that copy differs from what was installed.
    pub drifted: bool,
}

/// The form in which Codex has our skills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SkillsForm {
    /// In the plugin.
    Plugin,
    /// As skills of the user.
    #[serde(rename = "wrappers")]
    UserSkills,
}

/// The hooks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstalledHooks {
    /// Whether Codex has them.
    pub installed: bool,
    /// Whether the user has not declined them, where only the installer asks.
    pub allowed: bool,
    /// Where Codex gets them from.
    pub way: Option<HooksSource>,
    /// How many of them the user trusts.
    pub trusted: HooksTrusted,
    /// Whether Codex runs them; unknown where it cannot be asked.
    pub runs: Option<bool>,
    /// Whether the user has disabled them in Codex.
    pub switched_off: bool,
    /// Whether they are declared twice.
    pub double: bool,
    /// Each of them.
    pub entries: Vec<InstalledHook>,
}

/// Where Codex gets our hooks from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HooksSource {
    /// The plugin.
    #[serde(rename = "native")]
    Plugin,
    /// The user's `hooks.json`.
    #[serde(rename = "user")]
    UserFile,
}

/// How many of our hooks are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HooksTrusted {
    /// All of them.
    All,
    /// Not all of them.
    Some,
    /// None of them.
    None,
    /// This version of Codex asks for no trust.
    NotNeeded,
    /// Codex could not be asked.
    #[serde(other)]
    Unknown,
}

/// One hook of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledHook {
    /// Its event, as in `hooks.json`.
    pub event: String,
    /// The whole command line.
    pub command: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether it is trusted; `None` where this version of Codex asks for no trust.
    pub trust: Option<HookTrust>,
}

/// Whether Codex would run a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HookTrust {
    /// An administrator set it up.
    Managed,
    /// The user trusts it.
    Trusted,
    /// The user was not asked.
    Untrusted,
    /// It changed since the user trusted it.
    Modified,
    /// A status that this version does not know.
    #[serde(other)]
    Unknown,
}

/// The exec rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InstalledRule {
    /// Whether there is one about a `cc-cli`.
    pub present: bool,
    /// Whether one lets the installed `cc-cli` look.
    pub matches: bool,
    /// Whether one lets it change files too.
    pub rescue: bool,
    /// Whether one lets it do everything, as earlier versions wrote it.
    pub old: bool,
    /// Whether this Codex frees only what a rule names; elsewhere there is none.
    pub possible: bool,
    /// Its file.
    pub path: String,
}

/// A problem.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InstallationProblem {
    /// What.
    pub what: String,
    /// The fix, usually a command.
    pub fix: String,
}

impl Installation {
    /// Whether running `cc-installer install` can fix something.
    pub fn wants_installing(&self) -> bool {
        let is_missing = !self.plugin.installed || !self.plugin.enabled || !self.hooks.installed;
        let is_broken = is_missing || self.is_out_of_order() || !self.binaries.versions_agree;
        self.codex.is_some() && (is_broken || self.lacks_permission())
    }

    /// Whether Codex has the plugin, but changed: restoring it needs no permission and no binary.
    pub fn can_be_restored(&self) -> bool {
        let has_plugin = self.plugin.installed && self.plugin.enabled;
        let lacks_hooks = !self.hooks.installed && self.hooks.allowed;
        self.codex.is_some() && has_plugin && (lacks_hooks || self.is_out_of_order())
    }

    /// What the user types to call a skill.
    pub fn skill(&self, name: &str) -> String {
        let separator = match self.plugin.way {
            Some(SkillsForm::UserSkills) => '-',
            _ => ':',
        };
        format!("$cc{separator}{name}")
    }

    fn is_out_of_order(&self) -> bool {
        self.plugin.drifted || self.hooks.double
    }

    fn lacks_permission(&self) -> bool {
        (!self.exec_rule.matches && self.exec_rule.possible)
            || self.exec_rule.old
            || matches!(self.hooks.trusted, HooksTrusted::Some | HooksTrusted::None)
    }
}

impl InstalledBinaries {
    /// Whether all three exist.
    pub fn are_complete(&self) -> bool {
        self.cc_cli.is_some() && self.cc_hooks.is_some() && self.cc_installer.is_some()
    }
}

impl HookTrust {
    /// Whether it runs.
    pub fn is_given(self) -> bool {
        matches!(self, Self::Managed | Self::Trusted)
    }
}
