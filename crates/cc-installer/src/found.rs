//! What lies on this machine: our binaries and our plugin.

use std::fs;
use std::path::{Path, PathBuf};

use cc_core::Env;
use serde_json::json;

/// The binaries of one version, which lie beside each other.
const BINARIES: [&str; 3] = ["cc-cli", "cc-hooks", "cc-installer"];

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    binaries: Vec<(&'static str, Option<PathBuf>)>,
    plugins: Vec<PathBuf>,
}

impl Found {
    /// Looks beside the running binary and into Codex's plugin cache.
    pub(crate) fn look(env: &Env) -> Self {
        let beside = |name: &str| {
            let path = env
                .exe
                .with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
            path.is_file().then_some(path)
        };
        let codex = env
            .var("CODEX_HOME")
            .map(|dir| env.absolute(Path::new(dir)));
        let codex = codex.or_else(|| Some(env.home()?.join(".codex")));
        Self {
            binaries: BINARIES.map(|name| (name, beside(name))).into(),
            plugins: codex.map(|home| plugins(&home)).unwrap_or_default(),
        }
    }

    /// Whether all binaries are there.
    pub(crate) fn is_whole(&self) -> bool {
        self.binaries.iter().all(|(_, path)| path.is_some())
    }

    /// The document of `--json`.
    pub(crate) fn json(&self) -> String {
        let binaries: serde_json::Map<_, _> = self
            .binaries
            .iter()
            .map(|(name, path)| {
                (
                    (*name).to_owned(),
                    json!(path.as_ref().map(|path| path.display().to_string())),
                )
            })
            .collect();
        let plugins: Vec<String> = self
            .plugins
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let document =
            json!({"version": env!("CARGO_PKG_VERSION"), "binaries": binaries, "plugins": plugins});
        format!("{document:#}\n")
    }

    /// The same for people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("cc {}\n", env!("CARGO_PKG_VERSION"));
        for (name, path) in &self.binaries {
            match path {
                Some(path) => text.push_str(&format!("  {name:<13}{}\n", path.display())),
                None => text.push_str(&format!(
                    "  {name:<13}missing: cargo install cc-installer --force\n"
                )),
            }
        }
        match self.plugins.as_slice() {
            [] => text.push_str("  plugin       not installed in Codex\n"),
            plugins => plugins
                .iter()
                .for_each(|path| text.push_str(&format!("  plugin       {}\n", path.display()))),
        }
        text
    }
}

/// The cached plugins named `cc`: `plugins/cache/<marketplace>/cc/<version>`.
fn plugins(codex_home: &Path) -> Vec<PathBuf> {
    let inside = |dir: PathBuf| {
        fs::read_dir(dir)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
    };
    let marketplaces = inside(codex_home.join("plugins").join("cache"));
    let mut found: Vec<PathBuf> = marketplaces
        .flat_map(|marketplace| inside(marketplace.join("cc")))
        .filter(|version| version.join(".codex-plugin").join("plugin.json").is_file())
        .collect();
    found.sort();
    found
}
