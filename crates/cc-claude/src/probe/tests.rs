use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

/// A script in the place of Claude that counts how often it runs.
struct Fake {
    dir: tempfile::TempDir,
    env: Env,
}

impl Fake {
    fn new(body: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::fixed(dir.path(), "/bin/cc", [("PATH", "/usr/bin:/bin")]);
        let fake = Self { dir, env };
        fake.install(body, LAUNCHER_BYTES);
        fake
    }

    /// Puts a binary of `bytes` there, whatever of it the shell reads.
    fn install(&self, body: &str, bytes: u64) {
        let path = self.path("claude");
        let count = self.path("count");
        let script = format!("#!/bin/sh\necho >> '{}'\n{body}\nexit\n", count.display());
        write_atomic(&path, script.as_bytes()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(bytes.max(script.len() as u64)).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn claude(&self) -> Claude {
        let workspace = Path::new("/nowhere/workspace");
        Claude::locate(&self.env, workspace, Some(&self.path("claude"))).unwrap()
    }

    fn data(&self) -> DataDir {
        DataDir::at(self.path("data"))
    }

    async fn version(&self) -> String {
        let data = self.data();
        self.claude().version(&self.env, Some(&data)).await.unwrap()
    }

    fn runs(&self) -> usize {
        fs::read_to_string(self.path("count")).map_or(0, |lines| lines.lines().count())
    }
}

const SPEAKS: &str = "echo '2.1.330 (Claude Code)'";

#[tokio::test]
async fn a_version_is_asked_once_while_the_binary_stays() {
    let fake = Fake::new(SPEAKS);
    assert_eq!(fake.version().await, "2.1.330");
    assert_eq!(fake.version().await, "2.1.330");
    assert_eq!(fake.runs(), 1);
    fake.install("echo 2.1.331", LAUNCHER_BYTES);
    assert_eq!(fake.version().await, "2.1.331");
    assert_eq!(fake.version().await, "2.1.331");
    assert_eq!(fake.runs(), 2);
}

#[tokio::test]
async fn a_damaged_cache_is_none() {
    let fake = Fake::new(SPEAKS);
    fake.version().await;
    let kept = Kept::for_binary(&fake.path("claude"), &fake.data()).unwrap();
    write_atomic(&kept.file, b"{\"version\":").unwrap();
    assert_eq!(fake.version().await, "2.1.330");
    assert_eq!(fake.version().await, "2.1.330");
    assert_eq!(fake.runs(), 2, "asked anew, then kept again");
}

#[tokio::test]
async fn without_a_place_for_it_nothing_is_kept() {
    let fake = Fake::new(SPEAKS);
    File::create(fake.path("data")).unwrap();
    assert_eq!(fake.version().await, "2.1.330");
    let unkept = fake.claude().version(&fake.env, None).await;
    assert_eq!(unkept.unwrap(), "2.1.330");
    assert_eq!(fake.runs(), 2);
}

#[tokio::test]
async fn a_launcher_is_asked_each_time() {
    let fake = Fake::new(SPEAKS);
    fake.install(SPEAKS, 0);
    fake.version().await;
    fake.version().await;
    assert_eq!(fake.runs(), 2);
}

#[tokio::test]
async fn what_is_no_version_is_told() {
    let fake = Fake::new("echo hello; echo world");
    let error = fake.claude().version(&fake.env, None).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`claude --version` gave an answer that is not understood: hello world"
    );
}

#[tokio::test]
async fn the_login_is_read_from_the_answer_not_from_the_exit() {
    let fake = Fake::new(
        r#"[ "$*" = "auth status" ] && echo '{"loggedIn":true,"authMethod":"claude.ai","apiProvider":"firstParty","email":"dev@example.com","subscriptionType":"max","newField":{}}'; pwd > "$0.cwd"; exit 1"#,
    );
    let status = fake.claude().auth_status(&fake.env).await.unwrap();
    assert!(status.logged_in);
    assert_eq!(status.auth_method.as_deref(), Some("claude.ai"));
    assert_eq!(status.subscription_type.as_deref(), Some("max"));
    assert_eq!(status.org_name, None);
    assert_eq!(fs::read_to_string(fake.path("claude.cwd")).unwrap(), "/\n");

    let fake = Fake::new("echo 'error: unknown command'");
    let error = fake.claude().auth_status(&fake.env).await.unwrap_err();
    assert!(matches!(error, ProbeError::NotUnderstood { .. }), "{error}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let fake = Fake::new("exec sleep 600");
    let patience = Duration::from_millis(100);
    let answer = fake.claude().ask(&fake.env, "--version", patience).await;
    assert!(matches!(answer, Err(ProbeError::Timeout { .. })));
}

#[tokio::test]
async fn a_binary_that_is_gone_is_told() {
    let fake = Fake::new("");
    let claude = fake.claude();
    fs::remove_file(fake.path("claude")).unwrap();
    let error = claude.version(&fake.env, None).await.unwrap_err();
    assert!(matches!(error, ProbeError::Start { .. }), "{error}");
}
