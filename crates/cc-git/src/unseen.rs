//! What a review of uncommitted changes does not see, although a reader might think so.

use std::collections::HashMap;
use std::fs;

use crate::context::{ChangeKind, FileChange, NotSeen, Reason};
use crate::process::GitInput;
use crate::records::records;
use crate::repo_path::RepoPath;
use crate::top_level::git_dir;
use crate::{Context, Error, ObjectId, Repository};

/// The most files that Git overlooks which are compared.
const COMPARED: usize = 500;

/// The operations that stop in the middle: the file that says so, the name, and whose the other side is.
const OPERATIONS: [(&str, &str, &str); 4] = [
    ("MERGE_HEAD", "merge", "the branch being merged"),
    ("CHERRY_PICK_HEAD", "cherry-pick", "the commit being picked"),
    (
        "REVERT_HEAD",
        "revert",
        "the state before the reverted commit",
    ),
    ("REBASE_HEAD", "rebase", "the commit of yours being applied"),
];

impl Repository {
    /// Lists every unmerged path that the diff does not list as such.
    pub(crate) fn add_unmerged(unmerged: Vec<RepoPath>, context: &mut Context) {
        for path in unmerged {
            let is_said =
                |it: &NotSeen| it.path.as_ref() == Some(&path) && it.reason == Reason::Unmerged;
            if context.not_seen.iter().any(is_said) {
                continue;
            }
            if !context.files.iter().any(|file| file.path == path) {
                context.totals.files += 1;
                let change = FileChange::unread(path.clone(), ChangeKind::Unmerged);
                context.files.push(change);
            }
            context.not_seen.push(NotSeen::of(&path, Reason::Unmerged));
        }
    }

    /// Lists the edited files among those that Git does not look at.
    pub(crate) fn add_overlooked(
        &self,
        overlooked: Vec<RepoPath>,
        context: &mut Context,
    ) -> Result<(), Error> {
        let is_file = |path: &RepoPath| {
            let place = path.below(self.root());
            place.is_some_and(|place| place.symlink_metadata().is_ok_and(|meta| meta.is_file()))
        };
        let is_one_line = |path: &RepoPath| !path.as_bytes().contains(&b'\n');
        let mut files = overlooked;
        files.retain(|path| is_file(path) && is_one_line(path));
        files.truncate(COMPARED);
        if files.is_empty() {
            return Ok(());
        }
        let mut input = Vec::new();
        for path in &files {
            input.extend_from_slice(path.as_bytes());
            input.push(b'\n');
        }
        let call = self.runner.long_call(&["hash-object", "--stdin-paths"]);
        let now = call.input(GitInput::Bytes(&input)).checked()?;
        let specs: Vec<_> = files.iter().filter_map(RepoPath::pathspec).collect();
        let args = ["ls-files", "--stage", "-z", "--"];
        let staged = self.runner.call(&args).args(&specs).checked()?;
        let staged: HashMap<&[u8], &[u8]> = records(&staged)
            .filter_map(|record| {
                // MODE ID STAGE TAB PATH
                let tab = record.iter().position(|&byte| byte == b'\t')?;
                let id = record[..tab].split(|&byte| byte == b' ').nth(1)?;
                Some((&record[tab + 1..], id))
            })
            .collect();
        let now = now.split(|&byte| byte == b'\n');
        let edited = files
            .iter()
            .zip(now)
            .filter(|(path, id)| staged.get(path.as_bytes()) != Some(id));
        let edited = edited.map(|(path, _)| NotSeen::of(path, Reason::Overlooked));
        context.not_seen.extend(edited);
        Ok(())
    }

    /// The name of the operation in the middle of which the working tree is, such as `merge`.
    pub(crate) fn operation(&self) -> Option<String> {
        match self.in_progress()? {
            Reason::InProgress { operation, .. } => Some(operation),
            _ => None,
        }
    }

    /// The operation in the middle of which the working tree is.
    pub(crate) fn in_progress(&self) -> Option<Reason> {
        let dir = git_dir(self.root())?;
        OPERATIONS.iter().find_map(|(file, operation, theirs)| {
            let id = fs::read_to_string(dir.join(file)).ok()?;
            let id = ObjectId::from_bytes(id.lines().next()?.as_bytes())?;
            let ours = match *operation {
                "rebase" => "the branch that you rebase onto".to_owned(),
                _ => format!("`{}`", self.head().name()),
            };
            Some(Reason::InProgress {
                operation: (*operation).to_owned(),
                ours,
                theirs: format!("{theirs} (`{}`)", id.short()),
            })
        })
    }
}
