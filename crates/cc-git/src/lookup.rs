//! What a reviewer may look up in a repository: seven reads, each of which gives one page of text.
//!
//! The arguments come from a model that has read the repository. A revision becomes an object id before it
//! is used, a path stays below the root, and no argument can be an option. What is read of the working tree
//! is read without following links.

mod page;

use std::ffi::OsString;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::process::GitInput;
use crate::repo_path::{RepoPath, os_string};
use crate::runner::GitCall;
use crate::selection::RevisionRange;
use crate::working_file::WorkingFile;
use crate::{Error, Head, ObjectId, Repository};

use page::PageReader;

/// How long one read may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The largest file of the working tree that `blame` reads, in bytes.
const BLAME_LIMIT: u64 = 4 << 20;

/// What every diff is made with: no program of the repository, no other repository.
const DIFF: [&str; 6] = [
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-relative",
    "--ignore-submodules=dirty",
    "--submodule=short",
];

/// What is asked of a repository.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// The state of the working tree.
    Status(StatusQuery),
    /// The difference of two states.
    Diff(DiffQuery),
    /// Commits.
    Log(LogQuery),
    /// A commit, or what a path was in it.
    Show(ShowQuery),
    /// Who wrote the lines of a file.
    Blame(BlameQuery),
    /// Lines of a commit that match.
    Grep(GrepQuery),
    /// The names of files.
    LsFiles(LsFilesQuery),
}

/// The arguments of [`Lookup::Status`].
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StatusQuery {
    /// Only these files or directories, or patterns such as `src/*.rs`
    pub paths: Vec<String>,
    /// Lines to skip, to read on
    pub skip: usize,
}

/// The arguments of [`Lookup::Diff`].
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DiffQuery {
    /// Old commit; default HEAD
    pub from: Option<String>,
    /// New commit; default the working tree
    pub to: Option<String>,
    /// Compare with the index instead of the working tree
    pub staged: bool,
    /// List the files only
    pub stat: bool,
    /// Only these files or directories, or patterns such as `src/*.rs`
    pub paths: Vec<String>,
    /// Lines to skip, to read on
    pub skip: usize,
}

/// The arguments of [`Lookup::Log`].
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogQuery {
    /// Commit or range `A..B`; default HEAD
    pub revision: Option<String>,
    /// Only commits whose message matches this regular expression
    pub message: Option<String>,
    /// Only commits that add or remove this text
    pub contains: Option<String>,
    /// List the changed files too
    pub stat: bool,
    /// Only these files or directories, or patterns such as `src/*.rs`
    pub paths: Vec<String>,
    /// Lines to skip, to read on
    pub skip: usize,
}

/// The arguments of [`Lookup::Show`].
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShowQuery {
    /// Commit; default HEAD
    pub revision: Option<String>,
    /// Show this file or directory as it was in the commit, instead of the commit and its diff
    pub path: Option<String>,
    /// Lines to skip, to read on
    pub skip: usize,
}

/// The arguments of [`Lookup::Blame`].
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BlameQuery {
    /// File
    pub path: String,
    /// Commit; default the working tree
    pub revision: Option<String>,
    /// First line, from 1
    pub first: Option<usize>,
    /// Last line
    pub last: Option<usize>,
    /// Lines to skip, to read on
    pub skip: usize,
}

/// The arguments of [`Lookup::Grep`].
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GrepQuery {
    /// Extended regular expression
    pub pattern: String,
    /// Commit; default HEAD
    pub revision: Option<String>,
    /// Ignore case
    pub ignore_case: bool,
    /// Only these files or directories, or patterns such as `src/*.rs`
    pub paths: Vec<String>,
    /// Lines to skip, to read on
    pub skip: usize,
}

/// The arguments of [`Lookup::LsFiles`].
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LsFilesQuery {
    /// Only these files or directories, or patterns such as `src/*.rs`
    pub paths: Vec<String>,
    /// Also files that Git does not track, except ignored ones
    pub untracked: bool,
    /// Lines to skip, to read on
    pub skip: usize,
}

