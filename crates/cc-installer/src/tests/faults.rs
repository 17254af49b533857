//! Refusals, accidents, and what the user did not allow.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::world::World;

#[test]
fn nothing_is_changed_without_a_yes() {
    let world = World::new("");
    let before = world.files();
    let dry = world.run(&["install", "--dry-run"]);
    assert!(
        dry.ok && dry.stdout.contains("have Codex install the plugin"),
        "{}",
        dry.stdout
    );
    assert_eq!(world.files(), before);
    assert!(!world.run(&["install"]).ok, "nobody to ask");
    assert!(
        !world.answer(&["install"], Some("n\n")).ok,
        "asked, and declined"
    );
    assert!(!world.run(&["update", "--yes"]).ok, "nothing to update");
    assert_eq!(world.files(), before);
    assert!(!world.path("codex/cc").exists());
    assert_eq!(world.calls("plugin/install"), 0);
}

#[test]
fn consents_are_two_and_each_is_its_own() {
    let world = World::new("");
    let did = world.answer(&["install"], Some("y\ny\nn\n"));
    assert!(did.ok, "{}", did.stdout);
    let status = world.status();
    assert_eq!(status["execRule"]["matches"], true);
    assert_eq!(status["hooks"]["trusted"], "none");
    assert!(
        did.stdout.contains("install --trust-hooks"),
        "{}",
        did.stdout
    );
    assert_eq!(world.calls("batchWrite"), 0);

    let did = world.run(&["install", "--yes"]);
    assert!(
        did.ok && !did.stdout.contains("Permission 1"),
        "{}",
        did.stdout
    );
    assert_eq!(world.calls("batchWrite"), 0, "--yes is no consent");
    assert!(world.run(&["install", "--trust-hooks"]).ok);
    assert_eq!(world.status()["problems"], serde_json::json!([]));
}

#[test]
fn hooks_that_codex_does_not_ask_about_are_asked_about_here() {
    let world = World::new("no-hooks-list flag-off");
    assert!(world.run(&["install", "--yes"]).ok, "--yes is no consent");
    let did = world.answer(&["install"], Some("n\nn\nn\n"));
    assert!(
        did.ok && did.stdout.contains("Add these hooks? [y/N]"),
        "{}",
        did.stdout
    );
    assert!(
        did.stdout.contains("install --trust-hooks"),
        "{}",
        did.stdout
    );
    assert_eq!(world.read("codex/hooks.json"), None);
    assert!(
        !world
            .read("codex/config.toml")
            .unwrap()
            .contains("codex_hooks")
    );
    assert_eq!(world.status()["hooks"]["allowed"], false);

    let did = world.answer(&["install"], Some("n\nn\ny\n"));
    assert!(did.ok, "{}", did.stdout);
    let status = world.status();
    assert_eq!(status["hooks"]["runs"], true, "{status:#}");
    assert_eq!(status["execRule"]["present"], false, "{status:#}");
    // What was allowed is put back without another question.
    fs::remove_file(world.path("codex/hooks.json")).unwrap();
    let did = world.run(&["update", "--yes"]);
    assert!(
        did.ok && did.stdout.contains("add the cc hooks to"),
        "{}",
        did.stdout
    );
    assert_eq!(world.status()["hooks"]["runs"], true);
}

#[test]
fn an_update_renews_what_changed_and_keeps_what_was_allowed() {
    let world = World::new("");
    assert!(!world.run(&["update", "--yes"]).ok, "not installed");
    assert!(world.install().ok);
    let rule = world.read("codex/rules/cc.rules");
    world.write("source/cc-cli", "a newer program");
    world.write(
        "codex/cc/marketplace/plugins/cc/skills/review/SKILL.md",
        "broken",
    );
    let did = world.run(&["update", "--yes"]);
    assert!(
        did.ok && did.stdout.contains("update cc-cli in"),
        "{}",
        did.stdout
    );
    assert_eq!(
        world.read("programs/cc-cli").as_deref(),
        Some("a newer program")
    );
    assert_eq!(world.read("codex/rules/cc.rules"), rule);
    assert_eq!(world.status()["problems"], serde_json::json!([]));
}

