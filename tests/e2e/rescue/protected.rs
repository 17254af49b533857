//! What `apply` takes into the user's files only if the user says so.

use std::fs;
#[cfg(target_os = "linux")]
use std::path::Path;
use std::path::PathBuf;

use cc_core::SessionId;
use cc_tests::sandbox::Output;
use cc_tests::{Sandbox, Scenario};
use serde_json::json;

use super::isolated::isolated;

const PLANTS: [&str; 4] = [
    ".claude/settings.json",
    ".codex/config.toml",
    "sub/.agents/skills/x/SKILL.md",
    "tools/watch",
];

/// Links that lead elsewhere, and one that does not, on a system where everybody may make links.
const LINKS: &[(&str, &str)] = if cfg!(unix) {
    &[
        ("out", "/etc/passwd"),
        ("hooks", ".git/hooks"),
        ("fine", "plain.txt"),
    ]
} else {
    &[]
};

/// A Claude that is done at once, and a data directory that Codex's sandbox cannot write.
fn answering() -> Sandbox {
    let sandbox = Sandbox::with_programs_at_home();
    sandbox
        .with_fake_claude(&Scenario::says("Done."))
        .with_change()
}

/// A worktree with something for every program, and links that lead elsewhere.
fn planted() -> (Sandbox, String, PathBuf) {
    let sandbox = answering();
    sandbox.git(["config", "core.fsmonitor", "tools/watch"]);
    let (job, tree) = isolated(&sandbox);
    for name in PLANTS.into_iter().chain(["plain.txt"]) {
        let file = tree.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "planted\n").unwrap();
    }
    for (name, target) in LINKS {
        cc_tests::sandbox::link(target.as_ref(), &tree.join(name));
    }
    (sandbox, job, tree)
}

fn is_there(sandbox: &Sandbox, name: &str) -> bool {
    sandbox.repo().join(name).symlink_metadata().is_ok()
}

fn protected_links() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    LINKS.iter().filter(|(name, _)| *name != "fine")
}

/// What is applied only where the user says so.
fn protected() -> impl Iterator<Item = &'static str> {
    let links = protected_links().map(|(name, _)| *name);
    PLANTS.into_iter().chain(links)
}

/// Each protected file is named, and nothing was applied.
#[track_caller]
fn assert_refused(sandbox: &Sandbox, output: &Output) {
    let targets = protected_links().map(|(_, target)| *target);
    for name in protected().chain(targets) {
        assert!(
            output.stderr.contains(&format!("`{name}`")),
            "{name}: {output}"
        );
    }
    for name in ["`fine`", "`plain.txt`"] {
        assert!(!output.stderr.contains(name), "{name}: {output}");
    }
    for name in protected().chain(["fine", "plain.txt"]) {
        assert!(!is_there(sandbox, name), "{name}: {output}");
    }
}

#[test]
fn without_a_terminal_it_is_refused_and_the_flag_is_named() {
    let (sandbox, job, tree) = planted();
    let refused = sandbox.cc(["apply", &job]).run().exits(2);
    assert_refused(&sandbox, &refused);
    let hint = format!("cc-cli apply {job} --allow-protected");
    assert!(refused.stderr.contains(&hint), "{refused}");
    assert_refused(
        &sandbox,
        &sandbox.cc(["apply", "--merge", &job]).run().exits(2),
    );

    let refused = sandbox.cc(["apply", "--json", &job]).run().exits(2);
    assert_refused(&sandbox, &refused);
    let document = refused.json();
    assert_eq!(document["applied"], json!([]));
    let protected = document["protected"].as_array().unwrap();
    assert_eq!(protected.len(), self::protected().count(), "{document}");
    if cfg!(unix) {
        let link = protected.iter().find(|it| it["path"] == "out").unwrap();
        let said = (&link["reason"], &link["target"]);
        assert_eq!(said, (&json!("leads-outside"), &json!("/etc/passwd")));
    }

    let all = ["apply", "--allow-protected", "--json", &job];
    let applied = sandbox.cc(all).run().success().json();
    assert_eq!(applied["protected"], document["protected"]);
    assert_eq!(sandbox.read(".claude/settings.json"), "planted\n");
    let links = LINKS.iter().map(|(name, _)| *name);
    for name in links.chain(["plain.txt"]) {
        assert!(is_there(&sandbox, name), "{name}");
    }
    // What is there already needs no question.
    let again = sandbox.cc(["apply", &job]).run().success();
    assert!(again.stdout.contains("Already applied"), "{again}");
    // What changed since does.
    fs::write(tree.join(".claude/settings.json"), "other\n").unwrap();
    sandbox.cc(["apply", &job]).run().exits(2);
}

#[test]
#[cfg(target_os = "linux")]
fn at_a_terminal_it_asks() {
    let (sandbox, job, _) = planted();
    let at_a_terminal = |answer: &str| {
        let apply = format!("{} apply {job}", sandbox.product_file("cc-cli").display());
        let call = sandbox.command(Path::new("/usr/bin/script"));
        let call = call.args(["-qec", &apply, "/dev/null"]);
        call.cwd(sandbox.repo()).stdin(answer).run()
    };
    for answer in ["n\n", "\n", ""] {
        let declined = at_a_terminal(answer);
        let shown = &declined.stdout;
        assert!(shown.contains("`.codex/config.toml`"), "{declined}");
        assert!(shown.contains("Nothing was applied"), "{declined}");
        assert!(!is_there(&sandbox, "plain.txt"), "{declined}");
    }
    let allowed = at_a_terminal("y\n");
    assert!(allowed.stdout.contains("Applied"), "{allowed}");
    assert_eq!(sandbox.read(".codex/config.toml"), "planted\n");
}

