//! An update replaces an older installation, under jobs that run.

use std::fs;
use std::path::PathBuf;

use cc_tests::fake::{Run, Step};
use serde_json::{Value, json};

use super::*;

/// A sandbox whose Codex has an older version of the product, allowed and trusted.
///
/// The binaries are those of now with some bytes behind them, which nothing reads.
fn outdated(codex: Peer<'_>, api: &ResponsesApi) -> Sandbox {
    let mut sandbox = bare(codex, api);
    let new = sandbox.product_file("cc-cli");
    let new = new.parent().unwrap().to_owned();
    let old = sandbox.root().join("old");
    fs::create_dir(&old).unwrap();
    for name in ["cc-cli", "cc-hooks", "cc-installer"] {
        let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        let program = [&fs::read(new.join(&name)).unwrap()[..], b"older"].concat();
        cc_executable::write(old.join(&name), program);
    }
    sandbox.use_binaries(&old);
    let mut sandbox = sandbox.installed();
    sandbox.use_binaries(&new);
    offer_older_plugin(codex, &sandbox);
    sandbox
}

/// Has Codex take a plugin of version 0.0.9 in place of ours, and trust it.
fn offer_older_plugin(codex: Peer<'_>, sandbox: &Sandbox) {
    let marketplace = sandbox.codex_home().join("cc").join("marketplace");
    let manifest = marketplace.join("plugins/cc/.codex-plugin/plugin.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let older = text.replace(env!("CARGO_PKG_VERSION"), "0.0.9");
    fs::write(&manifest, older).unwrap();
    let mut server = sandbox.app_server();
    let list = marketplace.join(".agents/plugins/marketplace.json");
    let params = json!({"pluginName": "cc", "marketplacePath": list});
    server.request("plugin/install", &params);
    server.close().success();
    if asks_for_trust(codex) {
        sandbox.trust_hooks();
    }
    let status = sandbox.installation();
    assert_eq!(status["plugin"]["version"], "0.0.9", "{codex}: {status:#}");
    assert_eq!(status["plugin"]["drifted"], true, "{codex}");
    assert_eq!(status["hooks"]["runs"], true, "{codex}: {status:#}");
}

/// The directories of versions that Codex keeps of the plugin.
fn kept(sandbox: &Sandbox) -> Vec<PathBuf> {
    let cache = sandbox.codex_home().join("plugins/cache/cc-local/cc");
    let entries = fs::read_dir(cache).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn update(sandbox: &Sandbox, more: &[&str]) -> Value {
    let update = sandbox.installer(["update", "--yes", "--json"]).args(more);
    update.run().success().json()["status"].take()
}

#[test]
fn an_update_brings_everything_to_the_new_version_and_asks_for_trust_where_codex_does() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = outdated(codex, &api);
        let status = update(&sandbox, &[]);
        assert_eq!(
            status["plugin"]["version"],
            env!("CARGO_PKG_VERSION"),
            "{codex}"
        );
        assert_eq!(status["plugin"]["drifted"], false, "{codex}");
        assert_eq!(status["binaries"]["versionsAgree"], true, "{codex}");
        assert_eq!(
            status["execRule"]["matches"],
            confines_rules(codex),
            "{codex}"
        );
        assert_eq!(kept(&sandbox).len(), 1, "{codex}");
        let trusted = match codex {
            _ if trusts_contents(codex) => "none",
            _ if asks_for_trust(codex) => "all",
            _ => "notNeeded",
        };
        assert_eq!(status["hooks"]["trusted"], trusted, "{codex}");
        let status = update(&sandbox, &["--trust-hooks"]);
        assert_eq!(status["hooks"]["runs"], true, "{codex}");
        assert_eq!(status["problems"], json!([]), "{codex}");
        sandbox.installer(["uninstall", "--yes"]).run().success();
        assert!(
            !sandbox.codex_home().join(".hook-trust").exists(),
            "{codex}"
        );
    }
}

