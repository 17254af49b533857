//! An uninstall leaves Codex's directory as it was before, to the byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cc_tests::fake::{Run, Step};

use super::*;

/// What a user of Codex may have in its settings, besides the model.
const SETTINGS: &str = r#"
  # Mine,   kept as I wrote it.
[plugins."other@elsewhere"]   # not ours
enabled = false

[marketplaces.elsewhere]
source_type = "local"
source = '/nowhere/at/all'

[hooks.state."other@elsewhere:hooks/hooks.json:stop:0:0"]
trusted_hash = "sha256:0"
[projects]
"/nowhere" = { trust_level = "trusted" }   # inline
# The last line has no end."#;

const HOOKS: &str = "{\"hooks\": {\r\n\t\"Stop\" : [ {\"hooks\": [{\"type\":\"command\",\r\n\"command\":\"cat >/dev/null\"}]} ]}}";

const RULES: &str = "prefix_rule(pattern=[\"git\", \"status\"], decision=\"allow\")  # mine\n";

/// The settings of a user who knows what they want, in the ends of lines of another system.
fn furnish(sandbox: &Sandbox) {
    let home = sandbox.codex_home();
    let config = home.join("config.toml");
    let model = fs::read_to_string(&config).unwrap();
    let text = format!("{model}{SETTINGS}").replace('\n', "\r\n");
    fs::write(config, text).unwrap();
    fs::write(home.join("hooks.json"), HOOKS).unwrap();
    for (dir, file, text) in [
        ("rules", "default.rules", RULES),
        (
            "skills/mine",
            "SKILL.md",
            "---\nname: mine\ndescription: d\n---\n",
        ),
    ] {
        fs::create_dir_all(home.join(dir)).unwrap();
        fs::write(home.join(dir).join(file), text).unwrap();
    }
}

/// Every file below `dir` with its content.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![dir.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                left.push(path);
            } else {
                let content = fs::read(&path).unwrap_or_default();
                found.insert(path, content);
            }
        }
    }
    found
}

/// Asserts that all of `before` is there as it was, and that nothing else speaks of us.
fn assert_untouched(codex: Peer<'_>, home: &Path, before: &BTreeMap<PathBuf, Vec<u8>>) {
    let after = files(home);
    for (path, content) in before {
        let now = after.get(path).map(|now| String::from_utf8_lossy(now));
        assert_eq!(
            now,
            Some(String::from_utf8_lossy(content)),
            "{codex}: {}",
            path.display()
        );
    }
    for (path, content) in &after {
        let ours = content.windows(8).any(|part| part == b"cc-local");
        assert!(!ours, "{codex}: {} speaks of us", path.display());
    }
    for gone in [
        "cc",
        "plugins",
        "rules/cc.rules",
        "config.toml.cc-backup",
        "hooks.json.cc-backup",
        ".hook-trust",
    ] {
        assert!(!home.join(gone).exists(), "{codex}: {gone} is left");
    }
}

#[test]
fn what_stood_there_before_stands_there_afterwards() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        furnish(&sandbox);
        let before = files(&sandbox.codex_home());
        let sandbox = sandbox.installed();
        assert_eq!(
            sandbox.installation()["problems"].to_string(),
            "[]",
            "{codex}"
        );
        let config = fs::read_to_string(sandbox.codex_home().join("config.toml")).unwrap();
        assert!(config.contains("cc@cc-local"), "{codex}: {config}");
        sandbox.installer(["uninstall", "--yes"]).run().success();
        assert_untouched(codex, &sandbox.codex_home(), &before);
    }
}

#[test]
fn nothing_is_left_where_nothing_was() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        fs::remove_file(sandbox.codex_home().join("config.toml")).unwrap();
        let sandbox = sandbox.installed();
        assert_eq!(
            sandbox.installation()["problems"].to_string(),
            "[]",
            "{codex}"
        );
        sandbox.installer(["uninstall", "--yes"]).run().success();
        assert_untouched(codex, &sandbox.codex_home(), &BTreeMap::new());
        for gone in ["config.toml", "hooks.json", "rules"] {
            assert!(!sandbox.codex_home().join(gone).exists(), "{codex}: {gone}");
        }
    }
}

#[test]
fn a_plan_that_is_only_looked_at_changes_nothing() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        furnish(&sandbox);
        let before = files(&sandbox.codex_home());
        let output = sandbox.install(["--dry-run"]).run().success();
        let told = "have Codex install the plugin";
        assert!(output.stdout.contains(told), "{codex}: {output}");
        for told in ["prefix_rule(", "cc.rules"] {
            let is_told = output.stdout.contains(told);
            assert_eq!(is_told, confines_rules(codex), "{codex}: {output}");
        }
        sandbox
            .installer(["uninstall", "--dry-run"])
            .run()
            .success();
        assert_untouched(codex, &sandbox.codex_home(), &before);
    }
}

#[test]
fn a_second_installation_changes_nothing() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        furnish(&sandbox);
        let sandbox = sandbox.installed();
        let ours = |sandbox: &Sandbox| {
            let mut all = files(&sandbox.codex_home());
            let kept = ["config.toml", "hooks.json"].map(|name| sandbox.codex_home().join(name));
            let dirs = ["cc", "rules", "plugins"].map(|name| sandbox.codex_home().join(name));
            all.retain(|path, _| {
                kept.contains(path) || dirs.iter().any(|dir| path.starts_with(dir))
            });
            all
        };
        let before = ours(&sandbox);
        let again = sandbox
            .install(["--allow-commands", "--trust-hooks"])
            .run()
            .success();
        assert!(again.stdout.contains("is installed"), "{codex}: {again}");
        assert!(ours(&sandbox) == before, "{codex}: {again}");
    }
}

