use std::fs;
use std::time::Instant;

use serde_json::json;

use super::*;

/// A `codex` that is a shell script.
fn codex(dir: &Path, script: &str, patience: Duration) -> Codex {
    let path = dir.join("codex");
    cc_executable::write(&path, format!("#!/bin/sh\n{script}"));
    let env = Env::fixed(
        "/",
        "/x",
        [
            ("PATH", "/usr/bin:/bin"),
            ("ANTHROPIC_API_KEY", "secret"),
            ("CODEX_THREAD_ID", "t"),
        ],
    );
    Codex::new(&env, path, dir, patience)
}

const LONG: Duration = Duration::from_secs(60);
/// So long that a script has started on any machine.
const SHORT: Duration = Duration::from_secs(5);

#[test]
fn a_command_gets_the_environment_it_needs_and_no_more() {
    let dir = cc_executable::dir();
    let printed = codex(dir.path(), "env; pwd; echo oops >&2; exit 3\n", LONG)
        .run(&["x"])
        .unwrap();
    assert!(!printed.success && printed.stderr == "oops\n");
    assert!(
        printed
            .stdout
            .contains(&format!("CODEX_HOME={}", dir.path().display())),
        "{printed:?}"
    );
    assert!(!printed.stdout.contains("secret") && !printed.stdout.contains("CODEX_THREAD_ID"));
}

#[test]
fn a_codex_that_hangs_is_ended_with_its_children() {
    let dir = cc_executable::dir();
    let script = "sleep 300 & echo $! > \"$CODEX_HOME/child\"; wait\n";
    let error = codex(dir.path(), script, SHORT)
        .run(&["--version"])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "codex did not answer `--version` within 5s"
    );
    let child: i32 = fs::read_to_string(dir.path().join("child"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let child = rustix::process::Pid::from_raw(child).unwrap();
    let deadline = Instant::now() + LONG;
    while rustix::process::test_kill_process(child).is_ok() {
        assert!(
            Instant::now() < deadline,
            "the child of the hung codex still runs"
        );
        std::thread::yield_now();
    }
}

/// Answers `initialize` after some noise, then runs `then` for the next request.
fn server(then: &str) -> String {
    format!(
        "read line\necho 'not json'\necho '{{\"method\":\"news\"}}'\necho '{{\"id\":0,\"result\":{{}}}}'\nread line\nread line\n{then}\n"
    )
}

#[test]
fn answers_are_distinguished_from_notifications_and_refusals_from_unknown_methods() {
    let dir = cc_executable::dir();
    let ask = |then: &str| {
        let mut server = codex(dir.path(), &server(then), LONG).app_server()?;
        server.call("hooks/list", &json!({}))
    };
    assert_eq!(
        ask("echo '{\"id\":7,\"result\":1}'; echo '{\"id\":1,\"result\":{\"a\":2}}'; cat").unwrap(),
        json!({"a": 2})
    );
    let unknown = r#"echo '{"id":1,"error":{"code":-32600,"message":"Invalid request: unknown variant `hooks/list`, expected one of"}}'; cat"#;
    assert!(ask(unknown).unwrap_err().is_unknown());
    let refused = ask(r#"echo '{"id":1,"error":{"code":-32600,"message":"no such thing"}}'; cat"#)
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "codex refused `hooks/list`: no such thing"
    );
    let ended = ask("echo 'broken config' >&2; exit 1").unwrap_err();
    assert_eq!(
        ended.to_string(),
        "codex ended before it answered `hooks/list`: broken config"
    );
}

#[test]
fn a_silent_server_is_not_waited_for_forever() {
    let dir = cc_executable::dir();
    let error = codex(dir.path(), "cat > /dev/null\n", SHORT)
        .app_server()
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, HostError::Timeout { .. }), "{error}");
}

#[test]
fn a_program_of_the_workspace_is_never_taken() {
    let dir = cc_executable::dir();
    let root = dir.path().canonicalize().unwrap();
    let program = |dir: &str| {
        let dir = root.join(dir);
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join("codex");
        cc_executable::write(&path, "#!/bin/sh\n");
        path
    };
    let (inside, outside) = (program("repo/bin"), program("usr/bin"));
    fs::create_dir_all(root.join("repo/.git")).unwrap();
    let find = |path: &str, asked: Option<&Path>| {
        let path = path.replace('@', root.to_str().unwrap());
        let env = Env::fixed(root.join("repo"), "/x", [("PATH", path)]);
        locate(&env, asked)
    };
    assert_eq!(find("@/repo/bin:bin:@/usr/bin", None), Ok(outside));
    assert_eq!(
        find("bin", None),
        Err(LocateError::InsideWorkspace {
            path: inside.clone()
        })
    );
    assert!(matches!(
        find("@/nothing", None),
        Err(LocateError::NotFound { .. })
    ));
    assert_eq!(find("", Some(Path::new("bin/codex"))), Ok(inside));
    assert_eq!(
        find("", Some(Path::new("x"))),
        Err(LocateError::NotExecutable {
            path: root.join("repo/x")
        })
    );
}
