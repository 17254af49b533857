//! Installations that are killed half-way, and several at once.

use std::fs;

use cc_core::process::Signal;
use cc_tests::fake_codex::{FakeCodex, silent_file};
use cc_tests::sandbox::Running;
use serde_json::json;

use super::*;

/// What the installer starts an app-server for, in order: it looks, has the plugin installed, looks
/// again, has the hooks trusted, and looks at what came of it.
const SERVERS: std::ops::RangeInclusive<usize> = 1..=5;

/// What it starts of these before Codex has the plugin.
const BEFORE_THE_PLUGIN: usize = 2;

/// Starts an installation whose Codex falls silent at the `n`-th start of an app-server, and waits
/// until it does; `None` where there are not so many.
fn stuck_at(sandbox: &Sandbox, n: usize) -> Option<Running> {
    let real = sandbox.codex_file();
    let dir = sandbox.root().join(format!("stuck-{n}"));
    let codex = sandbox.add_fake_codex(&dir, &FakeCodex::Silent { real, n });
    let install = sandbox.install(["--allow-commands", "--trust-hooks", "--codex"]);
    let mut running = install.args([&codex]).spawn();
    cc_tests::eventually(SOON, "a silent Codex or the end", || {
        let is_stuck = silent_file(&dir).exists();
        (is_stuck || running.has_ended()).then_some(is_stuck)
    })
    .then_some(running)
}

#[test]
fn what_a_killed_installation_left_is_repaired_by_the_next() {
    for codex in peers::codexes() {
        for n in SERVERS {
            let api = ResponsesApi::start([]);
            let sandbox = bare(codex, &api);
            let config = sandbox.codex_home().join("config.toml");
            let before = fs::read_to_string(&config).unwrap();
            let Some(running) = stuck_at(&sandbox, n) else {
                // A Codex without trust in hooks is asked less often.
                assert!(n == 5 && !asks_for_trust(codex), "{codex}: {n}");
                continue;
            };
            running.signal(Signal::Kill);
            running.wait().killed();
            // Codex itself still reads its settings, and what is there is told as it is.
            sandbox.codex(["features", "list"]).run().success();
            let is_installed = &sandbox.installation()["plugin"]["installed"];
            assert_eq!(*is_installed, n > BEFORE_THE_PLUGIN, "{codex}: {n}");

            let sandbox = sandbox.installed();
            assert_eq!(
                sandbox.installation()["problems"],
                json!([]),
                "{codex}: {n}"
            );
            sandbox.installer(["uninstall", "--yes"]).run().success();
            assert_eq!(fs::read_to_string(&config).unwrap(), before, "{codex}: {n}");
            assert!(!sandbox.codex_home().join("cc").exists(), "{codex}: {n}");
        }
    }
}

/// What an installation makes, in its order, below Codex's home.
const MADE: [&str; 5] = [
    "config.toml.cc-backup",
    "cc/install.json",
    "cc/bin/cc-cli",
    "cc/marketplace/plugins/cc",
    "plugins/cache/cc-local/cc",
];

#[test]
fn a_kill_after_any_step_leaves_what_the_next_installation_repairs() {
    let api = ResponsesApi::start([]);
    let mut sandbox = bare(CODEX, &api);
    let config = sandbox.codex_home().join("config.toml");
    let before = fs::read_to_string(&config).unwrap();
    for made in MADE {
        let made = sandbox.codex_home().join(made);
        let install = sandbox.install(["--allow-commands", "--trust-hooks"]);
        let mut running = install.spawn();
        cc_tests::eventually(SOON, "a step to be done", || {
            (made.exists() || running.has_ended()).then_some(())
        });
        running.signal(Signal::Kill);
        drop(running.wait());
        sandbox = sandbox.installed();
        let problems = &sandbox.installation()["problems"];
        assert_eq!(*problems, json!([]), "{}", made.display());
        sandbox.installer(["uninstall", "--yes"]).run().success();
        let after = fs::read_to_string(&config).unwrap();
        assert_eq!(after, before, "{}", made.display());
        for gone in ["cc", "plugins", "rules", "config.toml.cc-backup"] {
            let gone = sandbox.codex_home().join(gone);
            assert!(!gone.exists(), "{}: {}", made.display(), gone.display());
        }
        let entries = fs::read_dir(sandbox.codex_home()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        let mut names = names.filter_map(|name| name.into_string().ok());
        assert_eq!(names.find(|name| name.starts_with(".cc-installer-")), None);
    }
}

#[test]
fn a_killed_uninstall_is_finished_by_the_next() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        let config = sandbox.codex_home().join("config.toml");
        let before = fs::read_to_string(&config).unwrap();
        let sandbox = sandbox.installed();
        // The kill comes while Codex drops the plugin, or a moment before or after.
        let mut running = sandbox.installer(["uninstall", "--yes"]).spawn();
        let rules = sandbox.codex_home().join("rules").join("cc.rules");
        cc_tests::eventually(SOON, "a part of it to be gone", || {
            (!rules.exists() || running.has_ended()).then_some(())
        });
        running.signal(Signal::Kill);
        drop(running.wait());
        sandbox.installer(["uninstall", "--yes"]).run().success();
        assert_eq!(fs::read_to_string(&config).unwrap(), before, "{codex}");
        assert!(!sandbox.codex_home().join("cc").exists(), "{codex}");
    }
}