#[test]
fn through_the_door_it_is_always_refused() {
    let (sandbox, job, tree) = planted();
    let id = SessionId::parse("01a2-session").unwrap();
    let session = sandbox.data_dir().session(&id);
    fs::create_dir_all(session.parent().unwrap()).unwrap();
    let transcript = sandbox.root().join("transcript.jsonl");
    let mode = json!({"type": "turn_context", "payload": {"sandbox_policy": {"type": "danger-full-access"}}});
    fs::write(&transcript, format!("{mode}\n")).unwrap();
    let record = json!({"directory": sandbox.repo(), "transcript": transcript});
    fs::write(session, record.to_string()).unwrap();
    let door = |args: &[&str]| {
        let call = sandbox.cc(["codex", "apply"]).args(args);
        call.env("CODEX_SESSION_ID", "01a2-session").run()
    };
    let refused = door(&[&job]).exits(2);
    assert_refused(&sandbox, &refused);
    assert!(refused.stderr.contains("Only the user"), "{refused}");
    assert_refused(&sandbox, &door(&[&job, "--json"]).exits(2));
    let flag = door(&[&job, "--allow-protected"]).exits(2);
    assert!(flag.stderr.contains("unexpected argument"), "{flag}");
    assert!(!is_there(&sandbox, "plain.txt"));
    // The rest of the change goes through it.
    for name in protected() {
        fs::remove_file(tree.join(name)).unwrap();
    }
    door(&[&job]).success();
    let links = LINKS.iter().map(|(name, _)| *name);
    let is_plain = |name: &&str| protected().all(|other| other != *name);
    for name in links.filter(is_plain).chain(["plain.txt"]) {
        assert!(is_there(&sandbox, name), "{name}");
    }
}

#[test]
#[cfg(unix)] // Windows has no modes, and one name for `.git` and `.GIT`.
fn what_cannot_be_part_of_a_change_does_not_come_over() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = answering();
    let (job, tree) = isolated(&sandbox);
    let run = tree.join("run");
    fs::write(&run, "#!/bin/sh\n").unwrap();
    let chmod = std::process::Command::new("chmod")
        .arg("6755")
        .arg(&run)
        .status();
    assert!(chmod.unwrap().success());
    let set = fs::metadata(&run).unwrap().permissions().mode();
    assert_eq!(set & 0o7000, 0o6000, "the worktree has it");
    sandbox.git_in(&tree, ["init", "--quiet", "nested"]);
    fs::create_dir_all(tree.join("nested/.git/hooks")).unwrap();
    fs::write(tree.join("nested/.git/hooks/post-checkout"), "x").unwrap();
    fs::write(tree.join("nested/file"), "x").unwrap();
    sandbox.cc(["apply", &job]).run().success();
    let mode = fs::metadata(sandbox.repo().join("run"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7111, 0o111, "{mode:o}");
    assert!(!is_there(&sandbox, "nested"));

    fs::create_dir(tree.join(".GIT")).unwrap();
    fs::write(tree.join(".GIT/config"), "x").unwrap();
    let refused = sandbox.cc(["apply", &job]).run().exits(1);
    assert!(refused.stderr.contains("`.GIT/config`"), "{refused}");
    let lost = sandbox.cc(["discard", &job]).run().exits(2);
    assert!(lost.stderr.contains("never applied"), "{lost}");
}

#[test]
#[cfg(unix)] // The real Claude.
fn the_report_names_them_before_anybody_applies() {
    use cc_tests::{MessagesApi, Turn};
    use serde_json::Value;

    let command = "mkdir -p docs nested && printf '#!/bin/sh\\n' > docs/run && chmod +x docs/run; \
                   git branch other; git tag v1; ln -s /etc/passwd out; echo done";
    let api = MessagesApi::start([
        Turn::tool("Bash", json!({"command": command})),
        Turn::text("Done."),
        Turn::tool("Bash", json!({"command": command})),
        Turn::text("Done."),
    ]);
    let sandbox = Sandbox::real(&api).with_change();
    let isolated = ["rescue", "--isolated", "--json", "do it"];
    let report = sandbox.cc(isolated).run().success().json();
    let protected = &report["changed"]["protected"];
    assert_eq!(protected[0]["path"], "out", "{report:#}");
    assert_eq!(
        report["history"]["executables"],
        json!(["docs/run"]),
        "{report:#}"
    );
    let shown = sandbox.cc(["result"]).run().success();
    for said in ["Applied only if you allow it", "/etc/passwd", "docs/run"] {
        assert!(shown.stdout.contains(said), "{said}: {shown}");
    }
    assert_eq!(
        report["history"]["changedRefs"],
        Value::Null,
        "its refs are its own"
    );

    let report = sandbox
        .cc(["rescue", "--json", "do it"])
        .run()
        .success()
        .json();
    let history = &report["history"];
    let refs = history["changedRefs"].as_array().unwrap();
    let names: Vec<_> = refs.iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["refs/heads/other", "refs/tags/v1"], "{report:#}");
    assert_eq!(history["executables"], json!(["docs/run"]), "{report:#}");
    let shown = sandbox.cc(["result"]).run().success();
    assert!(shown.stdout.contains("refs/tags/v1"), "{shown}");
}