#[test]
fn a_codex_that_keeps_an_old_copy_is_made_to_take_the_new_one() {
    let world = World::new("");
    assert!(world.install().ok);
    world.set_mode("stale");
    world.write(
        "codex/plugins/cache/cc-local/cc/0.1.0/skills/review/SKILL.md",
        "old",
    );
    assert_eq!(world.status()["plugin"]["drifted"], true);
    assert!(world.run(&["update", "--yes"]).ok);
    assert_eq!(world.status()["plugin"]["drifted"], false);
}

#[test]
fn a_copy_that_is_not_ours_is_not_called_installed() {
    let world = World::new("spoils");
    let did = world.install();
    assert!(
        !did.ok && !did.stdout.contains("All good"),
        "{}",
        did.stdout
    );
}

#[test]
fn trust_that_did_not_take_is_reported() {
    let world = World::new("trustless");
    let did = world.install();
    assert!(
        !did.ok && did.stdout.contains("/hooks in Codex"),
        "{}",
        did.stdout
    );
    assert_eq!(world.status()["hooks"]["trusted"], "none");
}

#[test]
fn a_killed_installation_is_repaired_by_the_next() {
    let world = World::new("dies");
    assert!(!world.install().ok);
    assert_eq!(world.status()["plugin"]["installed"], false);
    world.set_mode("");
    assert!(world.install().ok);
    assert_eq!(world.status()["problems"], serde_json::json!([]));
    // What a kill between two steps leaves: programs half there, no bundle, no record.
    for lost in [
        "programs/cc-hooks",
        "codex/cc/install.json",
        "codex/cc/marketplace/plugins/cc/hooks/hooks.json",
    ] {
        fs::remove_file(world.path(lost)).unwrap();
    }
    assert!(world.install().ok);
    assert_eq!(world.status()["problems"], serde_json::json!([]));
}

#[test]
fn what_killed_calls_left_behind_goes_with_the_rest() {
    let world = World::new("");
    let left = |name: &str| {
        let name = name.replace('@', ".cc-installer-aB0123.tmp");
        fs::create_dir_all(world.path(&name).parent().unwrap()).unwrap();
        world.write(&name, "half");
        world.path(&name)
    };
    // Also where nothing else of an installation is there.
    let early = left("codex/@");
    assert!(world.run(&["uninstall", "--yes"]).ok && !early.exists());
    for command in ["install", "update"] {
        let all = ["codex/@", "codex/cc/@", "codex/rules/@", "programs/@"].map(left);
        let bundle = left("codex/cc/marketplace/plugins/cc.new/file");
        assert!(world.run(&[command, "--yes", "--allow-commands"]).ok);
        assert!(all.iter().all(|file| !file.exists()));
        fs::write(world.path("codex/cc/marketplace/plugins/cc/x"), "").unwrap();
        assert!(world.run(&[command, "--yes", "--allow-commands"]).ok && !bundle.exists());
    }
    for name in ["codex/@", "codex/cc/@", "codex/rules/@", "programs/@"] {
        left(name);
    }
    assert!(world.run(&["uninstall", "--yes"]).ok);
    assert_eq!(world.files(), Vec::<String>::new());
    assert!(!world.path("programs").exists() && !world.path("codex/cc").exists());
}

#[test]
fn temporary_files_and_directories_of_others_stay() {
    let world = World::new("");
    fs::create_dir_all(world.path("dots/.tmp-dotted")).unwrap();
    world.write("dots/config.toml", "a = 1\n");
    std::os::unix::fs::symlink("../dots/config.toml", world.path("codex/config.toml")).unwrap();
    let foreign = [
        ".tmp-abcdef/inner/file",
        ".tmp-Abc012",
        ".cc-installer-abcdef.tmp/file",
        ".cc-installer-mine",
    ];
    let foreign: Vec<String> = ["codex", "codex/rules", "codex/cc", "programs", "dots"]
        .iter()
        .flat_map(|dir| foreign.map(|name| format!("{dir}/{name}")))
        .collect();
    for path in &foreign {
        fs::create_dir_all(world.path(path).parent().unwrap()).unwrap();
        world.write(path, "theirs");
    }
    let calls: [&[&str]; 3] = [
        &["install", "--yes", "--allow-commands", "--trust-hooks"],
        &["update", "--yes"],
        &["uninstall", "--yes", "--delete-jobs"],
    ];
    for call in calls {
        assert!(world.run(call).ok);
        for path in &foreign {
            assert_eq!(
                world.read(path).as_deref(),
                Some("theirs"),
                "{call:?}: {path}"
            );
        }
        assert!(world.path("dots/.tmp-dotted").is_dir(), "{call:?}");
    }
}

