//! A repository that wants to run something, or to hide something.
//!
//! Every trap is proven by a plain git that springs it.

use std::fs;
use std::path::Path;

use cc_git::{
    BlameQuery, Context, ContextLimits, DiffQuery, GrepQuery, LogQuery, Lookup, LsFilesQuery,
    Scope, Selection, ShowQuery, StatusQuery,
};

use crate::lab::{Lab, file, listed, numbers};

/// One commit, and changes of every kind, so that every trap has an occasion.
fn bait() -> Lab {
    let lab = Lab::new();
    lab.write("b.txt", "b\n");
    lab.write(".gitattributes", "*.txt diff=evil filter=evil\n");
    lab.commit("second");
    lab.write("a.txt", numbers(1..=11));
    lab.write("b.txt", "c\n");
    lab.git(["add", "b.txt"]);
    lab.write("new.txt", "n\n");
    lab
}

/// A program that leaves a mark and is a filter, a text conversion and a diff all the same.
#[cfg(unix)]
pub(crate) fn trap(lab: &Lab) -> String {
    let path = lab.base.join("trap");
    let script = format!(
        "#!/bin/sh\ntouch {}\ncat\n",
        lab.base.join("marker").display()
    );
    cc_executable::write(&path, script);
    path.to_str().unwrap().to_owned()
}

/// Everything that the crate does with a repository.
fn review_all(lab: &Lab) -> Vec<Context> {
    let repository = lab.repository();
    for lookup in every_lookup() {
        repository.look_up(&lookup).unwrap();
    }
    let selections = [
        Selection::default(),
        Selection {
            scope: Scope::WorkingTree,
            ..Selection::default()
        },
        Selection {
            scope: Scope::Staged,
            ..Selection::default()
        },
        Selection {
            base: Some("HEAD~1".into()),
            ..Selection::default()
        },
        Selection {
            commit: Some("HEAD".into()),
            ..Selection::default()
        },
        Selection {
            range: Some("HEAD~1..HEAD".into()),
            ..Selection::default()
        },
    ];
    selections
        .iter()
        .map(|selection| {
            let target = repository.resolve(selection).unwrap();
            repository.line_count(&target, "a.txt").unwrap();
            repository
                .collect(&target, &ContextLimits::default())
                .unwrap()
        })
        .collect()
}

/// Everything that a reviewer can ask, where it has an occasion to run something.
fn every_lookup() -> Vec<Lookup> {
    vec![
        Lookup::Status(StatusQuery::default()),
        Lookup::Diff(DiffQuery::default()),
        Lookup::Diff(DiffQuery {
            from: Some("HEAD~1".into()),
            to: Some("HEAD".into()),
            ..DiffQuery::default()
        }),
        Lookup::Log(LogQuery {
            contains: Some("b".into()),
            stat: true,
            ..LogQuery::default()
        }),
        Lookup::Show(ShowQuery::default()),
        Lookup::Show(ShowQuery {
            path: Some("a.txt".into()),
            ..ShowQuery::default()
        }),
        Lookup::Blame(BlameQuery {
            path: "a.txt".into(),
            ..BlameQuery::default()
        }),
        Lookup::Grep(GrepQuery {
            pattern: "1".into(),
            ..GrepQuery::default()
        }),
        Lookup::LsFiles(LsFilesQuery {
            untracked: true,
            ..LsFilesQuery::default()
        }),
    ]
}

/// Sets a trap, shows that plain git falls into it, and that we do not.
#[cfg(unix)]
#[track_caller]
fn check(name: &str, set: impl Fn(&Lab, &str), control: &[&str]) {
    let lab = bait();
    let quiet = review_all(&lab);
    let trap = trap(&lab);
    set(&lab, &trap);
    let marker = lab.base.join("marker");
    if marker.exists() {
        fs::remove_file(&marker).unwrap();
    }
    let contexts = review_all(&lab);
    assert!(!marker.exists(), "{name} was run");
    assert_eq!(contexts, quiet, "{name} changed what is seen");
    // Last, since it refreshes the index.
    on_a_terminal(&lab, control);
    assert!(
        marker.exists(),
        "{name} is no trap: plain git does not fall into it"
    );
}

/// Runs plain git as somebody at a terminal does, where it would also start a pager.
#[cfg(unix)]
fn on_a_terminal(lab: &Lab, args: &[&str]) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let screen = fs::File::options()
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    lab.plain_git(&lab.root)
        .args(args)
        // The user's own pager must not wait for a key where the trap is another one.
        .env("PAGER", "cat")
        .stdout(screen)
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
}

