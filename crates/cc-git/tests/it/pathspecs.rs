//! Pathspecs of the user select what they select in Git, from wherever they are given.

use std::collections::BTreeSet;

use cc_git::{Context, Error, Mode, Reason, Scope, Selection, Target};

use crate::lab::{Lab, general_reasons};

/// Tracked files with edits, in directories as people have them.
const FILES: [&str; 10] = [
    "a.txt",
    "README",
    "top.rs",
    "dist/app.js",
    "dist/deep/b.txt",
    "web/readme",
    "web/src/x.rs",
    "web/src/deep/x.rs",
    "web/[id]/page.txt",
    "web/i/page.txt",
];

fn lab() -> Lab {
    let lab = Lab::new();
    for file in FILES {
        lab.write(file, "one\n");
    }
    lab.write(".gitattributes", "web/src/** mine\n");
    lab.commit("files");
    for file in FILES {
        lab.write(file, "two\n");
    }
    lab
}

fn selection(specs: &[&str]) -> Selection {
    Selection {
        paths: specs.iter().map(Into::into).collect(),
        ..Selection::default()
    }
}

fn review(lab: &Lab, dir: &str, selection: &Selection) -> Result<(Target, Context), Error> {
    let repository = lab.discover_in(dir)?;
    let target = repository.resolve(selection)?;
    let context = repository.collect(&target, &Default::default())?;
    Ok((target, context))
}

fn files(context: &Context) -> BTreeSet<String> {
    let files = context.files.iter();
    files.map(|file| file.path.to_string()).collect()
}

/// In every scope, the same files as `git diff` from the same directory.
#[track_caller]
fn check(lab: &Lab, dir: &str, specs: &[&str]) {
    let args = ["diff", "--name-only", "--no-relative", "HEAD", "--"];
    let args: Vec<&str> = args.iter().chain(specs).copied().collect();
    let expect = lab.git_in(&lab.root.join(dir), args);
    let expect: BTreeSet<String> = expect.lines().map(str::to_owned).collect();
    assert!(!expect.is_empty(), "{specs:?} match nothing");
    let (target, context) = review(lab, dir, &selection(specs)).unwrap();
    assert_eq!(files(&context), expect, "{specs:?} in `{dir}`");
    // What is stored of a target means the same later.
    let stored = serde_json::to_string(&target).unwrap();
    let read: Target = serde_json::from_str(&stored).unwrap();
    assert_eq!(read.pathspecs, target.pathspecs, "{stored}");
}

#[test]
fn they_select_what_they_select_in_git() {
    let lab = lab();
    for dir in ["", "web", "web/src", "web/[id]"] {
        for specs in [
            &["*.txt"][..],
            &[":/*.txt", ":!*deep*"],
            &[":!dist"],
            &[":/", ":/!dist"],
            &[":^/web", ":!/README"],
            &[":(top,icase)readme"],
            &[":(top,icase)WEB/README", ":/top.rs"],
            &[":(top,glob)**/x.rs"],
            &[":(top,glob)*.rs"],
            &[":(top,attr:mine)"],
            &[":(exclude,top,glob)*/*"],
            &[":/web/src", ":(top,exclude,literal)web/src/deep"],
            &[":"],
            &[":/"],
        ] {
            let found = lab.git_in(
                &lab.root.join(dir),
                [&["diff", "--name-only", "HEAD", "--"], specs].concat(),
            );
            if !found.is_empty() {
                check(&lab, dir, specs);
            }
        }
    }
    check(&lab, "web", &[":(icase)ReadMe"]);
    check(&lab, "web", &["../*.js", "src/*.rs"]);
    check(&lab, "web", &[":(glob)**/x.rs", ":!src/deep"]);
    check(&lab, "web/src", &["../.", ":!deep/"]);
    check(&lab, "web/[id]", &["*.txt"]);
    check(&lab, "web/[id]", &["page.txt"]);
    check(&lab, "web", &[":(literal)[id]"]);
}

