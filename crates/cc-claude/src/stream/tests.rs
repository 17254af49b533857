use std::path::Path;

use cc_core::{Time, Usage};
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::event::{Assistant, Block, BlockStart, Init, ServerState, ToolInput, TurnResult, User};
use super::*;

/// The events of a stream given in pieces, each as its debug text.
fn events<'a>(limit: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut parser = Parser::with_limit(limit);
    let mut events = Vec::new();
    for piece in pieces {
        parser.push(piece, &mut |event| events.push(format!("{event:?}")));
    }
    parser.finish(&mut |event| events.push(format!("{event:?}")));
    events
}

fn check(line: &str, expected: &[ClaudeEvent<'_>]) {
    let expected: Vec<_> = expected.iter().map(|event| format!("{event:?}")).collect();
    assert_eq!(events(LINE_LIMIT, [line.as_bytes()]), expected, "{line}");
}

fn says(text: &'static str) -> ClaudeEvent<'static> {
    ClaudeEvent::Assistant(Assistant {
        block: Some(Block::Text(text.into())),
        ..Assistant::default()
    })
}

#[test]
fn lines_become_events() {
    check("", &[]);
    check(" \r", &[]);
    check(
        r#"{"type":"system","subtype":"init","session_id":"s","model":"m","tools":["A",7,"B"],"mcp_servers":[{"name":"git","status":"connected"},{"name":"x"},7]}"#,
        &[ClaudeEvent::Init(Init {
            session_id: Some("s".into()),
            model: Some("m".into()),
            version: None,
            tools: Some(vec!["A".into(), "B".into()]),
            servers: [("git", "connected"), ("x", "")]
                .map(|(name, status)| ServerState {
                    name: name.into(),
                    status: status.into(),
                })
                .into(),
        })],
    );
    check(
        r#"{"type":"assistant","parent_tool_use_id":null,"message":{"content":[{"type":"text","text":"a\nb"}]}}"#,
        &[says("a\nb")],
    );
    check(
        r#"{"type":"user","isSynthetic":true,"parent_tool_use_id":"t","message":{"content":"text"}}"#,
        &[ClaudeEvent::User(User {
            subagent: true,
            synthetic: true,
            tool_results: vec![],
        })],
    );
    check(
        r#"{"type":"stream_event","event":{"delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":42},"type":"message_delta"}}"#,
        &[ClaudeEvent::MessageDelta {
            subagent: false,
            stop_reason: Some("max_tokens".into()),
            output_tokens: 42,
        }],
    );
    check(
        r#"{"type":"stream_event","event":{"type":"message_start","message":{"usage":{"input_tokens":7,"output_tokens":1}}},"parent_tool_use_id":"t"}"#,
        &[ClaudeEvent::MessageStart {
            subagent: true,
            usage: Usage {
                input_tokens: 7,
                ..Usage::default()
            },
        }],
    );
    let starts = |block: &str, expect: ClaudeEvent<'_>| {
        let event = r#"{"type":"stream_event","event":{"type":"content_block_start","content_block":BLOCK}}"#;
        check(&event.replace("BLOCK", block), &[expect]);
    };
    use BlockStart::{Answer, Thinking};
    starts(r#"{"type":"thinking"}"#, ClaudeEvent::BlockStart(Thinking));
    starts(
        r#"{"type":"text","text":""}"#,
        ClaudeEvent::BlockStart(Answer),
    );
    let structured = r#"{"type":"tool_use","name":"StructuredOutput"}"#;
    starts(structured, ClaudeEvent::BlockStart(Answer));
    starts(r#"{"type":"tool_use","name":"Read"}"#, ClaudeEvent::Other);
    starts("7", ClaudeEvent::Other);
    check(
        r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1700000000}}"#,
        &[ClaudeEvent::RateLimit {
            rejected: true,
            resets_at: Some(Time::from_millis(1_700_000_000_000)),
            window: None,
            used: None,
        }],
    );
}

#[test]
fn what_is_not_known_is_other() {
    for line in [
        "null",
        "1",
        "[]",
        r#"["assistant","text"]"#,
        r#""assistant""#,
        "{}",
        r#"{"type":null}"#,
        r#"{"type":{"type":"result"}}"#,
        r#"{"type":"weather"}"#,
        r#"{"type":"system"}"#,
        r#"{"type":"system","subtype":"weather"}"#,
        r#"{"type":"stream_event","event":{"type":"content_block_delta","delta":{"text":"x"}}}"#,
    ] {
        check(line, &[ClaudeEvent::Other]);
    }
}

#[test]
fn a_line_with_several_blocks_is_several_events() {
    let line = r#"{"type":"assistant","message":{"content":[{"type":"text","text":"a"},
        {"type":"thinking","thinking":"b"},{"type":"text","text":"c"}]}}"#;
    check(&line.replace('\n', ""), &[says("a"), says("c")]);
    let thinking = r#"{"type":"assistant","message":{"content":[{"type":"thinking"}]}}"#;
    check(thinking, &[ClaudeEvent::Assistant(Assistant::default())]);
}

