use std::fs;

use serde_json::json;
use tempfile::TempDir;

use super::*;

/// A home directory with these settings of Claude Code.
struct Home(TempDir);

impl Home {
    fn with(settings: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(".claude")).unwrap();
        let home = Self(dir);
        fs::write(home.file(), settings).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self) -> PathBuf {
        self.path(".claude/settings.json")
    }

    fn env(&self) -> Env {
        let home = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        Env::fixed("/cwd", "/bin/cc", [(home, self.0.path())])
    }

    fn read(&self) -> UserSettings {
        UserSettings::read(&self.env(), Path::new("/nowhere/repo"))
    }
}

fn read(settings: &str) -> UserSettings {
    Home::with(settings).read()
}

#[test]
fn what_counts_is_taken_over_and_nothing_else() {
    let years_of_settings = json!({
        "$schema": "https://json.schemastore.org/claude-code-settings.json",
        "env": {"ANTHROPIC_BASE_URL": "http://gateway", "ANTHROPIC_AUTH_TOKEN": "t", "N": 3, "B": true},
        "apiKeyHelper": "~/bin/key --fresh",
        "awsAuthRefresh": "aws sso login",
        "awsCredentialExport": "aws configure export-credentials",
        "gcpAuthRefresh": "gcloud auth login",
        "model": "opus",
        "modelOverrides": {"opus": "arn:aws:bedrock:x"},
        "effortLevel": "high",
        "permissions": {"allow": ["Bash"], "defaultMode": "bypassPermissions", "deny": ["WebFetch", "Bash(rm:*)"]},
        "hooks": {"Stop": []}, "enabledPlugins": {}, "outputStyle": "Explanatory", "statusLine": {},
        "enableAllProjectMcpServers": true, "sandbox": {"enabled": false}, "disableAllHooks": false,
    });
    let user = read(&years_of_settings.to_string());
    assert_eq!(user.problems(), [""; 0]);
    let env: Vec<_> = user.env.iter().map(|(n, v)| format!("{n}={v}")).collect();
    assert_eq!(
        env,
        [
            "ANTHROPIC_AUTH_TOKEN=t",
            "ANTHROPIC_BASE_URL=http://gateway",
            "B=true",
            "N=3"
        ]
    );
    assert_eq!(
        Value::Object(user.settings.clone()),
        json!({
            "apiKeyHelper": "~/bin/key --fresh",
            "awsAuthRefresh": "aws sso login",
            "awsCredentialExport": "aws configure export-credentials",
            "gcpAuthRefresh": "gcloud auth login",
            "model": "opus",
            "modelOverrides": {"opus": "arn:aws:bedrock:x"},
        })
    );
    assert_eq!(user.effort.as_deref(), Some("high"));
    assert_eq!(user.denied, ["WebFetch", "Bash(rm:*)"]);
}

#[test]
fn values_of_a_wrong_type_are_left_out_and_named() {
    let user = read(
        r#"{"model": 7, "apiKeyHelper": ["x"], "effortLevel": {}, "modelOverrides": {"a": 1},
            "env": {"GOOD": "1", "BAD": {}, "": "x", "A=B": "x", "NUL": "\u0000"},
            "permissions": {"deny": ["Bash", 7, ""]}, "awsAuthRefresh": null}"#,
    );
    assert_eq!(user.settings, Map::new());
    assert_eq!(user.effort, None);
    assert_eq!(user.env.keys().collect::<Vec<_>>(), ["GOOD"]);
    assert_eq!(user.denied, ["Bash"]);
    let [problem] = user.problems() else {
        panic!("{:?}", user.problems())
    };
    for name in [
        "model",
        "apiKeyHelper",
        "effortLevel",
        "modelOverrides",
        "env.BAD",
        "permissions.deny 7",
    ] {
        assert!(problem.contains(name), "{name}: {problem}");
    }
    assert!(!problem.contains("awsAuthRefresh"), "{problem}");
}