/// The model runs its command in a shell of Unix.
#[test]
#[cfg(unix)]
fn a_job_that_runs_meanwhile_ends_as_if_nothing_had_happened() {
    for codex in ruled() {
        let api = ResponsesApi::start([obeys_in_background()]);
        let sandbox = outdated(codex, &api);
        let waits = Run::started().step(Step::Await("go".into()));
        let waits = waits.text("Late, but fine.");
        sandbox.set_scenario(&Scenario::runs([waits.success("Late, but fine.", None)]));
        let exec = ["exec", "--sandbox", "read-only", "$cc:review --background"];
        sandbox.codex(exec).run().success();
        sandbox.wait_for_run(1, SOON);
        let worker = sandbox.record()["pid"].clone();

        let before = fs::read(sandbox.installed_file("cc-cli")).unwrap();
        update(&sandbox, &["--trust-hooks"]);
        let after = fs::read(sandbox.installed_file("cc-cli")).unwrap();
        assert!(before != after, "{codex}: the binary was not replaced");
        assert_eq!(sandbox.record()["status"], "running", "{codex}");
        assert_eq!(sandbox.record()["pid"], worker, "{codex}");

        sandbox.write("go", "");
        let record = sandbox.wait_for_status("completed", SOON);
        let id = record["id"].as_str().unwrap();
        let result = sandbox.command(&sandbox.installed_file("cc-cli"));
        let result = result.args(["result", id]).run().success();
        assert!(
            result.stdout.contains("Late, but fine."),
            "{codex}: {result}"
        );
    }
}

#[cfg(unix)]
fn obeys_in_background() -> Turn {
    Turn::computed(|request| {
        let line = request
            .skill_command()
            .expect("a skill with a command line");
        Turn::shell(&line.replace("--wait", "--background"))
    })
}

#[test]
fn programs_that_run_are_replaced_and_removed_all_the_same() {
    let api = ResponsesApi::start([]);
    let sandbox = outdated(CODEX, &api);
    let waits = Run::started().step(Step::Await("go".into()));
    let waits = waits.text("Late, but fine.");
    sandbox.set_scenario(&Scenario::runs([waits.success("Late, but fine.", None)]));
    let installed = |name| sandbox.command(&sandbox.installed_file(name));
    let review = installed("cc-cli").args(["review", "--background"]);
    review.run().success();
    sandbox.wait_for_run(1, SOON);
    update(&sandbox, &["--trust-hooks"]);
    let binaries = &sandbox.installation()["binaries"];
    assert_eq!(binaries["versionsAgree"], true, "{binaries:#}");
    // The installer that removes everything is one of what it removes, and the job's program another.
    let uninstall = installed("cc-installer").args(["uninstall", "--yes"]);
    uninstall.run().success();
    assert!(!sandbox.codex_home().join("cc").exists());
    assert_eq!(sandbox.record()["status"], "running");
    // Windows removes no program that runs: these two were moved away, and each goes once it has ended.
    assert_eq!(moved_away(&sandbox), if cfg!(windows) { 2 } else { 0 });
    let uninstall = || sandbox.installer(["uninstall", "--yes"]).run().success();
    drop(uninstall());
    assert_eq!(moved_away(&sandbox), usize::from(cfg!(windows)));
    sandbox.write("go", "");
    sandbox.wait_for_status("completed", SOON);
    sandbox.wait_quiet(SOON);
    drop(uninstall());
    assert_eq!(moved_away(&sandbox), 0);
}

/// How many programs of ours are among the temporary files.
fn moved_away(sandbox: &Sandbox) -> usize {
    let names = fs::read_dir(sandbox.tmp()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| name.starts_with(".cc-installer-"))
        .count()
}

#[test]
fn an_update_of_nothing_says_what_to_do() {
    let api = ResponsesApi::start([]);
    let sandbox = bare(CODEX, &api);
    let output = sandbox.installer(["update", "--yes"]).run().exits(3);
    assert!(output.stderr.contains("cc-installer install"), "{output}");
}

#[test]
fn the_three_programs_tell_one_version() {
    let sandbox = Sandbox::new();
    for name in ["cc-cli", "cc-hooks", "cc-installer"] {
        let version = sandbox.command(&sandbox.product_file(name));
        let told = version.args(["--version"]).run().success().stdout;
        assert_eq!(told, format!("{name} {}\n", env!("CARGO_PKG_VERSION")));
    }
}
