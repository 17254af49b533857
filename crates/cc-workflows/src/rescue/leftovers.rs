//! What Claude Code's sandbox leaves in a repository, and taking it away again.
//!
//! Bubblewrap needs something to mount over, so the sandbox makes files and directories of these
//! names where there are none. 2.1.330 leaves the ones below after an ordinary run; SIGKILL leaves
//! the rest of them too, as device nodes, and a `config.lock` that stops later `git config` calls.

use std::fs;
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
    ".claude",
    ".claude/.cc-writes",
    ".claude/settings.json",
    ".claude/settings.local.json",
];

/// In Git's directory.
const IN_GIT: [&str; 6] = [
    "config.lock",
    "config.worktree",
    "worktrees",
    "remotes",
    "glab-cli",
    "info/.claude-sandbox-noreplace",
];

/// What the sandbox might leave in one directory tree, noted before it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leftovers {
    root: PathBuf,
    absent: Vec<String>,
}

impl Leftovers {
    /// Notes what is not there in the work tree at `root` or in its Git directory.
    pub fn note(root: &Path) -> Self {
        let in_git = IN_GIT.iter().map(|name| format!(".git/{name}"));
        let names = IN_ROOT.iter().map(|name| (*name).to_owned()).chain(in_git);
        let absent = names
            .filter(|name| root.join(name).symlink_metadata().is_err())
            .collect();
        Self {
            root: root.to_owned(),
            absent,
        }
    }

    /// Removes what was absent before and is empty now: an empty file or directory, or a device node.
    ///
    /// Whatever has content is somebody's work and stays.
    pub fn tidy(&self) {
        let known = self.absent.iter().filter(|name| {
            let name = name.as_str();
            IN_ROOT.contains(&name)
                || name
                    .strip_prefix(".git/")
                    .is_some_and(|name| IN_GIT.contains(&name))
        });
        let mut paths: Vec<PathBuf> = known.map(|name| self.root.join(name)).collect();
        // The deepest first: a directory may be empty once what lies in it is gone.
        paths.sort_by_key(|path| std::cmp::Reverse(path.components().count()));
        for path in paths {
            let Ok(meta) = path.symlink_metadata() else {
                continue;
            };
            // What cannot be removed, such as a mount of a sandbox that still runs, stays for the next reader.
            let _ = if meta.is_dir() {
                fs::remove_dir(&path)
            } else if meta.len() == 0 && !meta.is_symlink() {
                fs::remove_file(&path)
            } else {
                Ok(())
            };
        }
    }
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
        let noted = Leftovers::note(root);
        assert!(
            !noted.absent.contains(&".zshrc".to_owned()),
            "an empty file of the user is not ours"
        );
        make(".bashrc", "");
        make(".mcp.json", "{}");
        make(".git/config.lock", "");
        make("notes.txt", "");
        fs::create_dir_all(root.join(".claude/.cc-writes")).unwrap();
        fs::create_dir_all(root.join(".git/worktrees/mine")).unwrap();
        noted.tidy();
        let forged = Leftovers {
            root: root.to_owned(),
            absent: vec!["notes.txt".into(), "../outside".into()],
        };
        forged.tidy();
        let there = |name: &str| root.join(name).exists();
        assert!(
            [".zshrc", ".mcp.json", "notes.txt", ".git/worktrees/mine"]
                .into_iter()
                .all(there)
        );
        assert!(
            ![".bashrc", ".git/config.lock", ".claude"]
                .into_iter()
                .any(there)
        );
    }
}
