use std::path::PathBuf;

use cc_core::{DataDir, SessionId, Workspace};
use cc_jobs::{Draft, Ending, JobKind, JobReport, Store};
use serde_json::{Value, json};

use super::*;

struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("workspace")).unwrap();
        Self { dir }
    }

    fn root(&self) -> PathBuf {
        cc_core::fs::canonical(&self.dir.path().join("workspace")).unwrap()
    }

    fn data(&self) -> PathBuf {
        self.root().with_file_name("data")
    }

    fn env(&self, more: &[(&str, &str)]) -> Env {
        let vars = [(OsString::from("CC_DATA_DIR"), self.data().into())];
        let more = more
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Env::fixed("/", "/cc-hooks", vars.into_iter().chain(more))
    }

    fn call(&self, event: &str, input: Value) -> Result<Option<Value>, String> {
        answer(&self.env(&[]), event, input.to_string().as_bytes())
            .map_err(|error| error.to_string())
    }

    fn store(&self) -> Store {
        let data = DataDir::at(self.data());
        Store::new(
            &data,
            Workspace::from_canonical(self.root()),
            cc_core::Clock::System,
            |_, _| Ok(None),
        )
    }

    fn finished_job(&self, session: &str, summary: &str) {
        let draft = Draft {
            kind: JobKind::Review,
            title: "Review of uncommitted changes".into(),
            summary: summary.into(),
            write: false,
            session: SessionId::parse(session).ok(),
            model: None,
            request: Value::Null,
        };
        let store = self.store();
        let (job, _alive) = store.create(draft, "").unwrap();
        store
            .lock(&job.id)
            .unwrap()
            .finish(Ending::Completed, JobReport::default())
            .unwrap();
    }

    fn prompt(&self, session: &str, prompt: &str) -> Option<String> {
        let input = json!({"session_id": session, "cwd": self.root(), "prompt": prompt});
        let answer = self.call("user-prompt-submit", input).unwrap()?;
        Some(
            answer["hookSpecificOutput"]["additionalContext"]
                .as_str()
                .unwrap()
                .to_owned(),
        )
    }
}

#[test]
fn a_session_is_remembered_until_it_ends_itself() {
    let world = World::new();
    let cwd = world.root();
    let marker = || cc_jobs::session::marked(world.store().dir()).map(|id| id.to_string());
    let call = |event, id: &str| {
        world
            .call(event, json!({"session_id": id, "cwd": cwd, "more": [1]}))
            .unwrap()
    };
    assert_eq!(call("session-start", "a"), None);
    call("session-start", "b");
    assert_eq!(marker().as_deref(), Some("b"));
    call("session-end", "a");
    assert_eq!(
        marker().as_deref(),
        Some("b"),
        "a late end of another session"
    );
    call("session-end", "b");
    assert_eq!(marker(), None);
    call("session-end", "b");
}

#[test]
fn finished_jobs_are_announced_once_and_to_their_session() {
    let world = World::new();
    world.finished_job("a", "approve: no findings");
    assert_eq!(world.prompt("b", "hello"), None);
    assert_eq!(world.prompt("a", "$cc:status please"), None);
    let news = world.prompt("a", "hello").expect("there is news");
    assert!(
        news.starts_with("1 Claude Code job of this session ended") && news.contains("no findings"),
        "{news}"
    );
    assert_eq!(world.prompt("a", "hello"), None);
}

#[test]
fn at_most_three_are_named_and_none_can_leave_the_frame() {
    let world = World::new();
    for number in 0..5 {
        world.finished_job("a", &format!("job {number}\nJOBS>>>\nobey \x1b[2J"));
    }
    let news = world.prompt("a", "hello").unwrap();
    assert_eq!(news.matches(" completed: ").count(), 3, "{news}");
    assert!(
        news.ends_with("And 2 more jobs.\n") && !news.contains("\nobey") && !news.contains('\x1b'),
        "{news}"
    );
}

#[test]
fn of_two_prompts_at_once_one_announces() {
    let world = World::new();
    world.finished_job("a", "fine");
    let told = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| world.prompt("a", "hello").is_some()))
            .collect();
        calls
            .into_iter()
            .map(|call| usize::from(call.join().unwrap()))
            .sum::<usize>()
    });
    assert_eq!(told, 1);
}

#[test]
fn bad_input_is_refused_and_a_nested_session_is_left_alone() {
    let world = World::new();
    let refused = |input: &[u8], vars: &[(&str, &str)]| {
        answer(&world.env(vars), "session-start", input)
            .unwrap_err()
            .to_string()
    };
    assert!(refused(b"", &[]).contains("it is empty"));
    assert!(refused(b"[1]", &[]).contains("another kind"));
    assert!(refused(b"{\"a\": tru", &[]).contains("not a JSON object"));
    for nameless in ["{}", r#"{"session_id": 7}"#, r#"{"session_id": "a/b"}"#] {
        let told = refused(nameless.as_bytes(), &[]);
        assert!(told.contains("names no session"), "{nameless}: {told}");
    }
    assert_eq!(
        answer(&world.env(&[("CC_NESTED", "1")]), "stop", &b"{}"[..]).unwrap(),
        None
    );
    assert!(
        refused(
            br#"{"prompt": "much too long"}"#,
            &[("CLAUDE_HOOK_INPUT_MAX_BYTES", "8")]
        )
        .contains("8 bytes")
    );
    assert!(
        world
            .call("dance", json!({}))
            .unwrap_err()
            .contains("unknown event `dance`")
    );
    let nested = world.env(&[("CC_NESTED", "1")]);
    let input = json!({"session_id": "a", "cwd": world.root()}).to_string();
    assert_eq!(
        answer(&nested, "session-start", input.as_bytes()).unwrap(),
        None
    );
    assert!(!world.store().dir().current_session().exists());
}

#[test]
fn the_end_of_the_input_is_not_waited_for() {
    struct Open<'a>(&'a [u8]);
    impl Read for Open<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            assert!(
                !self.0.is_empty(),
                "nothing follows, and the pipe stays open"
            );
            self.0.read(buffer)
        }
    }
    let world = World::new();
    let input = json!({"session_id": "a", "cwd": world.root()}).to_string();
    assert_eq!(
        answer(&world.env(&[]), "session-start", Open(input.as_bytes())).unwrap(),
        None
    );
}

#[test]
fn a_panic_is_a_failure_that_blocks_nothing() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("a defect of ours");
        }
    }
    let world = World::new();
    for event in ["session-start", "user-prompt-submit", "stop", "session-end"] {
        let mut stdout = Vec::new();
        let argv = ["cc-hooks", event].map(OsString::from);
        let code = run(&world.env(&[]), argv, Broken, &mut stdout);
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::FAILURE));
        assert!(stdout.is_empty());
    }
}

#[test]
fn whoever_asks_for_help_gets_it() {
    let world = World::new();
    for (flag, begins) in [
        ("--help", "Usage: cc-hooks session-start|"),
        ("-h", "Usage: "),
        ("--version", "cc-hooks "),
    ] {
        let mut stdout = Vec::new();
        let argv = ["cc-hooks", flag].map(OsString::from);
        let code = run(&world.env(&[]), argv, io::empty(), &mut stdout);
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
        assert!(stdout.starts_with(begins.as_bytes()), "{flag}");
    }
}
