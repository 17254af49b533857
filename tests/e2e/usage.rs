//! Wrong usage and a machine that is not set up: one clear message, the exit code of the contract,
//! and no job left behind that never ran.

use std::fs;
use std::path::PathBuf;

use cc_tests::fake::Call;
use cc_tests::sandbox::Cmd;
use cc_tests::{Sandbox, Scenario};
#[cfg(target_os = "linux")]
use cc_tests::{binaries, peers};
use insta::assert_snapshot;

/// Longer than anything here takes.
const SOON: std::time::Duration = std::time::Duration::from_secs(120);

fn sandbox() -> Sandbox {
    Sandbox::fake(&Scenario::says("No findings.")).with_change()
}

/// The transcript of a refused call, which left no job.
#[track_caller]
fn refused(sandbox: &Sandbox, args: &[&str]) -> String {
    transcript_without_job(sandbox, sandbox.cc(args))
}

/// The transcript with `<system>` for what the system says, which is `words`; on Windows, whose words differ, it is there
/// already.
fn without(words: &str, transcript: &str) -> String {
    transcript.replace(words, "<system>")
}

const NO_DIRECTORY: &str = "Not a directory (os error 20)";

/// The transcript of a call that started nothing and left no job in any workspace.
#[track_caller]
fn transcript_without_job(sandbox: &Sandbox, call: Cmd<'_>) -> String {
    let output = call.run();
    let states = fs::read_dir(sandbox.data_dir().root().join("state"));
    for state in states.into_iter().flatten() {
        let jobs = fs::read_dir(state.unwrap().path().join("jobs"));
        let names = jobs.into_iter().flatten().map(|file| file.unwrap().path());
        assert_eq!(names.collect::<Vec<_>>(), Vec::<PathBuf>::new());
    }
    assert!(!sandbox.claude_calls().iter().any(Call::is_run));
    sandbox.transcript(&output)
}

