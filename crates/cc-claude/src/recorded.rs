//! Every recorded stream, played through the parser and the digest.
//!
//! The snapshots are the specification by example: read them against the rule in
//! `digest/text.rs` and the classes in `digest/failure.rs`.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::FailureClass;

use crate::digest::OutcomeBuilder;
use crate::outcome::{Exit, Interrupted};
use crate::stream::Parser;
use crate::{End, Outcome, Progress};

const VERSIONS: [&str; 2] = ["2.1.197", "2.1.330"];

fn fixtures(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(version)
}

fn cases(version: &str) -> Vec<String> {
    let files = fs::read_dir(fixtures(version)).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut cases: Vec<_> = names
        .filter_map(|name| Some(name.strip_suffix(".jsonl")?.to_owned()))
        .collect();
    cases.sort();
    cases
}

struct Played {
    outcome: Outcome,
    progress: Vec<Progress>,
}

fn play(version: &str, case: &str, interrupted: Option<Interrupted>) -> Played {
    let directory = fixtures(version);
    let meta = fs::read(directory.join(format!("{case}.meta.json"))).unwrap_or(b"{}".into());
    let meta: serde_json::Value = serde_json::from_slice(&meta).unwrap();
    let code = meta["code"]
        .as_i64()
        .map(|code| i32::try_from(code).unwrap());
    let exit = Exit {
        code: code.filter(|code| *code >= 0),
        signal: code.filter(|code| *code < 0).map(|code| -code),
        stderr: meta["stderr"].as_str().unwrap_or_default().to_owned(),
        interrupted,
    };
    let mut digest = OutcomeBuilder::new(meta["structured"] == true, None);
    let mut parser = Parser::new();
    let mut progress = Vec::new();
    let stream = fs::read(directory.join(format!("{case}.jsonl"))).unwrap();
    // An odd size, so that lines are cut everywhere.
    for bytes in stream.chunks(997) {
        parser.push(bytes, &mut |event| progress.extend(digest.on(&event)));
    }
    parser.finish(&mut |event| progress.extend(digest.on(&event)));
    Played {
        outcome: digest.conclude(&exit),
        progress,
    }
}

/// What a run amounts to, in few lines; what is empty is left out.
fn show(case: &str, played: &Played) -> String {
    let Outcome { end, report } = &played.outcome;
    let mut out = format!("{case}\n");
    let mut say = |what: &str, text: String| {
        if !text.is_empty() {
            writeln!(out, "    {what:<9} {text}").unwrap();
        }
    };
    say(
        "end",
        match end {
            End::Completed => "completed".into(),
            End::Cancelled => "cancelled".into(),
            End::Failed(failure) => {
                let retry = failure.retry_at.map(|at| format!(" (retry at {at})"));
                let retry = retry.unwrap_or_default();
                format!("{:?}: {:?}{retry}", failure.class, failure.detail)
            }
        },
    );
    let text = &report.text;
    let tail = if text.len() > 100 {
        format!(" … {} bytes", text.len())
    } else {
        String::new()
    };
    say(
        "text",
        format!("{:?}{tail}", cc_core::text::head(text, 100)),
    );
    for part in &report.earlier {
        say("earlier", format!("{part:?}"));
    }
    say("refused", report.refused.clone().unwrap_or_default());
    if let Some(why) = report.incomplete {
        say("text", format!("incomplete: {why:?}"));
    }
    let structured = report.structured.as_ref();
    say(
        "structured",
        structured
            .map(|value| value["verdict"].to_string())
            .unwrap_or_default(),
    );
    let usage = report.usage;
    let cost = report
        .cost_usd
        .map_or("no price".into(), |cost| format!("${cost:.6}"));
    say(
        "usage",
        format!(
            "in {} out {} cache {}+{}, {cost}, {} turns",
            usage.input_tokens,
            usage.output_tokens,
            usage.cache_read_input_tokens,
            usage.cache_creation_input_tokens,
            report.turns
        ),
    );
    let names = [&report.model, &report.claude_version].map(|name| name.as_deref().unwrap_or("-"));
    let thread = report.thread.as_ref().map_or("no thread", |_| "thread");
    say("by", format!("{} {} {thread}", names[0], names[1]));
    for denial in &report.denials {
        say("denied", format!("{}: {}", denial.tool, denial.detail));
    }
    say("touched", report.touched.join(" "));
    let retries = played
        .progress
        .iter()
        .filter(|step| matches!(step, Progress::Retry { .. }));
    let retries = retries.count();
    say(
        "retries",
        if retries > 0 {
            retries.to_string()
        } else {
            String::new()
        },
    );
    for step in &played.progress {
        if let Progress::Note(note) = step {
            say("note", note.clone());
        }
    }
    out
}

