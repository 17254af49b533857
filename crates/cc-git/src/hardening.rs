//! The configuration that calls of Git get: what is allowed of the user's and the repository's, and what we
//! pin.
//!
//! A setting can name a program in more ways than anybody can list, and new versions of Git add some (2.54:
//! hooks in the configuration). So nothing is taken out; what is not in [`ALLOWED`] or [`OF_THE_USER`] does not
//! reach Git. Programs are kept only of the user's own filters and merge drivers: without LFS every LFS file
//! would look changed.

mod programs;

use std::ffi::OsString;
use std::path::Path;

use cc_core::IoError;
use cc_core::fs::{canonical, open_regular};

use crate::config_cache::{ConfigQuestion, ReportedConfig, RepositoryFormat};
use crate::config_file::{ScopedSetting, Setting, SettingOwner, entries_with_origin, fits};
use crate::repo_path::os_path;
use crate::runner::Runner;
use crate::top_level::{git_dirs, shared_dir};
use crate::view::{View, ViewPlace};
use crate::{Error, Git};

/// What decides how files, objects and history are read, or how a change looks. `*` is any text.
const ALLOWED: &[&str] = &[
    "core.repositoryformatversion",
    "extensions.compatobjectformat",
    "extensions.objectformat",
    "extensions.partialclone",
    "extensions.preciousobjects",
    "extensions.refstorage",
    "extensions.relativeworktrees",
    // How files of the working tree become content.
    "core.autocrlf",
    "core.checkroundtripencoding",
    "core.eol",
    "core.filemode",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.safecrlf",
    "core.symlinks",
    "core.whitespace",
    // Which files count, and when one counts as changed.
    "core.attributesfile",
    "core.checkstat",
    "core.excludesfile",
    "core.sparsecheckout",
    "core.sparsecheckoutcone",
    "core.trustctime",
    "index.sparse",
    // How a difference looks.
    "core.abbrev",
    "diff.algorithm",
    "diff.context",
    "diff.indentheuristic",
    "diff.interhunkcontext",
    "diff.renamelimit",
    "diff.renames",
    "diff.*.algorithm",
    "diff.*.binary",
    "diff.*.funcname",
    "diff.*.wordregex",
    "diff.*.xfuncname",
    "i18n.commitencoding",
    // What `@{upstream}` and the first line of a status name; nothing is ever fetched.
    "branch.*.merge",
    "branch.*.remote",
    "remote.*.fetch",
    "remote.*.partialclonefilter",
    "remote.*.promisor",
    // What is written for an isolated job, and by `apply --merge`.
    "core.logallrefupdates",
    "core.sharedrepository",
    "merge.conflictstyle",
    "merge.renamelimit",
    "merge.renames",
    "user.email",
    "user.name",
];

/// What the user alone can set: programs, and where they keep what.
const OF_THE_USER: &[&str] = &[
    "filter.*.clean",
    "filter.*.process",
    "filter.*.required",
    "filter.*.smudge",
    "merge.*.driver",
    "merge.*.name",
    "merge.*.recursive",
];

/// Settings that name a file of patterns.
const FILES: [&str; 2] = ["core.attributesfile", "core.excludesfile"];

/// The largest file of patterns, in bytes.
const FILE_LIMIT: u64 = 1 << 20;