#[test]
fn files_that_are_none_are_named() {
    for (text, why) in [
        ("{\"model\": \"x\",}", "line 1"),
        ("[]", "not a JSON object"),
        ("", "EOF"),
    ] {
        let user = read(text);
        assert_eq!(user.settings, Map::new());
        assert!(user.problems()[0].contains(why), "{:?}", user.problems());
    }
    assert_eq!(read("\u{feff}{\"model\": \"x\"}").settings["model"], "x");

    let home = Home::with("{}");
    fs::remove_file(home.file()).unwrap();
    assert_eq!(
        home.read(),
        UserSettings::default(),
        "no file is no problem"
    );
    fs::create_dir(home.file()).unwrap();
    assert!(home.read().problems()[0].contains("settings.json"));
    fs::remove_dir(home.file()).unwrap();
    let huge = fs::File::create(home.file()).unwrap();
    huge.set_len(LIMIT + 1).unwrap();
    assert!(home.read().problems()[0].contains("larger"));
}

#[test]
#[cfg(unix)]
fn links_are_followed_but_not_into_the_workspace() {
    let home = Home::with("{}");
    fs::remove_file(home.file()).unwrap();
    let dotfiles = home.path("dotfiles");
    fs::create_dir(&dotfiles).unwrap();
    fs::write(dotfiles.join("settings.json"), r#"{"model": "x"}"#).unwrap();
    std::os::unix::fs::symlink(dotfiles.join("settings.json"), home.file()).unwrap();
    assert_eq!(home.read().settings["model"], "x");

    let inside = UserSettings::read(&home.env(), &dotfiles);
    assert_eq!(inside.settings, Map::new());
    assert!(inside.problems()[0].contains("inside the workspace"));
    let at_home = UserSettings::read(&home.env(), home.0.path());
    assert_eq!(
        at_home.settings["model"], "x",
        "a home under Git has no fence"
    );
}

#[test]
fn another_directory_of_claude_counts_instead() {
    let home = Home::with(r#"{"model": "x"}"#);
    let dir = home.path("work");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("settings.json"), r#"{"model": "y"}"#).unwrap();
    let var = (OsString::from("CLAUDE_CONFIG_DIR"), dir.into());
    let env = home.env().with_vars([var]);
    let user = UserSettings::read(&env, Path::new("/nowhere/repo"));
    assert_eq!(user.settings["model"], "y");
}

#[test]
fn helpers_run_nothing_of_the_repository() {
    for (helper, counts) in [
        ("~/bin/key", true),
        ("/opt/key --for ./x/../y", false),
        ("cat /run/key", true),
        ("echo a/b", true),
        ("./key", false),
        ("scripts/key", false),
        ("sh ../key", false),
        ("sh './key'", false),
        ("$HOME/key", true),
        ("A=b/c key", true),
    ] {
        let user = read(&json!({"apiKeyHelper": helper}).to_string());
        assert_eq!(
            user.settings.contains_key("apiKeyHelper"),
            counts,
            "{helper}"
        );
        assert_eq!(user.problems().is_empty(), counts, "{helper}");
    }
}

#[test]
fn variables_are_wanted_where_the_user_names_them() {
    let user = read(r#"{"env": {"SET": "1"}, "apiKeyHelper": "echo ${MY_TOKEN}"}"#);
    assert!(user.wants("SET") && user.wants("MY_TOKEN"));
    assert!(!user.wants("TOKEN") && !user.wants("MY_TOKEN_2"));
}

#[test]
#[cfg(unix)]
fn denied_files_stay_the_same_ones() {
    let home = Home::with(
        r#"{"permissions": {"deny": ["Read(/x/**)", "Read(//etc/x)", "Read(~/x)", "Read(./x)", "Bash(/bin/x:*)"]}}"#,
    );
    let dir = home.path(".claude");
    let here = format!("Read(/{}/x/**)", dir.display());
    let rest = ["Read(//etc/x)", "Read(~/x)", "Read(./x)", "Bash(/bin/x:*)"];
    assert_eq!(home.read().denied[0], here);
    assert_eq!(home.read().denied[1..], rest);
}