#[cfg(unix)]
fn config<'a>(name: &'a str) -> impl Fn(&Lab, &str) + 'a {
    move |lab, trap| {
        lab.git(["config", name, trap]);
    }
}

#[test]
#[cfg(unix)]
fn nothing_that_the_repository_configures_is_run() {
    check("diff.external", config("diff.external"), &["diff", "HEAD"]);
    check(
        "a diff driver",
        config("diff.evil.command"),
        &["diff", "HEAD"],
    );
    check("textconv", config("diff.evil.textconv"), &["diff", "HEAD"]);
    check(
        "a clean filter",
        config("filter.evil.clean"),
        &["diff", "HEAD"],
    );
    check(
        "a filter process",
        config("filter.evil.process"),
        &["diff", "HEAD"],
    );
    check("fsmonitor", config("core.fsmonitor"), &["status"]);
    let aliases = |lab: &Lab, trap: &str| {
        for name in ["rev-parse", "config", "status", "diff", "ls-files", "x"] {
            lab.git(["config", &format!("alias.{name}"), &format!("!{trap}")]);
        }
    };
    check("an alias", aliases, &["x"]);
    check("a pager", config("core.pager"), &["diff"]);
}

#[test]
#[cfg(unix)]
fn a_required_filter_of_the_repository_is_not_run_and_not_missed() {
    let set = |lab: &Lab, trap: &str| {
        lab.git(["config", "filter.evil.clean", trap]);
        lab.git(["config", "filter.evil.smudge", trap]);
        lab.git(["config", "filter.evil.required", "true"]);
    };
    check("a required filter", set, &["diff", "HEAD"]);
}

#[test]
#[cfg(unix)]
fn filters_with_odd_names_and_from_included_files_are_not_run() {
    let odd = |lab: &Lab, trap: &str| {
        lab.write("../evil", format!("[filter \"a=b.c\"]\n\tclean = {trap}\n"));
        lab.git(["config", "include.path", "../../evil"]);
        lab.write(".git/info/attributes", "*.txt filter=a=b.c\n");
    };
    check("an included filter", odd, &["diff", "HEAD"]);
    let worktree = |lab: &Lab, trap: &str| {
        lab.git(["config", "extensions.worktreeConfig", "true"]);
        lab.git(["config", "--worktree", "filter.evil.clean", trap]);
    };
    check("a filter of the work tree", worktree, &["diff", "HEAD"]);
}

#[test]
#[cfg(unix)]
fn hooks_are_not_run() {
    let hooks = |lab: &Lab, trap: &str| {
        let dir = lab.base.join("hooks");
        fs::create_dir(&dir).unwrap();
        for name in [
            "post-index-change",
            "post-checkout",
            "reference-transaction",
        ] {
            fs::copy(trap, dir.join(name)).unwrap();
        }
        lab.git(["config", "core.hooksPath", dir.to_str().unwrap()]);
    };
    check("a hook", hooks, &["add", "a.txt"]);
}

#[test]
#[cfg(unix)]
fn the_callers_environment_does_not_reach_git() {
    let marker = |lab: &Lab| lab.base.join("marker");
    let lab = bait();
    let quiet = review_all(&lab);
    let trap = trap(&lab);
    let trace = lab.base.join("trace").to_str().unwrap().to_owned();
    let lab = lab
        .with_var("GIT_EXTERNAL_DIFF", trap.clone())
        .with_var("GIT_PAGER", trap.clone())
        .with_var("PAGER", trap.clone())
        .with_var("GIT_SSH_COMMAND", trap.clone())
        .with_var("GIT_TRACE", trace.clone())
        .with_var("GIT_TRACE2_EVENT", trace.clone())
        .with_var("GIT_DIR", "/nowhere")
        .with_var("GIT_WORK_TREE", "/nowhere")
        .with_var("GIT_INDEX_FILE", "/nowhere")
        .with_var("GIT_OBJECT_DIRECTORY", "/nowhere")
        .with_var("GIT_GLOB_PATHSPECS", "1")
        .with_var("GIT_DIFF_OPTS", "--unified=0")
        .with_var("GIT_CONFIG_COUNT", "1")
        .with_var("GIT_CONFIG_KEY_0", "filter.evil.clean")
        .with_var("GIT_CONFIG_VALUE_0", trap.clone())
        .with_var("GIT_CONFIG_PARAMETERS", format!("'diff.external'='{trap}'"));
    assert_eq!(review_all(&lab), quiet);
    assert!(!marker(&lab).exists());
    assert!(!Path::new(&trace).exists());
}

