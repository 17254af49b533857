//! The task reaches Claude as it was typed.

#[cfg(unix)] // The real Claude.
mod real;

use std::fs;

use cc_tests::fake::Call;
use cc_tests::sandbox::Cmd;
use cc_tests::{Sandbox, Scenario};

use super::ACCESS;

/// What a shell, a terminal, a template or Claude itself could take for more than text.
const HOSTILE: &str = "two  spaces\t'single' \"double\" `tick` $(touch owned) ${HOME} \\ %s %00 ; & | > x *\r\n\
                       --model evil -- - @/etc/passwd !ls #note \u{1b}[31m \u{202e} \u{feff} é 日本 🦀\n\n  end  \n";

/// What the system says of a file that is not there; Windows words it in the language of the user.
const NOT_THERE: &str = if cfg!(windows) {
    "(os error 2)"
} else {
    "No such file"
};

fn sandbox() -> Sandbox {
    Sandbox::fake(&Scenario::says("Done.")).with_change()
}

/// What Claude read on its standard input for this call.
#[track_caller]
fn told(sandbox: &Sandbox, call: Cmd<'_>) -> String {
    call.run().success();
    let mut calls = sandbox.claude_calls().into_iter();
    calls.rfind(Call::is_run).expect("Claude was called").stdin
}

/// What is said about a call that handed nothing over.
#[track_caller]
fn refused(sandbox: &Sandbox, call: Cmd<'_>) -> String {
    let output = call.run().exits(2);
    assert!(sandbox.records().is_empty() && sandbox.claude_calls().is_empty());
    output.stderr
}

#[test]
fn one_argument_is_the_task_and_several_are_joined_by_spaces() {
    let sandbox = sandbox();
    assert_eq!(
        told(&sandbox, sandbox.cc(["rescue", ACCESS, HOSTILE])),
        HOSTILE
    );
    let several = ["task", ACCESS, "fix  this", "", "and\nthat", "'x'"];
    assert_eq!(
        told(&sandbox, sandbox.cc(several)),
        "fix  this  and\nthat 'x'"
    );
    assert!(!sandbox.repo().join("owned").exists());
}

#[test]
fn what_follows_two_dashes_is_text() {
    let sandbox = sandbox();
    let call = sandbox.cc(["rescue", "--read-only", "--", "--model", "opus", "--", "-C"]);
    assert_eq!(told(&sandbox, call), "--model opus -- -C");
    let run = sandbox.claude_calls().pop().unwrap();
    assert!(!run.args.iter().any(|arg| arg.contains("opus")));
    let fresh = self::sandbox();
    let said = refused(&fresh, fresh.cc(["rescue", "fix", "--the", "bug"]));
    assert!(said.contains("unexpected argument `--the`"), "{said}");
}

#[test]
fn a_file_is_the_task_byte_for_byte() {
    let sandbox = sandbox();
    let mut text = String::from("\u{feff}/begin\0");
    while text.len() < 200 << 10 {
        text.push_str(HOSTILE);
    }
    let file = sandbox.tmp().join("task with spaces.txt");
    fs::write(&file, &text).unwrap();
    let call = sandbox
        .cc(["rescue", ACCESS, "--prompt-file"])
        .args([&file])
        .cwd(sandbox.tmp());
    let call = call.args(["-C", sandbox.repo().to_str().unwrap()]);
    assert!(told(&sandbox, call).ends_with(&text));
    let from_stdin = sandbox
        .cc(["rescue", ACCESS, "--prompt-file", "-"])
        .stdin(HOSTILE);
    assert_eq!(told(&sandbox, from_stdin), HOSTILE);
}

#[test]
fn a_task_that_cannot_be_read_is_reported_with_its_reason() {
    let sandbox = sandbox();
    let file = sandbox.tmp().join("latin1.txt");
    fs::write(&file, b"caf\xe9").unwrap();
    let file = file.to_str().unwrap();
    let said = refused(&sandbox, sandbox.cc(["rescue", "--prompt-file", file]));
    assert!(said.contains(file) && said.contains("UTF-8"), "{said}");
    let said = refused(&sandbox, sandbox.cc(["rescue"]).stdin(b"caf\xe9".to_vec()));
    assert!(
        said.contains("standard input") && said.contains("UTF-8"),
        "{said}"
    );
    let said = refused(
        &sandbox,
        sandbox.cc(["rescue", "--prompt-file", "nowhere.txt"]),
    );
    assert!(
        said.contains("nowhere.txt") && said.contains(NOT_THERE),
        "{said}"
    );
    for nothing in ["", " \n\t"] {
        let said = refused(&sandbox, sandbox.cc(["rescue"]).stdin(nothing));
        assert!(
            said.contains("there is no task") && said.contains("cc-cli rescue 'TASK'"),
            "{said}"
        );
    }
}

#[test]
fn words_are_never_dropped_for_a_file() {
    let sandbox = sandbox();
    fs::write(sandbox.tmp().join("task.txt"), "From the file.").unwrap();
    let file = sandbox.tmp().join("task.txt");
    let file = file.to_str().unwrap();
    for words in [&["and this"][..], &["--resume", "and this"]] {
        let call = sandbox.cc(["rescue", "--prompt-file", file]).args(words);
        let said = refused(&sandbox, call);
        assert!(said.contains("--prompt-file"), "{words:?}: {said}");
    }
}

#[test]
fn standard_input_may_come_late_and_in_pieces() {
    let sandbox = sandbox();
    // Larger than a pipe, so that each piece only goes through while somebody reads.
    let piece = "é and more\n".repeat(20_000);
    let call = sandbox.cc(["rescue", ACCESS]);
    let mut call = call.stdin_stays_open().spawn();
    for _ in 0..3 {
        assert!(!call.has_ended(), "{call}");
        call.say(&piece);
    }
    call.close_stdin();
    call.wait().success();
    assert_eq!(sandbox.claude_calls().pop().unwrap().stdin, piece.repeat(3));
}

#[test]
fn standard_input_is_taken_up_to_ten_mebibytes() {
    let most = "0123456789abcde\n".repeat((10 << 20) / 16);
    let sandbox = sandbox();
    assert!(told(&sandbox, sandbox.cc(["rescue", ACCESS]).stdin(most.clone())) == most);
    assert!(sandbox.records()[0]["title"].as_str().unwrap().len() < 200);
    let fresh = self::sandbox();
    let said = refused(&fresh, fresh.cc(["rescue"]).stdin(format!("{most}!")));
    assert!(said.contains("at most 10485760"), "{said}");
}
