//! A result that nobody has read reaches the model of its session with the next prompt, once.

use cc_tests::peers::HOOKED;
use cc_tests::responses_api::Request;
use cc_tests::{ResponsesApi, Sandbox};

use super::hooked;

/// A review in this session whose result nobody reads, and which tells nobody by itself; its id.
fn unread(sandbox: &Sandbox, session: &str) -> String {
    let quiet = ["config", "set", "jobs.notify", "false"];
    sandbox.cc(quiet).run().success();
    let review = sandbox.cc(["review", "--view-state", "defer", "--json"]);
    let review = review.env("CODEX_THREAD_ID", session).run().success();
    review.json()["jobId"].as_str().unwrap().to_owned()
}

/// How often the model was told of the job.
fn told(request: &Request, job: &str) -> usize {
    let news = request.developer_texts();
    let news = news.iter().filter(|text| text.contains(job));
    news.filter(|text| text.contains("nobody has read the result"))
        .count()
}

#[test]
fn in_a_living_session() {
    for codex in HOOKED {
        let api = ResponsesApi::start([]);
        let sandbox = hooked(codex, &api);
        let mut server = sandbox.app_server();
        let thread = server.start_thread();
        server.turn(&thread, "prompt A");
        let job = unread(&sandbox, &thread);

        let other = server.start_thread();
        server.turn(&other, "prompt of another session");
        assert_eq!(told(&api.last_request(), &job), 0, "{codex}");

        server.turn(&thread, "prompt B");
        let request = api.last_request();
        assert_eq!(told(&request, &job), 1, "{codex}: {request:#?}");
        let is_last = |text: &str| {
            let last = request.items().last().map(ToString::to_string);
            last.is_some_and(|last| last.contains(text))
        };
        assert!(is_last("No findings."), "{codex}: {:#?}", request.items());

        server.turn(&thread, "prompt C");
        let request = api.last_request();
        assert_eq!(told(&request, &job), 1, "{codex}: once, in the history");
        assert!(request.user_texts().last().unwrap().contains("prompt C"));
        assert_eq!(sandbox.record()["id"], job.as_str());
        assert!(sandbox.record()["notifiedAt"].is_string());
        assert!(sandbox.record()["resultViewedAt"].is_null());
        let runs = server.hook_runs();
        assert!(runs.iter().all(|run| run.status == "completed"), "{runs:?}");
    }
}

#[test]
fn in_a_session_that_is_taken_up_again() {
    for codex in HOOKED {
        let api = ResponsesApi::start([]);
        let sandbox = hooked(codex, &api);
        let output = sandbox.codex(["exec", "prompt A"]).run().success();
        let session = output.codex_session();
        let job = unread(&sandbox, session);
        let resume = |prompt: &str| {
            let resume = ["exec", "resume", session, prompt];
            sandbox.codex(resume).run().success();
            told(&api.last_request(), &job)
        };
        assert_eq!(
            resume("I want $cc:status now"),
            0,
            "{codex}: it asks itself"
        );
        assert_eq!(resume("prompt B"), 1, "{codex}");
        assert_eq!(resume("prompt C"), 1, "{codex}: once, in the history");
    }
}

#[test]
fn beside_a_warning_that_the_gate_cannot_work() {
    for codex in HOOKED {
        let api = ResponsesApi::start([]);
        let sandbox = hooked(codex, &api);
        let enable = ["setup", "--enable-review-gate"];
        sandbox.cc(enable).run().success();
        let mut server = sandbox.app_server();
        let thread = server.start_thread();
        let session = cc_core::SessionId::parse(&thread).unwrap();
        std::fs::create_dir(sandbox.state_dir().turn_baseline(&session)).unwrap();
        let job = unread(&sandbox, &thread);
        server.turn(&thread, "prompt A");
        assert_eq!(told(&api.last_request(), &job), 1, "{codex}");
        let warnings = server.hook_warnings();
        let told = warnings.first().expect("a warning");
        assert!(told.contains("turn-baseline"), "{codex}: {warnings:?}");
    }
}
