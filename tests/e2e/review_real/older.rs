//! The older versions of Claude Code that people still have.

use cc_tests::{MessagesApi, Sandbox, Turn, peers};
use serde_json::json;

#[test]
fn reviews_work_with_older_versions() {
    for peer in &peers::claudes()[1..] {
        let binary = peer.ensure().unwrap();
        let findings = json!({"verdict": "approve", "summary": "Nothing to say.", "findings": [], "next_steps": []});
        let api = MessagesApi::start([
            Turn::text("Fine as it is."),
            Turn::tool("StructuredOutput", findings),
        ]);
        let sandbox = Sandbox::real_at(&binary, &api).with_change();
        let plain = sandbox.cc(["review"]).run().success();
        assert!(
            plain.stdout.contains("Fine as it is."),
            "{peer}: {}",
            plain.stdout
        );
        let structured = sandbox
            .cc(["adversarial-review", "--json"])
            .run()
            .success()
            .json();
        assert_eq!(structured["result"]["verdict"], "approve", "{peer}");
        let version = structured["claude"]["version"].as_str().unwrap().to_owned();
        assert!(
            peer.to_string().ends_with(&version),
            "{peer} says it is {version}"
        );
    }
}