#[test]
fn jobs_stay_unless_they_are_named() {
    let api = ResponsesApi::start([]);
    let sandbox = bare(CODEX, &api).installed();
    sandbox.cc(["review"]).run().success();
    let uninstall = |more: &[&str]| {
        let uninstall = sandbox.installer(["uninstall", "--yes"]);
        uninstall.args(more).run().success()
    };
    let output = uninstall(&[]);
    assert!(output.stdout.contains("--delete-jobs"), "{output}");
    assert_eq!(sandbox.record()["status"], "completed");
    uninstall(&["--delete-jobs"]);
    assert!(!sandbox.codex_home().join("plugins").exists());
}

#[test]
fn jobs_that_run_are_not_deleted_under_their_workers() {
    let api = ResponsesApi::start([]);
    let sandbox = bare(CODEX, &api).installed();
    let waits = Run::started().step(Step::Await("go".into()));
    let waits = waits.text("Late.").success("Late.", None);
    sandbox.set_scenario(&Scenario::runs([waits]));
    sandbox.cc(["review", "--background"]).run().success();
    sandbox.wait_for_run(1, SOON);
    let uninstall = || sandbox.installer(["uninstall", "--yes", "--delete-jobs"]);
    let refused = uninstall().run().exits(1);
    let cli = sandbox.installed_file("cc-cli");
    let (cli, job, repo) = (cli.display(), sandbox.job(), sandbox.repo());
    let repo = repo.display();
    let told = format!(
        "cc-installer: nothing was changed: 1 job still running: `{job}` in {repo}\n  \
         In {repo}:\n    {cli} wait {job}, or {cli} cancel {job}\n  \
         Then run this again; without --delete-jobs it is kept.\n"
    );
    assert_eq!(refused.stderr, told);
    assert_eq!(sandbox.installation()["problems"].to_string(), "[]");
    sandbox.write("go", "");
    sandbox.wait_for_status("completed", SOON);
    sandbox.wait_quiet(SOON);
    uninstall().run().success();
    assert!(!sandbox.codex_home().join("plugins").exists());
}

#[test]
fn changes_that_wait_in_a_work_tree_are_not_deleted() {
    let api = ResponsesApi::start([]);
    let sandbox = bare(CODEX, &api).installed();
    let adds = Run::started().step(Step::Write {
        path: "added.txt".into(),
        content: "kept".into(),
    });
    sandbox.set_scenario(&Scenario::runs([adds.text("Done.").success("Done.", None)]));
    let isolated = ["rescue", "--isolated", "--no-sandbox", "task"];
    sandbox.cc(isolated).run().success();
    let uninstall = || sandbox.installer(["uninstall", "--yes", "--delete-jobs"]);
    let cli = sandbox.installed_file("cc-cli");
    let (cli, job, repo) = (cli.display(), sandbox.job(), sandbox.repo());
    let repo = repo.display();
    let told = format!(
        "cc-installer: nothing was changed: 1 job left a change in a worktree: `{job}` in {repo}\n  \
         In {repo}:\n    {cli} apply {job} if you want the change, then {cli} discard {job}\n  \
         Then run this again; without --delete-jobs it is kept.\n"
    );
    assert_eq!(uninstall().run().exits(1).stderr, told);
    let looked = uninstall().args(["--dry-run"]).run().exits(1);
    assert_eq!(looked.stderr, told);
    assert_eq!(sandbox.installation()["problems"].to_string(), "[]");

    // Without the jobs it goes; the change stays, and is still not deleted by a second call.
    sandbox.installer(["uninstall", "--yes"]).run().success();
    let refused = uninstall().run().exits(1);
    assert!(
        refused.stderr.contains(&format!("apply {job}")),
        "{refused}"
    );
    sandbox.cc(["apply", job.as_str()]).run().success();
    assert_eq!(sandbox.read("added.txt"), "kept");
    sandbox
        .cc(["discard", job.as_str(), "--yes"])
        .run()
        .success();
    let gone = uninstall().run().success();
    assert!(gone.stdout.contains("cc was not installed"), "{gone}");
    assert!(!sandbox.codex_home().join("plugins").exists());
    assert_eq!(sandbox.git(["branch", "--list", "cc/*"]), "");
}

#[test]
fn the_installed_installer_repairs_and_removes_what_it_belongs_to() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        let before = files(&sandbox.codex_home());
        let sandbox = sandbox.installed();
        let installer = sandbox.installed_file("cc-installer");
        fs::remove_dir_all(sandbox.codex_home().join("plugins")).unwrap();
        let installer = |args: &[&str]| sandbox.command(&installer).args(args).run().success();
        installer(&["update", "--yes", "--trust-hooks"]);
        assert_eq!(
            sandbox.installation()["problems"].to_string(),
            "[]",
            "{codex}"
        );
        installer(&["uninstall", "--yes"]);
        assert_untouched(codex, &sandbox.codex_home(), &before);
    }
}