#[test]
fn trust_in_hooks_of_the_users_file_goes_before_they_do() {
    let world = World::new("no-plugin-hooks");
    let config = "a = 1\n";
    world.write("codex/config.toml", config);
    assert!(world.install().ok);
    let trusted = |world: &World| {
        world
            .read("codex/config.toml")
            .unwrap()
            .contains("hooks.json:stop")
    };
    assert!(trusted(&world));
    world.set_mode("newer");
    assert!(world.run(&["update", "--yes"]).ok);
    assert_eq!(
        world.read("codex/hooks.json"),
        None,
        "they moved to the plugin"
    );
    assert!(!trusted(&world));
    assert!(world.run(&["uninstall", "--yes"]).ok);
    assert_eq!(world.read("codex/config.toml").as_deref(), Some(config));
}

#[test]
fn files_that_do_not_parse_are_left_alone() {
    let world = World::new("no-hooks-list");
    world.write("codex/hooks.json", "{ not json");
    assert!(!world.install().ok);
    assert_eq!(
        world.read("codex/hooks.json").as_deref(),
        Some("{ not json")
    );
    let problems = world.status()["problems"].to_string();
    assert!(problems.contains("hooks.json`, line 1"), "{problems}");
}

#[test]
fn a_directory_that_cannot_be_written_leaves_nothing_half_done() {
    if rustix::process::geteuid().is_root() {
        // Root writes everywhere: a file in the way of a directory stops it too.
        let world = World::new("");
        world.write("programs", "in the way");
        assert!(!world.install().ok);
        assert_eq!(world.read("programs").as_deref(), Some("in the way"));
        assert_eq!(world.calls("plugin/install"), 0);
        return;
    }
    let world = World::new("");
    fs::create_dir(world.path("programs")).unwrap();
    fs::set_permissions(world.path("programs"), fs::Permissions::from_mode(0o500)).unwrap();
    assert!(!world.install().ok);
    assert_eq!(world.calls("plugin/install"), 0);
}

#[test]
fn an_uninstall_without_codex_takes_out_what_it_can() {
    let world = World::new("");
    world.write("codex/config.toml", "model = \"x\"\n");
    assert!(world.install().ok);
    fs::remove_file(world.path("bin/codex")).unwrap();
    assert!(world.run(&["uninstall", "--yes"]).ok);
    assert_eq!(world.files(), ["config.toml"]);
    assert_eq!(
        world.read("codex/config.toml").as_deref(),
        Some("model = \"x\"\n")
    );
}

#[test]
fn jobs_stay_unless_told_otherwise() {
    let world = World::new("");
    let job = "codex/plugins/data/cc/state/abc/jobs/task-1.json";
    let make = || {
        assert!(world.install().ok);
        fs::create_dir_all(world.path(job).parent().unwrap()).unwrap();
        world.write(job, "{}");
    };
    make();
    assert!(world.run(&["uninstall", "--yes"]).ok);
    assert!(world.read(job).is_some());
    make();
    assert!(world.answer(&["uninstall"], Some("y\nn\n")).ok);
    assert!(world.read(job).is_some());
    make();
    assert!(world.answer(&["uninstall"], Some("y\ny\n")).ok);
    assert_eq!(world.read(job), None);
    make();
    assert!(world.run(&["uninstall", "--yes", "--delete-jobs"]).ok);
    assert_eq!(world.files(), Vec::<String>::new());
}

