//! What is there: our files, the user's files, and what Codex answers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::{Env, LocateError};
use cc_plugin::HooksFrom;

use super::codex_info::CodexInfo;
use crate::args::CommonArgs;
use crate::bundle;
use crate::edit::config::{self, ConfigEntries};
use crate::edit::hooks_json::{self, PlacedHook};
use crate::edit::rules::{self, Allows};
use crate::error::Error;
use crate::files::{read_text, same_content};
use crate::host::error::HostError;
use crate::host::{Codex, locate};
use crate::layout::{BINARIES, Layout, MARKETPLACE, PLUGIN_ID};
use crate::record::InstallRecord;
use crate::user_assets::UserAssets;

/// How long Codex may take for one answer while it is being set up: it reads and copies files.
const SETUP_PATIENCE: Duration = Duration::from_secs(30);

/// How long it may take for `status`: on a busy machine its start alone takes seconds.
pub(crate) const STATUS_PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 8 } else { 20 });

/// What to inspect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inspector<'a> {
    /// The process environment.
    pub(crate) env: &'a Env,
    /// The Codex that the user named.
    pub(crate) codex: Option<&'a Path>,
    /// The directory for the binaries that the user named.
    pub(crate) bin_dir: Option<&'a Path>,
    /// How long Codex may take for one answer.
    pub(crate) patience: Duration,
}

/// The state of the machine at one moment; what cannot be read is part of it.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Where everything belongs.
    pub(crate) layout: Layout,
    /// What was installed earlier.
    pub(crate) record: Option<InstallRecord>,
    /// The binaries to install and the installed ones.
    pub(crate) binaries: Vec<Binary>,
    /// Which bundle our marketplace holds, if it is that of this version.
    pub(crate) bundle: Option<HooksFrom>,
    /// Codex's copies of our plugin.
    pub(crate) cached: Vec<PathBuf>,
    /// Which bundle Codex's only copy is, if it is that of this version.
    pub(crate) copy: Option<HooksFrom>,
    /// Whether all skills are among the user's own, as in this version.
    pub(crate) has_current_user_skills: bool,
    /// What `config.toml` says about us.
    pub(crate) config: Result<ConfigEntries, Error>,
    /// Whether there is a `config.toml`.
    pub(crate) has_config: bool,
    /// Our hooks in the user's `hooks.json`.
    pub(crate) user_hooks: Result<Vec<PlacedHook>, Error>,
    /// The exec rules.
    pub(crate) rules: ExecRules,
    /// Manual pages and completions.
    pub(crate) assets: UserAssets,
    /// Whether there is a Codex, and its answers.
    pub(crate) codex: CodexState,
}

/// One of our binaries.
#[derive(Debug)]
pub(crate) struct Binary {
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
pub(crate) struct ExecRules {
    /// Whether our rules file exists.
    pub(crate) ours: bool,
    /// Whether some rule names a `cc-cli`, in whatever directory.
    pub(crate) present: bool,
    /// Whether a rule allows the installed one to look.
    pub(crate) looking: bool,
    /// Whether a rule allows the installed one to change files.
    pub(crate) changing: bool,
    /// Whether a rule allows everything that the installed one can do, as earlier versions wrote it.
    pub(crate) old: bool,
    /// The file that allows looking, else our own.
    pub(crate) path: PathBuf,
}

/// Whether there is a Codex, and its answers.
#[derive(Debug)]
pub(crate) enum CodexState {
    /// It answered.
    Answered(CodexInfo),
    /// It was not asked: its home directory does not exist yet.
    NotAsked(Codex),
    /// It did not answer.
    NoAnswer(Codex, HostError),
    /// It was not found.
    NotFound(LocateError),
}

impl<'a> Inspector<'a> {
    /// An inspector for a call that changes something.
    pub(crate) fn new(env: &'a Env, args: &'a CommonArgs, bin_dir: Option<&'a Path>) -> Self {
        Self {
            env,
            codex: args.codex.as_deref(),
            bin_dir,
            patience: SETUP_PATIENCE,
        }
    }

    /// Takes a snapshot.
    pub(crate) fn inspect(&self) -> Result<Snapshot, Error> {
        let default = Layout::new(self.env, None)?;
        let record = InstallRecord::read(&default);
        let recorded = record.as_ref().map(|record| record.bin.as_path());
        let recorded = recorded.filter(|bin| bin.is_absolute());
        let layout = Layout::new(self.env, self.bin_dir.or(recorded))?;
        let config = read_config(&layout);
        let cached = bundle::cached(&layout);
        let copy = match cached.as_slice() {
            [only] => bundle::held_by(&layout, only),
            _ => None,
        };
        Ok(Snapshot {
            codex: self.ask_codex(&layout, config.as_ref().ok(), &cached),
            binaries: BINARIES.map(|name| self.binary(&layout, name)).into(),
            bundle: bundle::held_by(&layout, &layout.bundle()),
            has_current_user_skills: bundle::has_current_user_skills(&layout),
            config,
            has_config: layout.config().exists(),
            user_hooks: read_user_hooks(&layout, record.as_ref()),
            rules: ExecRules::read(&layout),
            assets: UserAssets::inspect(self.env, &layout, record.as_ref()),
            cached,
            copy,
            record,
            layout,
        })
    }

