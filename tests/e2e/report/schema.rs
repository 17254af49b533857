//! What `--json` prints, held against the published schemas.

use cc_tests::fake::Run;
use cc_tests::{Sandbox, Scenario};
use serde_json::{Value, json};

use super::{finding, review};

/// Holds a document against the schema of that name.
pub(crate) fn check(name: &str, document: &Value) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema");
    let schema = std::fs::read_to_string(format!("{path}/{name}.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let errors: Vec<String> = schema
        .iter_errors(document)
        .map(|it| format!("{it:?}"))
        .collect();
    assert_eq!(errors, [""; 0], "{name}: {document:#}");
    assert!(!schema.is_valid(&json!({})), "{name} asks for nothing");
}

#[test]
fn every_document_has_its_published_shape() {
    let findings = [
        finding("src/lib.rs", [2, 2], "b", "r"),
        finding("src/lib.rs", [2, 90], "b", "r"),
        finding("src/gone.rs", [1, 1], "b", "r"),
    ];
    let answer = review(&findings);
    let sandbox = Sandbox::fake(&Scenario::structured(answer)).with_change();
    let json = |args: &[&str]| sandbox.cc(args).run().success().json();
    let adversarial = json(&["adversarial-review", "mind the sign", "--json", "--", "src"]);
    check("review", &adversarial);
    assert_eq!(adversarial["findings"].as_array().unwrap().len(), 3);
    sandbox.set_scenario(&Scenario::says("Fine."));
    let plain = json(&["review", "--json"]);
    check("review", &plain);
    assert!(
        plain.get("findings").is_none(),
        "a plain review has none to count"
    );
    check(
        "rescue",
        &json(&["rescue", "--read-only", "look", "--json"]),
    );
    let receipt = json(&["review", "--background", "--json"]);
    check("receipt", &receipt);
    let id = receipt["jobId"].as_str().unwrap();
    check("wait", &json(&["wait", id, "--json"]));
    check("result", &json(&["result", id, "--json"]));
    check("status-of-job", &json(&["status", id, "--json"]));
    check("status", &json(&["status", "--all", "--json"]));
    check("usage", &json(&["usage", "--json"]));
    sandbox.set_scenario(&Scenario::runs([Run::hangs()]));
    let hanging = json(&["review", "--background", "--json"]);
    let hanging = hanging["jobId"].as_str().unwrap();
    check("status", &json(&["status", "--json"]));
    check("status-of-job", &json(&["status", hanging, "--json"]));
    check("result", &json(&["result", hanging, "--json"]));
    check("cancel", &json(&["cancel", hanging, "--json"]));
    check("result", &json(&["result", hanging, "--json"]));
    sandbox.set_scenario(&Scenario::runs([Run::api_error(Some(400), "no")]));
    check(
        "review",
        &sandbox.cc(["review", "--json"]).run().exits(1).json(),
    );
    check(
        "rescue",
        &sandbox
            .cc(["rescue", "--read-only", "x", "--json"])
            .run()
            .exits(1)
            .json(),
    );
}

#[test]
fn so_have_the_documents_of_what_is_there() {
    let sandbox = Sandbox::fake(&Scenario::says("Fine.")).with_change();
    let json = |args: &[&str]| sandbox.cc(args).run().success().json();
    check("scope", &json(&["scope", "--json"]));
    sandbox.write("logo.png", b"\x89PNG\0\0");
    let scope = json(&["scope", "--json"]);
    assert_eq!(scope["notSeen"].as_array().unwrap().len(), 1, "{scope:#}");
    check("scope", &scope);
    check("config-list", &json(&["config", "list", "--json"]));
    sandbox
        .cc(["config", "set", "review.timeout", "90s"])
        .run()
        .success();
    check("config-list", &json(&["config", "list", "--json"]));
    check(
        "config-get",
        &json(&["config", "get", "review.timeout", "--json"]),
    );
    let unset = sandbox.cc(["config", "get", "review.model", "--json"]);
    check("config-get", &unset.run().exits(1).json());
    let setup = sandbox.cc(["setup", "--check", "--json"]).run().json();
    check("setup", &setup);
    let none = json(&["resume-candidate", "--json"]);
    assert_eq!(none["available"], false);
    check("resume-candidate", &none);
    sandbox.cc(["review"]).run().success();
    sandbox.cc(["rescue", "--read-only", "x"]).run().success();
    let found = json(&["resume-candidate", "--json"]);
    assert_eq!(found["available"], true, "{found:#}");
    check("resume-candidate", &found);
    check(
        "prune",
        &json(&["prune", "--keep", "0", "--dry-run", "--json"]),
    );
    check("prune", &json(&["prune", "--keep", "0", "--yes", "--json"]));
}