#[test]
fn rules_that_the_dialog_wrote_go_with_the_rest() {
    let world = World::new("");
    assert!(world.install().ok);
    let mine = "prefix_rule(pattern=[\"git\", \"status\"], decision=\"allow\")\n";
    let cli = world.path("programs/cc-cli").display().to_string();
    let ours = format!("prefix_rule(pattern=[\"{cli}\"], decision=\"allow\")");
    world.write("codex/rules/default.rules", &format!("{mine}{ours}\n"));
    assert!(world.run(&["uninstall", "--yes"]).ok);
    assert_eq!(
        world.read("codex/rules/default.rules").as_deref(),
        Some(mine)
    );
    assert_eq!(world.read("codex/rules/cc.rules"), None);
}

#[test]
fn what_the_user_changed_since_stays() {
    let world = World::new("");
    world.write("codex/config.toml", "a = 1\n");
    assert!(world.install().ok);
    let changed = world
        .read("codex/config.toml")
        .unwrap()
        .replace("a = 1", "a = 2 # mine");
    world.write("codex/config.toml", &changed);
    let did = world.run(&["uninstall", "--yes"]);
    assert_eq!(
        world.read("codex/config.toml").as_deref(),
        Some("a = 2 # mine\n")
    );
    assert!(
        did.stdout.contains("config.toml.cc-backup"),
        "{}",
        did.stdout
    );
}

#[test]
fn a_codex_that_hangs_is_a_problem_and_not_a_wait_forever() {
    let world = World::new("");
    assert!(world.install().ok);
    world.set_mode("hangs");
    let status = world.status();
    let problems = status["problems"].to_string();
    assert!(
        problems.contains("did not answer `initialize`"),
        "{problems}"
    );
    assert_eq!(status["plugin"]["installed"], true, "the files still tell");
    assert_eq!(status["hooks"]["trusted"], "unknown");
}

#[test]
fn installations_at_once_go_one_after_the_other() {
    let world = World::new("");
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|_| scope.spawn(|| world.install().ok)).collect();
        assert!(all.into_iter().all(|one| one.join().unwrap()));
    });
    assert_eq!(world.status()["problems"], serde_json::json!([]));
    assert_eq!(world.calls("\"method\":\"plugin/install\""), 1);
    assert_eq!(world.calls("batchWrite"), 1);
}

#[test]
fn where_nothing_is_installed_nothing_is_said_to_go() {
    let world = World::new("");
    let told = |args: &[&str]| {
        let did = world.run(args);
        assert!(did.ok, "{}", did.stdout);
        did.stdout
    };
    let uninstalled = told(&["uninstall"]);
    assert!(
        uninstalled.contains("there is nothing to remove"),
        "{uninstalled}"
    );
    assert_eq!(told(&["uninstall", "--yes"]), uninstalled);
    assert_eq!(told(&["uninstall", "--dry-run"]), uninstalled);
    assert_eq!(world.files(), Vec::<String>::new());

    let job = "codex/plugins/data/cc/state/abc/jobs/task-1.json";
    fs::create_dir_all(world.path(job).parent().unwrap()).unwrap();
    world.write(job, "{}");
    let kept = told(&["uninstall", "--yes"]);
    assert!(kept.contains("Your jobs are kept"), "{kept}");
    let gone = told(&["uninstall", "--yes", "--delete-jobs"]);
    assert!(gone.contains("cc was not installed"), "{gone}");
    assert!(!gone.contains("Uninstalled"), "{gone}");
    assert_eq!(world.files(), Vec::<String>::new());
}

#[test]
fn a_plan_that_is_only_shown_says_how_to_go_through_with_it() {
    let world = World::new("");
    let last = |args: &[&str]| {
        let did = world.run(args);
        assert!(did.ok, "{}", did.stdout);
        let (_, last) = did.stdout.split_at(did.stdout.rfind("\n\n").unwrap());
        last.trim_start().to_owned()
    };
    let expect = |call: &str| format!("Nothing was changed. To do it:\n    cc-installer {call}\n");
    assert_eq!(last(&["install", "--dry-run"]), expect("install"));
    assert_eq!(world.files(), Vec::<String>::new());
    assert!(world.install().ok);
    assert_eq!(last(&["uninstall", "--dry-run"]), expect("uninstall"));
    let jobs_too = ["uninstall", "--delete-jobs", "--dry-run"];
    assert_eq!(last(&jobs_too), expect("uninstall --delete-jobs"));
}
