//! The edges between the crates, as ARCHITECTURE.md draws them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Each crate of the product with the crates it may need; edges point down only.
const MAY_NEED: [(&str, &[&str]); 9] = [
    ("cc-codex-core", &[]),
    ("cc-codex-plugin", &[]),
    ("cc-codex-git", &["cc-codex-core"]),
    ("cc-codex-claude", &["cc-codex-core"]),
    ("cc-codex-jobs", &["cc-codex-core"]),
    (
        "cc-codex-workflows",
        &[
            "cc-codex-git",
            "cc-codex-claude",
            "cc-codex-jobs",
            "cc-codex-core",
        ],
    ),
    (
        "cc-codex-cli",
        &[
            "cc-codex-workflows",
            "cc-codex-git",
            "cc-codex-claude",
            "cc-codex-jobs",
            "cc-codex-core",
        ],
    ),
    (
        "cc-codex-hooks",
        &[
            "cc-codex-workflows",
            "cc-codex-git",
            "cc-codex-claude",
            "cc-codex-jobs",
            "cc-codex-core",
        ],
    ),
    (
        "cc-installer",
        &[
            "cc-codex-cli",
            "cc-codex-hooks",
            "cc-codex-plugin",
            "cc-codex-core",
        ],
    ),
];

/// Crates that build and test the product and are never shipped.
const TOOLS: [&str; 3] = ["cc-codex-executable", "cc-tests", "xtask"];

/// The one of them that the tests of any crate may need.
const TESTS_MAY_NEED: &str = "cc-codex-executable";

#[test]
fn edges_point_down_only() {
    let packages = packages();
    let names: BTreeSet<&str> = packages.iter().map(name).collect();
    for package in &packages {
        let name = name(package);
        if TOOLS.contains(&name) {
            continue;
        }
        let allowed = MAY_NEED.iter().find(|(other, _)| *other == name);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{name} has no place in the layers"));
        for needed in package["dependencies"].as_array().unwrap() {
            // Dependencies of every kind: a test that reaches up is an edge as well.
            let wanted = needed["req"].as_str().unwrap();
            let only_for_tests = needed["kind"] == "dev";
            let needed = needed["name"].as_str().unwrap();
            let ours = names.contains(needed);
            // Others have published under some of these names, in newer versions.
            let exact = format!("={}", env!("CARGO_PKG_VERSION"));
            assert!(
                !ours || wanted == exact,
                "{name} takes any {needed} {wanted}"
            );
            assert!(
                !ours || allowed.contains(&needed) || only_for_tests && needed == TESTS_MAY_NEED,
                "{name} must not need {needed}"
            );
        }
    }
}

/// They are published together, under names that nobody else has; the manifest of the plugin has their version
/// too (`plugin/src/tests.rs`).
#[test]
fn packages_have_one_family_of_names_and_one_version_that_the_changelog_knows() {
    let version = env!("CARGO_PKG_VERSION");
    for package in packages() {
        let name = name(&package);
        assert_eq!(package["version"], version, "{name}");
        let is_alone = ["cc-installer", "cc-tests", "xtask"].contains(&name);
        assert!(is_alone || name.starts_with("cc-codex-"), "{name}");
    }
    let changes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../CHANGELOG.md");
    let changes = std::fs::read_to_string(changes).unwrap();
    let latest = changes.lines().find_map(|line| line.strip_prefix("## "));
    let latest = latest.expect("a heading for each version");
    assert!(
        latest == "Not released" || latest.starts_with(version),
        "{latest}"
    );
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap()
}

/// The packages of the workspace.
pub(crate) fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}