/// Settings of every call, which win over all others.
pub(crate) fn pinned() -> Vec<(OsString, OsString)> {
    [
        // Runs a program, or starts a daemon.
        (CANARY, "false"),
        ("core.hooksPath", "/dev/null"),
        ("core.pager", "cat"),
        // `git diff` would write a refreshed index even without optional locks.
        ("diff.autoRefreshIndex", "false"),
        ("diff.suppressBlankEmpty", "false"),
        // `git status` reads it too, and fails if the file is missing.
        ("diff.orderFile", "/dev/null"),
        ("core.quotePath", "false"),
        // No file is written whose name leads to `.git` on another system.
        ("core.protectHFS", "true"),
        ("core.protectNTFS", "true"),
        // Larger files are compared by object id instead of being read into memory.
        ("core.bigFileThreshold", "32m"),
        ("color.ui", "false"),
        ("column.ui", "never"),
        ("submodule.recurse", "false"),
        ("status.submoduleSummary", "false"),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into()
}

/// A setting that must be reported as ours. A git that does not report it ignores configuration in
/// the environment (before 2.31), and nothing here would take effect.
const CANARY: &str = "core.fsmonitor";

/// The configuration, as far as it counts.
#[derive(Debug, PartialEq)]
pub(crate) struct GitConfig {
    /// What Git gets, in the order in which it was read.
    pub(crate) allowed: Vec<Setting>,
    /// Settings that disable the programs of the repository, where Git reads its own configuration.
    pub(crate) overrides: Vec<(OsString, OsString)>,
    /// `init.defaultBranch`.
    pub(crate) default_branch: Option<String>,
    /// The form of the repository.
    pub(crate) format: RepositoryFormat,
}

impl GitConfig {
    /// Has the calls of `runner`, which work with the Git directory `git_dir`, get this configuration and no
    /// other.
    pub(crate) fn apply_to(
        &self,
        runner: &mut Runner,
        views: &ViewPlace,
        git_dir: &Path,
    ) -> Result<(), Error> {
        if !cfg!(unix) {
            runner.configure(self.overrides.iter().cloned());
            return Ok(());
        }
        let shared = shared_dir(git_dir).unwrap_or_else(|| git_dir.to_owned());
        let shared = canonical(&shared).map_err(IoError::at("open directory", &shared))?;
        let view = View::of(views, &shared, &self.allowed)?;
        runner.look_through(view, git_dir);
        Ok(())
    }
}

/// Reads the configuration that Git itself would use; that starts no program.
pub(crate) fn read_config(runner: &Runner, git: &Git) -> Result<GitConfig, Error> {
    Ok(GitConfig::of(ask(runner, git)?, runner, git))
}

/// The configuration as it was kept, if nothing has changed since: then Git is not called.
pub(crate) fn kept_config(runner: &Runner, git: &Git) -> Option<GitConfig> {
    let kept = git.configs().read(question(runner, git))?;
    Some(GitConfig::of((kept, Vec::new()), runner, git))
}

fn question<'a>(runner: &'a Runner, git: &'a Git) -> ConfigQuestion<'a> {
    ConfigQuestion {
        git: git.path(),
        root: runner.dir(),
        home: git.home(),
    }
}

/// What Git reports, and the settings that disable the programs of the repository where that is needed.
type Answer = (ReportedConfig, Vec<(OsString, OsString)>);

fn ask(runner: &Runner, git: &Git) -> Result<Answer, Error> {
    let asked = git.configs().now();
    let args = [
        "config",
        "--list",
        "--show-scope",
        "--show-origin",
        "--includes",
        "-z",
    ];
    let (output, exit) = runner.call(&args).output()?;
    match exit.code {
        // An option is unknown.
        Some(129) => return Err(Error::GitTooOld),
        Some(0) => {}
        _ => return Err(exit.into_error()),
    }
    let found = entries_with_origin(&output);
    let entries = || found.iter().map(|(_, entry)| entry);
    if !entries().any(ScopedSetting::is_canary) {
        return Err(Error::GitTooOld);
    }
    let default_branch = entries().rfind(|entry| entry.setting.key == b"init.defaultbranch");
    let reported = ReportedConfig {
        settings: entries()
            .filter(|entry| entry.is_known())
            .cloned()
            .collect(),
        default_branch: default_branch
            .and_then(|entry| String::from_utf8(entry.setting.value.clone()?).ok()),
        format: format_of(entries()),
    };
    let overrides = match cfg!(unix) {
        true => Vec::new(),
        false => programs::disabled(&entries().cloned().collect::<Vec<_>>())?,
    };
    // Of a repository of another user Git reports none of its own: with what is kept it would not be asked any more.
    if entries().any(|entry| entry.scope == SettingOwner::Repository) {
        let question = question(runner, git);
        git.configs().keep(question, asked, &found, &reported);
    }
    Ok((reported, overrides))
}

/// The form of a repository with these settings. What Git might refuse, or find elsewhere, is another one.
fn format_of<'a>(entries: impl Iterator<Item = &'a ScopedSetting>) -> RepositoryFormat {
    let mut sha256 = false;
    for ScopedSetting { setting, .. } in entries {
        let key = setting.key.as_slice();
        let is_plain = match (key, setting.value.as_deref()) {
            (b"core.worktree", _) => false,
            (b"core.bare", value) => value == Some(b"false"),
            (b"core.repositoryformatversion", value) => matches!(value, Some(b"0" | b"1")),
            (b"extensions.objectformat", Some(format)) => {
                sha256 = format == b"sha256";
                sha256 || format == b"sha1"
            }
            (b"extensions.partialclone" | b"extensions.relativeworktrees", _) => true,
            (b"extensions.preciousobjects" | b"extensions.worktreeconfig", _) => true,
            (key, _) => !key.starts_with(b"extensions."),
        };
        if !is_plain {
            return RepositoryFormat::Other;
        }
    }
    RepositoryFormat::Plain { sha256 }
}

