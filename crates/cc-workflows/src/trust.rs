//! What of a repository's own Claude configuration a rescue gets.
//!
//! Plain instructions (`CLAUDE.md`) follow Codex's trust in the project: who writes them can say something, and
//! run nothing. What can be executed (hooks, MCP servers, helpers, variables, skills) follows the user's word
//! about its content, because commands in Codex's sandbox can write it: a rescue gets the version that the user
//! allowed, from where it is kept, and nothing once the repository has another one.
//!
//! Start with [`inspect`], which shows what there is to allow.

mod allowed;
mod codex;
mod content;
mod plugin;

use std::path::{Path, PathBuf};

use cc_claude::{ProjectConfiguration, ProjectSettings};
use cc_core::{DataDir, Env, IoError, Time};
use cc_jobs::settings::TrustPolicy;
use serde::{Deserialize, Serialize};

pub use allowed::{AllowedVersion, TrustError};
pub use content::Unkept;

use content::{ProjectContent, SERVERS, SETTINGS, SKILLS};

pub(crate) use codex::allows;

/// Plain instructions.
const INSTRUCTIONS: [&str; 5] = [
    "CLAUDE.md",
    "CLAUDE.local.md",
    "AGENTS.md",
    ".claude/CLAUDE.md",
    ".claude/rules",
];

/// What of a repository's own configuration a rescue gets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RepositoryTrust {
    /// Whether its instructions are read.
    pub(crate) trusted: bool,
    /// What instructions there are: the names of files and directories.
    pub(crate) found: Vec<String>,
    /// What there is that can be executed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) settings: Vec<String>,
    /// Whether the rescue gets that.
    #[serde(default, skip_serializing_if = "SettingsStanding::is_default")]
    pub(crate) standing: SettingsStanding,
    /// The version that it gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) allowed: Option<Box<AllowedVersion>>,
    /// What the run is given of it, while it lasts.
    #[serde(
        default,
        with = "cc_core::os_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) plugin: Option<PathBuf>,
}

/// Whether what a repository can have executed is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SettingsStanding {
    /// No: nothing of this project is.
    #[default]
    Untrusted,
    /// There is nothing.
    Nothing,
    /// Yes.
    Allowed,
    /// No: the user was not asked.
    New,
    /// No: these files differ from what the user allowed.
    Changed(Vec<String>),
    /// No: it cannot be kept.
    Unkept(String),
}

impl SettingsStanding {
    /// Earlier records do not have it.
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl RepositoryTrust {
    /// Decides on the repository at `root`, whose files Claude will see at `work_root`.
    pub(crate) fn decide(
        env: &Env,
        data: &DataDir,
        policy: TrustPolicy,
        root: &Path,
        work_root: &Path,
    ) -> Self {
        let there = |names: &[&str]| -> Vec<String> {
            let is_there = |name: &&&str| work_root.join(name).symlink_metadata().is_ok();
            let names = names.iter().filter(is_there);
            names.map(|name| (*name).to_owned()).collect()
        };
        let mut trust = Self {
            trusted: codex::allows(env, policy, root),
            found: there(&INSTRUCTIONS),
            settings: there(&[&SETTINGS[..], &[SERVERS], &SKILLS].concat()),
            ..Self::default()
        };
        if policy != TrustPolicy::Never {
            trust.decide_settings(data, root, work_root);
        }
        trust
    }

    fn decide_settings(&mut self, data: &DataDir, root: &Path, work_root: &Path) {
        let content = match ProjectContent::read(root) {
            Ok(content) => content,
            Err(error) => {
                self.standing = SettingsStanding::Unkept(error.to_string());
                return;
            }
        };
        let names = [&SETTINGS[..], &[SERVERS], &SKILLS].concat();
        let names = names.into_iter().filter(|name| content.has_part(name));
        self.settings = names.map(str::to_owned).collect();
        let allowed = AllowedVersion::of(data, root);
        let digest = content.digest();
        self.standing = match &allowed[..] {
            _ if content.is_empty() => SettingsStanding::Nothing,
            [] if self.trusted => SettingsStanding::New,
            [] => SettingsStanding::Untrusted,
            [latest, ..] => match allowed.iter().find(|allowed| allowed.digest == digest) {
                Some(same) if content.is_in_place_at(work_root) => {
                    self.allowed = Some(Box::new(same.clone()));
                    SettingsStanding::Allowed
                }
                Some(_) => {
                    SettingsStanding::Changed(content.in_place().map(str::to_owned).collect())
                }
                None => SettingsStanding::Changed(match latest.content(data) {
                    Some(earlier) => earlier.differences(&content),
                    None => content.names().map(str::to_owned).collect(),
                }),
            },
        };
    }

    /// The names of what is loaded, and of what is not.
    pub(crate) fn loaded(&self) -> (Vec<String>, Vec<String>) {
        let (mut loaded, mut not_loaded) = (Vec::new(), Vec::new());
        let is_allowed = self.allowed.is_some();
        for (names, is_loaded) in [(&self.found, self.trusted), (&self.settings, is_allowed)] {
            let to = if is_loaded {
                &mut loaded
            } else {
                &mut not_loaded
            };
            to.extend(names.iter().cloned());
        }
        (loaded, not_loaded)
    }

    /// What waits for the user's word.
    pub(crate) fn not_allowed(&self) -> &[String] {
        match self.standing {
            SettingsStanding::New | SettingsStanding::Changed(_) | SettingsStanding::Unkept(_) => {
                &self.settings
            }
            _ => &[],
        }
    }

    /// What of the working tree the programs of the settings run where it is.
    pub(crate) fn in_place(&self) -> impl Iterator<Item = &str> {
        self.allowed.iter().flat_map(|allowed| allowed.in_place())
    }

    /// What Claude is given of the settings in a run at `root`; `None` if that is nothing.
    ///
    /// # Errors
    /// When the version that was allowed is not kept any more, or the plugin cannot be written.
    pub(crate) fn configuration(
        &self,
        data: &DataDir,
        root: &Path,
    ) -> Result<Option<ProjectConfiguration>, TrustError> {
        let (Some(allowed), Some(dir)) = (&self.allowed, &self.plugin) else {
            return Ok(None);
        };
        let content = allowed.content(data).ok_or(TrustError::Gone)?;
        Ok(Some(plugin::make(&content, dir, root)?))
    }
}

/// What a repository could have executed in rescues, as it is now.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The repository.
    pub root: PathBuf,
    /// Whether the user allowed it.
    pub standing: Standing,
    content: ProjectContent,
}

