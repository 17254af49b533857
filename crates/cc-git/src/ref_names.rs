//! The names of branches and tags, to choose from.

use std::path::Path;

use cc_core::IoError;
use cc_core::fs::canonical;

use crate::runner::Runner;
use crate::{Error, Git, hardening, top_level};

/// The branches, remote branches and tags of the repository that `dir` is in, `count` of each kind at most, by
/// their short names; none outside of a repository. Writes nothing, and reads no object.
///
/// # Errors
/// When Git is missing, or its call fails.
pub fn ref_names(git: Git, dir: &Path, count: usize) -> Result<Vec<String>, Error> {
    let cwd = canonical(dir).map_err(IoError::at("open directory", dir))?;
    let Some(root) = top_level(&cwd) else {
        return Ok(Vec::new());
    };
    let git = git.outside(&root)?;
    let runner = Runner::new(&git, &root, hardening::pinned());
    let limit = format!("--count={count}");
    let mut names = Vec::new();
    for kind in ["refs/heads/", "refs/remotes/", "refs/tags/"] {
        let args = ["for-each-ref", "--format=%(refname)", &limit, kind];
        let output = runner.call(&args).checked()?;
        let output = String::from_utf8_lossy(&output);
        let of_kind = output.lines().filter_map(|name| name.strip_prefix(kind));
        names.extend(of_kind.map(str::to_owned));
    }
    Ok(names)
}