impl GitConfig {
    fn of((reported, overrides): Answer, runner: &Runner, git: &Git) -> Self {
        let places = Places {
            home: git.home(),
            root: runner.dir(),
        };
        let settings = reported.settings.into_iter();
        let allowed = settings.filter(|entry| entry.is_allowed(&places));
        Self {
            allowed: allowed.map(|entry| entry.setting).collect(),
            overrides,
            default_branch: reported.default_branch,
            format: reported.format,
        }
    }
}

/// Where files of settings may lie.
struct Places<'a> {
    home: Option<&'a Path>,
    root: &'a Path,
}

impl ScopedSetting {
    fn is_canary(&self) -> bool {
        self.scope == SettingOwner::Pinned
            && self.setting.key == CANARY.as_bytes().to_ascii_lowercase()
    }

    /// Whether Git may get it, unless it names a file that it must not.
    fn is_known(&self) -> bool {
        match self.scope {
            SettingOwner::User => self.is_in(ALLOWED) || self.is_in(OF_THE_USER),
            SettingOwner::Repository => self.is_in(ALLOWED),
            SettingOwner::Pinned => false,
        }
    }

    fn is_allowed(&self, places: &Places<'_>) -> bool {
        self.is_known() && (!self.is_in(&FILES) || self.names_a_small_file(places))
    }

    fn is_in(&self, patterns: &[&str]) -> bool {
        patterns
            .iter()
            .any(|pattern| fits(&self.setting.key, pattern))
    }

    /// Whether the value is a file that Git can read as a whole. A repository names its own files only: Git
    /// could show a line of it in an error.
    fn names_a_small_file(&self, places: &Places<'_>) -> bool {
        let value = self.setting.value.as_deref().unwrap_or_default();
        let Some(path) = os_path(value) else {
            return false;
        };
        let path = match (path.strip_prefix("~"), places.home) {
            (Ok(rest), Some(home)) => home.join(rest),
            (Ok(_), None) => return false,
            (Err(_), _) => places.root.join(path),
        };
        let is_near = || {
            let dirs = git_dirs(places.root);
            let path = canonical(&path).unwrap_or_default();
            path.starts_with(places.root) || dirs.iter().any(|dir| path.starts_with(dir))
        };
        let small =
            |file: std::fs::File| file.metadata().is_ok_and(|meta| meta.len() <= FILE_LIMIT);
        (self.scope == SettingOwner::User || is_near()) && open_regular(&path).is_ok_and(small)
    }
}

#[cfg(test)]
mod tests;