#[test]
fn however_many_programs_there_are_none_is_run() {
    let lab = bait();
    let quiet = review_all(&lab);
    let config = fs::read_to_string(lab.root.join(".git/config")).unwrap();
    let trap = trap(&lab);
    let filters: String = (0..10_001)
        .map(|number| format!("[filter \"x{number}\"]\n\tclean = {trap}\n"))
        .collect();
    let evil = format!("[filter \"evil\"]\n\tclean = {trap}\n");
    lab.write(".git/config", format!("{config}{filters}{evil}"));
    assert_eq!(review_all(&lab), quiet);
    assert!(!lab.base.join("marker").exists());
    lab.git(["diff"]);
    assert!(lab.base.join("marker").exists(), "plain git runs it");
}

#[test]
#[cfg(unix)]
fn a_filter_of_the_user_stays() {
    let lab = Lab::new();
    let script = "#!/bin/sh\ntr a-z A-Z\n";
    let path = lab.base.join("upper");
    lab.write(&path, script);
    let clean = format!("sh {}", path.display());
    lab.git(["config", "--global", "filter.upper.clean", &clean]);
    lab.write(".gitattributes", "*.up filter=upper\n");
    lab.write("x.up", "abc\n");
    lab.commit("upper");
    // A repository that names the same filter does not get to say what it is.
    for _ in 0..2 {
        lab.write("x.up", "abcd\n");
        let context = lab.auto();
        assert!(context.diff.contains("-ABC\n+ABCD\n"), "{}", context.diff);
        lab.git(["config", "filter.upper.clean", "touch ../marker; cat"]);
    }
    assert!(!lab.base.join("marker").exists());
}

#[test]
fn settings_of_the_user_do_not_change_the_diff() {
    let lab = bait();
    lab.write("sub/moved.txt", numbers(50..=99));
    lab.git(["add", "sub/moved.txt"]);
    lab.git(["commit", "--quiet", "-m", "third"]);
    lab.git(["mv", "sub/moved.txt", "sub/away.txt"]);
    lab.write("é", "é\n\n\nx\n");
    // Changes that one algorithm sees otherwise than another, that lie near each other, and that
    // have an empty line beside them.
    lab.write("algorithm", "d\na\nb\nb\nb\na\nc\n");
    lab.write("near", format!("1\n{}\n2\n", "\n".repeat(9)));
    let other = Lab::new();
    let url = other.root.to_str().unwrap();
    lab.git(["submodule", "--quiet", "add", url, "module"]);
    lab.git(["add", "é", "algorithm", "near"]);
    lab.git(["commit", "--quiet", "-m", "fourth"]);
    lab.git(["mv", "é", "è"]);
    lab.git(["mv", "sub/away.txt", "sub/far.txt"]);
    lab.write("algorithm", "a\na\na\na\nd\na\nc\n");
    lab.write("near", format!("one\n{}\ntwo\n", "\n".repeat(9)));
    let inside = lab.root.join("module");
    lab.git_in(&inside, ["commit", "--quiet", "--allow-empty", "-m", "x"]);
    let plain = review_all(&lab);
    assert_eq!(
        listed(&plain[0]),
        [
            "M a.txt",
            "M algorithm",
            "M module",
            "M near",
            "R sub/far.txt",
            "R è",
            "? new.txt"
        ]
    );
    assert!(file(&plain[0], "è").shown && file(&plain[0], "module").shown);
    for (name, value) in [
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.srcPrefix", "x/"),
        ("diff.algorithm", "patience"),
        ("diff.context", "0"),
        ("diff.interHunkContext", "99"),
        ("diff.orderFile", "/nowhere/order"),
        ("diff.renames", "false"),
        ("diff.renameLimit", "1"),
        ("diff.submodule", "log"),
        ("diff.suppressBlankEmpty", "true"),
        ("diff.relative", "true"),
        ("diff.ignoreSubmodules", "all"),
        ("diff.wsErrorHighlight", "all"),
        ("diff.colorMoved", "zebra"),
        ("diff.autoRefreshIndex", "true"),
        ("diff.indentHeuristic", "false"),
        ("diff.external", "/nowhere/diff"),
        ("diff.evil.xfuncname", "x"),
        ("color.ui", "always"),
        ("color.diff", "always"),
        ("color.status", "always"),
        ("column.ui", "always"),
        ("core.quotePath", "true"),
        ("core.abbrev", "40"),
        ("core.fsmonitor", "true"),
        ("status.showUntrackedFiles", "no"),
        ("status.relativePaths", "true"),
        ("status.short", "false"),
        ("status.branch", "true"),
        ("status.renames", "copies"),
        ("status.submoduleSummary", "true"),
        ("core.pager", "/nowhere/pager"),
        ("pager.diff", "true"),
        ("grep.lineNumber", "true"),
        ("log.showSignature", "true"),
        ("submodule.recurse", "true"),
        ("index.skipHash", "true"),
    ] {
        lab.git(["config", "--global", name, value]);
    }
    assert_eq!(review_all(&lab), plain);
}

