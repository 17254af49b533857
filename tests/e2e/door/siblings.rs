//! The working trees of one repository are one group, also through the door: but only those that the
//! repository itself knows, whatever a directory of the session says.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::time::Duration;

use cc_tests::Sandbox;
#[cfg(unix)]
use cc_tests::Scenario;
#[cfg(unix)]
use cc_tests::fake::{Run, Step};

#[cfg(unix)]
use super::{apart, other};
use super::{door, remember, remembered, transcript};

#[cfg(unix)]
const SOON: Duration = Duration::from_secs(120);

/// A worktree beside the workspace, with a change.
fn worktree(sandbox: &Sandbox) -> PathBuf {
    let root = sandbox.root().join("worktree");
    sandbox.git(["worktree", "add", "--quiet", root.to_str().unwrap()]);
    fs::write(root.join("README.md"), "# changed\n").unwrap();
    root
}

#[cfg(unix)]
fn session_file(sandbox: &Sandbox) -> PathBuf {
    let id = cc_core::SessionId::parse(super::SESSION).unwrap();
    sandbox.data_dir().session(&id)
}

/// The id of a job that a person starts in `dir`.
fn job_in(sandbox: &Sandbox, dir: &Path, args: &[&str]) -> String {
    let started = sandbox.cc(args).args(["--json"]).cwd(dir).run().success();
    started.json()["jobId"].as_str().unwrap().to_owned()
}

#[test]
fn a_job_of_a_sibling_is_found_and_its_files_are_out_of_reach() {
    let sandbox = remembered();
    let tree = worktree(&sandbox);
    let review = job_in(&sandbox, &tree, &["review"]);
    for reference in [review.as_str(), &review[..review.len() - 1]] {
        for command in ["result", "status", "logs", "wait"] {
            let shown = door(&sandbox, &[command, reference]).run().success();
            assert!(!shown.stdout.is_empty(), "{shown}");
        }
    }
    let listed = door(&sandbox, &["status", "--all"]).run().success();
    assert!(listed.stdout.contains(&review), "{listed}");
    let since = door(&sandbox, &["review", "--since", &review]).run();
    assert!(!since.stderr.contains("no job"), "{since}");
    let from = ["rescue", "--read-only", "--from", &review];
    door(&sandbox, &from).run().success();
    // A session in the worktree sees the jobs of the main one as well.
    remember(&sandbox, &tree, None);
    let own = job_in(&sandbox, &sandbox.repo(), &["review"]);
    let shown = door(&sandbox, &["result", &own]).cwd(&tree).run();
    shown.success();

    // What Codex may not change stays as it is.
    let change = job_in(
        &sandbox,
        &tree,
        &["rescue", "--isolated", "--no-sandbox", "do it"],
    );
    let talk = job_in(&sandbox, &tree, &["rescue", "--read-only", "look"]);
    let may_write = transcript(&sandbox, "workspace-write");
    remember(&sandbox, &sandbox.repo(), Some(&may_write));
    for args in [&["apply", &change][..], &["discard", "--yes", &change]] {
        let output = door(&sandbox, args).run().exits(3);
        assert!(
            output.stderr.contains("outside of the directory"),
            "{output}"
        );
    }
    let resume = ["rescue", "--read-only", "--resume", &talk, "go on"];
    door(&sandbox, &resume).run().exits(2);
}

/// On Windows not every user may make links.
#[test]
#[cfg(unix)]
fn nothing_is_changed_in_a_repository_that_a_directory_only_points_to() {
    let sandbox = remembered();
    let elsewhere = other(&sandbox);
    let git_dir = elsewhere.join(".git").canonicalize().unwrap();
    let inner = sandbox.repo().join("inner");
    fs::create_dir(&inner).unwrap();
    let writes = transcript(&sandbox, "workspace-write");
    remember(&sandbox, &sandbox.repo(), Some(&writes));
    let refused = |what: &str| {
        for call in [
            &["rescue", "Go on."][..],
            &["rescue", "--isolated", "Go on."],
        ] {
            let output = door(&sandbox, call).cwd(&inner).run().exits(3);
            let is_named = output.stderr.contains(&git_dir.display().to_string());
            assert!(
                is_named && output.stderr.contains("outside of the directory"),
                "{what}: {output}"
            );
        }
    };
    fs::write(
        inner.join(".git"),
        format!("gitdir: {}\n", git_dir.display()),
    )
    .unwrap();
    refused("a file");
    fs::remove_file(inner.join(".git")).unwrap();
    symlink(&git_dir, inner.join(".git")).unwrap();
    refused("a link");
    fs::remove_file(inner.join(".git")).unwrap();
    sandbox.git_in(&inner, ["init", "-q"]);
    fs::write(inner.join(".git/commondir"), git_dir.to_str().unwrap()).unwrap();
    refused("a shared directory");
    assert!(sandbox.records().is_empty() && sandbox.claude_calls().is_empty());
    // The repository in which the session started is known, wherever its Git directory is.
    let record = fs::read(session_file(&sandbox)).unwrap();
    let mut record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    record["gitDirs"] = serde_json::json!([git_dir]);
    fs::write(session_file(&sandbox), record.to_string()).unwrap();
    fs::remove_file(inner.join(".git/commondir")).unwrap();
    fs::remove_dir_all(inner.join(".git")).unwrap();
    fs::write(
        inner.join(".git"),
        format!("gitdir: {}\n", git_dir.display()),
    )
    .unwrap();
    let output = door(&sandbox, &["rescue", "Go on."]).cwd(&inner).run();
    assert!(
        !output.stderr.contains("outside of the directory"),
        "{output}"
    );
}

