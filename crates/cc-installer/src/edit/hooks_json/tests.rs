use proptest::prelude::*;

use super::*;

const PROGRAM: &str = "/opt/cc/cc-hooks";

fn programs() -> Vec<String> {
    vec![PROGRAM.to_owned()]
}

fn hooks() -> Vec<Hook> {
    let hook = |event: &str, word: &str, timeout| Hook {
        event: event.into(),
        command: format!("{PROGRAM} {word}"),
        timeout,
    };
    vec![
        hook("SessionStart", "session-start", 10),
        hook("Stop", "stop", 900),
    ]
}

fn merge(text: &str) -> String {
    merged(text, &hooks(), &programs()).unwrap()
}

#[test]
fn a_new_file_is_readable() {
    insta::assert_snapshot!(merge(""), @r#"
    {
      "hooks": {
        "SessionStart": [
          {"hooks":[{"command":"/opt/cc/cc-hooks session-start","timeout":10,"type":"command"}]}
        ],
        "Stop": [
          {"hooks":[{"command":"/opt/cc/cc-hooks stop","timeout":900,"type":"command"}]}
        ]
      }
    }
    "#);
    assert!(is_empty(&without(&merge(""), &programs()).unwrap()));
}

#[test]
fn entries_of_others_stay_where_they_are() {
    let foreign = "{\r\n\t\"hooks\": {\r\n\t\t\"Stop\": [ { \"hooks\": [ { \"type\":\"command\", \"command\" : \"mine\" } ] } ]\r\n\t}\r\n}";
    let text = merge(foreign);
    let placed = ours(&text, &programs()).unwrap();
    let keys: Vec<String> = placed.iter().map(|placed| placed.key("/h.json")).collect();
    assert_eq!(keys, ["/h.json:stop:1:0", "/h.json:session_start:0:0"]);
    assert_eq!(without(&text, &programs()).unwrap(), foreign);
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
}

#[test]
fn stale_entries_of_ours_are_replaced() {
    let stale = merge("")
        .replace("900", "60")
        .replace("session-start", "begin");
    let text = merge(&stale);
    let placed: Vec<Hook> = ours(&text, &programs())
        .unwrap()
        .into_iter()
        .map(|placed| placed.hook)
        .collect();
    assert_eq!(placed, hooks());
}

#[test]
fn what_does_not_parse_is_named_by_line() {
    let check = |text: &str, expect: &str| {
        assert_eq!(
            merged(text, &hooks(), &programs()).unwrap_err().to_string(),
            expect
        );
    };
    check("{\n  \"hooks\": {\n", "line 2: Unterminated object");
    check("{\n // note\n}", "line 2: Comments are not allowed");
    check("[]", "line 1: expected an object");
    check("{\"hooks\":\n{\"Stop\": 1}}", "line 2: expected a list");
}

/// White space as people and programs put it.
fn space() -> impl Strategy<Value = String> {
    "[ \t]{0,2}(\r?\n)?[ ]{0,2}"
}

/// A list of parts between brackets, with space everywhere.
fn listed(open: char, close: char, parts: Vec<String>, space: &str) -> String {
    format!(
        "{open}{space}{}{space}{close}",
        parts.join(&format!("{space},{space}"))
    )
}

prop_compose! {
    fn foreign()(
        gap in space(),
        events in proptest::sample::subsequence(vec!["Stop", "SessionStart", "PreToolUse"], 0..=3),
        counts in proptest::collection::vec(1usize..3, 3),
        extra: bool,
        end in "\n?",
    ) -> String {
        let lists = events.iter().zip(&counts).map(|(event, count)| {
            let groups = (0..*count).map(|n| {
                let handler = format!("{{\"type\":{gap}\"command\",\"command\":\"run {n} \\u00e9\"}}");
                format!("{{\"matcher\":\"*\",\"hooks\":{}}}", listed('[', ']', vec![handler; n + 1], &gap))
            });
            format!("\"{event}\"{gap}:{}", listed('[', ']', groups.collect(), &gap))
        });
        let mut parts = Vec::new();
        if extra {
            parts.push("\"description\": \"mine {[\"".to_owned());
        }
        if !events.is_empty() {
            parts.push(format!("\"hooks\":{gap}{}", listed('{', '}', lists.collect(), &gap)));
        }
        listed('{', '}', parts, &gap) + &end
    }
}

proptest! {
    #[test]
    fn merging_is_undone_to_the_byte_and_twice_is_once(foreign in foreign()) {
        let once = merge(&foreign);
        prop_assert_eq!(&merge(&once), &once);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&once).is_ok());
        prop_assert_eq!(ours(&once, &programs()).unwrap().len(), 2);
        prop_assert_eq!(without(&once, &programs()).unwrap(), foreign);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]{}\":, a-z\n]{0,60}") {
        let _ = merged(&text, &hooks(), &programs());
    }
}
