//! The git binary, and the environment of its calls.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use cc_core::Env;
use cc_core::paths::main_working_tree;
use cc_core::program::{Fence, SearchPath};

use crate::Error;
use crate::config_cache::ConfigCache;
use crate::notes::Notes;
use crate::top_level::top_level;
use crate::view::ViewPlace;

/// The `git` to call; never one inside the repository under review.
#[derive(Clone, Debug)]
pub struct Git {
    path: PathBuf,
    search: SearchPath,
    home: Option<PathBuf>,
    notes: Notes,
    caller: CallerVars,
    views: ViewPlace,
    configs: ConfigCache,
    vars: Vec<(OsString, OsString)>,
}

/// The variables that say where the repository is.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallerVars {
    pub(crate) git_dir: Option<OsString>,
    pub(crate) work_tree: Option<OsString>,
    pub(crate) index: Option<OsString>,
}

impl CallerVars {
    fn of(env: &Env) -> Self {
        let var = |name| env.var(name).map(OsStr::to_owned);
        Self {
            git_dir: var("GIT_DIR"),
            work_tree: var("GIT_WORK_TREE"),
            index: var("GIT_INDEX_FILE"),
        }
    }
}

impl Git {
    /// Looks for git on the search path of `env`, outside the working tree of its current directory.
    ///
    /// # Errors
    /// [`Error::GitMissing`] if there is none.
    pub fn locate(env: &Env) -> Result<Self, Error> {
        let search = SearchPath::of(env).leaving_out(&Fence::of_caller(env));
        let search = match top_level(&env.cwd) {
            Some(root) => search.without(Fence::strict(&root)),
            None => search,
        };
        let vars = env.vars().iter().filter(|(name, _)| is_inherited(name));
        Ok(Self {
            path: git_of(&search)?,
            search,
            home: env.home().map(Path::to_owned),
            notes: Notes::of(env),
            caller: CallerVars::of(env),
            views: ViewPlace::of(env),
            configs: ConfigCache::of(env),
            vars: vars
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        })
    }

    /// The absolute path of the binary.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The variables that say where the caller's repository is.
    pub(crate) fn caller(&self) -> &CallerVars {
        &self.caller
    }

    /// Where views of repositories are made.
    pub(crate) fn views(&self) -> &ViewPlace {
        &self.views
    }

    /// What is kept of configurations.
    pub(crate) fn configs(&self) -> &ConfigCache {
        &self.configs
    }

    /// The user's home directory.
    pub(crate) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Where we and Codex keep what we note ourselves.
    pub(crate) fn notes(&self) -> &Notes {
        &self.notes
    }

    /// Excludes binaries and search path entries inside `root`.
    pub(crate) fn outside(self, root: &Path) -> Result<Self, Error> {
        let main = main_working_tree(root);
        let roots = [Some(root), main.as_deref()].into_iter().flatten();
        let fences: Vec<Fence> = roots.map(Fence::strict).collect();
        if fences.iter().all(|fence| self.search.is_without(fence)) {
            return Ok(self);
        }
        let search = fences.into_iter().fold(self.search, SearchPath::without);
        Ok(Self {
            path: git_of(&search)?,
            search,
            ..self
        })
    }

    /// The environment of a call, without configuration.
    pub(crate) fn child_env(&self) -> Vec<(OsString, OsString)> {
        let path = self.search.to_var().unwrap_or_default();
        let fixed = [
            // Messages are parsed.
            ("LC_ALL", "C"),
            // Do not refresh the index.
            ("GIT_OPTIONAL_LOCKS", "0"),
            // Do not fetch missing objects.
            ("GIT_NO_LAZY_FETCH", "1"),
            // The same for git before 2.45: an empty list allows no transport.
            ("GIT_ALLOW_PROTOCOL", ""),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_PAGER", "cat"),
        ];
        let fixed = fixed.map(|(name, value)| (name.into(), value.into()));
        let mut vars = self.vars.clone();
        vars.push(("PATH".into(), path));
        vars.extend(fixed);
        vars
    }
}

/// Whether a variable is passed on. Variables of git are not: `GIT_DIR`, `GIT_EXTERNAL_DIFF` or
/// `GIT_TRACE` would change what is reviewed, run or written.
fn is_inherited(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes().to_ascii_uppercase();
    !name.starts_with(b"GIT_")
        && !name.starts_with(b"LC_")
        && !matches!(name.as_slice(), b"PATH" | b"LANGUAGE" | b"LANG" | b"PAGER")
}

fn git_of(search: &SearchPath) -> Result<PathBuf, Error> {
    // Not what the search also takes on Windows: a script cannot be given every argument.
    let name = format!("git{}", std::env::consts::EXE_SUFFIX);
    search.find(&name).map_err(Error::GitMissing)
}
