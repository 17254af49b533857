//! SARIF as code hosts read it, held against the official schema and Microsoft's own validator.

use std::path::Path;
use std::process::Command;

use cc_tests::{Sandbox, peers};
use serde_json::{Value, json};

use super::{answering, finding, review};

fn log(sandbox: &Sandbox) -> Value {
    sandbox
        .cc(["result", "--format", "sarif"])
        .run()
        .success()
        .json()
}

#[test]
fn what_was_not_found_or_not_reviewed_is_a_notification() {
    let mut security = finding("src/lib.rs", [2, 2], "Somebody can.", "```\nopen");
    security["security"] = json!(true);
    let mut findings = vec![security, finding("src/lib.rs", [2, 90], "b", "r")];
    let nowhere = [
        "/etc/passwd",
        "//evil/x",
        "../../x",
        "src/gone.rs",
        ".git/config",
        "file:///x",
    ];
    findings.extend(nowhere.map(|file| finding(file, [1, 1], "b", "r")));
    let sandbox = answering(&review(&findings));
    sandbox.write("logo.png", b"\x89PNG\0\0");
    sandbox.cc(["adversarial-review"]).run().success();
    let log = log(&sandbox);
    let run = &log["runs"][0];
    let places = run["results"].as_array().unwrap().iter();
    let places: Vec<&Value> = places
        .map(|it| &it["locations"][0]["physicalLocation"])
        .collect();
    assert_eq!(places.len(), 2, "{log:#}");
    for place in &places {
        assert_eq!(place["artifactLocation"]["uri"], "src/lib.rs");
    }
    assert_eq!(places[0]["region"], json!({"startLine": 2, "endLine": 2}));
    assert_eq!(places[1].get("region"), None);
    let told = run["invocations"][0]["toolExecutionNotifications"]
        .as_array()
        .unwrap();
    let told: Vec<&str> = told
        .iter()
        .filter_map(|it| it["message"]["text"].as_str())
        .collect();
    assert!(told[0].starts_with("logo.png: binary"), "{told:?}");
    for file in nowhere {
        let named = told
            .iter()
            .filter(|text| text.contains(&format!("; {file}:1)")));
        assert_eq!(named.count(), 1, "{file}: {told:?}");
    }
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let security = |rule: &&Value| rule["properties"].get("security-severity").is_some();
    let ids: Vec<&Value> = rules
        .iter()
        .filter(security)
        .map(|rule| &rule["id"])
        .collect();
    assert_eq!(ids, ["cc/security-high"]);
}

#[test]
fn the_validator_and_the_schema_accept_it() {
    let tool = peers::sarif_multitool();
    let findings = [
        finding(
            "src/lib.rs",
            [2, 2],
            "It is `-`.\n\n```rust\na - b\n```",
            "Use `+`.",
        ),
        finding("src/gone.rs", [1, 1], "b", "r"),
    ];
    for findings in [&findings[..], &[]] {
        let sandbox = answering(&review(findings));
        sandbox.write("logo.png", b"\x89PNG\0\0");
        sandbox.cc(["adversarial-review"]).run().success();
        let file = sandbox.tmp().join("cc.sarif");
        std::fs::write(&file, log(&sandbox).to_string()).unwrap();
        assert_eq!(complaints(&tool, &file), [""; 0]);
        let schema = std::fs::read_to_string(tool.join("sarif-2.1.0.json")).unwrap();
        let schema = serde_json::from_str(&schema).unwrap();
        let schema = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> = schema
            .iter_errors(&log(&sandbox))
            .map(|it| it.to_string())
            .collect();
        assert_eq!(errors, [""; 0]);
        // Both complain where there is a reason.
        let mut broken = log(&sandbox);
        broken["runs"][0]["columnKind"] = json!("bytes");
        assert!(!schema.is_valid(&broken));
        let mut incomplete = log(&sandbox);
        let driver = incomplete["runs"][0]["tool"]["driver"].as_object_mut();
        driver.unwrap().remove("informationUri");
        std::fs::write(&file, incomplete.to_string()).unwrap();
        assert_ne!(complaints(&tool, &file), [""; 0]);
    }
}

/// The errors and warnings of the validator, which holds the file against the schema too, with the rules of
/// GitHub's code scanning.
fn complaints(tool: &Path, file: &Path) -> Vec<String> {
    let output = file.with_extension("validated");
    let status = Command::new(tool.join("Sarif.Multitool"))
        .args([
            "validate",
            "--rule-kind",
            "Sarif;Ghas",
            "--level",
            "Error;Warning",
            "--log",
            "ForceOverwrite",
        ])
        .arg("--json-schema")
        .arg(tool.join("sarif-2.1.0.json"))
        .arg("--output")
        .arg(&output)
        .arg(file)
        .env_clear()
        .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1")
        .env("DOTNET_BUNDLE_EXTRACT_BASE_DIR", file.parent().unwrap())
        .output()
        .unwrap();
    let text =
        std::fs::read_to_string(&output).unwrap_or_else(|error| panic!("{error}: {status:?}"));
    let log: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
    let results = log["runs"][0]["results"].as_array().into_iter().flatten();
    results
        .map(|result| format!("{} {}", result["ruleId"], result["message"]))
        .collect()
}