impl Repository {
    /// Answers with one page of printable text: at most 32 KiB, and how to get the next page if there is
    /// one.
    ///
    /// # Errors
    /// [`Error::UnknownRevision`], [`Error::LooksLikeOption`], [`Error::PathOutside`],
    /// [`Error::NoSuchPath`] for arguments that name nothing; [`Error::Timeout`] after 30 s;
    /// [`Error::MissingObjects`]; or the error of a failed call.
    pub fn look_up(&self, lookup: &Lookup) -> Result<String, Error> {
        match lookup {
            Lookup::Status(query) => self.status_page(query),
            Lookup::Diff(query) => self.diff_page(query),
            Lookup::Log(query) => self.log_page(query),
            Lookup::Show(query) => self.show_page(query),
            Lookup::Blame(query) => self.blame_page(query),
            Lookup::Grep(query) => self.grep_page(query),
            Lookup::LsFiles(query) => self.ls_files_page(query),
        }
    }

    fn status_page(&self, query: &StatusQuery) -> Result<String, Error> {
        let args = [
            "status",
            "--short",
            "--branch",
            "--ignored=no",
            "--untracked-files=normal",
            "--ignore-submodules=dirty",
        ];
        let paths = self.path_args(&query.paths)?;
        page(self.runner.call(&args).args(&paths), query.skip)
    }

    fn diff_page(&self, query: &DiffQuery) -> Result<String, Error> {
        let from = match query.from.as_deref() {
            None if *self.head() == Head::Unborn => ObjectId::empty_tree(self.sha256).to_string(),
            from => self.revision(from)?,
        };
        let to = query.to.as_deref().map(|to| self.revision(Some(to)));
        let mut args = vec!["diff".to_owned()];
        args.extend(DIFF.map(str::to_owned));
        args.push(if query.stat { "--stat" } else { "--patch" }.to_owned());
        if query.staged && to.is_none() {
            args.push("--cached".to_owned());
        }
        args.extend(["--end-of-options".to_owned(), from]);
        args.extend(to.transpose()?);
        let paths = self.path_args(&query.paths)?;
        page(self.runner.call(&args).args(&paths), query.skip)
    }

    fn log_page(&self, query: &LogQuery) -> Result<String, Error> {
        let mut args = vec!["log".to_owned()];
        args.extend(DIFF.map(str::to_owned));
        args.extend(COMMIT.map(str::to_owned));
        args.push("--no-diff-merges".to_owned());
        if query.stat {
            args.push("--stat".to_owned());
        }
        if let Some(message) = &query.message {
            args.extend(["--extended-regexp".to_owned(), format!("--grep={message}")]);
        }
        args.extend(query.contains.iter().map(|text| format!("-S{text}")));
        args.push("--end-of-options".to_owned());
        match query.revision.as_deref().map(RevisionRange::parse) {
            Some(Ok(range)) => {
                let (from, to) = (self.commit_id(range.from)?, self.commit_id(range.to)?);
                let dots = if range.from_merge_base { "..." } else { ".." };
                args.push(format!("{from}{dots}{to}"));
            }
            _ => args.push(self.revision(query.revision.as_deref())?),
        }
        let paths = self.path_args(&query.paths)?;
        page(self.runner.call(&args).args(&paths), query.skip)
    }

    fn show_page(&self, query: &ShowQuery) -> Result<String, Error> {
        let commit = self.revision(query.revision.as_deref())?;
        let Some(path) = &query.path else {
            let mut args = ["show", "--patch", "--cc"].map(str::to_owned).to_vec();
            args.extend(DIFF.map(str::to_owned));
            args.extend(COMMIT.map(str::to_owned));
            args.extend(["--end-of-options".to_owned(), commit]);
            return page(self.runner.call(&args), query.skip);
        };
        let path = self.one_path(path)?;
        let mut object = OsString::from(format!("{commit}:"));
        object.extend(os_string(path.as_bytes()));
        let args: [OsString; 3] = ["cat-file".into(), "-p".into(), object];
        match page(self.runner.call(&args), query.skip) {
            Err(Error::Failed { .. }) => Err(Error::NoSuchPath {
                path: format!("{commit}:{path}"),
            }),
            shown => shown,
        }
    }