    fn ask_codex(
        &self,
        layout: &Layout,
        config: Option<&ConfigEntries>,
        cached: &[PathBuf],
    ) -> CodexState {
        let path = match locate(self.env, self.codex) {
            Ok(path) => path,
            Err(error) => return CodexState::NotFound(error),
        };
        let codex = Codex::new(self.env, path, &layout.codex_home, self.patience);
        if !layout.codex_home.is_dir() {
            return CodexState::NotAsked(codex);
        }
        match CodexInfo::ask(&codex, layout, config, cached) {
            Ok(info) => CodexState::Answered(info),
            Err(error) => CodexState::NoAnswer(codex, error),
        }
    }

    fn binary(&self, layout: &Layout, name: &'static str) -> Binary {
        let installed = layout.binary(name);
        let file = installed.file_name().unwrap_or_default();
        let source = self.env.exe.with_file_name(file);
        Binary {
            name,
            has_source: source.is_file(),
            is_installed: installed.is_file(),
            source,
            installed,
        }
    }
}

impl Snapshot {
    /// The answers of Codex, if it answered.
    pub(crate) fn codex(&self) -> Option<&CodexInfo> {
        match &self.codex {
            CodexState::Answered(info) => Some(info),
            _ => None,
        }
    }

    /// Every path that our hooks may have been installed under.
    pub(crate) fn hook_programs(&self) -> Vec<String> {
        hook_programs(&self.layout, self.record.as_ref())
    }

    /// This snapshot, if `config.toml` could be read.
    pub(crate) fn with_readable_config(mut self) -> Result<Self, Error> {
        self.config = Ok(self.config?);
        Ok(self)
    }

    /// This snapshot, if the user's `hooks.json` could be read.
    pub(crate) fn with_readable_user_hooks(mut self) -> Result<Self, Error> {
        self.user_hooks = Ok(self.user_hooks?);
        Ok(self)
    }

    /// This snapshot, if there is a Codex that did not fail to answer.
    pub(crate) fn with_codex(self) -> Result<Self, Error> {
        match self.codex {
            CodexState::NotFound(error) => Err(error.into()),
            CodexState::NoAnswer(_, error) => Err(error.into()),
            CodexState::Answered(_) | CodexState::NotAsked(_) => Ok(self),
        }
    }
}

impl Binary {
    /// Whether the installed one is the one to install.
    pub(crate) fn is_current(&self) -> bool {
        same_content(&self.source, &self.installed)
    }
}

impl ExecRules {
    fn read(layout: &Layout) -> Self {
        let cli = layout.program("cc-cli");
        let texts = [layout.rules(), layout.default_rules()].map(|path| {
            let text = read_text(&path).ok().flatten();
            (path, text.unwrap_or_default())
        });
        let allowing = |allows| {
            let mut texts = texts.iter();
            texts.find(|(_, text)| rules::allows(text, &cli, allows))
        };
        let looking = allowing(Allows::Looking);
        let any = |is: &dyn Fn(&str) -> bool| texts.iter().any(|(_, text)| is(text));
        Self {
            ours: layout.rules().exists(),
            present: any(&|text| rules::mentions(text, "cc-cli")),
            looking: looking.is_some(),
            changing: allowing(Allows::Changing).is_some(),
            old: any(&|text| rules::allows_everything(text, &cli)),
            path: looking.map_or_else(|| layout.rules(), |(path, _)| path.clone()),
        }
    }
}

/// What `config.toml` says about us.
pub(crate) fn read_config(layout: &Layout) -> Result<ConfigEntries, Error> {
    let path = layout.config();
    let text = read_text(&path)?.unwrap_or_default();
    let entries = config::entries(&text, PLUGIN_ID, MARKETPLACE);
    entries.map_err(Error::edit(&path))
}

fn read_user_hooks(
    layout: &Layout,
    record: Option<&InstallRecord>,
) -> Result<Vec<PlacedHook>, Error> {
    let path = layout.hooks_json();
    let text = read_text(&path)?.unwrap_or_default();
    let ours = hooks_json::ours(&text, &hook_programs(layout, record));
    ours.map_err(Error::edit(&path))
}

fn hook_programs(layout: &Layout, record: Option<&InstallRecord>) -> Vec<String> {
    let file = format!("cc-hooks{}", std::env::consts::EXE_SUFFIX);
    let default = layout.cc().join("bin");
    let mut dirs = vec![layout.bin.clone(), default];
    dirs.extend(record.map(|record| record.bin.clone()));
    let mut programs: Vec<String> = dirs
        .iter()
        .map(|dir| dir.join(&file).display().to_string())
        .collect();
    programs.sort();
    programs.dedup();
    programs
}