#[test]
fn installations_at_once_end_in_one() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        let config = sandbox.codex_home().join("config.toml");
        let before = fs::read_to_string(&config).unwrap();
        let both = ["--allow-commands", "--trust-hooks"];
        let all = [(); 3].map(|()| sandbox.install(both).spawn());
        for running in all {
            running.wait().success();
        }
        assert_eq!(sandbox.installation()["problems"], json!([]), "{codex}");
        sandbox.installer(["uninstall", "--yes"]).run().success();
        assert_eq!(fs::read_to_string(&config).unwrap(), before, "{codex}");
    }
}

/// Runs the installer where the kernel kills it in the middle of the first write beyond `kib`.
#[cfg(target_os = "linux")]
fn killed_in_a_write(sandbox: &Sandbox, kib: usize, args: &[&str]) {
    use std::os::unix::process::ExitStatusExt;

    let installer = sandbox.product_file("cc-installer");
    let script = format!("ulimit -c 0; ulimit -f {}; exec \"$0\" \"$@\"", kib * 2);
    let limited = sandbox.command("sh".as_ref()).args(["-c", &script]);
    let output = limited.args([installer]).args(args).run();
    assert_eq!(output.status.signal(), Some(25), "no SIGXFSZ: {output}");
}

/// The temporary files of the installer in `dirs`.
#[cfg(target_os = "linux")]
fn temporary_files(dirs: &[std::path::PathBuf]) -> Vec<std::path::PathBuf> {
    let entries = dirs.iter().filter_map(|dir| fs::read_dir(dir).ok());
    let paths = entries.flatten().map(|entry| entry.unwrap().path());
    let is_ours = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        path.is_file() && name.starts_with(".cc-installer-")
    };
    paths.filter(is_ours).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_a_kill_left_half_written_goes_and_those_of_others_stay() {
    use std::os::unix::fs::symlink;

    let api = ResponsesApi::start([]);
    let sandbox = bare(CODEX, &api);
    let (home, dots) = (sandbox.codex_home(), sandbox.root().join("dots"));
    fs::create_dir(&dots).unwrap();
    fs::rename(home.join("config.toml"), dots.join("config.toml")).unwrap();
    symlink("../dots/config.toml", home.join("config.toml")).unwrap();
    let bin = sandbox
        .installed_file("cc-cli")
        .parent()
        .unwrap()
        .to_owned();
    let dirs = [
        home.clone(),
        home.join("cc"),
        home.join("rules"),
        bin.clone(),
        dots,
    ];
    for dir in &dirs {
        fs::create_dir_all(dir.join(".tmp-abcdef/inner")).unwrap();
        fs::write(dir.join(".tmp-abcdef/inner/file"), "theirs").unwrap();
        fs::write(dir.join(".tmp-Abc012"), "theirs").unwrap();
    }
    let foreign_stays = |after: &str| {
        for dir in &dirs {
            for file in [".tmp-abcdef/inner/file", ".tmp-Abc012"] {
                let file = dir.join(file);
                let text = fs::read_to_string(&file).unwrap_or_default();
                assert_eq!(text, "theirs", "{after}: {}", file.display());
            }
        }
    };
    let bin = bin.to_str().unwrap();
    let install = ["install", "--yes", "--bin-dir", bin];
    for (kib, args) in [
        (4096, install.as_slice()),
        (4096, &["update", "--yes", "--bin-dir", bin]),
        (0, &["uninstall", "--yes"]),
    ] {
        if args[0] == "update" {
            // So that there is something to write again.
            fs::write(sandbox.installed_file("cc-cli"), "older").unwrap();
        }
        killed_in_a_write(&sandbox, kib, args);
        let left = temporary_files(&dirs);
        assert_eq!(left.len(), 1, "{args:?}: {left:?}");
        foreign_stays(args[0]);
        sandbox.installer(args).run().success();
        assert_eq!(temporary_files(&dirs), [] as [std::path::PathBuf; 0]);
        foreign_stays(args[0]);
    }
}