    fn blame_page(&self, query: &BlameQuery) -> Result<String, Error> {
        let path = self.one_path(&query.path)?;
        let mut args = vec!["blame".to_owned(), "--date=short".to_owned()];
        if query.first.is_some() || query.last.is_some() {
            let (first, last) = (query.first.unwrap_or(1).max(1), query.last);
            let last = last.map(|last| last.max(first).to_string());
            args.push(format!("-L{first},{}", last.unwrap_or_default()));
        }
        // Git itself would follow a link in place of a directory.
        let content = match &query.revision {
            Some(revision) => {
                args.push(self.revision(Some(revision))?);
                Vec::new()
            }
            None => {
                args.extend(["--contents".to_owned(), "-".to_owned()]);
                self.working_content(&path)?
            }
        };
        args.push("--".to_owned());
        let file: Vec<OsString> = os_string(path.as_bytes()).into_iter().collect();
        let call = self.runner.call(&args).args(&file);
        page(call.input(GitInput::Bytes(&content)), query.skip)
    }

    fn grep_page(&self, query: &GrepQuery) -> Result<String, Error> {
        let mut args = vec![
            "grep".to_owned(),
            "--line-number".to_owned(),
            "--extended-regexp".to_owned(),
            "--full-name".to_owned(),
            "--no-color".to_owned(),
            "--no-textconv".to_owned(),
            "--no-recurse-submodules".to_owned(),
            "-I".to_owned(),
        ];
        if query.ignore_case {
            args.push("--ignore-case".to_owned());
        }
        args.extend(["-e".to_owned(), query.pattern.clone()]);
        args.push(self.revision(query.revision.as_deref())?);
        let paths = self.path_args(&query.paths)?;
        page(self.runner.call(&args).args(&paths), query.skip)
    }

    fn ls_files_page(&self, query: &LsFilesQuery) -> Result<String, Error> {
        let mut args = vec!["ls-files", "--cached", "--deduplicate"];
        if query.untracked {
            args.extend(["--others", "--exclude-standard"]);
        }
        let paths = self.path_args(&query.paths)?;
        page(self.runner.call(&args).args(&paths), query.skip)
    }

    /// The id of a commit, or of the tree without files, which the first commit is compared with.
    fn revision(&self, text: Option<&str>) -> Result<String, Error> {
        let nothing = ObjectId::empty_tree(self.sha256);
        match text {
            Some(text) if text == nothing.as_str() => Ok(nothing.to_string()),
            text => Ok(self.commit_id(text.unwrap_or("HEAD"))?.to_string()),
        }
    }

    /// The file of the working tree, read without following links.
    fn working_content(&self, path: &RepoPath) -> Result<Vec<u8>, Error> {
        let missing = || Error::NoSuchPath {
            path: path.to_string(),
        };
        let WorkingFile::Regular { file, .. } = WorkingFile::open(self.root(), path) else {
            return Err(missing());
        };
        let mut content = Vec::new();
        let read = file.take(BLAME_LIMIT + 1).read_to_end(&mut content);
        match read {
            Ok(_) if content.len() as u64 <= BLAME_LIMIT => Ok(content),
            Ok(_) => Err(Error::FileTooLarge {
                path: path.to_string(),
                limit: BLAME_LIMIT,
            }),
            Err(_) => Err(missing()),
        }
    }

    /// One file or directory, whatever characters its name has.
    fn one_path(&self, text: &str) -> Result<RepoPath, Error> {
        let literal = format!(":(literal){text}");
        let mut specs = self.resolve_paths(&[literal.into()])?;
        let root = || RepoPath::from_os(Path::new(""));
        Ok(specs.paths.pop().unwrap_or_else(root))
    }

    /// `--` and the pathspecs.
    fn path_args(&self, paths: &[String]) -> Result<Vec<OsString>, Error> {
        let paths: Vec<_> = paths.iter().map(Into::into).collect();
        Ok(self.resolve_paths(&paths)?.args())
    }
}

/// How commits are shown: nobody asks a program about their signatures.
const COMMIT: [&str; 3] = ["--no-show-signature", "--format=medium", "--date=iso"];

/// Runs a call and keeps the page after the first `skip` lines.
fn page(call: GitCall<'_>, skip: usize) -> Result<String, Error> {
    let mut reader = PageReader::new(skip);
    let exit = call
        .timeout(PATIENCE)
        .stream(&mut |bytes| match reader.push(bytes) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        })?;
    // `git grep` ends so if nothing matches; others say something then.
    let nothing = exit.code == Some(1) && exit.stderr.is_empty();
    if !nothing {
        exit.check()?;
    }
    Ok(reader.finish())
}
