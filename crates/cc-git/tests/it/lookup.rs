//! What a reviewer looks up, and what it cannot.

use std::fs;
use std::os::unix::fs::symlink;

use cc_git::{
    BlameQuery, DiffQuery, GrepQuery, LogQuery, Lookup, LsFilesQuery, ShowQuery, StatusQuery,
};

use crate::lab::{Lab, numbers, snapshot};

/// Two commits, a change that is staged, one that is not, and a file that Git does not know.
fn lab() -> Lab {
    let lab = Lab::new();
    lab.write("src/b.rs", "fn old() {}\n");
    lab.commit("add old");
    lab.write("src/b.rs", "fn new() {}\n");
    lab.git(["add", "src"]);
    lab.write("a.txt", numbers(1..=11));
    lab.write("loose.rs", "fn loose() {}\n");
    lab
}

fn ask(lab: &Lab, lookup: Lookup) -> Result<String, String> {
    let answer = lab.repository().look_up(&lookup);
    answer.map_err(|error| error.to_string())
}

#[track_caller]
fn shows(lab: &Lab, lookup: Lookup, expected: &[&str]) -> String {
    let page = ask(lab, lookup.clone()).unwrap();
    for text in expected {
        assert!(page.contains(text), "{lookup:?} shows no {text:?}:\n{page}");
    }
    page
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn paths(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|&path| path.to_owned()).collect()
}

#[test]
fn a_change_is_seen_from_every_side() {
    let lab = lab();
    let status = StatusQuery::default();
    let all = ["## main", "M  src/b.rs", " M a.txt", "?? loose.rs"];
    shows(&lab, Lookup::Status(status), &all);
    let diff = DiffQuery::default();
    shows(
        &lab,
        Lookup::Diff(diff.clone()),
        &["+11", "-fn old", "+fn new"],
    );
    let staged = DiffQuery {
        staged: true,
        ..diff.clone()
    };
    let staged = shows(&lab, Lookup::Diff(staged), &["+fn new"]);
    assert!(!staged.contains("+11"), "{staged}");
    let some_files = DiffQuery {
        paths: paths(&["a.txt"]),
        stat: true,
        ..diff.clone()
    };
    let listed = shows(&lab, Lookup::Diff(some_files), &["a.txt | 1 +"]);
    assert!(!listed.contains("src/b.rs"), "{listed}");
    let commits = DiffQuery {
        from: some("HEAD~1"),
        to: some("HEAD"),
        ..diff
    };
    shows(&lab, Lookup::Diff(commits), &["+fn old() {}"]);
}

#[test]
fn history_is_searched_and_shown() {
    let lab = lab();
    let log = LogQuery::default();
    shows(&lab, Lookup::Log(log.clone()), &["add old", "first"]);
    for narrow in [
        LogQuery {
            message: some("^add"),
            ..log.clone()
        },
        LogQuery {
            contains: some("fn old"),
            ..log.clone()
        },
        LogQuery {
            revision: some("HEAD~1..HEAD"),
            stat: true,
            ..log.clone()
        },
        LogQuery {
            paths: paths(&["src"]),
            ..log
        },
    ] {
        let page = shows(&lab, Lookup::Log(narrow), &["add old"]);
        assert!(!page.contains("first"), "{page}");
    }
    let show = ShowQuery::default();
    shows(&lab, Lookup::Show(show.clone()), &["add old", "+fn old"]);
    let file = |path: &str| ShowQuery {
        path: some(path),
        ..show.clone()
    };
    let shown = shows(&lab, Lookup::Show(file("src/b.rs")), &[]);
    assert_eq!(shown, "fn old() {}\n");
    shows(&lab, Lookup::Show(file("src")), &["b.rs"]);
    shows(&lab, Lookup::Show(file(".")), &["a.txt", "src"]);
    // Claude names files by their whole path.
    let whole = lab.root.join("src/b.rs");
    shows(
        &lab,
        Lookup::Show(file(whole.to_str().unwrap())),
        &["fn old"],
    );
}

