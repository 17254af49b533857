//! What a command of a review can see: the system, the workspace, and of the rest the user's tools.

use std::fs;
use std::path::{Path, PathBuf};

use cc_claude::Request;
use cc_core::Env;
use cc_core::fs::canonical;

use crate::Project;
use crate::order::CommandSpec;
use crate::rescue::sandbox::starter::lines;

/// Directories of the root that belong to the system. What else is there is hidden.
const SYSTEM: [&str; 13] = [
    "bin", "dev", "etc", "gnu", "lib", "lib32", "lib64", "libx32", "nix", "opt", "proc", "sbin",
    "usr",
];

/// Where tools are kept that are not found through PATH: a variable that names the place, and the usual one below
/// the home directory.
const TOOLS: [(&str, &str); 16] = [
    ("CARGO_HOME", ".cargo"),
    ("RUSTUP_HOME", ".rustup"),
    ("GOMODCACHE", "go/pkg/mod"),
    ("NVM_DIR", ".nvm"),
    ("FNM_DIR", ".local/share/fnm"),
    ("VOLTA_HOME", ".volta"),
    ("PYENV_ROOT", ".pyenv"),
    ("RBENV_ROOT", ".rbenv"),
    ("ASDF_DATA_DIR", ".asdf"),
    ("MISE_DATA_DIR", ".local/share/mise"),
    ("PIPX_HOME", ".local/share/pipx"),
    ("UV_TOOL_DIR", ".local/share/uv"),
    ("PYTHONUSERBASE", ".local/lib"),
    ("JAVA_HOME", ".sdkman/candidates"),
    ("VIRTUAL_ENV", ""),
    ("npm_config_cache", ".npm/_cacache"),
];

/// Names of files with logins that lie in the directories of tools.
const LOGINS: [&str; 6] = [
    "credentials",
    "credentials.toml",
    ".npmrc",
    ".netrc",
    ".pypirc",
    "auth.json",
];

/// The most links of one directory of PATH that are followed.
const LINKS: usize = 2_000;

/// What the sandbox of a review mounts.
pub(super) struct CommandView {
    masked: Vec<PathBuf>,
    seen: Vec<PathBuf>,
    workspace: PathBuf,
    covered: Vec<PathBuf>,
    writable: PathBuf,
    home: Vec<PathBuf>,
    temporary: PathBuf,
    pass: Vec<String>,
}

impl CommandView {
    /// Finds the user's tools.
    pub(super) fn of(
        project: &Project,
        request: &Request,
        spec: &CommandSpec,
        temporary: &Path,
    ) -> Self {
        let env = &project.env;
        let home = env.home().and_then(|home| canonical(home).ok());
        let data = project.data.root().to_owned();
        let mut masked = others_of_root();
        for dir in home.iter().chain([&data]) {
            if !masked.iter().any(|it| dir.starts_with(it)) {
                masked.push(dir.clone());
            }
        }
        let is_masked = |path: &PathBuf| masked.iter().any(|dir| path.starts_with(dir));
        let mut seen = tools(env, home.as_deref());
        seen.extend(snapshots(env));
        seen.extend(cc_git::git_dirs(&request.cwd));
        seen.extend(spec.readable.iter().cloned());
        // A link, and what it leads to.
        let real: Vec<_> = seen
            .iter()
            .filter_map(|path| canonical(path).ok())
            .collect();
        seen.extend(real);
        let holds_much = |path: &PathBuf| {
            home.as_ref().is_some_and(|home| home.starts_with(path)) || data.starts_with(path)
        };
        seen.retain(|path| path.exists() && is_masked(path) && !holds_much(path));
        seen.sort();
        seen.dedup();
        let mut covered: Vec<_> = seen.iter().flat_map(|dir| logins(dir)).collect();
        covered.extend(request.settings_file.clone());
        if data.starts_with(&request.cwd) {
            covered.push(data);
        }
        Self {
            masked,
            seen,
            workspace: request.cwd.clone(),
            covered,
            writable: spec.scratch.clone(),
            home: env
                .home()
                .map(Path::to_owned)
                .into_iter()
                .chain(home)
                .collect(),
            temporary: temporary.to_owned(),
            pass: request.pass_env.clone(),
        }
    }

