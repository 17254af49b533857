//! The world as it is: our files, the user's files, and what Codex says.

use std::path::{Path, PathBuf};

use cc_core::{Env, IoError, LocateError};
use cc_plugin::HooksFrom;

use crate::bundle;
use crate::edit::config::{self, Entries};
use crate::edit::hooks_json::{self, Placed};
use crate::edit::{EditError, rules};
use crate::error::Error;
use crate::files::{read_text, same_content};
use crate::host::Codex;
use crate::place::{BINARIES, MARKETPLACE, PLUGIN_ID, Places};
use crate::record::Record;

pub(crate) use host::{HooksFeature, Host, Plugin, Way, from_files};

mod host;

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// Where things belong.
    pub(crate) places: Places,
    /// What was installed earlier.
    pub(crate) record: Option<Record>,
    /// The binaries to install and the installed ones.
    pub(crate) binaries: Vec<Binary>,
    /// Which bundle our marketplace holds, if it is that of this version.
    pub(crate) bundle: Option<HooksFrom>,
    /// Codex's copies of our plugin.
    pub(crate) cached: Vec<PathBuf>,
    /// Which bundle Codex's only copy is, if it is that of this version.
    pub(crate) copy: Option<HooksFrom>,
    /// Whether the skills lie among the user's own.
    pub(crate) wrapped: bool,
    /// What `config.toml` says about us.
    pub(crate) config: Result<Entries, Trouble>,
    /// Whether there is a `config.toml`.
    pub(crate) has_config: bool,
    /// Our hooks in the user's `hooks.json`.
    pub(crate) user_hooks: Result<Vec<Placed>, Trouble>,
    /// The exec rule.
    pub(crate) rule: Rule,
    /// Codex, if there is one and it was asked.
    pub(crate) host: HostFound,
}

/// Why a file of the user says nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] IoError),
    /// It does not parse.
    #[error("`{}`, {source}", path.display())]
    Edit {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: EditError,
    },
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Io(error) => Self::Io(error),
            Trouble::Edit { path, source } => Self::Edit { path, source },
        }
    }
}

/// One of our binaries.
#[derive(Debug)]
pub(crate) struct Binary {
    /// Its name.
    pub(crate) name: &'static str,
    /// The one beside the running installer.
    pub(crate) source: PathBuf,
    /// Whether that one is there.
    pub(crate) has_source: bool,
    /// The installed one.
    pub(crate) installed: PathBuf,
    /// Whether that one is there.
    pub(crate) is_installed: bool,
}

/// What the exec rules say about `cc-cli`.
#[derive(Debug, Default)]
pub(crate) struct Rule {
    /// Whether our file is there.
    pub(crate) ours: bool,
    /// Whether some rule is about a `cc-cli`, wherever it lies.
    pub(crate) present: bool,
    /// Whether a rule allows the installed one.
    pub(crate) allows: bool,
    /// The file that allows it, else our own.
    pub(crate) path: PathBuf,
}

/// Whether Codex is there.
#[derive(Debug)]
pub(crate) enum HostFound {
    /// It answered.
    Here(Host),
    /// It is there, but was not asked: it has no directory yet.
    NotAsked(Codex),
    /// It is there and did not answer.
    Mute(Codex, crate::host::HostError),
    /// There is none.
    Missing(LocateError),
}

impl Found {
    /// Reads it all; what cannot be read is part of what was found.
    pub(crate) fn look(env: &Env, asked: &Asked<'_>) -> Result<Self, Error> {
        let default = Places::new(env, None)?;
        let record = Record::read(&default);
        let remembered = record.as_ref().map(|record| record.bin.as_path());
        let remembered = remembered.filter(|bin| bin.is_absolute());
        let places = Places::new(env, asked.bin_dir.or(remembered))?;
        let host = host(env, &places, asked);
        let cached = bundle::cached(&places);
        let copy = match cached.as_slice() {
            [only] => bundle::held_by(&places, only),
            _ => None,
        };
        Ok(Self {
            binaries: BINARIES.map(|name| Binary::look(env, &places, name)).into(),
            bundle: bundle::held_by(&places, &places.bundle()),
            wrapped: bundle::wrapped(&places),
            config: read_config(&places),
            has_config: places.config().exists(),
            user_hooks: read_user_hooks(&places, record.as_ref()),
            rule: Rule::look(&places),
            cached,
            copy,
            record,
            host,
            places,
        })
    }

