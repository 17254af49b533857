//! Git for a Claude that only reads: a repository that nobody trusts must not have it start anything.

use std::ffi::OsString;
use std::path::PathBuf;

use cc_claude::GitAccess;
use cc_core::IoError;

use crate::Project;

/// Reading the repository of the project, with settings that take out the programs it configures.
///
/// # Errors
/// When the guard cannot be put in place: without it, submodules could run programs.
pub(crate) fn reading(
    project: &Project,
    settings: Vec<(OsString, OsString)>,
) -> Result<GitAccess, IoError> {
    let guard = guard(project)?;
    Ok(GitAccess::Read { settings, guard })
}

/// A link to `false`, since a script of ours would be passed over where its file system has no programs.
#[cfg(unix)]
fn guard(project: &Project) -> Result<Option<PathBuf>, IoError> {
    use std::path::Path;

    use cc_core::program::SearchPath;

    let workspace = project.store.workspace().root();
    let refuses = SearchPath::outside(&project.env, workspace).find("false");
    let refuses = refuses.unwrap_or_else(|_| Path::new("/bin/false").to_owned());
    let dir = project.data.git_guard();
    let git = dir.join("git");
    if std::fs::read_link(&git).is_ok_and(|target| target == refuses) && refuses.exists() {
        return Ok(Some(dir));
    }
    cc_core::fs::create_private_dir(&dir)?;
    let failed = |source| IoError::at("link", &git)(source);
    std::fs::metadata(&refuses).map_err(IoError::at("find", &refuses))?;
    // Another worker may be doing the same: whoever comes last has the same link.
    let link = |path: &Path| std::os::unix::fs::symlink(&refuses, path);
    let fresh = tempfile::Builder::new().make_in(&dir, link);
    let fresh = fresh.map_err(failed)?.into_temp_path();
    fresh.persist(&git).map_err(|error| failed(error.error))?;
    Ok(Some(dir))
}

#[cfg(not(unix))]
fn guard(_: &Project) -> Result<Option<PathBuf>, IoError> {
    Ok(None)
}