#[test]
fn every_stream_amounts_to_what_it_shows() {
    for version in VERSIONS {
        let cases = cases(version);
        let shown: Vec<_> = cases
            .iter()
            .map(|case| show(case, &play(version, case, None)))
            .collect();
        insta::assert_snapshot!(format!("outcomes_{version}"), shown.join("\n"));
    }
}

#[test]
fn progress_tells_what_happens() {
    let cases = [
        ("2.1.197", "api_529_then_ok"),
        ("2.1.197", "permission_denied"),
        ("2.1.330", "background_bash_two_results"),
        ("2.1.330", "permission_denied"),
        ("2.1.330", "rec_review"),
        ("2.1.330", "rec_rescue_write"),
        ("2.1.330", "structured_invalid_then_ok"),
        ("2.1.330", "subagent"),
        ("2.1.330", "subagent_foreground"),
        ("2.1.330", "thinking"),
    ];
    let mut out = String::new();
    for (version, case) in cases {
        writeln!(out, "{version} {case}").unwrap();
        for step in play(version, case, None).progress {
            let step = match step {
                Progress::Started { model, version, .. } => {
                    format!("Started {model:?} {version:?}")
                }
                step => format!("{step:?}"),
            };
            writeln!(out, "    {step}").unwrap();
        }
    }
    insta::assert_snapshot!("progress", out);
}

#[test]
fn a_cancelled_run_is_cancelled_and_keeps_what_was_said() {
    for (version, case, said) in [
        ("2.1.197", "signal_sigint_text_pid", "abcdefgh"),
        ("2.1.330", "signal_sigint_text", "abcdefgh"),
        ("2.1.330", "signal_sigint_bash", "Working."),
    ] {
        let outcome = play(version, case, Some(Interrupted::Cancelled)).outcome;
        assert_eq!(outcome.end, End::Cancelled, "{version} {case}");
        assert!(outcome.report.text.starts_with(said), "{version} {case}");
    }
}

#[test]
fn a_run_out_of_time_failed_by_that_and_keeps_what_was_said() {
    let idle = Interrupted::Idle(Duration::from_secs(300));
    let total = Interrupted::Total(Duration::from_secs(5_400));
    for (version, case, interrupted, class, detail) in [
        (
            "2.1.197",
            "hang_headers",
            idle,
            FailureClass::TimeoutIdle,
            "no output from claude for 5m 00s",
        ),
        (
            "2.1.330",
            "signal_sigint_text",
            total,
            FailureClass::TimeoutTotal,
            "the run took longer than 1h 30m",
        ),
    ] {
        let outcome = play(version, case, Some(interrupted)).outcome;
        let End::Failed(failure) = outcome.end else {
            panic!("{case}: {:?}", outcome.end);
        };
        assert_eq!((failure.class, failure.detail.as_str()), (class, detail));
        assert_eq!(outcome.report.text.is_empty(), case == "hang_headers");
    }
}

#[test]
fn a_stream_may_end_anywhere() {
    for version in VERSIONS {
        for case in [
            "background_bash_two_results",
            "rec_review",
            "subagent",
            "structured_ok",
        ] {
            let Ok(stream) = fs::read(fixtures(version).join(format!("{case}.jsonl"))) else {
                continue;
            };
            for end in (0..stream.len()).step_by(331) {
                let (mut parser, mut digest) = (Parser::new(), OutcomeBuilder::new(false, None));
                parser.push(&stream[..end], &mut |event| {
                    digest.on(&event);
                });
                parser.finish(&mut |event| {
                    digest.on(&event);
                });
                let answered = digest.saw_result();
                let outcome = digest.conclude(&Exit::default());
                assert_eq!(outcome.end == End::Completed, answered, "{case} at {end}");
            }
        }
    }
}