#[test]
fn a_field_of_another_type_is_absent() {
    check(
        r#"{"type":"assistant","error":{"a":[1]},"message":{"stop_reason":7,"content":[3,{"type":"tool_use",
            "id":[],"name":"Read","input":{"path":1,"file_path":{"a":"b"}}},{"type":"text","text":"a"}]}}"#
            .replace('\n', "")
            .as_str(),
        &[
            ClaudeEvent::Assistant(Assistant {
                block: Some(Block::ToolUse {
                    id: "".into(),
                    name: "Read".into(),
                    input: ToolInput::default(),
                }),
                ..Assistant::default()
            }),
            says("a"),
        ],
    );
    check(
        r#"{"type":"result","is_error":"no","result":"answer","num_turns":-1,"total_cost_usd":"free",
            "modelUsage":[1],"errors":"e","permission_denials":{"a":1},"api_error_status":"529","origin":4}"#
            .replace('\n', "")
            .as_str(),
        &[ClaudeEvent::Result(Box::new(TurnResult {
            result: Some("answer".into()),
            ..TurnResult::default()
        }))],
    );
}

#[test]
fn half_a_character_does_not_cost_the_line() {
    for (text, expected) in [
        (r"\ud83d\ude00", "😀"),
        (r"\ud83d", "\u{fffd}"),
        (r"\ude00", "\u{fffd}"),
        (r"a\ud83db\ud83d\ude00", "a\u{fffd}b😀"),
        (r"\ud83d\n\\ud83d", "\u{fffd}\n\\ud83d"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
        (r"é\uDC00\u00e9", "é\u{fffd}é"),
    ] {
        let line = format!(
            r#"{{"type":"assistant","message":{{"content":[{{"type":"text","text":"{text}"}}]}}}}"#
        );
        let said = ClaudeEvent::Assistant(Assistant {
            block: Some(Block::Text(expected.into())),
            ..Assistant::default()
        });
        check(&line, &[said]);
    }
}

#[test]
fn what_is_not_json_is_unreadable_and_shown_short() {
    let mut line = b"\x1b[31mError: \xff".to_vec();
    line.extend([b'x'; 9_000]);
    let shown = events(LINE_LIMIT, [line.as_slice()]);
    assert!(
        shown[0].starts_with(r#"Unreadable { bytes: 9013, excerpt: "�[31mError: �xxx"#),
        "{shown:?}"
    );
    assert!(shown[0].len() < 300);
    for line in [
        "{",
        r#"{"type":"#,
        r#"{"type":"result"} x"#,
        r#"{"type":"\ud83d"#,
        r#"{"type":"\q"}"#,
    ] {
        check(
            line,
            &[ClaudeEvent::Unreadable {
                bytes: line.len() as u64,
                excerpt: line.into(),
            }],
        );
    }
}

#[test]
fn deep_nesting_is_read_over() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    check(
        &format!(
            r#"{{"type":"assistant","extra":{deep},"message":{{"content":[{{"type":"text","text":"a"}}]}}}}"#
        ),
        &[says("a")],
    );
    // Too deep for a tree of values, so there is no structured output; the rest is.
    let line = format!(r#"{{"type":"result","structured_output":{deep},"result":"a"}}"#);
    check(
        &line,
        &[ClaudeEvent::Result(Box::new(TurnResult {
            result: Some("a".into()),
            ..TurnResult::default()
        }))],
    );
}

#[test]
fn long_lists_are_cut() {
    let tools = vec!["\"T\""; 100_000].join(",");
    let line = format!(r#"{{"type":"system","subtype":"init","tools":[{tools}],"model":"m"}}"#);
    Parser::new().push(format!("{line}\n").as_bytes(), &mut |event| match event {
        ClaudeEvent::Init(init) => {
            assert_eq!(init.tools.map(|tools| tools.len()), Some(4_096));
            assert_eq!(init.model.as_deref(), Some("m"));
        }
        event => panic!("{event:?}"),
    });
}

#[test]
fn a_line_that_is_too_long_is_counted_and_not_kept() {
    let mut parser = Parser::new();
    let mut seen = Vec::new();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..40 {
        parser.push(&piece, &mut |event| seen.push(format!("{event:?}")));
        assert!(parser.partial.capacity() <= LINE_LIMIT);
    }
    assert_eq!(parser.partial.capacity(), 0);
    parser.push(b"y\n{}\n", &mut |event| seen.push(format!("{event:?}")));
    assert_eq!(seen, ["Oversized { bytes: 41943041 }", "Other"]);
}

#[test]
fn a_long_line_does_not_keep_its_buffer() {
    let mut parser = Parser::new();
    parser.push(&vec![b' '; 4 << 20], &mut |_| ());
    parser.push(b"\n", &mut |_| ());
    assert!(parser.partial.capacity() <= KEPT_CAPACITY);
}

/// The lines of every recorded stream.
fn recorded() -> Vec<String> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut lines = Vec::new();
    for version in ["2.1.197", "2.1.330"] {
        for file in std::fs::read_dir(fixtures.join(version)).unwrap() {
            let path = file.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "jsonl")
            {
                lines.extend(
                    std::fs::read_to_string(path)
                        .unwrap()
                        .lines()
                        .map(str::to_owned),
                );
            }
        }
    }
    assert!(lines.len() > 1_500, "{}", lines.len());
    lines
}

#[test]
fn the_order_of_keys_does_not_matter() {
    type Object = std::collections::BTreeMap<String, Box<RawValue>>;
    for line in recorded() {
        let object: Object = serde_json::from_str(&line).unwrap();
        let members: Vec<_> = object
            .iter()
            .map(|(key, value)| format!("{key:?}:{value}"))
            .collect();
        let sorted = format!("{{{}}}", members.join(","));
        let reversed: Vec<_> = members.into_iter().rev().collect();
        let reversed = format!("{{{}}}", reversed.join(","));
        let expected = events(LINE_LIMIT, [line.as_bytes()]);
        assert_eq!(events(LINE_LIMIT, [sorted.as_bytes()]), expected);
        assert_eq!(events(LINE_LIMIT, [reversed.as_bytes()]), expected);
    }
}

#[test]
fn every_recorded_line_is_readable() {
    for line in recorded() {
        let events = events(LINE_LIMIT, [line.as_bytes()]);
        assert!(
            !events.is_empty() && !events[0].starts_with("Unreadable"),
            "{line}"
        );
    }
}

/// A piece of a stream that is a line, part of one, or nothing of the kind.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let lines = [
        "{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"é😀\"}]}}\n",
        "{\"type\":\"stream_event\",\"event\":{\"type\":\"message_start\"}}\r\n",
        "{\"type\":\"result\",\"result\":\"\\ud83d\"}\n",
        "\n",
        "  \r\n",
        "{\"type\":\"result\"",
    ];
    prop_oneof![
        proptest::sample::select(lines.to_vec()).prop_map(|line| line.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..20),
        (0..200usize).prop_map(|length| vec![b'x'; length]),
    ]
}

