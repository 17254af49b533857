//! What a run has to look at a repository with, and how it is told so.

use std::path::PathBuf;

use cc_claude::{GitAccess, McpServer};

use crate::Project;
use crate::order::WorkOrder;

/// What a Claude that may only read in a repository is told of its tools.
pub(crate) const IN_REPOSITORY: &str = "\
You have Read and Grep for the files of the working tree (Grep with `glob` also finds files by name), and Git:
  status, diff, log, show, blame, grep (the files of a commit) and ls-files. There is no shell.";

/// What a Claude that may only read is told of its tools where there is no repository.
pub(crate) const WITHOUT_REPOSITORY: &str = "\
You have Read and Grep for files (Grep with `glob` also finds them by name). There is no shell.";

/// What a Claude with a shell is told of its tools in a repository.
pub(crate) const WITH_SHELL: &str = "\
You have Read and Grep for the files of the working tree (Grep with `glob` also finds files by name), Git: status,
  diff, log, show, blame, grep (the files of a commit) and ls-files, and Bash.";

/// A program that Claude cannot be told of.
#[derive(Debug, thiserror::Error)]
#[error("the path `{}` is not valid Unicode", .0.display())]
pub(crate) struct NotText(PathBuf);

/// What Claude can do with git itself: only commands in a sandbox get a git.
pub(super) fn git_access(order: &WorkOrder) -> GitAccess {
    match order.may_write() || order.commands().is_some() {
        true => GitAccess::Full,
        false => GitAccess::Nothing,
    }
}

/// The Git server of a run that may only read; `None` where there is no repository or Claude has a shell.
pub(super) fn git_server(
    project: &Project,
    order: &WorkOrder,
) -> Result<Option<McpServer>, NotText> {
    let root = order.root(project.store.workspace().root());
    if order.may_write() || cc_git::top_level(root).is_none() {
        return Ok(None);
    }
    // A check of the gate runs in `cc-hooks`, which is installed beside it.
    let cli = format!("cc-cli{}", std::env::consts::EXE_SUFFIX);
    let cli = project.env.exe.with_file_name(cli);
    let command = cli.to_str().ok_or_else(|| NotText(cli.clone()))?;
    let mut args = vec!["git-server".to_owned()];
    // It works among the temporary files where the directory cannot be named.
    if let Some(data) = project.data.root().to_str() {
        args.extend(["--data".to_owned(), data.to_owned()]);
    }
    Ok(Some(McpServer {
        name: "git",
        command: command.to_owned(),
        args,
    }))
}
