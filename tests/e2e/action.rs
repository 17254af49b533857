//! `action.yml`, step by step: what a runner would do with it in the repository of somebody else. The scripted
//! Claude is asked; npm and gh are scripts that note how they were called.

mod expression;
mod runner;

use std::fs;
use std::process::Command;

use cc_tests::fake::Run;
use cc_tests::{Sandbox, Scenario};
use runner::Runner;
use serde_json::{Value, json};

/// A checkout of a pull request whose review finds something of this severity; nothing is installed yet.
fn checkout(severity: &str) -> Sandbox {
    let findings = json!({
        "verdict": "needs-attention", "summary": "One thing.", "next_steps": ["Fix it."],
        "findings": [{
            "severity": severity, "title": "Subtracts", "body": "It is `-`.", "file": "src/lib.rs", "line_start": 2,
            "line_end": 2, "confidence": 0.9, "recommendation": "Use `+`.",
        }],
    });
    let sandbox = Sandbox::fake(&Scenario::runs([Run::structured(findings)])).with_change();
    sandbox.commit("Subtract");
    let note = r#"printf '%s\n' "$*" >>"$CALLS/${0##*/}""#;
    let claude = sandbox.bin().join("claude");
    let npm = format!(
        "#!/bin/sh\n{note}\nwhile [ \"$1\" != --prefix ]; do shift; done\nmkdir -p \"$2/node_modules/.bin\"\n\
         printf '#!/bin/sh\\nexec {} \"$@\"\\n' >\"$2/node_modules/.bin/claude\"\n\
         chmod +x \"$2/node_modules/.bin/claude\"\n",
        claude.display()
    );
    cc_executable::write(sandbox.bin().join("npm"), npm);
    let gh = format!(
        "#!/bin/sh\n{note}\ncase $* in *--paginate*) cat \"$CALLS/comment-id\" 2>/dev/null;; esac\nexit 0\n"
    );
    cc_executable::write(sandbox.bin().join("gh"), gh);
    sandbox
}

/// What GitHub tells of a pull request from `repository`.
fn pull_request(sandbox: &Sandbox, repository: &str) -> Value {
    json!({
        "event_name": "pull_request", "repository": "acme/demo", "actor": "dev", "token": "made-up-token",
        "server_url": "https://github.com", "sha": sandbox.git(["rev-parse", "HEAD"]),
        "event": { "pull_request": {
            "number": 7, "base": { "sha": sandbox.git(["rev-parse", "HEAD~1"]) },
            "head": { "sha": sandbox.git(["rev-parse", "HEAD"]), "repo": { "full_name": repository } },
        } },
    })
}

/// The releases of the project, with one archive that has the binaries of this build.
fn releases(sandbox: &Sandbox) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let machine = std::env::consts::ARCH;
    let system = match cfg!(target_os = "macos") {
        true => "apple-darwin",
        false => "unknown-linux-musl",
    };
    let name = format!("cc-{version}-{machine}-{system}");
    let release = sandbox.root().join("releases").join(format!("v{version}"));
    let dir = release.join(&name);
    fs::create_dir_all(&dir).unwrap();
    for program in ["cc-cli", "cc-hooks", "cc-installer"] {
        fs::copy(sandbox.product_file(program), dir.join(program)).unwrap();
    }
    let script =
        format!("tar -cf - {name} | gzip -1 >{name}.tar.gz && sha256sum {name}.tar.gz >SHA256SUMS");
    let mut shell = Command::new("sh");
    let status = shell.args(["-c", &script]).current_dir(&release).status();
    assert!(status.unwrap().success());
    format!("file://{}", sandbox.root().join("releases").display())
}

