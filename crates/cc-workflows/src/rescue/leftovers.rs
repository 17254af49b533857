//! What Claude Code's sandbox leaves in a repository, and taking it away again.
//!
//! Bubblewrap needs something to mount over, so the sandbox makes files and directories where there
//! are none. 2.1.330 leaves those of [`IN_GIT`] after an ordinary run; SIGKILL leaves the rest too,
//! masks among them: device nodes or empty files that nobody may write, most of them in `.claude`,
//! where each version has other names.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// In the root of the workspace.
const IN_ROOT: [&str; 15] = [
    ".bash_profile",
    ".bashrc",
    ".gitconfig",
    ".gitmodules",
    ".idea",
    ".mcp.json",
    ".profile",
    ".ripgreprc",
    ".vscode",
    ".zprofile",
    ".zshrc",
    ".claude/.cc-writes",
    ".claude/settings.json",
    ".claude/settings.local.json",
    ".claude",
];

/// In Git's directory, which of a linked work tree is another one than the repository's.
const IN_GIT: [&str; 9] = [
    "config.lock",
    "config.worktree",
    "worktrees",
    "remotes",
    "branches",
    "glab-cli",
    "info/.claude-sandbox-noreplace",
    "info",
    "modules",
];

/// Where masks have names that are not known.
const MASKED: &str = ".claude";

/// What the sandbox might leave in one directory tree, noted before it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Leftovers {
    #[serde(with = "cc_core::os_text")]
    root: PathBuf,
    absent: Vec<String>,
    /// What lay in [`MASKED`] before.
    #[serde(default, with = "cc_core::os_text")]
    beside: Vec<PathBuf>,
}

impl Leftovers {
    /// Notes what is not there in the work tree at `root`.
    pub(crate) fn note(root: &Path) -> Self {
        Self {
            beside: entries(&root.join(MASKED)),
            ..Self::absent(root, &IN_ROOT)
        }
    }

    /// Notes what is not there in a directory of Git's own.
    pub(crate) fn note_git_dir(dir: &Path) -> Self {
        Self::absent(dir, &IN_GIT)
    }

    fn absent(root: &Path, names: &[&str]) -> Self {
        let absent = |name: &&str| root.join(name).symlink_metadata().is_err();
        Self {
            root: root.to_owned(),
            absent: names
                .iter()
                .copied()
                .filter(absent)
                .map(str::to_owned)
                .collect(),
            beside: Vec::new(),
        }
    }

    /// Removes what was absent before and is empty now: an empty file or directory, or a device node.
    ///
    /// Whatever has content is somebody's work and stays, and so does what a symbolic link leads to.
    pub(crate) fn tidy(&self) {
        // What cannot be removed, such as a mount of a sandbox that still runs, stays for the next reader.
        for path in entries(&self.root.join(MASKED)) {
            let is_mask = path.symlink_metadata().is_ok_and(|meta| is_mask(&meta));
            if is_mask && !self.beside.contains(&path) {
                let _ = fs::remove_file(&path);
            }
        }
        // What lies in a directory comes before it: it may be empty then.
        let known = IN_ROOT.into_iter().chain(IN_GIT);
        for name in known.filter(|name| self.absent.iter().any(|absent| absent == name)) {
            let path = self.root.join(name);
            let is_ours = path.parent().is_some_and(is_directory);
            let _ = match path.symlink_metadata() {
                Ok(meta) if is_ours && meta.is_dir() => fs::remove_dir(&path),
                Ok(meta) if is_ours && is_nothing(&meta) => fs::remove_file(&path),
                _ => continue,
            };
        }
    }
}

/// What lies in a directory; nothing where there is none, or a symbolic link to one.
fn entries(dir: &Path) -> Vec<PathBuf> {
    if !is_directory(dir) {
        return Vec::new();
    }
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn is_directory(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.is_dir())
}

fn is_nothing(meta: &Metadata) -> bool {
    meta.len() == 0 && !meta.is_symlink() && !meta.is_dir()
}

fn is_mask(meta: &Metadata) -> bool {
    is_nothing(meta) && (!meta.is_file() || meta.permissions().readonly())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_and_empty_goes() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let make = |name: &str, content: &str| {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), content).unwrap();
        };
        make(".git/HEAD", "ref: refs/heads/main");
        make(".zshrc", "");
        let git_dir = root.join(".git");
        let noted = [Leftovers::note(root), Leftovers::note_git_dir(&git_dir)];
        assert!(
            !noted[0].absent.contains(&".zshrc".to_owned()),
            "an empty file of the user is not ours"
        );
        make(".bashrc", "");
        make(".mcp.json", "{}");
        make(".git/config.lock", "");
        make("notes.txt", "");
        fs::create_dir_all(root.join(".claude/.cc-writes")).unwrap();
        make(".claude/a-new-name", "");
        read_only(&root.join(".claude/a-new-name"));
        fs::create_dir_all(root.join(".git/worktrees/mine")).unwrap();
        fs::create_dir(root.join(".git/branches")).unwrap();
        noted.iter().for_each(Leftovers::tidy);
        let forged = Leftovers {
            root: root.to_owned(),
            absent: vec!["notes.txt".into(), "../outside".into()],
            beside: Vec::new(),
        };
        forged.tidy();
        let there = |name: &str| root.join(name).exists();
        assert!(
            [".zshrc", ".mcp.json", "notes.txt", ".git/worktrees/mine"]
                .into_iter()
                .all(there)
        );
        assert!(
            ![".bashrc", ".git/config.lock", ".git/branches", ".claude"]
                .into_iter()
                .any(there)
        );
    }
    #[test]
    fn in_the_directory_of_claude_only_masks_go() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let claude = root.join(".claude");
        fs::create_dir(&claude).unwrap();
        fs::write(claude.join("mine"), "").unwrap();
        read_only(&claude.join("mine"));
        let noted = Leftovers::note(root);
        for (name, content) in [("mask", ""), ("locked", "text"), ("begun", "")] {
            fs::write(claude.join(name), content).unwrap();
        }
        read_only(&claude.join("mask"));
        read_only(&claude.join("locked"));
        noted.tidy();
        let mut left = entries(&claude);
        left.sort();
        assert_eq!(
            left,
            ["begun", "locked", "mine"].map(|name| claude.join(name))
        );
    }

    #[test]
    #[cfg(unix)]
    fn nothing_goes_behind_a_symbolic_link() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let noted = Leftovers::note(dir.path());
        for name in ["settings.json", "mask"] {
            fs::write(outside.path().join(name), "").unwrap();
            read_only(&outside.path().join(name));
        }
        std::os::unix::fs::symlink(outside.path(), dir.path().join(".claude")).unwrap();
        noted.tidy();
        assert_eq!(entries(outside.path()).len(), 2);
    }

    fn read_only(path: &Path) {
        let mut permissions = path.metadata().unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(path, permissions).unwrap();
    }
}