/// Who can write the directory above the workspace, as a session of Codex that started there, can put a link in its
/// place while a job runs. On Windows not every user may make links.
#[test]
#[cfg(unix)]
fn a_job_fails_whose_workspace_was_replaced_by_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let replaced = dir.path().join("replaced");
    let slow = Run::started().step(Step::Await(replaced.clone()));
    let sandbox = apart(&Scenario::runs([slow.success("Fine.", None)]));
    remember(&sandbox, sandbox.root(), None);
    let elsewhere = other(&sandbox);
    let start = door(&sandbox, &["review", "--background"]).run();
    start.success();
    sandbox.wait_for_run(1, SOON);
    fs::rename(sandbox.repo(), sandbox.root().join("moved")).unwrap();
    symlink(elsewhere, sandbox.repo()).unwrap();
    fs::write(replaced, "").unwrap();
    sandbox.wait_quiet(SOON);
    let record = sandbox.record();
    assert_eq!(record["failure"]["class"], "protected", "{record:#}");
    let detail = record["failure"]["detail"].as_str().unwrap();
    assert!(
        detail.contains("another directory is in the place"),
        "{detail}"
    );
}

/// On Windows not every user may make links.
#[test]
#[cfg(unix)]
fn a_directory_that_only_claims_to_belong_to_a_repository_sees_nothing_of_it() {
    let sandbox = remembered();
    let victim = other(&sandbox);
    sandbox.git_in(&victim, ["add", "--all"]);
    sandbox.git_in(&victim, ["commit", "--quiet", "--message", "One"]);
    let linked = sandbox.root().join("linked");
    let add = ["worktree", "add", "--quiet", linked.to_str().unwrap()];
    sandbox.git_in(&victim, add);
    for dir in [&victim, &linked] {
        fs::write(dir.join("secret.txt"), "more").unwrap();
    }
    let secrets = [&victim, &linked].map(|dir| job_in(&sandbox, dir, &["review"]));
    let victims_git = victim.join(".git");
    let forge = |name: &str, how: &dyn Fn(&Path)| {
        let dir = sandbox.repo().join(name);
        fs::create_dir(&dir).unwrap();
        how(&dir);
        for secret in &secrets {
            for reference in [secret.as_str(), &secret[..secret.len() - 1]] {
                for command in ["result", "status", "logs", "wait", "cancel"] {
                    let output = door(&sandbox, &[command, reference]).cwd(&dir).run();
                    assert_eq!(output.code(), Some(2), "{name}: {output}");
                }
            }
            let all = door(&sandbox, &["status", "--all", "--json"])
                .cwd(&dir)
                .run();
            assert!(!all.stdout.contains(secret.as_str()), "{name}: {all}");
        }
    };
    forge("file", &|dir| {
        let text = format!("gitdir: {}\n", victims_git.display());
        fs::write(dir.join(".git"), text).unwrap();
    });
    forge("worktree-file", &|dir| {
        let text = format!("gitdir: {}/worktrees/linked\n", victims_git.display());
        fs::write(dir.join(".git"), text).unwrap();
    });
    forge("link", &|dir| {
        std::os::unix::fs::symlink(&victims_git, dir.join(".git")).unwrap();
    });
    forge("commondir", &|dir| {
        sandbox.git_in(dir, ["init", "--quiet"]);
        let text = format!("{}\n", victims_git.display());
        fs::write(dir.join(".git/commondir"), text).unwrap();
    });
    // A repository of its own that calls the others its worktrees.
    forge("owner", &|dir| {
        sandbox.git_in(dir, ["init", "--quiet"]);
        for (name, root) in [("a", &victim), ("b", &linked)] {
            let entry = dir.join(".git/worktrees").join(name);
            fs::create_dir_all(&entry).unwrap();
            let text = format!("{}/.git\n", root.display());
            fs::write(entry.join("gitdir"), text).unwrap();
        }
    });
    // Nor does the victim see what was started there.
    let reviewed = door(&sandbox, &["review"]).cwd(sandbox.repo().join("file"));
    let _ = reviewed.run();
    let all = sandbox.cc(["status", "--all", "--json"]).cwd(&victim).run();
    let jobs = all.success().json();
    assert_eq!(jobs["recent"].as_array().unwrap().len(), 1, "{jobs:#}");
}