#[test]
fn a_path_that_exists_is_no_pattern() {
    let lab = lab();
    let named = |spec: &str| files(&review(&lab, "web", &selection(&[spec])).unwrap().1);
    let expect = BTreeSet::from(["web/[id]/page.txt".to_owned()]);
    assert_eq!(named("[id]/page.txt"), expect);
    assert_eq!(named("[id]"), expect);
    assert!(!named(":/!web/[id]").contains("web/[id]/page.txt"));
    assert!(named(":/!web/[id]").contains("web/i/page.txt"));
    assert!(named("[i]/*").contains("web/i/page.txt"));
}

#[test]
fn untracked_files_and_every_scope_are_selected_alike() {
    let lab = lab();
    lab.write("new.txt", "new\n");
    lab.write("dist/new.txt", "new\n");
    let specs = selection(&["*.txt", ":!dist"]);
    let expect: BTreeSet<String> = ["a.txt", "web/[id]/page.txt", "web/i/page.txt"]
        .map(str::to_owned)
        .into();
    let mut with_new = expect.clone();
    with_new.insert("new.txt".into());
    let (target, context) = review(&lab, "", &specs).unwrap();
    assert_eq!(files(&context), with_new);
    assert_eq!(
        target.label,
        "uncommitted changes in `*.txt`, without `dist`"
    );
    let left_out = Reason::LeftOut {
        files: 2,
        by: vec![":!dist".into()],
    };
    assert_eq!(general_reasons(&context), vec![left_out.clone()]);
    assert_eq!(
        left_out.to_string(),
        "2 changed files left out, as asked by `:!dist`"
    );
    lab.git(["add", "--all"]);
    let staged = Selection {
        scope: Scope::Staged,
        ..specs.clone()
    };
    assert_eq!(files(&review(&lab, "", &staged).unwrap().1), with_new);
    lab.commit("all");
    let commit = Selection {
        commit: Some("HEAD".into()),
        ..specs
    };
    let (target, context) = review(&lab, "", &commit).unwrap();
    assert_eq!(target.mode, Mode::Commit);
    assert_eq!(files(&context), with_new);
    assert_eq!(general_reasons(&context), [left_out]);
}

#[test]
fn a_change_that_is_left_out_as_a_whole_says_so() {
    let lab = Lab::new();
    lab.write("dist/a.js", "1\n");
    lab.write("dist/b.js", "1\n");
    let asked = Selection {
        scope: Scope::WorkingTree,
        ..selection(&[":!dist", ":!*.md"])
    };
    assert_eq!(
        lab.review(&asked).unwrap_err().to_string(),
        "nothing to review: 2 changed files left out, as asked by `:!*.md`, `:!dist`"
    );
}

#[test]
fn what_git_refuses_is_refused_and_named() {
    let lab = lab();
    let refused = |spec: &str| {
        let told = review(&lab, "web", &selection(&[spec])).unwrap_err();
        let git = lab.try_git(&lab.root.join("web"), ["diff", "HEAD", "--", spec]);
        assert!(!git.status.success(), "Git takes {spec}");
        told.to_string()
    };
    assert_eq!(
        refused(":(foo)x"),
        "`foo` in `:(foo)x` is no pathspec magic"
    );
    assert_eq!(refused(":%x"), "`%` in `:%x` is no pathspec magic");
    assert!(refused(":(icase").contains("`)`"));
    assert!(refused(":(glob,literal)x").contains("exclude each other"));
    assert!(refused("").contains("it is empty"));
    assert!(refused("../../*.txt").contains("outside"));
    assert!(refused(":!../../x").contains("outside"));
}

#[test]
fn a_pattern_shows_no_secret_and_a_name_with_magic_does() {
    let lab = Lab::new();
    lab.write("sub/.env", "TOKEN=hunter2\n");
    let shows = |specs: &[&str]| {
        let (_, context) = review(&lab, "sub", &selection(specs)).unwrap();
        context.diff.contains("hunter2")
    };
    assert!(!shows(&["*env"]) && !shows(&[":(icase).ENV"]) && !shows(&[":!x"]));
    assert!(shows(&[":/sub/.env"]) && shows(&[":(literal).env"]));
}
