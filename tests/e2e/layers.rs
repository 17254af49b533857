//! The edges between the crates, as ARCHITECTURE.md draws them.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// Each crate of the product with the crates it may need; edges point down only.
const MAY_NEED: [(&str, &[&str]); 9] = [
    ("cc-core", &[]),
    ("cc-plugin", &[]),
    ("cc-git", &["cc-core"]),
    ("cc-claude", &["cc-core"]),
    ("cc-jobs", &["cc-core"]),
    (
        "cc-workflows",
        &["cc-git", "cc-claude", "cc-jobs", "cc-core"],
    ),
    (
        "cc-cli",
        &["cc-workflows", "cc-git", "cc-claude", "cc-jobs", "cc-core"],
    ),
    (
        "cc-hooks",
        &["cc-workflows", "cc-git", "cc-claude", "cc-jobs", "cc-core"],
    ),
    (
        "cc-installer",
        &["cc-cli", "cc-hooks", "cc-plugin", "cc-core"],
    ),
];

/// Crates that build and test the product and are never shipped.
const TOOLS: [&str; 3] = ["cc-executable", "cc-tests", "xtask"];

/// The one of them that the tests of any crate may need.
const TESTS_MAY_NEED: &str = "cc-executable";

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