#[test]
fn a_pull_request_is_reviewed_by_what_was_installed() {
    let sandbox = checkout("medium");
    let github = pull_request(&sandbox, "acme/demo");
    let mut runner = Runner::new(&sandbox, github);
    runner.set_env("CC_RELEASES", releases(&sandbox));
    let done = runner.run(&[("anthropic-api-key", "sk-ant-made-up"), ("comment", "true")]);
    assert_eq!(done.code, 0, "{}", done.printed);
    assert_eq!(done.outputs["outcome"], "reviewed");
    let sarif: Value =
        serde_json::from_str(&fs::read_to_string(&done.outputs["sarif"]).unwrap()).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "cc/defect-medium");
    assert_eq!(done.used.len(), 1, "{:?}", done.used);
    assert!(done.used[0].starts_with("github/codeql-action/upload-sarif@"));
    assert!(done.summary.contains("Subtracts"), "{}", done.summary);
    let npm = runner.calls("npm");
    assert!(
        npm[0].ends_with("@anthropic-ai/claude-code@2.1.332"),
        "{npm:?}"
    );
    let gh = runner.calls("gh");
    assert!(
        gh[0].starts_with("attestation verify") && gh[0].contains("/archive/cc-"),
        "{gh:?}"
    );
    assert!(
        gh[2].contains("--method POST repos/acme/demo/issues/7/comments"),
        "{gh:?}"
    );
    // What it was paid with reaches no step that does not need it.
    assert_eq!(done.secrets_in, ["Review"]);
    assert!(!done.printed.contains("sk-ant-made-up"));
}

#[test]
fn a_finding_that_is_severe_enough_fails_after_everything_was_written() {
    let sandbox = checkout("high");
    let mut runner = Runner::new(&sandbox, pull_request(&sandbox, "acme/demo"));
    runner.install_at(&sandbox);
    runner.note("comment-id", "41\n");
    let done = runner.run(&[("claude-code-oauth-token", "made-up"), ("comment", "true")]);
    assert_eq!(done.code, 10, "{}", done.printed);
    assert!(
        done.printed
            .contains("::error title=Review by Claude Code::a finding is as severe as high")
    );
    assert_eq!(done.used.len(), 1, "the findings are uploaded all the same");
    let gh = runner.calls("gh");
    assert!(
        gh[1].contains("--method PATCH repos/acme/demo/issues/comments/41"),
        "one comment: {gh:?}"
    );
    assert!(runner.calls("npm").is_empty(), "nothing is downloaded");
}

#[test]
fn a_fork_gets_no_review_and_no_failure() {
    for event in ["pull_request", "pull_request_target"] {
        for fork in ["stranger/demo", ""] {
            let sandbox = checkout("high");
            let mut github = pull_request(&sandbox, fork);
            github["event_name"] = event.into();
            let mut runner = Runner::new(&sandbox, github);
            // With `pull_request_target` there would be a secret.
            let done = runner.run(&[("anthropic-api-key", "sk-ant-made-up"), ("comment", "true")]);
            assert_eq!((done.code, &*done.outputs["outcome"]), (0, "skipped"));
            assert!(
                done.printed.contains(
                    "::notice title=No review by Claude Code::The change comes from a fork"
                )
            );
            assert!(
                done.used.is_empty()
                    && runner.calls("gh").is_empty()
                    && runner.calls("npm").is_empty()
            );
            assert!(sandbox.claude_calls().is_empty());
        }
    }
}

#[test]
fn without_a_login_the_error_names_the_input() {
    let sandbox = checkout("high");
    let mut runner = Runner::new(&sandbox, pull_request(&sandbox, "acme/demo"));
    let done = runner.run(&[]);
    assert_eq!(done.code, 1);
    assert!(
        done.printed
            .contains("::error::no login for Claude Code: set anthropic-api-key")
    );
    let mut github = pull_request(&sandbox, "acme/demo");
    github["actor"] = "dependabot[bot]".into();
    let done = Runner::new(&sandbox, github).run(&[]);
    assert_eq!((done.code, &*done.outputs["outcome"]), (0, "skipped"));
}

#[test]
fn a_checkout_without_history_says_what_to_do() {
    let sandbox = checkout("high");
    let mut github = pull_request(&sandbox, "acme/demo");
    github["event"]["pull_request"]["base"]["sha"] =
        "1234567890123456789012345678901234567890".into();
    let mut runner = Runner::new(&sandbox, github);
    runner.install_at(&sandbox);
    let done = runner.run(&[("anthropic-api-key", "sk-ant-made-up")]);
    assert_eq!(done.code, 1);
    assert!(
        done.printed
            .contains("use actions/checkout with fetch-depth: 0"),
        "{}",
        done.printed
    );
}