/// Git reads attributes as a whole, and this file never ends.
#[test]
#[cfg(target_os = "linux")]
fn a_file_without_an_end_takes_neither_all_memory_nor_all_time() {
    let endless = Path::new("/dev/zero");
    let begun = std::time::Instant::now();
    // Named by the configuration, it is not read at all.
    let lab = bait();
    let quiet = review_all(&lab);
    lab.git(["config", "core.attributesFile", "/dev/zero"]);
    lab.git(["config", "core.excludesFile", "/dev/zero"]);
    assert_eq!(review_all(&lab), quiet);
    // In its usual place, Git is stopped.
    let info = lab.root.join(".git/info");
    fs::create_dir_all(&info).unwrap();
    let _ = fs::remove_file(info.join("attributes"));
    std::os::unix::fs::symlink(endless, info.join("attributes")).unwrap();
    let repository = lab.repository();
    let answer = repository.look_up(&Lookup::Diff(DiffQuery::default()));
    let error = answer.unwrap_err().to_string();
    assert!(error.contains("emory"), "{error}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(300));
}

/// A configuration that another one includes counts like the repository's own.
#[test]
#[cfg(unix)]
fn what_the_configuration_includes_is_no_way_around() {
    let include = |lab: &Lab, trap: &str| {
        let included = lab.base.join("included");
        lab.write(&included, format!("[filter \"evil\"]\n\tclean = {trap}\n"));
        let path = included.to_str().unwrap().to_owned();
        lab.git(["config", "include.path", &path]);
    };
    check("an included filter", include, &["diff"]);
    let conditional = |lab: &Lab, trap: &str| {
        let included = lab.base.join("included");
        lab.write(&included, format!("[diff]\n\texternal = {trap}\n"));
        let path = included.to_str().unwrap().to_owned();
        lab.git(["config", "includeIf.onbranch:main.path", &path]);
    };
    check("a conditionally included diff", conditional, &["diff"]);
    let of_worktree = |lab: &Lab, trap: &str| {
        lab.git(["config", "extensions.worktreeConfig", "true"]);
        lab.git(["config", "--worktree", "core.fsmonitor", trap]);
    };
    check("a monitor of the worktree's own", of_worktree, &["status"]);
}

/// What decides how content is read keeps its meaning.
#[test]
fn settings_that_mean_something_are_kept() {
    let lab = Lab::new();
    lab.git(["config", "core.autocrlf", "input"]);
    lab.git(["config", "core.fileMode", "false"]);
    lab.git(["config", "diff.renames", "copies"]);
    lab.write("a.txt", numbers(1..=10).replace('\n', "\r\n"));
    let lookup = Lookup::Diff(DiffQuery::default());
    let diff = lab.repository().look_up(&lookup).unwrap();
    assert_eq!(diff, "[nothing]");
    lab.git(["config", "--unset", "core.autocrlf"]);
    let diff = lab.repository().look_up(&lookup).unwrap();
    assert!(diff.contains("+10"), "{diff}");
}

/// What Git calls are made of is gone when they are over, but for one view, which the next one takes.
#[test]
fn many_calls_leave_one_view_behind() {
    let lab = bait();
    let data = lab.base.join("data");
    fs::create_dir(&data).unwrap();
    let lab = lab.with_var("CC_DATA_DIR", data.to_str().unwrap());
    review_all(&lab);
    review_all(&lab);
    let left = fs::read_dir(data.join("git-views")).unwrap();
    assert_eq!(left.count(), 1);
}