#[test]
fn lines_have_authors_and_are_found() {
    let lab = lab();
    let blame = BlameQuery {
        path: "a.txt".into(),
        first: Some(10),
        ..BlameQuery::default()
    };
    let now = shows(
        &lab,
        Lookup::Blame(blame.clone()),
        &["dev", " 10) 10", " 11) 11"],
    );
    assert!(now.lines().nth(1).unwrap().starts_with("00000000"), "{now}");
    let then = BlameQuery {
        revision: some("HEAD"),
        last: Some(10),
        ..blame
    };
    assert_eq!(shows(&lab, Lookup::Blame(then), &[]).lines().count(), 1);
    let grep = GrepQuery {
        pattern: "FN (old|new)".into(),
        ignore_case: true,
        paths: paths(&["*.rs"]),
        ..GrepQuery::default()
    };
    shows(&lab, Lookup::Grep(grep), &["src/b.rs:1:fn old() {}"]);
    let nothing = GrepQuery {
        pattern: "no such text".into(),
        ..GrepQuery::default()
    };
    assert_eq!(shows(&lab, Lookup::Grep(nothing), &[]), "[nothing]");
    let files = LsFilesQuery {
        untracked: true,
        paths: paths(&["*.rs", "src"]),
        ..LsFilesQuery::default()
    };
    let listed = shows(&lab, Lookup::LsFiles(files), &[]);
    let mut listed: Vec<&str> = listed.lines().collect();
    listed.sort_unstable();
    assert_eq!(listed, ["loose.rs", "src/b.rs"]);
}

#[test]
fn a_long_answer_comes_in_pages() {
    let lab = Lab::new();
    lab.write("long.txt", numbers(1..=20_000));
    lab.commit("long");
    let mut all = String::new();
    let mut skip = 0;
    loop {
        let query = ShowQuery {
            path: some("long.txt"),
            skip,
            ..ShowQuery::default()
        };
        let page = ask(&lab, Lookup::Show(query)).unwrap();
        assert!(page.len() < 40_000, "{}", page.len());
        let Some((lines, next)) = page.split_once("[more: call again with skip = ") else {
            break all.push_str(&page);
        };
        all.push_str(lines);
        skip = next.trim_end_matches(']').parse().unwrap();
    }
    assert_eq!(all, numbers(1..=20_000));
}

#[test]
fn a_branch_without_commits_has_a_status_and_a_diff() {
    let lab = Lab::unborn();
    lab.write("a.txt", "a\n");
    lab.git(["add", "a.txt"]);
    shows(&lab, Lookup::Status(StatusQuery::default()), &["A  a.txt"]);
    shows(&lab, Lookup::Diff(DiffQuery::default()), &["+a"]);
    let log = ask(&lab, Lookup::Log(LogQuery::default())).unwrap_err();
    assert_eq!(log, "the repository has no commits yet");
}

