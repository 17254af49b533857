//! What is run or read from a working tree by programs that nobody starts for it, and which files of a change
//! would get there.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::{Component, Path, PathBuf};

use cc_core::Env;
use cc_core::fs::resolve;
use cc_core::text::one_line;
use cc_git::{ObjectId, Patch, PatchEntry, RepoPath, is_alias};
use serde::{Deserialize, Serialize};

use crate::report::Line;

/// Names in a working tree that programs run, or read what to run from, as soon as somebody works there:
/// what Codex's own sandbox protects, Claude Code's and editors' directories, direnv.
pub(super) const NAMES: [&str; 7] = [
    ".agents",
    ".claude",
    ".codex",
    ".envrc",
    ".idea",
    ".mcp.json",
    ".vscode",
];

/// The most links that one path leads through.
const LINKS: usize = 40;

/// A file of a change that is applied only if the user says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProtectedChange {
    /// The file.
    pub path: RepoPath,
    /// Why.
    pub reason: ProtectedReason,
    /// What it links to, if it is a symbolic link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Its content, as Git names it; `None` for a file that is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<ObjectId>,
}

/// Why a file is applied only if the user says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProtectedReason {
    /// Git, Codex, Claude Code or an editor run it, or read what to run from it.
    RunByItself,
    /// It is part of another repository: a submodule, or one whose Git directory the change brings.
    InOtherRepository,
    /// It is a link that leads out of the working tree.
    LeadsOutside,
    /// It is a link to one of the places above, or in the place of a directory of theirs.
    LeadsToProtected,
}

impl fmt::Display for ProtectedChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = self.target.as_deref().unwrap_or_default();
        write!(f, "`{}`", self.path)?;
        match self.reason {
            ProtectedReason::RunByItself => Ok(()),
            ProtectedReason::InOtherRepository => f.write_str(" (in another repository)"),
            ProtectedReason::LeadsOutside => write!(f, "{OUTSIDE}`{target}`)"),
            ProtectedReason::LeadsToProtected => write!(f, "{LINK}`{target}`)"),
        }
    }
}

const OUTSIDE: &str = " (a link out of the working tree, to ";
const LINK: &str = " (a link to ";

impl ProtectedChange {
    /// What its `Display` says, as a line of a report.
    pub(super) fn line(&self) -> Line {
        let line = Line::code(self.path.to_string());
        let target = self.target.as_deref().unwrap_or_default();
        match self.reason {
            ProtectedReason::RunByItself => line,
            ProtectedReason::InOtherRepository => line.and(" (in another repository)"),
            ProtectedReason::LeadsOutside => line.and(OUTSIDE).and_code(target).and(")"),
            ProtectedReason::LeadsToProtected => line.and(LINK).and_code(target).and(")"),
        }
    }
}

/// Finds the files of `patch` that get where programs run them in the working tree at `root`, or out of it.
/// `unprotected` are relative paths that the user lets be written.
///
/// # Errors
/// When Git cannot tell what it runs there.
pub(super) fn in_patch(
    env: &Env,
    root: &Path,
    patch: &Patch,
    unprotected: &[PathBuf],
) -> Result<Vec<ProtectedChange>, cc_git::Error> {
    let found = cc_git::program_paths(env, root)?;
    let paths = found.read_only.into_iter().chain(found.absent);
    let places = ProtectedPlaces::new(root, paths, patch, unprotected);
    let changes = patch.entries.iter().filter_map(|entry| {
        Some(ProtectedChange {
            path: entry.path.clone(),
            reason: places.reason(entry)?,
            target: entry.is_link().then(|| match &entry.target {
                Some(target) => one_line(&target.to_string_lossy(), 200),
                None => "?".to_owned(),
            }),
            content: entry.content.clone(),
        })
    });
    Ok(changes.collect())
}

/// Adds what the links among `paths` lead to, as far as it is below `root`.
pub(super) fn add_targets(root: &Path, paths: &mut Vec<PathBuf>) {
    let targets: Vec<_> = paths.iter().map(|path| resolve(path)).collect();
    paths.extend(targets.into_iter().filter(|path| path.starts_with(root)));
}

/// The folded parts of a path, relative to the root.
type Parts = Vec<String>;

/// The places of one working tree, and what a patch makes of it.
struct ProtectedPlaces<'a> {
    root: &'a Path,
    /// What programs run; the names of [`NAMES`] are meant anywhere.
    run: Vec<Parts>,
    open: Vec<Parts>,
    /// The links of the patch.
    links: BTreeMap<Parts, &'a Path>,
    /// The files of the patch and their directories.
    made: HashSet<Parts>,
}