#[test]
fn a_plain_review_takes_no_focus() {
    assert_snapshot!(refused(&sandbox(), &["review", "look at", "the 'lock'"]), @r#"
    exit 2
    --- stderr
    error: a plain review takes no focus text
      hint: Use: cc-cli adversarial-review 'look at the '"'"'lock'"'"''. Put paths after `--`.
    "#);
}

#[test]
fn an_unknown_revision() {
    assert_snapshot!(refused(&sandbox(), &["review", "--base", "nope"]), @"
    exit 2
    --- stderr
    error: `nope` is not a known revision
      hint: List branches with `git branch --all`, commits with `git log --oneline`.
    ");
}

#[test]
fn a_revision_that_looks_like_an_option() {
    assert_snapshot!(refused(&sandbox(), &["review", "--commit=--output=x"]), @"
    exit 2
    --- stderr
    error: `--output=x` looks like an option, not a revision
      hint: Pass a branch, tag or commit.
    ");
}

#[test]
fn a_base_or_range_that_looks_like_an_option() {
    for flag in [
        "--base=--output=x",
        "--range=--output=x..HEAD",
        "--range=HEAD..--output=x",
    ] {
        let told = refused(&sandbox(), &["review", flag]);
        assert!(
            told.starts_with("exit 2\n") && told.contains("`--output=x` looks like an option"),
            "{flag}: {told}"
        );
    }
    assert_snapshot!(refused(&sandbox(), &["review", "--base", "--output=x"]), @"
    exit 2
    --- stderr
    error: unexpected argument `--output` found
      hint: See: cc-cli review --help
    ");
}

#[test]
fn a_call_that_asks_for_two_opposite_things() {
    assert_snapshot!(refused(&sandbox(), &["review", "--background", "--wait"]), @"
    exit 2
    --- stderr
    error: the argument `--background` cannot be used with `--wait`
      hint: See: cc-cli review --help
    ");
    assert_snapshot!(refused(&sandbox(), &["review", "--timeout", "soon"]), @"
    exit 2
    --- stderr
    error: invalid value `soon` for `--timeout <TIME>`: expected a time above zero, such as <n>s, 20m or 1h 30m
    ");
}

#[test]
fn values_that_are_not_numbers() {
    assert_snapshot!(refused(&sandbox(), &["review", "--max-budget-usd", "abc"]), @"
    exit 2
    --- stderr
    error: invalid value `abc` for `--max-budget-usd <DOLLARS>`: expected dollars above zero, such as 2.5
    ");
    assert_snapshot!(refused(&sandbox(), &["rescue", "--from", "x", "--findings", "1,foo"]), @"
    exit 2
    --- stderr
    error: invalid value `foo` for `--findings <N>`: expected the numbers of findings, such as 1,3
    ");
}

#[test]
fn an_unknown_setting() {
    assert_snapshot!(refused(&sandbox(), &["config", "get", "nosuch"]), @"
    exit 2
    --- stderr
    error: there is no setting `nosuch`
      hint: List all settings: cc-cli config list
    ");
    assert_snapshot!(refused(&sandbox(), &["config", "get", "rescue.modle"]), @"
    exit 2
    --- stderr
    error: there is no setting `rescue.modle`
      hint: Did you mean `rescue.model`? List all settings: cc-cli config list
    ");
}

#[test]
fn paths_that_do_not_exist() {
    let clean = sandbox();
    clean.commit("All of it");
    let expected = "exit 2\n--- stderr\nerror: no such file or directory: `src/nosuch.rs`\n";
    for command in ["review", "adversarial-review", "scope"] {
        for sandbox in [&sandbox(), &clean] {
            let told = refused(sandbox, &[command, "--", "src/nosuch.rs"]);
            assert_eq!(told.trim_end(), expected.trim_end(), "{command}");
        }
    }
    assert_snapshot!(refused(&clean, &["review", "--scope", "working-tree", "--", "src/lib.rs"]), @"
    exit 2
    --- stderr
    error: nothing to review: no uncommitted changes in `src/lib.rs`
      hint: Choose another change: --commit HEAD, --base REF or --range A..B. Preview it with: cc-cli scope
    ");
}

#[test]
fn a_change_where_a_flag_belongs() {
    let sandbox = sandbox();
    let mut told = String::new();
    for word in [
        "main..HEAD",
        "HEAD",
        "src/lib.rs",
        "src",
        "mind",
        "nosuch..HEAD",
    ] {
        told += &refused(&sandbox, &["review", word]).replace("exit 2\n--- stderr\n", "");
    }
    for flag in ["--staged", "--cached", "--working-tree", "--stagedd"] {
        told += &refused(&sandbox, &["review", flag]).replace("exit 2\n--- stderr\n", "");
    }
    assert_snapshot!(told, @"
    error: `main..HEAD` is no flag, and a plain review takes no focus text
      hint: Did you mean: cc-cli review --range main..HEAD
    error: `HEAD` is no flag, and a plain review takes no focus text
      hint: Did you mean: cc-cli review --commit HEAD, or --base HEAD for what was added since
    error: `src/lib.rs` is no flag, and a plain review takes no focus text
      hint: Did you mean: cc-cli review -- src/lib.rs
    error: `src` is no flag, and a plain review takes no focus text
      hint: Did you mean: cc-cli review -- src
    error: a plain review takes no focus text
      hint: Use: cc-cli adversarial-review 'mind'. Put paths after `--`.
    error: a plain review takes no focus text
      hint: Use: cc-cli adversarial-review 'nosuch..HEAD'. Put paths after `--`.
    error: unexpected argument `--staged` found
      hint: Did you mean `--scope staged`? See: cc-cli review --help
    error: unexpected argument `--cached` found
      hint: Did you mean `--scope staged`? See: cc-cli review --help
    error: unexpected argument `--working-tree` found
      hint: Did you mean `--scope working-tree`? See: cc-cli review --help
    error: unexpected argument `--stagedd` found
      hint: See: cc-cli review --help
    ");
    // As a focus it is taken, and the flag is named.
    let output = sandbox.cc(["adversarial-review", "main..HEAD"]).run();
    assert!(
        output.stderr.starts_with(
            "`main..HEAD` is taken as focus text. To review that change: --range main..HEAD\n"
        ),
        "{output}"
    );
    let output = sandbox.cc(["adversarial-review", "mind the sign"]).run();
    assert!(!output.stderr.contains("taken as focus"), "{output}");
}

#[test]
fn flags_that_exclude_each_other() {
    assert_snapshot!(refused(&sandbox(), &["review", "--commit", "HEAD", "--range", "HEAD~1..HEAD"]), @"
    exit 2
    --- stderr
    error: --commit cannot be combined with --range
    ");
}

#[test]
fn an_unsupported_scope() {
    assert_snapshot!(refused(&sandbox(), &["review", "--scope", "nonsense"]), @"
    exit 2
    --- stderr
    error: invalid value `nonsense` for `--scope <SCOPE>`
      hint: Possible values: auto, working-tree, staged, branch.
    ");
}

/// Each refusal names the flag, says what it takes, and leaves no job.
#[test]
fn values_that_a_flag_does_not_take() {
    const DOLLARS: &str = "expected dollars above zero, such as 2.5";
    const TIME: &str = "expected a time above zero, such as ";
    const COUNT: &str = "expected a whole number, zero or above";
    const DAYS: &str = "expected a whole number above zero";
    const FINDINGS: &str = "expected the numbers of findings, such as 1,3";
    let sandbox = sandbox();
    for (call, takes, values) in [
        (
            "review --max-budget-usd",
            DOLLARS,
            &["-1", "0", "nan", "inf", "1e400", "", "5usd"][..],
        ),
        ("rescue task --max-budget-usd", DOLLARS, &["-1", "nan"]),
        ("usage --days", DAYS, &["0", "-1", "x", "1.5", ""]),
        (
            "wait --timeout",
            TIME,
            &["0", "-1", "x", "1e3s", "", "999999999999999999999h"],
        ),
        ("status --wait --timeout", TIME, &["0", "-1", "soon"]),
        ("review --timeout", TIME, &["0", "-1", "soon"]),
        ("wait --timeout-ms", COUNT, &["-1", "x", "1.5", ""]),
        ("status --wait --timeout-ms", COUNT, &["-1", "x"]),
        ("status --wait --poll-interval-ms", COUNT, &["-1", "x"]),
        ("prune --keep", COUNT, &["-1", "x", "1.5"]),
        (
            "rescue task --from last --findings",
            FINDINGS,
            &["-1", "x", "1,,2"],
        ),
        (
            "codex rescue task --max-budget-usd",
            DOLLARS,
            &["-1", "nan"],
        ),
        ("codex wait --timeout", TIME, &["0", "-1"]),
        ("codex wait --timeout-ms", COUNT, &["-1", "x"]),
    ] {
        let flag = call.rsplit(' ').next().unwrap();
        for value in values {
            let args: Vec<&str> = call.split(' ').chain([*value]).collect();
            let told = refused(&sandbox, &args);
            let value = value.split(",,").nth(1).map_or(*value, |_| "");
            let expect = format!("invalid value `{value}` for `{flag} <");
            assert!(
                told.starts_with("exit 2\n--- stderr\nerror: ") && told.contains(&expect),
                "{call} {value}: {told}"
            );
            assert!(told.contains(&format!(">`: {takes}")), "{told}");
        }
    }
}

#[test]
fn an_unknown_flag() {
    assert_snapshot!(refused(&sandbox(), &["review", "--zap"]), @"
    exit 2
    --- stderr
    error: unexpected argument `--zap` found
      hint: See: cc-cli review --help
    ");
}

#[test]
fn not_a_repository() {
    let sandbox = sandbox();
    let elsewhere = sandbox.tmp();
    let call = sandbox.cc(["review"]).cwd(elsewhere);
    assert_snapshot!(transcript_without_job(&sandbox, call), @"
    exit 2
    --- stderr
    error: `<root>/tmp` is not inside a Git working tree
      hint: Change to a Git repository, or pass one: --cwd DIR
    ");
}

#[test]
fn nothing_to_review() {
    let sandbox = sandbox();
    sandbox.commit("All of it");
    let output = refused(&sandbox, &["review", "--scope", "working-tree"]);
    assert_snapshot!(output, @"
    exit 2
    --- stderr
    error: nothing to review: no uncommitted changes
      hint: Choose another change: --commit HEAD, --base REF or --range A..B. Preview it with: cc-cli scope
    ");
}

#[test]
#[cfg(unix)] // Git clones a file URL with a shell.
fn a_shallow_clone_names_how_to_get_more_history() {
    let sandbox = Sandbox::fake(&Scenario::says("No findings."));
    let (origin, clone) = (sandbox.tmp().join("origin"), sandbox.tmp().join("clone"));
    sandbox.git_in(
        &sandbox.tmp(),
        ["init", "--quiet", "--initial-branch=main", "origin"],
    );
    let commit = |message: &str| {
        let args = ["commit", "--quiet", "--allow-empty", "--message", message];
        sandbox.git_in(&origin, args);
    };
    commit("Common");
    sandbox.git_in(&origin, ["branch", "other"]);
    commit("Newest");
    sandbox.git_in(&origin, ["checkout", "--quiet", "other"]);
    commit("Beside it");
    sandbox.git_in(&origin, ["checkout", "--quiet", "main"]);
    let url = format!("file://{}", origin.display());
    let args = [
        "clone",
        "--quiet",
        "--depth=1",
        "--no-single-branch",
        &url,
        "clone",
    ];
    sandbox.git_in(&sandbox.tmp(), args);
    for (args, status) in [
        (["review", "--base", "origin/other"], 2),
        (["review", "--commit", "HEAD"], 2),
    ] {
        let refused = sandbox.cc(args).cwd(&clone).run().exits(status);
        assert!(
            refused.stderr.contains("git fetch --deepen=100"),
            "{refused}"
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_standard_output_is_reported() {
    let sandbox = sandbox();
    for args in [&["status"][..], &["config", "list"], &["scope", "--json"]] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let output = sandbox.cc(args).stdout_to(full.unwrap()).run().exits(1);
        assert!(
            output.stderr.contains("No space left"),
            "{args:?}: {output}"
        );
    }
}

#[test]
fn no_claude() {
    let mut sandbox = Sandbox::new().with_change();
    let two = [sandbox.bin(), sandbox.bin().join("more")];
    sandbox.set_env("PATH", std::env::join_paths(two).unwrap());
    assert_snapshot!(refused(&sandbox, &["review"]), @"
    exit 3
    --- stderr
    error: no `claude` was found in the 2 directories of PATH
      hint: Install Claude Code: npm install -g @anthropic-ai/claude-code
    ");
    sandbox.set_env("PATH", sandbox.bin());
    assert_snapshot!(refused(&sandbox, &["review"]), @"
    exit 3
    --- stderr
    error: no `claude` was found in `<root>/bin`
      hint: Install Claude Code: npm install -g @anthropic-ai/claude-code
    ");
    let nowhere = sandbox.home().join("nowhere");
    let set = ["config", "set", "claude.path", nowhere.to_str().unwrap()];
    sandbox.cc(set).run().success();
    assert_snapshot!(refused(&sandbox, &["review"]), @"
    exit 3
    --- stderr
    error: no `claude` was found at `<root>/home/nowhere`
      hint: Fix the path, or use the one on your PATH: cc-cli config unset claude.path
    ");
}

#[test]
#[cfg(unix)] // The program is a script.
fn a_claude_of_the_repository_is_not_run() {
    let mut sandbox = Sandbox::new().with_change();
    sandbox.write("bin/claude", "#!/bin/sh\ntouch owned\n");
    cc_executable::make_executable(sandbox.repo().join("bin/claude"));
    let path = std::env::join_paths([
        sandbox.repo().join("bin"),
        "bin".into(),
        "/usr/bin".into(),
        "/bin".into(),
    ])
    .unwrap();
    sandbox.set_env("PATH", path);
    assert_snapshot!(refused(&sandbox, &["review"]), @"
    exit 3
    --- stderr
    error: `<root>/repo/bin/claude` lies inside the workspace and is not trusted
      hint: Install Claude Code outside this repository and put it on your PATH.
    ");
    assert!(!sandbox.repo().join("owned").exists());
}

#[test]
fn inside_a_claude_that_we_started() {
    let mut sandbox = sandbox();
    sandbox.set_env("CC_NESTED", "1");
    assert_snapshot!(refused(&sandbox, &["review"]), @"
    exit 3
    --- stderr
    error: this is a Claude Code run started by cc; it does not start another one
      hint: Do the work in this session instead.
    ");
}

#[test]
#[cfg(target_os = "linux")]
fn inside_the_sandbox_of_the_real_codex() {
    let sandbox = sandbox();
    let codex = peers::codex();
    // Codex refuses a home below the system's temporary directory.
    let target = codex.ancestors().find(|dir| dir.ends_with("target"));
    let home = tempfile::tempdir_in(target.unwrap()).unwrap();
    let cc_cli = binaries::product().join("cc-cli");
    let output = sandbox
        .command(&codex)
        .args(["sandbox", "--", cc_cli.to_str().unwrap(), "review"])
        .env("HOME", home.path())
        .env("CODEX_HOME", home.path())
        .run();
    assert_snapshot!(sandbox.transcript(&output), @r"
    exit 3
    --- stderr
    error: this call runs inside a sandbox without network, where Claude Code cannot work
      hint: Run cc-cli by its absolute path with nothing around it (no cd, pipe, redirection or variable) and no \, ~, ^, * or [ outside single quotes, so that the exec rule applies; or ask for permission to run it outside the sandbox.
    ");
    assert!(sandbox.claude_calls().is_empty());
}

#[test]
fn a_state_directory_that_cannot_be_written() {
    let mut sandbox = sandbox();
    let file = sandbox.tmp().join("file");
    fs::write(&file, "").unwrap();
    sandbox.set_env("CC_DATA_DIR", file.join("data"));
    let output = sandbox.cc(["review"]).run();
    assert_snapshot!(without(NO_DIRECTORY, &sandbox.transcript(&output)), @"
    exit 3
    --- stderr
    error: cannot create directory `<root>/tmp/file/data/state/<workspace>/jobs`: <system>
      hint: cc keeps its jobs there. Make it writable and free some space, or set CC_DATA_DIR to another directory.
    ");
}

#[test]
fn a_state_directory_that_is_a_file() {
    let mut sandbox = sandbox();
    let file = sandbox.tmp().join("file");
    fs::write(&file, "mine").unwrap();
    sandbox.set_env("CC_DATA_DIR", &file);
    assert_snapshot!(without(NO_DIRECTORY, &refused(&sandbox, &["review"])), @"
    exit 3
    --- stderr
    error: cannot create directory `<root>/tmp/file/state/<workspace>/jobs`: <system>
      hint: cc keeps its jobs there. Make it writable and free some space, or set CC_DATA_DIR to another directory.
    ");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    sandbox.unset_env("CC_DATA_DIR");
    fs::create_dir_all(sandbox.state_dir().root().parent().unwrap()).unwrap();
    fs::write(sandbox.state_dir().root(), "mine").unwrap();
    assert_snapshot!(without(NO_DIRECTORY, &refused(&sandbox, &["review"])), @"
    exit 3
    --- stderr
    error: cannot create directory `<root>/codex/plugins/data/cc/state/<workspace>/jobs`: <system>
      hint: cc keeps its jobs there. Make it writable and free some space, or set CC_DATA_DIR to another directory.
    ");
}

#[test]
fn jobs_in_a_state_directory_that_is_a_file_cannot_be_listed() {
    let mut sandbox = sandbox();
    let file = sandbox.tmp().join("file");
    fs::write(&file, "mine").unwrap();
    sandbox.set_env("CC_DATA_DIR", &file);
    let words = match cfg!(windows) {
        true => "`<root>/tmp/file` is not a directory",
        false => NO_DIRECTORY,
    };
    assert_snapshot!(without(words, &refused(&sandbox, &["status"])), @"
    exit 3
    --- stderr
    error: cannot list `<root>/tmp/file/state/<workspace>/jobs`: <system>
      hint: cc keeps its jobs there. Make it writable and free some space, or set CC_DATA_DIR to another directory.
    ");
}

#[test]
fn a_directory_that_is_not_there() {
    let sandbox = sandbox();
    let said = refused(&sandbox, &["-C", "nowhere", "status"]);
    assert_snapshot!(without("No such file or directory (os error 2)", &said), @"
    exit 2
    --- stderr
    error: cannot resolve `<root>/repo/nowhere`: <system>
      hint: Pass an existing directory: --cwd DIR
    ");
}

#[test]
fn a_repository_without_commits() {
    let sandbox = Sandbox::fake(&Scenario::says("No findings."));
    assert_snapshot!(refused(&sandbox, &["review"]), @"
    exit 2
    --- stderr
    error: nothing to review: no commits yet, and no files
      hint: Add files first; a review of uncommitted changes shows untracked ones too.
    ");
    assert_snapshot!(refused(&sandbox, &["review", "--scope", "branch"]), @"
    exit 2
    --- stderr
    error: the repository has no commits yet
      hint: Review your uncommitted changes: --scope working-tree
    ");
    sandbox.write("new.txt", "x\n");
    let review = sandbox.cc(["review"]).run();
    assert_snapshot!(sandbox.transcript(&review), @"
    exit 0
    --- stdout
    # Review of uncommitted changes

    No findings.

    ---
    Reviewed: uncommitted changes
    Job `<review 1>` · claude-opus-5-5 · Claude Code <claude> · 6.5k tokens in, 42 out · $0.01 · <n>s
    --- stderr
    [cc] Review of uncommitted changes: job <review 1> (cancel it with: cc-cli cancel <review 1>)
    ");
    let run = sandbox.wait_for_run(1, SOON);
    assert!(run.stdin.contains("new.txt"), "{}", run.stdin);
}

#[test]
#[cfg(unix)]
fn odd_repositories_are_reviewed() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let sandbox = Sandbox::fake(&Scenario::says("No findings."));
    sandbox.write("a\nb.txt", "x\n");
    fs::write(
        sandbox.repo().join(OsStr::from_bytes(b"caf\xe9.txt")),
        "x\n",
    )
    .unwrap();
    fs::create_dir_all(sandbox.repo().join("deep/er")).unwrap();
    let review = sandbox
        .cc(["review"])
        .cwd(sandbox.repo().join("deep/er"))
        .run()
        .success();
    assert!(review.stdout.contains("No findings."));
    let run = sandbox.wait_for_run(1, SOON);
    assert_eq!(run.cwd, sandbox.repo(), "Claude works at the root");
    assert!(
        run.stdin.contains("a\\nb.txt") && run.stdin.contains("caf\\351.txt"),
        "{}",
        run.stdin
    );
    let tree = sandbox.tmp().join("tree");
    sandbox.commit("All");
    sandbox.git(["worktree", "add", "-q", tree.to_str().unwrap()]);
    fs::write(tree.join("new.txt"), "x\n").unwrap();
    sandbox.cc(["review"]).cwd(&tree).run().success();
}

#[test]
fn what_claude_is_called_with() {
    let sandbox = sandbox();
    let focus = "quotes ' \" $(x)\nand a second line";
    let flags = [
        "--model",
        "opus",
        "--effort=high",
        "--scope",
        "working-tree",
    ];
    sandbox
        .cc(["adversarial-review", focus]
            .iter()
            .chain(&flags)
            .chain(&["--", "src"]))
        .run()
        .success();
    let run = sandbox.wait_for_run(1, SOON);
    let args: Vec<&str> = run
        .args
        .iter()
        .map(|arg| arg.split_once('=').map_or(arg.as_str(), |(name, _)| name))
        .collect();
    assert_snapshot!(args.join(" "), @"-p --output-format stream-json --verbose --include-partial-messages --setting-sources  --permission-mode dontAsk --tools Read,Grep --strict-mcp-config --disable-slash-commands --mcp-config --allowedTools --no-session-persistence --system-prompt --json-schema --model --effort");
    assert!(
        run.args.contains(&"--model=opus".to_owned())
            && run.args.contains(&"--effort=high".to_owned())
    );
    assert!(run.stdin.contains(focus), "{}", run.stdin);
    assert!(
        !run.env
            .keys()
            .any(|name| name == "CLAUDECODE" || name.starts_with("CODEX_")),
        "{:?}",
        run.env.keys()
    );
    assert_eq!(run.env["CC_NESTED"], "1");
}

#[test]
fn a_scope_is_shown_without_starting_anything() {
    assert_snapshot!(refused(&sandbox(), &["scope"]), @"
    exit 0
    --- stdout
    uncommitted changes: 1 file, +1 −1

     M src/lib.rs | +1 -1
     1 file changed, 1 insertion(+), 1 deletion(-), 189 B

    Small enough to wait for.
    Cost: about 4.1k tokens in the first request (an estimate)
    ");
    let sandbox = sandbox();
    let json = sandbox.cc(["scope", "--json"]).run().success().json();
    assert_snapshot!(sandbox.redact(&format!("{json:#}")), @r#"
    {
      "estimate": {
        "costUsd": null,
        "firstTokens": 4143,
        "reviews": 0
      },
      "files": [
        {
          "additions": 1,
          "bytes": 189,
          "change": "modified",
          "deletions": 1,
          "path": "src/lib.rs",
          "shown": true
        }
      ],
      "notSeen": [],
      "recommendation": "wait",
      "target": {
        "base": "960b4d50c5d9de0896e19beb29f08ca004e6efae",
        "head": "960b4d50c5d9de0896e19beb29f08ca004e6efae",
        "label": "uncommitted changes",
        "mode": "working-tree"
      },
      "totals": {
        "additions": 1,
        "bytes": 189,
        "deletions": 1,
        "files": 1
      },
      "workspaceRoot": "<root>/repo"
    }
    "#);
    assert!(sandbox.claude_calls().is_empty());
}
