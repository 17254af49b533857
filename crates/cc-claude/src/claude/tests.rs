use std::fs;

use super::*;

/// A script in the place of Claude.
struct Fake {
    dir: tempfile::TempDir,
    env: Env,
}

impl Fake {
    fn new(body: &str) -> Self {
        let dir = cc_executable::dir();
        let path = dir.path().join("claude");
        cc_executable::write(path, format!("#!/bin/sh\n{body}\n"));
        let env = Env::fixed(dir.path(), "/bin/cc", [("PATH", "/usr/bin:/bin")]);
        Self { dir, env }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn claude(&self) -> Claude {
        let workspace = Path::new("/nowhere/workspace");
        Claude::locate(&self.env, workspace, Some(&self.path("claude"))).unwrap()
    }

    fn version(&self) -> Result<String, ProbeError> {
        self.claude().version(&self.env)
    }
}

#[test]
fn the_version_is_the_first_word_of_the_answer() {
    assert_eq!(
        Fake::new("echo '2.1.330 (Claude Code)'").version().unwrap(),
        "2.1.330"
    );
    assert_eq!(Fake::new("echo 2.1.331").version().unwrap(), "2.1.331");
}

#[test]
fn what_is_no_version_is_shown() {
    let fake = Fake::new("echo hello; echo world");
    let error = fake.version().unwrap_err();
    assert_eq!(
        error.to_string(),
        "unexpected output of `claude --version`: hello world"
    );
}

#[test]
fn the_login_is_read_from_the_answer_not_from_the_exit() {
    let fake = Fake::new(
        r#"[ "$*" = "--setting-sources  auth status" ] && echo '{"loggedIn":true,"authMethod":"claude.ai","apiProvider":"firstParty","email":"dev@example.com","subscriptionType":"max","newField":{}}'; pwd > "$0.cwd"; exit 1"#,
    );
    let status = fake.claude().auth_status(&fake.env).unwrap();
    assert!(status.logged_in);
    assert_eq!(status.auth_method.as_deref(), Some("claude.ai"));
    assert_eq!(status.subscription_type.as_deref(), Some("max"));
    assert_eq!(status.org_name, None);
    assert_eq!(fs::read_to_string(fake.path("claude.cwd")).unwrap(), "/\n");

    let fake = Fake::new("echo 'error: unknown command'");
    let error = fake.claude().auth_status(&fake.env).unwrap_err();
    assert!(matches!(error, ProbeError::NotUnderstood { .. }), "{error}");
}

#[test]
fn an_answer_that_does_not_come_is_not_waited_for() {
    let fake = Fake::new("exec sleep 600");
    let patience = Duration::from_millis(100);
    let user = UserSettings::default();
    let answer = fake.claude().ask(&fake.env, &user, ["--version"], patience);
    assert!(matches!(answer, Err(CommandError::Timeout { .. })));
}

#[test]
fn a_binary_that_is_gone_is_reported() {
    let fake = Fake::new("");
    let claude = fake.claude();
    fs::remove_file(fake.path("claude")).unwrap();
    let error = claude.version(&fake.env).unwrap_err();
    assert!(
        matches!(error, ProbeError::Command(CommandError::Start { .. })),
        "{error}"
    );
}

#[test]
fn a_configured_path_is_judged_alike() {
    let dir = cc_executable::dir();
    let at = |name: &str| dir.path().join(name);
    for name in ["w", "a"] {
        fs::create_dir(at(name)).unwrap();
    }
    let program = |name: &str| {
        cc_executable::write(at(name), "");
        at(name)
    };
    let env = Env::fixed(at("w"), "/bin/cc", [("HOME", at("h"))]);
    let locate = |path: &Path| Claude::locate(&env, &at("w"), Some(path)).map(|claude| claude.path);
    let good = program("a/other-name");
    assert_eq!(locate(&good), Ok(good.clone()));
    let missing = at("a/missing");
    assert_eq!(
        locate(&missing),
        Err(LocateError::NotAt {
            program: "claude".into(),
            path: missing.clone()
        })
    );
    let inside = program("w/claude");
    let refused = Err(LocateError::InsideWorkspace { path: inside });
    assert_eq!(locate(Path::new("claude")), refused, "relative to the cwd");
    assert_eq!(
        locate(&at("a")),
        Err(LocateError::NotExecutable { path: at("a") })
    );
}