    /// The variables of the script.
    pub(super) fn values(&self) -> Vec<(&'static str, String)> {
        let one = |path: &PathBuf| lines(std::slice::from_ref(path));
        vec![
            ("masked", lines(&self.masked)),
            ("seen", lines(&self.seen)),
            ("workspace", one(&self.workspace)),
            ("covered", lines(&self.covered)),
            ("writable", one(&self.writable)),
            ("home", lines(&self.home)),
            ("temporary", one(&self.temporary)),
            ("scratch", one(&self.writable.join("tmp"))),
            (
                "passed",
                crate::rescue::sandbox::starter::patterns(&self.pass),
            ),
        ]
    }
}

/// The directories of the root that are not the system's.
fn others_of_root() -> Vec<PathBuf> {
    let entries = fs::read_dir("/").into_iter().flatten().flatten();
    let dirs = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let names = dirs.filter(|dir| SYSTEM.iter().all(|name| dir.file_name() != *name));
    names
        .map(|dir| dir.path())
        // The kernel's, without files of anybody.
        .filter(|dir| dir != Path::new("/sys"))
        .collect()
}

fn tools(env: &Env, home: Option<&Path>) -> Vec<PathBuf> {
    let path = env.var("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(path).filter(|dir| dir.is_absolute());
    let mut tools = Vec::new();
    for dir in on_path {
        // Links lead to where a tool really is.
        let entries = fs::read_dir(&dir).into_iter().flatten().flatten();
        let links = entries
            .take(LINKS)
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
        let real = links.filter_map(|link| canonical(&link.path()).ok());
        tools.extend(real.map(|file| {
            let tool = file.parent().and_then(|dir| prefix(dir, home));
            tool.unwrap_or(file)
        }));
        tools.push(prefix(&dir, home).unwrap_or(dir));
    }
    for (variable, usual) in TOOLS {
        let named = env.var(variable).map(|dir| env.absolute(Path::new(dir)));
        let usual = home
            .filter(|_| !usual.is_empty())
            .map(|home| home.join(usual));
        tools.extend(named.into_iter().chain(usual));
    }
    tools
}

/// The directory in which a tool is installed whose programs are in `dir`: the one with `bin` and `lib`, unless that
/// is somebody's project or home directory.
fn prefix(dir: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let parent = dir.parent().filter(|_| dir.ends_with("bin"));
    let is_tool = |parent: &&Path| {
        let is_common =
            home.is_some_and(|home| home.starts_with(parent) || home.join(".local") == *parent);
        let is_project = parent.join(".git").symlink_metadata().is_ok();
        !is_common && !is_project && parent.join("lib").is_dir()
    };
    parent.filter(is_tool).map(Path::to_owned)
}

/// Where Claude Code keeps the functions of the user's shell, which each command reads first.
fn snapshots(env: &Env) -> Option<PathBuf> {
    let config = match env.var("CLAUDE_CONFIG_DIR") {
        Some(dir) => env.absolute(Path::new(dir)),
        None => env.home()?.join(".claude"),
    };
    let snapshots = config.join("shell-snapshots");
    // Claude Code makes it for its first command.
    let _ = fs::create_dir_all(&snapshots);
    Some(snapshots)
}

/// The files with logins at the top of a directory of tools.
fn logins(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = LOGINS.iter().map(|name| dir.join(name)).collect();
    let settings = ["config.toml", "config"].map(|name| dir.join(name));
    let has_login =
        |file: &PathBuf| fs::read_to_string(file).is_ok_and(|text| text.contains("token"));
    found.extend(settings.into_iter().filter(has_login));
    found.retain(|file| file.is_file());
    found
}
