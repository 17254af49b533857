//! What the repository says of its reviews, in `.cc.toml`.
//!
//! It is read from the side that a change is compared with: a change cannot keep itself out of its review. Of a
//! repository without the file in the working tree nothing is read, which costs nothing.

use cc_git::{Error as GitError, Mode, ObjectId, Repository, Scope, Selection, Target};
use cc_jobs::settings::{REPOSITORY_FILE, REPOSITORY_FILE_LIMIT, RepositorySettings};

use crate::Error;

/// Resolves a selection in a repository with the file, and reads what it says.
pub(super) fn resolve(
    repository: &Repository,
    selection: &Selection,
) -> Result<(Target, RepositorySettings), Error> {
    let target = repository.resolve(selection);
    let leaves_base = selection.base.is_none()
        && selection.commit.is_none()
        && selection.range.is_none()
        && matches!(selection.scope, Scope::Auto | Scope::Branch);
    let named = match &target {
        Ok(target) if target.mode == Mode::Branch => read(repository, &target.base)?.base,
        // Nobody else says what to compare with.
        Err(GitError::NoDefaultBranch) => match repository.head().id() {
            Some(head) => read(repository, head)?.base,
            None => None,
        },
        _ => None,
    };
    let target = match named.filter(|_| leaves_base) {
        Some(base) => repository.resolve(&Selection {
            scope: Scope::Branch,
            base: Some(base),
            ..selection.clone()
        })?,
        None => target?,
    };
    let settings = read(repository, &target.base)?;
    Ok((target, settings))
}

/// What the repository says at a commit.
pub(super) fn read(
    repository: &Repository,
    commit: &ObjectId,
) -> Result<RepositorySettings, Error> {
    if !is_there(repository) {
        return Ok(RepositorySettings::default());
    }
    let text = repository.text_at(commit, REPOSITORY_FILE, REPOSITORY_FILE_LIMIT)?;
    Ok(RepositorySettings::parse(&text.unwrap_or_default())?)
}

/// Whether the working tree has the file.
pub(super) fn is_there(repository: &Repository) -> bool {
    repository
        .root()
        .join(REPOSITORY_FILE)
        .symlink_metadata()
        .is_ok()
}
