//! A session whose profile of permissions restricts reading: nothing is read for it that its own commands may not read.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::path::Path;

use cc_core::fs::canonical;
use cc_tests::Sandbox;
#[cfg(target_os = "linux")]
use cc_tests::peers::{CODEX, CODEX_OLD};
#[cfg(target_os = "linux")]
use cc_tests::responses_api::Turn;
#[cfg(target_os = "linux")]
use cc_tests::{ResponsesApi, Scenario};
use serde_json::{Value, json};

#[cfg(unix)]
use super::other;
use super::{SESSION, door, remember, remembered};

/// A session in the workspace that may read these besides, and not those.
fn restricted(sandbox: &Sandbox, directory: &Path, mode: &str, open: &[&Path], closed: &[Value]) {
    let workspace = json!({"path": {"type": "path", "path": directory}, "access": mode});
    let minimal = json!({"type": "special", "value": {"kind": "minimal"}});
    let mut entries = vec![workspace, json!({"path": minimal, "access": "read"})];
    let path = |path: &Path| json!({"type": "path", "path": path});
    entries.extend(
        open.iter()
            .map(|it| json!({"path": path(it), "access": "read"})),
    );
    entries.extend(
        closed
            .iter()
            .map(|it| json!({"path": it, "access": "deny"})),
    );
    let rules = json!({"kind": "restricted", "entries": entries});
    let policy =
        json!({"sandbox_policy": {"type": "workspace-write"}, "file_system_sandbox_policy": rules});
    let line = format!(r#"{{"type":"turn_context","payload":{policy}}}"#);
    let transcript = sandbox.root().join("restricted.jsonl");
    fs::write(&transcript, format!("{line}\n")).unwrap();
    remember(sandbox, directory, Some(&transcript));
    let id = cc_core::SessionId::parse(SESSION).unwrap();
    let file = sandbox.data_dir().session(&id);
    let mut record: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    record["gitDirs"] = json!([canonical(&sandbox.repo().join(".git")).unwrap()]);
    fs::write(file, record.to_string()).unwrap();
}

/// Every command that reads the repository is refused, with a word about this path.
fn assert_refused(sandbox: &Sandbox, dir: &Path, about: &Path, what: &str) {
    let about = format!("`{}`", canonical(about).unwrap().display());
    for call in [
        &["review"][..],
        &["adversarial-review"],
        &["scope"],
        &["rescue", "--read-only", "Look."],
    ] {
        let output = door(sandbox, call).cwd(dir).run().exits(3);
        let is_named = output.stderr.contains(&about) && output.stderr.contains("may not read");
        assert!(is_named, "{what}: {output}");
    }
    assert!(sandbox.records().is_empty() && sandbox.claude_calls().is_empty());
}

#[test]
fn a_repository_of_its_own_is_reviewed() {
    let sandbox = remembered();
    restricted(&sandbox, &sandbox.repo(), "write", &[], &[]);
    door(&sandbox, &["review"]).run().success();
    door(&sandbox, &["result"]).run().success();
}

/// On Windows not every user may make links.
#[test]
#[cfg(unix)]
fn no_object_comes_from_where_the_session_may_not_read() {
    let sandbox = remembered();
    let repo = sandbox.repo();
    let victim = other(&sandbox);
    let (objects, git) = (victim.join(".git/objects"), repo.join(".git"));
    restricted(&sandbox, &repo, "write", &[], &[]);
    let list = git.join("objects/info/alternates");
    fs::create_dir_all(list.parent().unwrap()).unwrap();
    let refused = |about: &Path, what: &str| assert_refused(&sandbox, &repo, about, what);
    for line in [objects.to_str().unwrap(), "../../../other/.git/objects"] {
        fs::write(&list, format!("# more\n{line}\n")).unwrap();
        refused(&objects, line);
    }
    fs::write(&list, format!("{:?}\n", objects)).unwrap();
    refused(&list, "in quotes");
    // By way of one that may be read.
    let between = repo.join("between");
    fs::create_dir_all(between.join("info")).unwrap();
    fs::write(between.join("info/alternates"), objects.to_str().unwrap()).unwrap();
    fs::write(&list, between.to_str().unwrap()).unwrap();
    refused(&objects, "two steps");
    fs::remove_file(&list).unwrap();

    let pack = git.join("objects/pack");
    fs::remove_dir_all(&pack).ok();
    symlink(objects.join("pack"), &pack).unwrap();
    refused(&objects.join("pack"), "a linked directory of packs");
    fs::remove_file(&pack).unwrap();
    symlink(objects.join("pack"), between.join("pack")).unwrap();
    fs::remove_dir_all(between.join("info")).unwrap();
    symlink(&between, &pack).unwrap();
    refused(&objects.join("pack"), "a link behind a link");
    fs::remove_file(&pack).unwrap();
    symlink(victim.join("secret.txt"), git.join("packed-refs")).unwrap();
    refused(&victim.join("secret.txt"), "a linked file");
    fs::remove_file(git.join("packed-refs")).unwrap();

    // What may be read may be named.
    fs::write(&list, objects.to_str().unwrap()).unwrap();
    restricted(&sandbox, &repo, "write", &[&victim], &[]);
    door(&sandbox, &["scope"]).run().success();
    // A session that may read everything is not asked.
    remember(&sandbox, &repo, None);
    door(&sandbox, &["scope"]).run().success();
}

/// On Windows not every user may make links.
#[test]
#[cfg(unix)]
fn no_git_directory_is_beyond_what_the_session_may_read() {
    let sandbox = remembered();
    let victim = other(&sandbox);
    let git = victim.join(".git");
    sandbox.git_in(&victim, ["add", "--all"]);
    sandbox.git_in(&victim, ["commit", "--quiet", "--message", "One"]);
    restricted(&sandbox, &sandbox.repo(), "read", &[], &[]);
    let made = |name: &str| {
        let dir = sandbox.repo().join(name);
        fs::create_dir(&dir).unwrap();
        dir
    };
    let file = made("file");
    fs::write(file.join(".git"), format!("gitdir: {}\n", git.display())).unwrap();
    assert_refused(&sandbox, &file, &git, "a file");
    let link = made("link");
    symlink(&git, link.join(".git")).unwrap();
    assert_refused(&sandbox, &link, &git, "a link");
    let shared = made("shared");
    sandbox.git_in(&shared, ["init", "--quiet"]);
    fs::write(shared.join(".git/commondir"), git.to_str().unwrap()).unwrap();
    assert_refused(&sandbox, &shared, &git, "a shared directory");
    let linked = sandbox.repo().join("linked");
    let add = ["worktree", "add", "--quiet", linked.to_str().unwrap()];
    sandbox.git_in(&victim, add);
    assert_refused(
        &sandbox,
        &linked,
        &git.join("worktrees/linked"),
        "a worktree",
    );
    let objects = made("objects");
    sandbox.git_in(&objects, ["init", "--quiet"]);
    fs::remove_dir_all(objects.join(".git/objects")).unwrap();
    symlink(git.join("objects"), objects.join(".git/objects")).unwrap();
    assert_refused(&sandbox, &objects, &git.join("objects"), "linked objects");
}

#[test]
fn a_workspace_that_may_not_be_read_as_a_whole_is_not_reviewed() {
    let sandbox = remembered();
    let repo = sandbox.repo();
    let secret = json!({"type": "path", "path": repo.join("secret")});
    let names = json!({"type": "glob_pattern", "pattern": repo.join("*.env")});
    for closed in [secret, names] {
        restricted(&sandbox, &repo, "write", &[], std::slice::from_ref(&closed));
        assert_refused(&sandbox, &repo, &repo, &closed.to_string());
    }
}

#[test]
fn a_repository_that_commands_can_change_is_not_reviewed() {
    let sandbox = remembered();
    let inner = sandbox.repo().join("inner");
    fs::create_dir(&inner).unwrap();
    sandbox.git_in(&inner, ["init", "--quiet"]);
    fs::write(inner.join("a.txt"), "a\n").unwrap();
    restricted(&sandbox, &sandbox.repo(), "write", &[], &[]);
    assert_refused(&sandbox, &inner, &inner.join(".git"), "inner");
    restricted(&sandbox, &sandbox.repo(), "read", &[], &[]);
    door(&sandbox, &["review"]).cwd(&inner).run().success();
}

/// The profile is that of the real Codex, and commands in its sandbox make what leads out of it.
#[test]
#[cfg(target_os = "linux")]
fn codex_gets_nothing_to_read_that_its_profile_denies() {
    for codex in [CODEX, CODEX_OLD] {
        for is_minimal in [false, true] {
            let api = ResponsesApi::start([]);
            let sandbox = Sandbox::codex_at(codex, &api)
                .with_fake_claude(&Scenario::says("No findings."))
                .with_change()
                .installed();
            let victim = other(&sandbox);
            let rest = match is_minimal {
                // Codex starts itself in its sandbox.
                true => format!(r#"":minimal"="read",{:?}="read""#, program_of(&sandbox)),
                false => format!(r#"":root"="read",{victim:?}="deny""#),
            };
            let profile = format!(
                r#"permissions.dev={{filesystem={{":workspace_roots"={{"."="write"}},{rest}}}}}"#
            );
            refuses_what_leads_to(&sandbox, &api, &victim, &profile);
        }
    }
}

/// Where the Codex of a sandbox lies.
#[cfg(target_os = "linux")]
fn program_of(sandbox: &Sandbox) -> std::path::PathBuf {
    let program = sandbox.bin().join("codex").canonicalize().unwrap();
    let mut above = program.ancestors();
    let modules = above.find(|dir| dir.ends_with("node_modules"));
    modules.expect("npm has installed it").to_owned()
}

#[cfg(target_os = "linux")]
fn refuses_what_leads_to(sandbox: &Sandbox, api: &ResponsesApi, victim: &Path, profile: &str) {
    let cli = sandbox.installed_file("cc-cli").display().to_string();
    let objects = victim.join(".git/objects");
    let plant = format!("echo {} > .git/objects/info/alternates", objects.display());
    let lines = [
        format!(
            "ls {}; mkdir inner; cd inner; git init -q; {plant} && echo forged",
            victim.display()
        ),
        format!("{plant}; echo tried"),
        format!("{cli} codex review"),
    ];
    api.push(lines.iter().map(|line| Turn::shell(line)));
    let allowing = ["-c", "default_permissions=\"dev\"", "-c", profile];
    let exec = sandbox.codex(["exec"]).args(allowing).args(["Go."]);
    exec.run().success();
    let read = api.last_request().tool_outputs();
    let is_forged = read[0].contains("forged") && !read[0].contains("secret.txt");
    assert!(is_forged, "{profile}: {read:#?}");
    let own = sandbox.repo().join(".git/objects/info/alternates");
    let is_protected = read[1].contains("tried") && !own.exists();
    assert!(is_protected, "{profile}: {read:#?}");
    // Newer versions keep such a session in its sandbox, whatever a rule says.
    let is_answered = read[2].contains("No findings.") || read[2].contains("inside a sandbox");
    assert!(is_answered, "{profile}: {read:#?}");

    let session = fs::read_dir(sandbox.data_dir().sessions()).unwrap();
    let session = session.map(|entry| entry.unwrap().path()).next().unwrap();
    let record = fs::read_to_string(&session).unwrap();
    fs::write(&session, record.replace(",\"ended\":true", "")).unwrap();
    let call = sandbox
        .cc(["codex", "scope"])
        .cwd(sandbox.repo().join("inner"));
    let id = session.file_stem().unwrap().to_str().unwrap();
    let refused = call.env("CODEX_THREAD_ID", id).run().exits(3);
    let why = format!("may not read all of `{}`", objects.display());
    assert!(refused.stderr.contains(&why), "{profile}: {refused}");
}
