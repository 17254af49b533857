//! Converts the pathspecs of the user to those of the repository.

use std::path::{Component, Path, PathBuf};

use cc_core::fs::canonical;
use cc_core::text::one_line;

use crate::pathspecs::magic::{self, Magic};
use crate::pathspecs::{PathPattern, Pathspecs};
use crate::repo_path::{RepoPath, os_path};
use crate::{Error, Repository};

impl Repository {
    /// Converts pathspecs from the user to ones of the repository.
    ///
    /// A path that exists is taken as it is, whatever characters it has: `pages/[id].tsx`.
    pub(crate) fn resolve_paths(&self, specs: &[PathBuf]) -> Result<Pathspecs, Error> {
        let mut resolved = Pathspecs::default();
        let mut has_root = false;
        for spec in specs {
            let bytes = spec.as_os_str().as_encoded_bytes();
            if bytes.is_empty() {
                return Err(Error::BadPathspec {
                    spec: String::new(),
                    reason: "it is empty; use `.` for the current directory",
                });
            }
            let (magic, path) = magic::parse(bytes)?;
            let pattern = self.pattern(spec, magic, path)?;
            match pattern.magic.iter().all(|word| word == "literal") && !pattern.exclude {
                true if self.is_path(&pattern) => match pattern.pattern.as_bytes().is_empty() {
                    true => has_root = true,
                    false => resolved.paths.push(pattern.pattern),
                },
                _ => resolved.patterns.push(pattern),
            }
        }
        if has_root {
            resolved.paths.clear();
            resolved.patterns.retain(|pattern| pattern.exclude);
        }
        resolved.paths.sort();
        resolved.paths.dedup();
        resolved.patterns.sort();
        resolved.patterns.dedup();
        Ok(resolved)
    }

    fn pattern(&self, spec: &Path, mut magic: Magic, path: &[u8]) -> Result<PathPattern, Error> {
        let outside = || Error::PathOutside {
            path: one_line(&spec.to_string_lossy(), 200),
            root: self.root().to_owned(),
        };
        let start = if magic.top { self.root() } else { &self.cwd };
        let inside = os_path(path)
            .and_then(|path| self.inside(&start.join(path)))
            .ok_or_else(outside)?;
        let mut pattern = RepoPath::from_os(&inside);
        let directory = match start.strip_prefix(self.root()) {
            Ok(dir) => RepoPath::from_os(dir),
            Err(_) => RepoPath::new(b""),
        };
        let prefix = common_directory(directory.as_bytes(), pattern.as_bytes());
        let is_plain = magic.words.is_empty();
        if is_plain && has_wildcard(path) && self.exists(&pattern) {
            magic.words.push("literal".into());
        }
        let is_directory = path.ends_with(b"/") && !pattern.as_bytes().is_empty();
        if is_directory && has_wildcard(path) && is_plain {
            pattern = pattern.join(&RepoPath::new(b""));
        }
        Ok(PathPattern {
            pattern,
            exclude: magic.exclude,
            magic: magic.words,
            prefix,
        })
    }

    /// Whether a pattern without magic names one path.
    fn is_path(&self, pattern: &PathPattern) -> bool {
        let behind = &pattern.pattern.as_bytes()[pattern.prefix..];
        !has_wildcard(behind) || !pattern.magic.is_empty()
    }

    pub(crate) fn exists(&self, path: &RepoPath) -> bool {
        let place = path.below(self.root());
        place.is_some_and(|place| place.symlink_metadata().is_ok())
    }

    /// Converts a path to one relative to the root. Its last part may be a link, and need not exist.
    fn inside(&self, path: &Path) -> Option<PathBuf> {
        let absolute = without_dots(path)?;
        if let Ok(inside) = absolute.strip_prefix(self.root()) {
            return Some(inside.to_owned());
        }
        // The path may go through a link outside the repository, such as `/tmp` on macOS.
        if canonical(&absolute).is_ok_and(|path| path == self.root()) {
            return Some(PathBuf::new());
        }
        absolute.ancestors().skip(1).find_map(|ancestor| {
            let real = canonical(ancestor).ok()?;
            let rest = absolute.strip_prefix(ancestor).ok()?;
            Some(real.join(rest).strip_prefix(self.root()).ok()?.to_owned())
        })
    }
}

fn has_wildcard(path: &[u8]) -> bool {
    path.iter().any(|byte| b"*?[\\".contains(byte))
}

/// The length of the directory, with its slash, that `directory` and `path` have in common.
fn common_directory(directory: &[u8], path: &[u8]) -> usize {
    let mut common = 0;
    if directory.is_empty() {
        return 0;
    }
    for part in directory.split(|&byte| byte == b'/') {
        let rest = &path[common..];
        match rest.strip_prefix(part) {
            Some(rest) if rest.starts_with(b"/") => common += part.len() + 1,
            _ => break,
        }
    }
    common
}

/// Removes `.` and `..` without looking at the file system; `None` above the root.
fn without_dots(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                if !plain.pop() {
                    return None;
                }
            }
            part => plain.push(part),
        }
    }
    Some(plain)
}
