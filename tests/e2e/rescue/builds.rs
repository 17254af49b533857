//! Build tools in the sandbox, for a user who has caches and secrets.

use std::fs;
use std::path::{Path, PathBuf};

use cc_core::Env;
use cc_tests::{MessagesApi, Sandbox, Turn};
use serde_json::json;

fn bash(command: &str) -> Turn {
    Turn::tool("Bash", json!({"command": command}))
}

/// What `command` prints in a rescue.
fn printed(api: &MessagesApi, sandbox: &Sandbox, command: &str) -> String {
    api.push([bash(command), Turn::text("Done.")]);
    sandbox.cc(["rescue", "do it"]).run().success();
    let results = api.requests().pop().unwrap().tool_results();
    results.into_iter().next_back().unwrap()
}

fn real() -> (MessagesApi, Sandbox) {
    let api = MessagesApi::start([]);
    let sandbox = Sandbox::real(&api).with_change();
    (api, sandbox)
}

fn host() -> Env {
    Env::from_process().unwrap()
}

/// Puts programs of this machine on the sandbox's PATH.
pub(crate) fn add_programs(sandbox: &Sandbox, names: &[&str]) {
    let host = host();
    let beside = host
        .var("CARGO")
        .map(|cargo| Path::new(cargo).parent().unwrap().to_owned());
    let path: Vec<PathBuf> = std::env::split_paths(host.var("PATH").unwrap()).collect();
    for name in names {
        let mut dirs = beside.iter().chain(&path);
        let found = dirs.find(|dir| dir.join(name).is_file()).unwrap();
        sandbox.add_program(name, &found.join(name));
    }
}

/// Copies what Cargo has downloaded of one crate, but not what it has unpacked of it.
fn download(sandbox: &Sandbox, name: &str, index: &str) -> String {
    let host = host();
    let cargo = host.var("CARGO_HOME").map(PathBuf::from);
    let from = cargo
        .unwrap_or_else(|| host.home().unwrap().join(".cargo"))
        .join("registry");
    let to = sandbox.home().join(".cargo/registry");
    let entries = |dir: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(dir).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let mut version = None;
    for registry in entries(&from.join("cache")) {
        let registry = registry.file_name().unwrap().to_owned();
        let copy = |part: &Path| {
            let to = to.join(part);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(from.join(part), to).unwrap();
        };
        for part in entries(&from.join("cache").join(&registry)) {
            let file = part.file_name().unwrap().to_str().unwrap();
            let found = file
                .strip_prefix(&format!("{name}-"))
                .and_then(|it| it.strip_suffix(".crate"));
            let Some(found) = found else { continue };
            version = Some(found.to_owned());
            copy(&Path::new("cache").join(&registry).join(file));
            for file in ["config.json", index] {
                copy(&Path::new("index").join(&registry).join(file));
            }
        }
    }
    version.expect("this workspace needs the crate")
}

#[test]
fn cargo_builds_with_what_the_user_has_downloaded_and_changes_none_of_it() {
    let (api, sandbox) = real();
    add_programs(&sandbox, &["cargo", "rustc"]);
    let version = download(&sandbox, "cfg-if", ".cache/cf/g-/cfg-if");
    let manifest = format!(
        "[package]\nname = \"demo\"\nedition = \"2021\"\n[dependencies]\ncfg-if = \"={version}\"\n"
    );
    sandbox.write("Cargo.toml", manifest);
    sandbox.write(
        "src/lib.rs",
        "cfg_if::cfg_if! { if #[cfg(unix)] { pub fn demo() {} } }\n",
    );
    sandbox.write(
        "plain/Cargo.toml",
        "[package]\nname = \"plain\"\nedition = \"2021\"\n[workspace]\n",
    );
    sandbox.write(
        "plain/src/main.rs",
        "fn main() { println!(\"it runs\"); }\n",
    );
    let before = super::files(&sandbox.home().join(".cargo"));
    let build = "cargo build --offline && cd plain && cargo run -q --offline";
    let printed = printed(&api, &sandbox, build);
    assert!(printed.contains("Compiling cfg-if"), "{printed}");
    assert!(printed.ends_with("it runs"), "{printed}");
    assert_eq!(super::files(&sandbox.home().join(".cargo")), before);
    let scratch = sandbox.data_dir().root().join("scratch");
    assert_eq!(
        fs::read_dir(scratch).unwrap().count(),
        0,
        "it goes with the run"
    );
}

#[test]
fn npm_installs_beside_a_cache_that_it_cannot_write() {
    let (api, sandbox) = real();
    add_programs(&sandbox, &["npm", "node"]);
    sandbox.write(
        "dep/package.json",
        r#"{"name": "dep", "version": "1.0.0", "main": "dep.js"}"#,
    );
    sandbox.write("dep/dep.js", "console.log('it runs');\n");
    sandbox.write("package.json", r#"{"name": "demo", "version": "1.0.0"}"#);
    let npm = |args: &[&str]| {
        let npm = sandbox.command(&sandbox.bin().join("npm"));
        npm.args(args).run().success();
    };
    npm(&["pack", "./dep"]);
    npm(&["cache", "add", "./dep-1.0.0.tgz"]);
    let before = super::files(&sandbox.home().join(".npm/_cacache"));
    let install =
        "npm install --offline --no-audit --no-fund ./dep-1.0.0.tgz && node -e \"require('dep')\"";
    let printed = printed(&api, &sandbox, install);
    assert!(printed.contains("\nit runs"), "{printed}");
    assert_eq!(super::files(&sandbox.home().join(".npm/_cacache")), before);
}

#[test]
fn commands_write_and_know_what_the_user_allows() {
    let (api, mut sandbox) = real();
    sandbox.set_env("MYAPP_KEY", "known");
    sandbox.set_env("OTHER_KEY", "unknown");
    let shared = sandbox.home().join("shared");
    fs::create_dir(&shared).unwrap();
    let command =
        "echo \"$MYAPP_KEY$OTHER_KEY\" | tee ~/shared/made; echo \"in $npm_config_cache\"";
    let refused = printed(&api, &sandbox, command);
    assert!(!shared.join("made").exists(), "{refused}");
    assert!(
        !refused.contains("known") && refused.contains("in /"),
        "{refused}"
    );
    for (key, value) in [
        ("writable_paths", "~/shared, ~/.npm"),
        ("pass_env", "MYAPP_*"),
    ] {
        let set = ["config", "set", &format!("rescue.{key}"), value];
        sandbox.cc(set).run().success();
    }
    let allowed = printed(&api, &sandbox, command);
    assert_eq!(allowed, "known\nin", "the cache itself can be written");
    assert_eq!(fs::read_to_string(shared.join("made")).unwrap(), "known\n");
    for wrong in ["shared", "~other/x"] {
        sandbox
            .cc(["config", "set", "rescue.writable_paths", wrong])
            .run()
            .exits(2);
    }
}