impl<'a> ProtectedPlaces<'a> {
    fn new(
        root: &'a Path,
        paths: impl Iterator<Item = PathBuf>,
        patch: &'a Patch,
        unprotected: &[PathBuf],
    ) -> Self {
        let mut paths: Vec<_> = paths.collect();
        add_targets(root, &mut paths);
        let relative = paths.iter().filter_map(|path| path.strip_prefix(root).ok());
        let there = || patch.entries.iter().filter(|entry| !entry.is_removal());
        let link = |entry: &'a PatchEntry| Some((entry.path.folded(), entry.target.as_deref()?));
        let mut made = HashSet::new();
        for entry in there() {
            let parts = entry.path.folded();
            made.extend((1..=parts.len()).map(|end| parts[..end].to_vec()));
        }
        Self {
            root,
            run: relative.map(parts).filter(|it| !it.is_empty()).collect(),
            open: unprotected.iter().map(|path| parts(path)).collect(),
            links: patch.entries.iter().filter_map(link).collect(),
            made,
        }
    }

    fn reason(&self, entry: &PatchEntry) -> Option<ProtectedReason> {
        let path = entry.path.folded();
        if self.open.iter().any(|open| starts_with(&path, open)) {
            return None;
        }
        if self.is_run(&path) {
            return Some(ProtectedReason::RunByItself);
        }
        if self.is_in_repository(&entry.path, &path) {
            return Some(ProtectedReason::InOtherRepository);
        }
        if !entry.is_link() {
            return None;
        }
        let lead = entry
            .target
            .as_deref()
            .and_then(|target| self.lead(&entry.path, target));
        match lead {
            None => Some(ProtectedReason::LeadsOutside),
            Some(lead)
                if self.is_run(&lead) || self.run.iter().any(|it| starts_with(it, &path)) =>
            {
                Some(ProtectedReason::LeadsToProtected)
            }
            Some(_) => None,
        }
    }

    /// Whether programs run what is at a path.
    fn is_run(&self, path: &[String]) -> bool {
        let is_named = |part: &String| NAMES.iter().chain(&[".git"]).any(|it| is_alias(part, it));
        path.iter().any(is_named) || self.run.iter().any(|run| starts_with(path, run))
    }

    /// Whether a directory on the way is a repository, there or once the patch is applied.
    fn is_in_repository(&self, path: &RepoPath, folded: &[String]) -> bool {
        let Some(file) = path.below(self.root) else {
            return true;
        };
        let dirs = file.ancestors().skip(1);
        let dirs = dirs.take_while(|dir| *dir != self.root && dir.starts_with(self.root));
        dirs.zip((1..folded.len()).rev()).any(|(dir, end)| {
            let has = |name: &str| {
                let mut made = folded[..end].to_vec();
                made.push(name.to_owned());
                self.made.contains(&made) || dir.join(name).symlink_metadata().is_ok()
            };
            let is_bare = || {
                let is_named = |name: &str| has(name) || has(&name.to_uppercase());
                is_named("head") && (is_named("objects") || is_named("commondir"))
            };
            has(".git") || is_bare()
        })
    }

    /// Where a link at `path` leads; `None` for out of the working tree, or in circles.
    fn lead(&self, path: &RepoPath, target: &Path) -> Option<Parts> {
        let mut lead = path.folded();
        lead.pop();
        // The real names, by which links are looked for in the working tree.
        let mut real = path.below(Path::new(""))?;
        real.pop();
        let mut open = steps(target);
        let mut left = LINKS;
        while let Some(step) = open.pop() {
            match step.components().next() {
                Some(Component::ParentDir) => {
                    lead.pop()?;
                    real.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {
                    let rest: PathBuf = open.drain(..).rev().collect();
                    let inside = Path::new("/").join(rest);
                    open = steps(inside.strip_prefix(self.root).ok()?);
                    lead.clear();
                    real = PathBuf::new();
                }
                Some(Component::Normal(_)) => {
                    lead.extend(parts(&step));
                    real.push(step);
                    let there = self.root.join(&real);
                    let target = match self.links.get(&lead) {
                        Some(target) => Some(target.to_path_buf()),
                        None => std::fs::read_link(there).ok(),
                    };
                    if let Some(target) = target {
                        left = left.checked_sub(1)?;
                        lead.pop();
                        real.pop();
                        open.extend(steps(&target));
                    }
                }
                _ => {}
            }
        }
        Some(lead)
    }
}

/// The parts of a path, the last first.
fn steps(path: &Path) -> Vec<PathBuf> {
    let parts = path
        .components()
        .map(|part| PathBuf::from(part.as_os_str()));
    let mut parts: Vec<_> = parts.collect();
    parts.reverse();
    parts
}

fn parts(path: &Path) -> Parts {
    let name = path.as_os_str();
    match name.is_empty() {
        true => Vec::new(),
        false => RepoPath::from_os(path).folded(),
    }
}

fn starts_with(path: &[String], start: &[String]) -> bool {
    path.len() >= start.len() && path.iter().zip(start).all(|(part, it)| is_alias(part, it))
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
