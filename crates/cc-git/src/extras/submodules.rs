//! The files of submodules, at the commits that the checkout names.

use std::path::{Path, PathBuf};

use cc_core::fs::canonical;

use super::{AbsentReason, Extras, NAMED, make_parent};
use crate::records::records;
use crate::repo_path::RepoPath;
use crate::runner::Runner;
use crate::top_level::{git_dir, git_dirs};
use crate::{Error, ObjectId, Repository, hardening};

/// How deep submodules of submodules are followed.
const DEPTH: usize = 5;

/// A submodule, and the commit that its superproject names.
struct Link {
    path: RepoPath,
    commit: Vec<u8>,
}

impl Repository {
    pub(super) fn bring_submodules(&self, root: &Path, base: &ObjectId, extras: &mut Extras) {
        // Without this file there are none, and listing a large tree takes time.
        if !root.join(".gitmodules").is_file() {
            return;
        }
        let listed = self
            .runner
            .long_call(&["ls-tree", "-r", "-z", base.as_str()]);
        let Ok(listed) = listed.checked() else { return };
        let links = records(&listed).filter_map(|entry| {
            // `160000 commit ID<tab>PATH`
            let rest = entry.strip_prefix(b"160000 commit ")?;
            let (commit, path) =
                rest.split_at_checked(rest.iter().position(|&byte| byte == b'\t')?)?;
            Some(Link {
                path: RepoPath::new(&path[1..]),
                commit: commit.to_owned(),
            })
        });
        self.bring_links(links.collect(), root, DEPTH, extras);
    }

    fn bring_links(&self, links: Vec<Link>, root: &Path, depth: usize, extras: &mut Extras) {
        for link in links.into_iter().take(NAMED) {
            match self.bring_link(&link, root) {
                Ok(inner) if depth > 0 => {
                    extras.submodules.push(link.path);
                    self.bring_links(inner, root, depth - 1, extras);
                }
                _ => extras.lacks(&link.path, AbsentReason::Submodule),
            }
        }
    }

    /// Writes the files of one submodule; returns its own submodules.
    fn bring_link(&self, link: &Link, root: &Path) -> Result<Vec<Link>, Error> {
        let gone = || Error::NotARepository {
            dir: link.path.below(self.root()).unwrap_or_default(),
        };
        let user = link.path.below(self.root()).ok_or_else(gone)?;
        let place = link.path.below(root).ok_or_else(gone)?;
        let dir = self.git_dir_of_submodule(&user).ok_or_else(gone)?;
        make_parent(root, &place.join("file")).ok_or_else(gone)?;
        let commit = ObjectId::from_bytes(&link.commit).ok_or_else(gone)?;

        let mut inside = Runner::new(&self.git, &place, hardening::pinned());
        inside.set_env("GIT_DIR", &dir);
        inside.set_env("GIT_WORK_TREE", &place);
        let found = hardening::read_config(&inside, &self.git)?;
        found.apply_to(&mut inside, self.git.views(), &dir)?;
        let index = tempfile::Builder::new()
            .prefix("cc-index-")
            .tempdir_in(root.parent().unwrap_or(root))
            .map_err(cc_core::IoError::at("make a directory beside", root))?;
        inside.set_env("GIT_INDEX_FILE", &index.path().join("index"));
        inside
            .long_call(&["read-tree", commit.as_str()])
            .checked()?;
        inside
            .long_call(&["checkout-index", "--all", "--quiet"])
            .checked()?;
        let staged = inside.long_call(&["ls-files", "--stage", "-z"]).checked()?;
        let links = records(&staged).filter_map(|entry| {
            // `160000 ID STAGE<tab>PATH`
            let rest = entry.strip_prefix(b"160000 ")?;
            let tab = rest.iter().position(|&byte| byte == b'\t')?;
            let id = rest[..tab].split(|&byte| byte == b' ').next()?;
            Some(Link {
                path: link.path.join(&RepoPath::new(&rest[tab + 1..])),
                commit: id.to_owned(),
            })
        });
        Ok(links.collect())
    }

    /// The Git directory of a submodule of the user: inside that of this repository, or in the submodule.
    fn git_dir_of_submodule(&self, user: &Path) -> Option<PathBuf> {
        user.join(".git").symlink_metadata().ok()?;
        let dir = canonical(&git_dir(user)?).ok()?;
        let own = canonical(user).ok()?;
        let is_ours = git_dirs(self.root()).iter().any(|own| dir.starts_with(own));
        (own.starts_with(self.root()) && (is_ours || dir.starts_with(&own))).then_some(dir)
    }
}
