//! What a turn edited and committed itself, of all that changed meanwhile.

use std::path::PathBuf;

use cc_git::{
    Arrivals, Changes, Dropped, Fingerprint, MadeCommit, RepoPath, Repository, Scope, Selection,
};

use super::authors::{Author, Authors};
use super::outcome::{GateError, Skip, Unclear};
use super::turn::TurnState;

/// The most ranges of commits that are shown one by one.
const RANGES: usize = 8;

/// What a turn did.
pub(super) struct Edits {
    /// What there is to show, in this order.
    pub(super) selections: Vec<Selection>,
    /// The edited files that are known.
    pub(super) named: Vec<RepoPath>,
    /// What it may have done.
    pub(super) unclear: Unclear,
}

/// The uncommitted changes of a turn.
enum Uncommitted {
    Nothing,
    Files(Vec<PathBuf>),
    All,
}

/// Finds what the turn did; an error of the second kind is a reason not to check it.
pub(super) fn of_turn(
    repository: &Repository,
    turn: &TurnState,
    seen: &Fingerprint,
    authors: &Authors,
) -> Result<Result<Edits, Skip>, GateError> {
    let changes = match turn.changes(seen) {
        Ok(changes) => changes,
        Err(skip) => return Ok(Err(skip)),
    };
    let mut unclear = Unclear::default();
    let (uncommitted, named) = match &changes {
        Some(changes) => edited(repository, changes, authors, &mut unclear)?,
        // Without a beginning, all that is not committed counts.
        None => (
            rest(authors, "uncommitted changes", &mut unclear),
            Vec::new(),
        ),
    };
    let mut selections = match (&turn.baseline, &changes) {
        (Some(baseline), Some(changes)) if changes.head_moved => {
            committed(repository, baseline, authors, &mut unclear)?
        }
        _ => Vec::new(),
    };
    let paths = match uncommitted {
        Uncommitted::Nothing => None,
        Uncommitted::Files(files) => Some(files),
        Uncommitted::All => Some(Vec::new()),
    };
    selections.extend(paths.map(|paths| Selection {
        scope: Scope::WorkingTree,
        paths,
        ..Selection::default()
    }));
    Ok(match (selections.is_empty(), unclear.is_nothing()) {
        (false, _) => Ok(Edits {
            selections,
            named,
            unclear,
        }),
        (true, false) => Err(Skip::Unclear(unclear)),
        (true, true) => Err(Skip::OfOthers),
    })
}

/// The files that the turn edited.
fn edited(
    repository: &Repository,
    changes: &Changes,
    authors: &Authors,
    unclear: &mut Unclear,
) -> Result<(Uncommitted, Vec<RepoPath>), GateError> {
    let mut own = Vec::new();
    for file in &changes.files {
        let author = match file.below(repository.root()) {
            Some(path) => authors.of_file(&path),
            None => authors.of_the_rest(),
        };
        match author {
            Author::Turn => own.push(file.clone()),
            Author::Other => {}
            Author::Unclear(sessions) => add(unclear, file.to_string(), sessions),
        }
    }
    let own = repository.not_merged(&own)?;
    if changes.is_unknown || changes.more > 0 {
        return Ok((rest(authors, "many files", unclear), own));
    }
    let files: Option<Vec<PathBuf>> = own.iter().map(literal).collect();
    let uncommitted = match files {
        Some(files) if files.is_empty() => Uncommitted::Nothing,
        Some(files) => Uncommitted::Files(files),
        None => Uncommitted::All,
    };
    Ok((uncommitted, own))
}

/// A pathspec that means this file and nothing else; `None` if its name is not plain.
fn literal(file: &RepoPath) -> Option<PathBuf> {
    let name = file.as_plain()?;
    let has_magic = name.starts_with(':') || name.contains(['*', '?', '[', '\\']);
    Some(match has_magic {
        true => format!(":(top,literal){name}").into(),
        false => name.into(),
    })
}

/// All uncommitted changes, where they may be the turn's.
fn rest(authors: &Authors, what: &str, unclear: &mut Unclear) -> Uncommitted {
    match authors.of_the_rest() {
        Author::Turn => Uncommitted::All,
        Author::Other => Uncommitted::Nothing,
        Author::Unclear(sessions) => {
            add(unclear, what.to_owned(), sessions);
            Uncommitted::Nothing
        }
    }
}

/// The commits that the turn made.
fn committed(
    repository: &Repository,
    baseline: &Fingerprint,
    authors: &Authors,
    unclear: &mut Unclear,
) -> Result<Vec<Selection>, GateError> {
    // Nobody saw the turn begin: everything since the last one counts.
    let since = authors.since.unwrap_or(cc_core::Time::from_millis(0));
    let Some(arrivals) = repository.arrivals(baseline, since)? else {
        return Ok(Vec::new());
    };
    let all = arrivals.made.len();
    let mut own = Vec::new();
    for commit in &arrivals.made {
        match authors.of_commit(commit.at, &commit.subject) {
            Author::Turn => own.push(commit),
            Author::Other => {}
            Author::Unclear(sessions) => {
                add(unclear, format!("commit {}", commit.id.short()), sessions);
            }
        }
    }
    let mut shown = selections(&arrivals, &own, own.len() == all);
    match authors.of_the_rest() {
        _ if arrivals.dropped.is_empty() => {}
        Author::Turn => shown.extend(undone(&arrivals.dropped)),
        Author::Other => {}
        Author::Unclear(sessions) => add(unclear, "commits that are gone".to_owned(), sessions),
    }
    Ok(shown)
}

/// What shows that these commits are gone, newest first.
fn undone(dropped: &[Dropped]) -> Vec<Selection> {
    let mut chains: Vec<(&Dropped, &Dropped)> = Vec::new();
    for commit in dropped {
        match chains.last_mut() {
            Some((_, first)) if first.parent == commit.id => *first = commit,
            _ => chains.push((commit, commit)),
        }
    }
    let ranges = chains.into_iter().take(RANGES);
    let undo = ranges.map(|(last, first)| Selection {
        range: Some(format!("{}..{}", last.id, first.parent)),
        ..Selection::default()
    });
    undo.collect()
}

/// What shows these commits and as little else as possible.
fn selections(arrivals: &Arrivals, own: &[&MadeCommit], is_all: bool) -> Vec<Selection> {
    let range = |range: String, paths: Vec<PathBuf>| Selection {
        range: Some(range),
        paths,
        ..Selection::default()
    };
    let whole = || vec![range(arrivals.range.clone(), Vec::new())];
    if arrivals.is_all && is_all && !own.is_empty() {
        return whole();
    }
    let mut chains: Vec<(&MadeCommit, &MadeCommit)> = Vec::new();
    for &commit in own {
        match chains.last_mut() {
            Some((_, first))
                if first.parent == commit.id
                    && first.merged.is_empty()
                    && commit.merged.is_empty() =>
            {
                *first = commit;
            }
            _ => chains.push((commit, commit)),
        }
    }
    if chains.len() > RANGES {
        return whole();
    }
    let shown = chains.into_iter().rev().map(|(last, first)| {
        let paths = first.merged.iter().filter_map(literal);
        range(format!("{}..{}", first.parent, last.id), paths.collect())
    });
    shown.collect()
}

fn add(unclear: &mut Unclear, what: String, sessions: Vec<cc_core::SessionId>) {
    unclear.what.push(what);
    for session in sessions {
        if !unclear.sessions.contains(&session) {
            unclear.sessions.push(session);
        }
    }
}