    /// Codex, if it answered.
    pub(crate) fn host(&self) -> Option<&Host> {
        match &self.host {
            HostFound::Here(host) => Some(host),
            _ => None,
        }
    }

    /// Every path that our hooks may have been installed under.
    pub(crate) fn hook_programs(&self) -> Vec<String> {
        hook_programs(&self.places, self.record.as_ref())
    }
}

/// What the user said about where to look.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked<'a> {
    /// The Codex to set up.
    pub(crate) codex: Option<&'a Path>,
    /// Where the binaries go.
    pub(crate) bin_dir: Option<&'a Path>,
    /// How long Codex may take for one answer.
    pub(crate) patience: std::time::Duration,
}

impl Binary {
    fn look(env: &Env, places: &Places, name: &'static str) -> Self {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        let (source, installed) = (env.exe.with_file_name(file), places.binary(name));
        Self {
            name,
            has_source: source.is_file(),
            is_installed: installed.is_file(),
            source,
            installed,
        }
    }

    /// Whether the installed one is the one to install.
    pub(crate) fn is_current(&self) -> bool {
        same_content(&self.source, &self.installed)
    }
}

impl Rule {
    fn look(places: &Places) -> Self {
        let cli = places.program("cc-cli");
        let texts = [places.rules(), places.default_rules()].map(|path| {
            let text = read_text(&path).ok().flatten();
            (path, text.unwrap_or_default())
        });
        let allowing = texts.iter().find(|(_, text)| rules::allows(text, &cli));
        Self {
            ours: places.rules().exists(),
            present: texts
                .iter()
                .any(|(_, text)| rules::mentions(text, "cc-cli")),
            allows: allowing.is_some(),
            path: allowing.map_or_else(|| places.rules(), |(path, _)| path.clone()),
        }
    }
}

fn host(env: &Env, places: &Places, asked: &Asked<'_>) -> HostFound {
    let path = match crate::host::locate(env, asked.codex) {
        Ok(path) => path,
        Err(error) => return HostFound::Missing(error),
    };
    let codex = Codex::new(env, path, &places.codex_home, asked.patience);
    if !places.codex_home.is_dir() {
        return HostFound::NotAsked(codex);
    }
    match Host::ask(&codex, places) {
        Ok(host) => HostFound::Here(host),
        Err(error) => HostFound::Mute(codex, error),
    }
}

/// What `config.toml` says about us.
pub(crate) fn read_config(places: &Places) -> Result<Entries, Trouble> {
    let path = places.config();
    let text = read_text(&path)?.unwrap_or_default();
    let entries = config::entries(&text, PLUGIN_ID, MARKETPLACE);
    entries.map_err(|source| Trouble::Edit { path, source })
}

fn read_user_hooks(places: &Places, record: Option<&Record>) -> Result<Vec<Placed>, Trouble> {
    let path = places.hooks_json();
    let text = read_text(&path)?.unwrap_or_default();
    let ours = hooks_json::ours(&text, &hook_programs(places, record));
    ours.map_err(|source| Trouble::Edit { path, source })
}

fn hook_programs(places: &Places, record: Option<&Record>) -> Vec<String> {
    let file = format!("cc-hooks{}", std::env::consts::EXE_SUFFIX);
    let default = places.cc().join("bin");
    let mut dirs = vec![places.bin.clone(), default];
    dirs.extend(record.map(|record| record.bin.clone()));
    let mut programs: Vec<String> = dirs
        .iter()
        .map(|dir| dir.join(&file).display().to_string())
        .collect();
    programs.sort();
    programs.dedup();
    programs
}
