//! Each kind of Codex is installed into, seen as good, and left as it was.

use super::world::World;

const CONFIG: &str = "# mine\nmodel = \"x\"\n";
const HOOKS: &str = "{\"hooks\": {\"PreToolUse\": []}}";

/// Installs, checks what `status` says of the ways, and uninstalls without a trace.
fn check(mode: &str, plugin_way: &str, hooks_way: &str, trusted: &str) {
    let world = World::new(mode);
    world.write("codex/config.toml", CONFIG);
    world.write("codex/hooks.json", HOOKS);
    let before = world.files();
    let did = world.install();
    assert!(did.ok, "{mode}: {}", did.stdout);
    let status = world.status();
    assert_eq!(status["problems"], serde_json::json!([]), "{mode}");
    assert_eq!(status["plugin"]["way"], plugin_way, "{mode}");
    assert_eq!(status["hooks"]["way"], hooks_way, "{mode}");
    assert_eq!(status["hooks"]["trusted"], trusted, "{mode}");
    assert_eq!(status["hooks"]["double"], false, "{mode}");
    let again = world.run(&["install", "--yes"]);
    assert!(
        again.ok && again.stdout.contains("cc 0.1.0 is installed"),
        "{mode}: {}",
        again.stdout
    );
    let gone = world.run(&["uninstall", "--yes"]);
    assert!(gone.ok, "{mode}: {}", gone.stdout);
    assert_eq!(world.files(), before, "{mode}");
    assert_eq!(
        world.read("codex/config.toml").as_deref(),
        Some(CONFIG),
        "{mode}"
    );
    assert_eq!(
        world.read("codex/hooks.json").as_deref(),
        Some(HOOKS),
        "{mode}"
    );
    assert!(!world.path("programs").exists(), "{mode}");
}

#[test]
fn a_codex_that_runs_the_hooks_of_plugins() {
    check("", "plugin", "native", "all");
}

#[test]
fn a_codex_that_lists_hooks_but_not_those_of_plugins() {
    check("no-plugin-hooks", "plugin", "user", "all");
}

#[test]
fn a_codex_without_a_list_of_hooks_and_without_marketplaces() {
    check(
        "no-hooks-list no-marketplaces",
        "plugin",
        "user",
        "notNeeded",
    );
}

#[test]
fn a_codex_with_hooks_switched_off() {
    check("no-hooks-list flag-off", "plugin", "user", "notNeeded");
}

#[test]
fn a_codex_that_takes_plugins_by_its_command_line_only() {
    check("no-rpc", "plugin", "native", "all");
}

#[test]
fn a_codex_without_plugins() {
    check(
        "no-rpc no-cli no-hooks-list",
        "wrappers",
        "user",
        "notNeeded",
    );
}

#[test]
fn skills_among_the_users_own_have_names_of_their_own() {
    let world = World::new("no-rpc no-cli no-hooks-list");
    assert!(world.install().ok);
    let skill = world.read("codex/skills/cc-rescue/SKILL.md").unwrap();
    assert!(
        skill.contains("\nname: cc-rescue\n") && skill.contains("$cc-setup"),
        "{skill}"
    );
    assert!(
        skill.contains(
            &world
                .path("programs/cc-cli codex rescue")
                .display()
                .to_string()
        )
    );
    assert!(!skill.contains("$cc:"));
}

#[test]
fn hooks_move_to_the_plugin_when_codex_learns_to_run_them() {
    let world = World::new("no-plugin-hooks");
    assert!(world.install().ok);
    assert_eq!(world.status()["hooks"]["way"], "user");
    assert!(world.read("codex/hooks.json").is_some());
    // A newer Codex lists the hooks that the plugin brings, once it brings some.
    world.set_mode("newer");
    let did = world.run(&["update", "--yes", "--trust-hooks"]);
    assert!(did.ok, "{}", did.stdout);
    let status = world.status();
    assert_eq!(status["hooks"]["way"], "native", "{status:#}");
    assert_eq!(status["hooks"]["trusted"], "all");
    assert_eq!(
        world.read("codex/hooks.json"),
        None,
        "the file was ours alone"
    );
}

#[test]
fn skills_move_to_the_plugin_when_codex_learns_to_take_plugins() {
    let world = World::new("no-rpc no-cli no-hooks-list");
    assert!(world.install().ok);
    assert!(world.read("codex/skills/cc-rescue/SKILL.md").is_some());
    world.set_mode("newer");
    let did = world.run(&["update", "--yes", "--trust-hooks"]);
    assert!(did.ok, "{}", did.stdout);
    let status = world.status();
    assert_eq!(status["plugin"]["way"], "plugin", "{status:#}");
    assert_eq!(status["hooks"]["way"], "native", "{status:#}");
    assert!(
        !world.path("codex/skills").exists(),
        "never both ways at once"
    );
    assert_eq!(world.read("codex/hooks.json"), None);
}