proptest! {
    #[test]
    fn any_split_of_the_bytes_gives_the_same_events(
        pieces in proptest::collection::vec(piece(), 0..12),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..30),
        limit in 1usize..150,
    ) {
        let stream = pieces.concat();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let split = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]);
        let whole = events(limit, [stream.as_slice()]);
        prop_assert_eq!(&events(limit, split), &whole);
        prop_assert_eq!(events(limit, stream.chunks(1)), whole);
    }

    #[test]
    fn a_cut_or_changed_line_never_fails(at: proptest::sample::Index, to: u8, index: proptest::sample::Index) {
        thread_local!(static LINES: Vec<String> = recorded());
        LINES.with(|lines| {
            let mut line = index.get(lines).clone().into_bytes();
            let at = at.index(line.len());
            line[at] = to;
            events(LINE_LIMIT, [line.as_slice()]);
            events(LINE_LIMIT, [&line[..at]]);
        });
    }
}

#[test]
fn one_odd_number_name_or_byte_costs_no_result() {
    let given = |line: &[u8]| {
        let mut results = Vec::new();
        let mut parser = Parser::new();
        parser.push(line, &mut |_| ());
        parser.finish(&mut |event| match event {
            ClaudeEvent::Result(result) => results.push((
                result.result.map(String::from),
                result.structured,
                result.total_cost_usd,
                result.usage.iter().map(|used| used.cost_usd).sum::<f64>(),
            )),
            other => panic!("{other:?}"),
        });
        results.pop().expect("a result")
    };
    let check = |fields: &str, cost: Option<f64>, sum: f64| {
        let line = format!(r#"{{"type":"result","result":"one",{fields}}}"#);
        let expected = (Some("one".to_owned()), None, cost, sum);
        assert_eq!(given(line.as_bytes()), expected, "{fields}");
    };
    check(r#""total_cost_usd":1e999"#, None, 0.0);
    check(r#""total_cost_usd":-1E+999,"x":"1e999 \" NaN""#, None, 0.0);
    check(r#""total_cost_usd":NaN,"num_turns":-Infinity"#, None, 0.0);
    check(r#""total_cost_usd":-5"#, None, 0.0);
    check(r#""total_cost_usd":1e300"#, None, 0.0);
    check(r#""total_cost_usd":1e-999"#, Some(0.0), 0.0);
    check(r#""total_cost_usd":1,"total_cost_usd":2"#, Some(2.0), 0.0);
    check(
        r#""result":"two","result":"one","type":"result""#,
        None,
        0.0,
    );
    check(
        r#""modelUsage":{"m":{"costUSD":7,"costUSD":1},"n":{"costUSD":-9}}"#,
        None,
        1.0,
    );
    check(
        r#""modelUsage":{"m":{"costUSD":7},"m":{"costUSD":2}}"#,
        None,
        2.0,
    );
    check(
        r#""origin":{"kind":"a","kind":"b"},"errors":[1e999,"x"]"#,
        None,
        0.0,
    );
    let structured = br#"{"type":"result","structured_output":{"a":1e999,"a":[-1e999,"1e999"]}}"#;
    let expected = serde_json::json!({"a": [null, "1e999"]});
    assert_eq!(given(structured).1, Some(expected));
    let bytes = b"{\"type\":\"result\",\"result\":\"\xff\",\"total_cost_usd\":3}";
    assert_eq!(
        given(bytes),
        (Some("\u{fffd}".to_owned()), None, Some(3.0), 0.0)
    );
}

#[test]
fn both_spellings_of_a_limit_in_one_line_are_one_limit() {
    check(
        r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1,"resets_at":2}}"#,
        &[ClaudeEvent::RateLimit {
            rejected: true,
            resets_at: Some(Time::from_millis(2_000)),
            window: None,
            used: None,
        }],
    );
}

/// The events of one line, found by `read`.
fn read_by(read: impl FnOnce(&[u8], &mut dyn FnMut(ClaudeEvent<'_>)), line: &[u8]) -> Vec<String> {
    let mut events = Vec::new();
    read(line, &mut |event| events.push(format!("{event:?}")));
    events
}

/// The recorded lines with a piece of text.
fn recorded_deltas() -> Vec<String> {
    let mut lines = recorded();
    lines.retain(|line| {
        let events = read_by(read::parse, line.as_bytes());
        events
            .first()
            .is_some_and(|event| event.starts_with("TextDelta"))
    });
    assert!(lines.len() > 200, "{}", lines.len());
    lines
}

#[test]
fn every_recorded_piece_of_text_is_found_by_the_scan() {
    for line in recorded_deltas() {
        assert!(scan::text_delta(line.as_bytes()).is_some(), "{line}");
    }
}

/// One change of a line: what is put in where, and how much is taken out there. Half of them are where a value ends.
fn change() -> impl Strategy<Value = (proptest::sample::Index, bool, Vec<u8>, usize)> {
    let pieces: [&[u8]; 30] = [
        b"",
        b"\"",
        b"\\",
        b"\\n",
        b"\\\"",
        b"\\x",
        b"\\u0000",
        b"\\ud83d",
        b"\\ud83d\\ude00",
        b"\x01",
        b"\x7f",
        b"\xff",
        "é😀".as_bytes(),
        b" ",
        b"\r",
        b",",
        b":",
        b"{}",
        b"[]",
        b"01",
        b"-1",
        b"1e999",
        b"12345678901234567890",
        b",\"text\":\"b\"",
        b",\"text\":7",
        b",\"type\":\"text_delta\"",
        b",\"a\":{\"b\":1}",
        b",\"delta\":{\"type\":\"text_delta\",\"text\":\"z\"}",
        b",\"parent_tool_use_id\":\"t\"",
        b",\"parent_tool_use_id\":7",
    ];
    let put_in = proptest::sample::select(pieces.map(<[u8]>::to_vec).to_vec());
    (
        any::<proptest::sample::Index>(),
        any::<bool>(),
        put_in,
        0..4usize,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn the_scan_finds_what_a_reader_of_json_finds(
        index: proptest::sample::Index,
        changes in proptest::collection::vec(change(), 0..4),
    ) {
        thread_local!(static LINES: Vec<String> = recorded_deltas());
        let mut line = LINES.with(|lines| index.get(lines).clone().into_bytes());
        for (at, is_between, put_in, taken) in changes {
            let between = |at: &usize| matches!(line[*at], b',' | b'}');
            let places: Vec<usize> = (0..line.len()).filter(|at| !is_between || between(at)).collect();
            let Some(&at) = places.get(at.index(places.len() + 1)) else { continue };
            let taken = if is_between { 0 } else { taken };
            let end = line.len().min(at + taken);
            line.splice(at..end, put_in);
        }
        prop_assert_eq!(read_by(read::line, &line), read_by(read::parse, &line));
    }
}
