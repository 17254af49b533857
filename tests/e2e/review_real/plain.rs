//! Plain reviews: what Claude is sent, and what its reader gets.

use cc_tests::messages_api::Request;
use cc_tests::{Block, MessagesApi, Sandbox, Turn};
use insta::assert_snapshot;
use serde_json::json;

use super::SOON;

const ANSWER: &str = "This cannot be merged: `add` subtracts.\n\n\
                      ### [high] src/lib.rs:2 — `add` subtracts\n\n\
                      Every caller gets the difference. Put the `+` back.";

/// A Claude that looks at the change with git, then answers.
fn reviewer() -> MessagesApi {
    let look = Block::tool("mcp__git__diff", json!({"from": "HEAD", "stat": true}));
    let look = Turn::blocks([Block::text("I will look at the change first."), look]);
    MessagesApi::start([look, Turn::text(ANSWER)])
}

#[test]
fn a_review_prints_the_answer_and_keeps_it_as_a_job() {
    let api = reviewer();
    let sandbox = Sandbox::real(&api).with_change();
    let output = sandbox.cc(["review"]).run();
    assert_snapshot!(sandbox.transcript(&output), @"
    exit 0
    --- stdout
    # Review of uncommitted changes

    This cannot be merged: `add` subtracts.

    ### [high] src/lib.rs:2 — `add` subtracts

    Every caller gets the difference. Put the `+` back.

    ---
    Reviewed: uncommitted changes · branch `main` at `960b4d50c5d9`
    Job `<review 1>` · claude-opus-5-5 · Claude Code <claude> · 13.0k tokens in, 84 out · $0.02 · <n>s
    --- stderr
    [cc] Review of uncommitted changes: job <review 1> (cancel it with: cc-cli cancel <review 1>)
    ");
    assert_snapshot!(sandbox.redact(&sandbox.log()), @"
    <time> Review of uncommitted changes started
    <time> Claude Code <claude> started, model claude-opus-5-5
    <time> says: I will look at the change first.
    <time> git diff HEAD
    <time> says: This cannot be merged: `add` subtracts. ### [high] src/lib.rs:2 — `add` subtracts Every caller gets the difference. Put the `+` back.
    <time> completed
    ");
    let record = format!("{:#}", sandbox.record());
    assert_snapshot!("the_record_of_a_plain_review", sandbox.redact(&record));
    assert!(api.requests()[1].tool_results()[0].contains("src/lib.rs | 2 +-"));
    let again = sandbox.cc(["result"]).run().success();
    assert_eq!(again.stdout, output.stdout);
}

#[test]
fn the_first_request_is_small_and_offers_reading_and_git() {
    let api = reviewer();
    let sandbox = Sandbox::real(&api).with_change();
    sandbox.cc(["review"]).run().success();
    let request = api.wait_for_request(1, SOON);
    let mut tools = request.tools();
    tools.sort_unstable();
    let expected = ["blame", "diff", "grep", "log", "ls-files", "show", "status"];
    let expected = expected.map(|tool| format!("mcp__git__{tool}"));
    assert_eq!(tools[..2], ["Grep", "Read"]);
    assert_eq!(tools[2..], expected);
    let diff = sandbox.git(["diff"]).len();
    assert!(request.bytes <= 16_000 + diff, "{} bytes", request.bytes);
    assert_snapshot!("what_claude_is_asked", sandbox.redact(&request.prompt()));
}

#[test]
fn a_background_review_gives_a_receipt_is_waited_for_and_read() {
    let api = MessagesApi::start([Turn::text(ANSWER)]);
    let sandbox = Sandbox::real(&api).with_change();
    let receipt = sandbox.cc(["review", "--background"]).run();
    assert_snapshot!(sandbox.transcript(&receipt), @"
    exit 0
    --- stdout
    Review of uncommitted changes started in the background: 1 file, +1 −1

      cc-cli status <review 1>   check progress
      cc-cli wait <review 1>     wait for it
      cc-cli result <review 1>   show the result
    ");
    let id = sandbox.job();
    let waited = sandbox.cc(["wait", id.as_str()]).run();
    assert_snapshot!(sandbox.transcript(&waited), @"
    exit 0
    --- stdout
    <review 1>  completed  This cannot be merged: `add` subtracts.
    ");
    let unread = sandbox.cc(["status"]).run();
    assert_snapshot!(sandbox.transcript(&unread), @"
    exit 0
    --- stdout
    Finished
      <review 1>*  completed  <n>s ago  $0.01  Review of uncommitted changes  This cannot be merged: `add` subtracts.

    * not read yet: cc-cli result <review 1>

    Last 24 hours in this workspace: 1 job, 6.5k tokens in, 42 out, $0.01
    ");
    let result = sandbox.cc(["result"]).run();
    assert_snapshot!(sandbox.transcript(&result), @"
    exit 0
    --- stdout
    # Review of uncommitted changes

    This cannot be merged: `add` subtracts.

    ### [high] src/lib.rs:2 — `add` subtracts

    Every caller gets the difference. Put the `+` back.

    ---
    Reviewed: uncommitted changes · branch `main` at `960b4d50c5d9`
    Job `<review 1>` · claude-opus-5-5 · Claude Code <claude> · 6.5k tokens in, 42 out · $0.01 · <n>s
    ");
    let read = sandbox.cc(["status"]).run();
    assert_snapshot!(sandbox.transcript(&read), @"
    exit 0
    --- stdout
    Finished
      <review 1>  completed  <n>s ago  $0.01  Review of uncommitted changes  This cannot be merged: `add` subtracts.

    Last 24 hours in this workspace: 1 job, 6.5k tokens in, 42 out, $0.01
    ");
    sandbox.wait_quiet(SOON);
}

#[test]
fn of_two_mib_claude_sees_what_fits_and_everybody_is_told_the_rest() {
    let api = MessagesApi::start([Turn::text("Nothing stands against it.")]);
    let sandbox = Sandbox::real(&api);
    sandbox.write("small.txt", "one\n");
    sandbox.commit("Begin");
    sandbox.write("small.txt", "two\n");
    sandbox.write("huge.txt", "a line of generated text\n".repeat(60_000));
    for number in 0..12 {
        let content = format!("part {number}\n").repeat(5_000);
        sandbox.write(&format!("parts/{number:02}.txt"), content);
    }
    sandbox.git(["add", "."]);
    let output = sandbox.cc(["review"]).run();
    assert_snapshot!(sandbox.transcript(&output), @"
    exit 0
    --- stdout
    # Review of uncommitted changes

    Nothing stands against it.

    ## Not reviewed

    - huge.txt: too large (1.6 MB; at most 65 kB of a file is shown)
    - parts/06.txt: left out (40 kB), the diff as a whole is too large
    - parts/07.txt: left out (40 kB), the diff as a whole is too large
    - parts/08.txt: left out (40 kB), the diff as a whole is too large
    - parts/09.txt: left out (40 kB), the diff as a whole is too large
    - parts/10.txt: left out (45 kB), the diff as a whole is too large
    - parts/11.txt: left out (45 kB), the diff as a whole is too large

    ---
    Reviewed: uncommitted changes · branch `main` at `adb6b81cf27b`
    Job `<review 1>` · claude-opus-5-5 · Claude Code <claude> · 6.5k tokens in, 42 out · $0.01 · <n>s
    --- stderr
    Large change: about 69.6k tokens in the first request (an estimate)
    [cc] Review of uncommitted changes: job <review 1> (cancel it with: cc-cli cancel <review 1>)
    ");
    let request = api.wait_for_request(1, SOON);
    assert!(request.bytes < 16_000 + 300_000, "{} bytes", request.bytes);
    let prompt = request.prompt();
    assert!(prompt.contains("+two\n") && !prompt.contains("generated text"));
    assert_snapshot!(sandbox.redact(&left_out(&request)), @"
    Not in the diff above:
    <<<LEFT OUT <mark>
    - huge.txt: too large (1.6 MB; at most 65 kB of a file is shown)
    - parts/06.txt: left out (40 kB), the diff as a whole is too large
    - parts/07.txt: left out (40 kB), the diff as a whole is too large
    - parts/08.txt: left out (40 kB), the diff as a whole is too large
    - parts/09.txt: left out (40 kB), the diff as a whole is too large
    - parts/10.txt: left out (45 kB), the diff as a whole is too large
    - parts/11.txt: left out (45 kB), the diff as a whole is too large
    LEFT OUT <mark>>>>

    To see more of it: the tool `diff` with from = adb6b81cf27b1c3f554f00cd2472b84442f4bb9f, and paths
    ");
}

/// The part of the prompt that tells what the diff does not hold, to the end.
fn left_out(request: &Request) -> String {
    let prompt = request.prompt();
    let at = prompt.find("Not in the diff above").expect("it is told");
    prompt[at..].to_owned()
}