/// How what is there relates to what the user allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is there.
    Nothing,
    /// Nothing was allowed.
    New,
    /// What is there was allowed, at this time.
    Allowed(Time),
    /// Something else was; these files differ.
    Changed(Vec<String>),
}

impl Inspection {
    /// Its settings, with what is not valid or not used.
    pub fn settings(&self) -> &ProjectSettings {
        self.content.settings()
    }

    /// The files of skills and commands.
    pub fn skills(&self) -> impl Iterator<Item = &str> {
        let names = self.content.names();
        names.filter(|name| is_in_skills(name))
    }

    /// Files that commands start as they were allowed.
    pub fn copied(&self) -> impl Iterator<Item = &str> {
        let is_setting = |name: &str| SETTINGS.contains(&name) || name == SERVERS;
        let names = self.content.names();
        names.filter(move |name| {
            name.starts_with(".claude/") && !is_in_skills(name) && !is_setting(name)
        })
    }

    /// Files that commands start where they are in the working tree.
    pub fn in_place(&self) -> impl Iterator<Item = &str> {
        self.content.in_place()
    }

    /// What is not used, because it leads out of the repository or is no file.
    pub fn left_out(&self) -> impl Iterator<Item = &str> {
        self.content.left_out()
    }
}

fn is_in_skills(name: &str) -> bool {
    let below = |dir: &&str| {
        name.strip_prefix(*dir)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    SKILLS.iter().any(below)
}

/// Finds what the repository at `root` could have executed in rescues.
///
/// # Errors
/// When it cannot be read, or is too large.
pub fn inspect(data: &DataDir, root: &Path) -> Result<Inspection, TrustError> {
    let content = ProjectContent::read(root)?;
    let digest = content.digest();
    let allowed = AllowedVersion::of(data, root);
    let same = allowed.iter().find(|allowed| allowed.digest == digest);
    let standing = match (same, allowed.first()) {
        _ if content.is_empty() => Standing::Nothing,
        (Some(same), _) if same.content(data).is_some() => Standing::Allowed(same.allowed_at),
        (_, None) => Standing::New,
        (_, Some(latest)) => Standing::Changed(match latest.content(data) {
            Some(earlier) => earlier.differences(&content),
            None => content.names().map(str::to_owned).collect(),
        }),
    };
    Ok(Inspection {
        root: root.to_owned(),
        standing,
        content,
    })
}

/// Allows exactly what a survey found, in place of what was allowed before.
///
/// # Errors
/// When it cannot be kept.
pub fn allow(data: &DataDir, inspection: &Inspection, now: Time) -> Result<(), TrustError> {
    AllowedVersion::keep(data, &inspection.root, &inspection.content, now)
}

/// Forgets what was allowed at `root`; returns whether there was something.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(data: &DataDir, root: &Path) -> Result<bool, TrustError> {
    AllowedVersion::remove(data, root)
}

/// Everything that is allowed, by workspace.
///
/// # Errors
/// When the state directories cannot be listed.
pub fn list(data: &DataDir) -> Result<Vec<AllowedVersion>, TrustError> {
    let states = data.states();
    if states.symlink_metadata().is_err() {
        return Ok(Vec::new());
    }
    let entries = states.read_dir().map_err(IoError::at("read", &states))?;
    let dirs = entries.flatten().map(|entry| entry.path());
    let found = dirs.filter_map(|dir| AllowedVersion::read(&cc_core::StateDir::at(dir)));
    let mut found: Vec<_> = found.collect();
    found.sort_by(|a, b| a.workspace_root.cmp(&b.workspace_root));
    Ok(found)
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