#[test]
fn no_argument_is_an_option_or_leads_out() {
    let lab = lab();
    fs::write(lab.base.join("outside"), "SECRET\n").unwrap();
    let before = snapshot(&lab.base);
    let revisions = [
        "--output=../made",
        "-O/bin/sh",
        "--ext-diff",
        "HEAD --output=x",
        "nothing",
        "",
        "HEAD\0x",
        ":/",
    ];
    for bad in revisions {
        let revision = some(bad);
        let lookups = [
            Lookup::Diff(DiffQuery {
                from: revision.clone(),
                ..DiffQuery::default()
            }),
            Lookup::Log(LogQuery {
                revision: revision.clone(),
                ..LogQuery::default()
            }),
            Lookup::Show(ShowQuery {
                revision: revision.clone(),
                ..ShowQuery::default()
            }),
            Lookup::Blame(BlameQuery {
                path: "a.txt".into(),
                revision: revision.clone(),
                ..BlameQuery::default()
            }),
            Lookup::Grep(GrepQuery {
                pattern: "x".into(),
                revision,
                ..GrepQuery::default()
            }),
        ];
        for lookup in lookups {
            if bad != ":/" {
                ask(&lab, lookup).unwrap_err();
            }
        }
    }
    let outside = lab.base.join("outside");
    let out = [
        outside.to_str().unwrap(),
        "../outside",
        "src/../../outside",
        "/etc/passwd",
        "../*",
        "/etc/pass*",
    ];
    for bad in out {
        for lookup in by_path(bad) {
            let error = ask(&lab, lookup.clone()).unwrap_err();
            assert!(!error.contains("SECRET"), "{lookup:?}: {error}");
        }
    }
    // What begins like an option is the name of a file that is not there.
    for name in [
        "--output=made",
        "-O",
        "--no-index",
        ":(attr:x=",
        ":(prefix:9)a",
    ] {
        for lookup in by_path(name) {
            let answer = ask(&lab, lookup).unwrap_or_default();
            assert!(!answer.contains("fn "), "{name}: {answer}");
        }
    }
    let options = ["--open-files-in-pager=touch made", "-f../outside", "-e"];
    for pattern in options {
        let grep = GrepQuery {
            pattern: pattern.into(),
            ..GrepQuery::default()
        };
        assert_eq!(ask(&lab, Lookup::Grep(grep)).unwrap(), "[nothing]");
        let log = LogQuery {
            message: some(pattern),
            contains: some(pattern),
            ..LogQuery::default()
        };
        assert_eq!(ask(&lab, Lookup::Log(log)).unwrap(), "[nothing]");
    }
    assert!(snapshot(&lab.base) == before, "something was written");
}

/// Every lookup of one path.
fn by_path(path: &str) -> Vec<Lookup> {
    let paths = vec![path.to_owned()];
    vec![
        Lookup::Status(StatusQuery {
            paths: paths.clone(),
            ..StatusQuery::default()
        }),
        Lookup::Diff(DiffQuery {
            paths: paths.clone(),
            ..DiffQuery::default()
        }),
        Lookup::Log(LogQuery {
            paths: paths.clone(),
            ..LogQuery::default()
        }),
        Lookup::Show(ShowQuery {
            path: Some(path.to_owned()),
            ..ShowQuery::default()
        }),
        Lookup::Blame(BlameQuery {
            path: path.to_owned(),
            ..BlameQuery::default()
        }),
        Lookup::Grep(GrepQuery {
            pattern: ".".into(),
            paths: paths.clone(),
            ..GrepQuery::default()
        }),
        Lookup::LsFiles(LsFilesQuery {
            paths,
            ..LsFilesQuery::default()
        }),
    ]
}

#[test]
fn a_link_in_place_of_a_directory_leads_nowhere() {
    let lab = Lab::new();
    lab.write("d/secret", "harmless\n");
    lab.commit("a directory");
    fs::create_dir(lab.base.join("outside")).unwrap();
    fs::write(lab.base.join("outside/secret"), "SECRET\n").unwrap();
    fs::remove_dir_all(lab.root.join("d")).unwrap();
    symlink(lab.base.join("outside"), lab.root.join("d")).unwrap();
    symlink(lab.base.join("outside/secret"), lab.root.join("leak")).unwrap();
    // Plain git does follow it.
    let blamed = lab.git(["blame", "--", "d/secret"]);
    assert!(blamed.contains("SECRET"), "{blamed}");
    let lookups = ["d/secret", "d", "leak"].into_iter().flat_map(by_path);
    for lookup in lookups.chain(by_path("")) {
        let answer = ask(&lab, lookup.clone());
        let answer = answer.unwrap_or_else(|error| error);
        assert!(!answer.contains("SECRET"), "{lookup:?}: {answer}");
    }
}
