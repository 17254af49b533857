//! Reviews in the hooks of a real `git commit`, which may have an index of its own.

use std::fs;

use cc_tests::Sandbox;
use cc_tests::sandbox::Output;

use super::{fine, prompt};

/// Two committed files, both edited, one edit staged.
fn edited() -> Sandbox {
    let sandbox = fine();
    for path in ["a.txt", "sub/b.txt"] {
        sandbox.write(path, "one\n");
    }
    sandbox.commit("one");
    for path in ["a.txt", "sub/b.txt"] {
        sandbox.write(path, format!("edited {path}\n"));
    }
    sandbox.git(["add", "a.txt"]);
    sandbox
}

/// Has `git commit` run a call of `cc-cli` before it commits.
fn hook(sandbox: &Sandbox, call: &str) {
    let path = sandbox.repo().join(".git/hooks/pre-commit");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let cli = sandbox.product_file("cc-cli");
    cc_executable::write(&path, format!("#!/bin/sh\nexec {} {call}\n", cli.display()));
}

fn commit(sandbox: &Sandbox, args: &[&str]) -> Output {
    let words = ["commit", "--quiet", "--message", "two"];
    sandbox.try_git(&sandbox.repo(), words.iter().chain(args))
}

#[test]
fn a_review_in_a_hook_sees_what_is_about_to_be_committed() {
    for (args, expect) in [
        (&[][..], ["a.txt"].as_slice()),
        (&["--all"], &["a.txt", "sub/b.txt"]),
        (&["sub/b.txt"], &["sub/b.txt"]),
    ] {
        let sandbox = edited();
        hook(&sandbox, "review --scope staged");
        commit(&sandbox, args).success();
        let prompt = prompt(&sandbox, 1);
        for path in ["a.txt", "sub/b.txt"] {
            let is_shown = prompt.contains(&format!("+edited {path}"));
            assert_eq!(
                is_shown,
                expect.contains(&path),
                "{args:?} {path}: {prompt}"
            );
        }
        let committed = sandbox.git(["show", "--format=", "--name-only"]);
        assert_eq!(committed.lines().collect::<Vec<_>>(), expect);
        let own_index = prompt.contains("staged = true");
        assert_eq!(own_index, args.is_empty(), "{prompt}");
    }
}

#[test]
fn a_hook_of_a_linked_worktree_sees_its_own_index() {
    let sandbox = edited();
    hook(&sandbox, "review --scope staged");
    let linked = sandbox.root().join("linked");
    sandbox.git(["worktree", "add", "--quiet", linked.to_str().unwrap()]);
    fs::write(linked.join("a.txt"), "edited there\n").unwrap();
    sandbox.git_in(&linked, ["commit", "--quiet", "--all", "--message", "two"]);
    let prompt = prompt(&sandbox, 1);
    assert!(prompt.contains("+edited there"), "{prompt}");
}

#[test]
fn variables_that_name_another_repository_are_refused() {
    let sandbox = edited();
    let other = sandbox.root().join("other");
    fs::create_dir(&other).unwrap();
    sandbox.git_in(&other, ["init", "--quiet"]);
    let outside = sandbox.repo().join("a.txt");
    for (name, value) in [
        ("GIT_DIR", other.join(".git")),
        ("GIT_WORK_TREE", other.clone()),
        ("GIT_INDEX_FILE", other.join(".git/index")),
        ("GIT_INDEX_FILE", outside),
    ] {
        for args in [
            ["review", "--scope", "staged"],
            ["scope", "--scope", "staged"],
        ] {
            let output = sandbox.cc(args).env(name, &value).run();
            assert_eq!(output.status.code(), Some(2), "{}", output.stderr);
            assert!(
                output.stderr.contains(&format!("{name} is set to")),
                "{}",
                output.stderr
            );
        }
    }
    assert!(sandbox.claude_calls().is_empty());
    let repo = sandbox.repo();
    let own = sandbox.cc(["scope", "--scope", "staged"]);
    let own = own
        .env("GIT_DIR", repo.join(".git"))
        .env("GIT_WORK_TREE", ".")
        .env("GIT_PREFIX", "sub/");
    assert!(own.run().success().stdout.contains("a.txt"));
}
