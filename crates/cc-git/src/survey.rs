//! Selects and reads at once: whether the working tree has changes shows when they are read.

use cc_core::parallel::join;

use crate::pathspecs::Pathspecs;
use crate::selection::Wanted;
use crate::untracked::WorkingList;
use crate::{Context, ContextLimits, Error, Head, Mode, Repository, Selection, ShownDiffs, Target};

impl Repository {
    /// Resolves what to review and reads its changes, within `limits`.
    ///
    /// # Errors
    /// Those of [`Repository::resolve`] and [`Repository::collect`].
    pub fn survey(
        &self,
        selection: &Selection,
        limits: &ContextLimits,
    ) -> Result<(Target, Context), Error> {
        let is_open = selection.paths.is_empty() && !self.is_home && *self.head() != Head::Unborn;
        let mut listed = WorkingList::default();
        let mut looks_clean = false;
        if is_open && selection.wanted()? == Wanted::Auto {
            let target = Target {
                chosen: true,
                ..self.uncommitted(Mode::WorkingTree, Pathspecs::default())
            };
            let diff = self.start_diff(&target, limits, &[])?;
            let list = self.working_list(&target, limits)?;
            (listed.is_whole, listed.has_attributes) = (list.is_whole, list.has_attributes);
            match self.collect_listed(&target, limits, &ShownDiffs::default(), list, diff) {
                Err(Error::NothingToReview { .. }) => looks_clean = true,
                context => return Ok((target, context?)),
            }
        }
        let branch = match looks_clean {
            true => self.branch_if_clean()?,
            false => None,
        };
        let target = branch.map_or_else(|| self.resolve(selection), Ok)?;
        let context = match target.mode {
            // Its files are those of the working tree.
            Mode::Branch if target.found_clean => {
                let diff = self.start_diff(&target, limits, &[])?;
                self.collect_listed(&target, limits, &ShownDiffs::default(), listed, diff)
            }
            _ => self.collect(&target, limits),
        };
        Ok((target, context?))
    }

    /// The branch, unless something is staged that the working tree has taken back.
    fn branch_if_clean(&self) -> Result<Option<Target>, Error> {
        let pathspecs = Pathspecs::default();
        let (changed, branch) = join(
            || self.has_uncommitted_changes(&pathspecs),
            || self.branch_of_clean_tree(pathspecs.clone()),
        );
        match changed? {
            true => Ok(None),
            false => branch.map(Some),
        }
    }
}
