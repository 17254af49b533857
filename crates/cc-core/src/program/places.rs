//! Where installers put programs for a user, besides PATH: what a desktop or a service starts has a
//! PATH without the user's own directories.

use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Env;
use crate::fs::read_bounded;

/// Directories below the home: Claude Code's own installers, npm, Bun, and managers of tools.
const IN_HOME: &[&str] = &[
    ".local/bin",
    ".claude/local",
    ".npm-global/bin",
    ".bun/bin",
    ".local/share/pnpm",
    "Library/pnpm",
    ".local/share/mise/shims",
    ".asdf/shims",
];

/// Managers of Node.js: the variable that says where one keeps it, and where that is by itself.
const MANAGERS: &[(&str, &[&str])] = &[
    ("VOLTA_HOME", &[".volta"]),
    ("NVM_DIR", &[".nvm"]),
    (
        "FNM_DIR",
        &[
            ".local/share/fnm",
            ".fnm",
            "Library/Application Support/fnm",
        ],
    ),
];

/// Where a manager has the programs of a version: directly, or `*` for each version, newest first.
const OF_MANAGER: &[&str] = &[
    "bin",
    "versions/node/*/bin",
    "aliases/default/bin",
    "node-versions/*/installation/bin",
];

/// Directories of the system that a short PATH lacks: Homebrew's and what is installed by hand.
const OF_SYSTEM: &[&str] = if cfg!(windows) {
    &[r"C:\Program Files\nodejs"]
} else {
    &[
        "/opt/homebrew/bin",
        "/usr/local/bin",
        "/home/linuxbrew/.linuxbrew/bin",
    ]
};

/// The directories, likely ones first, there or not. All are absolute; none is named by the current
/// directory.
pub(super) fn all(env: &Env) -> Vec<PathBuf> {
    let var = |name: &str| env.var(name).map(PathBuf::from);
    let home = env.home().filter(|home| home.is_absolute());
    let in_home = |dirs: &[&str]| -> Vec<PathBuf> {
        let home = home.into_iter();
        home.flat_map(|home| dirs.iter().map(|dir| home.join(dir)))
            .collect()
    };
    let mut places = in_home(IN_HOME);
    let prefix = ["npm_config_prefix", "NPM_CONFIG_PREFIX"];
    let prefix = prefix.into_iter().find_map(var);
    let prefix = prefix.or_else(|| npm_prefix(home?));
    places.extend(prefix.map(|dir| if cfg!(windows) { dir } else { dir.join("bin") }));
    places.extend(var("APPDATA").map(|dir| dir.join("npm")));
    places.extend(var("PNPM_HOME"));
    for (name, usual) in MANAGERS {
        let dirs = var(name).map_or_else(|| in_home(usual), |dir| vec![dir]);
        places.extend(dirs.iter().flat_map(|dir| of_manager(dir)));
    }
    places.extend(OF_SYSTEM.iter().map(PathBuf::from));
    places.retain(|dir| dir.is_absolute());
    places
}

fn of_manager(root: &Path) -> Vec<PathBuf> {
    let below = |place: &&str| match place.split_once("/*/") {
        None => vec![root.join(place)],
        Some((versions, rest)) => newest_first(&root.join(versions))
            .iter()
            .map(|version| version.join(rest))
            .collect(),
    };
    OF_MANAGER.iter().flat_map(below).collect()
}

/// The directories of versions, such as `v22.1.0`.
fn newest_first(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    versions.sort_by_cached_key(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let numbers = name.split(|c: char| !c.is_ascii_digit());
        Reverse(
            numbers
                .filter_map(|number| number.parse().ok())
                .collect::<Vec<u32>>(),
        )
    });
    versions
}

/// The prefix of global packages in the user's own settings of npm.
fn npm_prefix(home: &Path) -> Option<PathBuf> {
    let file = read_bounded(&home.join(".npmrc"), 1 << 20).ok()?;
    let text = String::from_utf8_lossy(&file).into_owned();
    let mut lines = text.lines().filter_map(|line| line.split_once('='));
    let (_, value) = lines.find(|(key, _)| key.trim() == "prefix")?;
    let value = value.trim().trim_matches('"');
    let in_home = ["~/", "${HOME}/"];
    let in_home = in_home.iter().find_map(|start| value.strip_prefix(start));
    Some(in_home.map_or_else(|| value.into(), |rest| home.join(rest)))
}