#[test]
fn a_changed_archive_is_not_installed() {
    let sandbox = checkout("high");
    let mut runner = Runner::new(&sandbox, pull_request(&sandbox, "acme/demo"));
    let releases = releases(&sandbox);
    let sums = format!("v{}/SHA256SUMS", env!("CARGO_PKG_VERSION"));
    let sums = sandbox.root().join("releases").join(sums);
    let changed = fs::read_to_string(&sums).unwrap();
    let (digest, name) = changed.split_once(' ').unwrap();
    fs::write(&sums, format!("{} {name}", "0".repeat(digest.len()))).unwrap();
    runner.set_env("CC_RELEASES", releases);
    let done = runner.run(&[("anthropic-api-key", "sk-ant-made-up")]);
    assert_eq!(done.code, 1, "{}", done.printed);
    assert!(
        done.printed.contains("is not what SHA256SUMS says"),
        "{}",
        done.printed
    );
    assert!(sandbox.claude_calls().is_empty());
}

#[test]
fn it_installs_this_version_and_a_tested_claude() {
    let action = runner::action();
    assert_eq!(
        action["inputs"]["version"]["default"],
        env!("CARGO_PKG_VERSION")
    );
    let claude = action["inputs"]["claude-version"]["default"]
        .as_str()
        .unwrap();
    let tested = cc_tests::peers::EVERY_CLAUDE.iter();
    let tested: Vec<String> = tested.map(|peer| peer.to_string()).collect();
    assert!(
        tested
            .iter()
            .any(|peer| peer.ends_with(&format!("@{claude}"))),
        "{tested:?}"
    );
}

#[test]
fn the_recipe_for_gitlab_reviews_a_merge_request() {
    let docs = fs::read_to_string(crate::source::maps::workspace().join("docs/ci.md")).unwrap();
    let (_, recipe) = docs.split_once("## GitLab\n\n```yaml\n").expect("a recipe");
    let (recipe, _) = recipe.split_once("```").unwrap();
    let recipe: Value = serde_norway::from_str(recipe).unwrap();
    let job = &recipe["claude-review"];
    let rule = job["rules"][0]["if"].as_str().unwrap();
    assert!(
        rule.contains("CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID"),
        "no forks: {rule}"
    );
    let lines = |key: &str| -> Vec<String> {
        let lines = job[key].as_array().unwrap().iter();
        lines
            .map(|line| line.as_str().unwrap().to_owned())
            .collect()
    };
    let script = lines("script");
    let install = script.iter().find(|line| line.starts_with("sh ")).unwrap();
    assert!(install.contains(&format!("--version {} ", env!("CARGO_PKG_VERSION"))));

    let sandbox = checkout("high");
    let dir = sandbox
        .product_file("cc-cli")
        .parent()
        .unwrap()
        .display()
        .to_string();
    let run = |line: &str| {
        let shell = sandbox.command("/bin/sh".as_ref());
        let line = format!("PATH={dir}:$PATH; {line}");
        shell
            .args(["-c", &line])
            .env(
                "CI_MERGE_REQUEST_DIFF_BASE_SHA",
                sandbox.git(["rev-parse", "HEAD~1"]),
            )
            .env("CI_COMMIT_SHA", sandbox.git(["rev-parse", "HEAD"]))
            .run()
    };
    run(script.last().unwrap()).exits(10);
    run(&lines("after_script")[0]).success();
    for file in job["artifacts"]["paths"].as_array().unwrap() {
        let content = sandbox.read(file.as_str().unwrap());
        assert!(content.contains("Subtracts"), "{file}: {content}");
    }
}

#[test]
fn every_place_that_names_the_version_names_this_one() {
    let version = env!("CARGO_PKG_VERSION");
    for (file, before) in [
        ("packaging/install.sh", "\nversion="),
        ("packaging/install.ps1", "$Version = \""),
        ("docs/ci.md", "uses: cc-plugin/cc@v"),
        ("docs/ci.md", "cc-plugin/cc/raw/v"),
        ("README.md", "uses: cc-plugin/cc@v"),
    ] {
        let text = fs::read_to_string(crate::source::maps::workspace().join(file)).unwrap();
        let mut named = text.split(before).skip(1).peekable();
        assert!(named.peek().is_some(), "{file} names the version");
        for after in named {
            let end = after.find(|c: char| !c.is_ascii_digit() && c != '.');
            assert_eq!(
                &after[..end.unwrap_or(after.len())],
                version,
                "{file}, after `{before}`"
            );
        }
    }
    let changes =
        fs::read_to_string(crate::source::maps::workspace().join("CHANGELOG.md")).unwrap();
    let newest = changes
        .lines()
        .find_map(|line| line.strip_prefix("## "))
        .unwrap();
    assert!(
        newest == "Not released" || newest.starts_with(version),
        "{newest}"
    );
}
