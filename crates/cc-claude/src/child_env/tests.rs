use std::path::Path;

use super::*;

/// The environment of a Claude in `/repo`.
fn child_env(env: &Env, user: &UserSettings, git: &GitAccess) -> BTreeMap<OsString, OsString> {
    let path = SearchPath::outside(&user.over(env), Path::new("/repo"));
    super::child_env(env, user, &path, git, &[])
}

fn kept(vars: &[(&str, &str)]) -> Vec<String> {
    let env = Env::fixed("/cwd", "/bin/cc", vars.iter().copied());
    let child = child_env(&env, &UserSettings::default(), &GitAccess::Full);
    vars.iter()
        .filter(|(name, value)| child.get(OsStr::new(name)) == Some(&OsString::from(value)))
        .map(|(name, _)| (*name).to_owned())
        .collect()
}

#[track_caller]
fn check(names: &[&str], passes: bool) {
    for name in names {
        let is_kept = !kept(&[(*name, "value")]).is_empty();
        assert_eq!(is_kept, passes, "{name}");
    }
}

#[test]
fn the_ordinary_passes() {
    check(
        &[
            "HOME",
            "USER",
            "LANG",
            "LC_ALL",
            "TERM",
            "TZ",
            "TMPDIR",
            "SHELL",
            "XDG_CONFIG_HOME",
            "SSH_AUTH_SOCK",
            "DBUS_SESSION_BUS_ADDRESS",
            "LD_LIBRARY_PATH",
            "RUSTUP_HOME",
            "CARGO_TARGET_DIR",
            "VIRTUAL_ENV",
            "JAVA_HOME",
            "GOPROXY",
            "NVM_DIR",
            "MISE_DATA_DIR",
            "SystemRoot",
            "APPDATA",
            "ProgramFiles(x86)",
        ],
        true,
    );
}

#[test]
fn what_nobody_listed_does_not_pass() {
    check(
        &[
            "MYSQL_PWD",
            "DB_PASS",
            "REDIS_URL",
            "POSTGRES_URL",
            "MONGODB_URI",
            "PIP_INDEX_URL",
            "PIP_EXTRA_INDEX_URL",
            "UV_INDEX_URL",
            "AUTHORIZATION",
            "COOKIE",
            "JWT",
            "SLACK_WEBHOOK",
            "KUBECONFIG",
            "DOCKER_HOST",
            "VAULT_ADDR",
            "NETRC",
            "MY_COMPANY_THING",
            "OTEL_EXPORTER_OTLP_HEADERS",
            // On a list by their beginning.
            "CARGO_REGISTRIES_X_TOKEN",
            "CARGO_REGISTRY_TOKEN",
            "MISE_GITHUB_TOKEN",
            "CONDA_PASS",
            "ANDROID_KEYSTORE_PASSWORD",
            "XDG_COOKIE",
        ],
        false,
    );
    let registry = [(
        "GOPROXY",
        "https://proxy.golang.org,https://me:pw@go.example,direct",
    )];
    assert!(kept(&registry).is_empty(), "a password in an address");
    let proxy = [("HTTPS_PROXY", "http://me:pw@proxy.example:8080")];
    assert_eq!(
        kept(&proxy).len(),
        1,
        "there is no other way to the service"
    );
    let telemetry = [
        ("OTEL_METRICS_EXPORTER", "otlp"),
        ("CLAUDE_CODE_ENABLE_TELEMETRY", "1"),
    ];
    assert_eq!(kept(&telemetry).len(), 2);
}

#[test]
fn toolchains_are_for_rescues() {
    let env = Env::fixed(
        "/cwd",
        "/bin/cc",
        [("CARGO_HOME", "/c"), ("VOLTA_HOME", "/v")],
    );
    let child = child_env(&env, &UserSettings::default(), &GitAccess::Nothing);
    assert!(!child.contains_key(OsStr::new("CARGO_HOME")));
    assert!(child.contains_key(OsStr::new("VOLTA_HOME")), "for a shim");
}

#[test]
fn the_session_we_run_in_does_not_pass() {
    check(
        &[
            "CLAUDECODE",
            "AI_AGENT",
            "CLAUDE_CODE_ENTRYPOINT",
            "CLAUDE_CODE_SSE_PORT",
            "CLAUDE_CODE_SESSION_ID",
            "CLAUDE_SESSION_ID",
            "CLAUDE_CODE_SESSION_ACCESS_TOKEN",
            "CLAUDE_CODE_CHILD_SESSION",
            "CLAUDE_CODE_CHILD_NOTES_DIR",
            "CLAUDE_CODE_SIMPLE",
            "CLAUDE_CODE_MESSAGING_SOCKET",
            "CLAUDE_CODE_MESSAGING_TOKEN",
            "CLAUDE_CODE_EXECPATH",
            "CLAUDE_CODE_REMOTE_SESSION_ID",
            "CLAUDE_PID",
            "CLAUDE_EFFORT",
            "CLAUDE_PROJECT_DIR",
            "CLAUDE_ENV_FILE",
            "CLAUDE_PLUGIN_ROOT",
            "CODEX_HOME",
            "CODEX_THREAD_ID",
            "CODEX_SANDBOX",
            "OPENAI_API_KEY",
            "OPENAI_BASE_URL",
            "CC_SESSION_ID",
            "CC_RUN",
        ],
        false,
    );
}

#[test]
fn foreign_code_does_not_pass() {
    check(
        &[
            "NODE_OPTIONS",
            "BUN_OPTIONS",
            "LD_PRELOAD",
            "LD_AUDIT",
            "DYLD_INSERT_LIBRARIES",
            "BASH_ENV",
            "ENV",
            "BASH_FUNC_git%%",
            "GIT_DIR",
            "GIT_EXTERNAL_DIFF",
            "GIT_SSH_COMMAND",
            "GIT_CONFIG_PARAMETERS",
            "GIT_CONFIG_KEY_7",
            "git_dir",
        ],
        false,
    );
}

#[test]
fn secrets_pass_only_where_claude_needs_them() {
    check(
        &[
            "GITHUB_TOKEN",
            "GH_TOKEN",
            "NPM_TOKEN",
            "TOKEN",
            "MY_SECRET",
            "SECRET_THING",
            "DB_PASSWORD",
            "PGPASSWORD",
            "GEMINI_API_KEY",
            "apikey_x",
            "STRIPE_KEY",
            "SSH_PRIVATE_KEY_B64",
            "AWS_ACCESS_KEY_ID",
            "AWS_PROFILE",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "CLOUD_ML_REGION",
            "AZURE_CLIENT_SECRET",
            "DATABASE_URL",
            "SENTRY_DSN",
            "npm_config__auth",
            "AZDO_PAT",
        ],
        false,
    );
    check(
        &[
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_AUTH_TOKEN",
            "ANTHROPIC_BASE_URL",
            "ANTHROPIC_MODEL",
            "ANTHROPIC_CUSTOM_HEADERS",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "CLAUDE_CONFIG_DIR",
            "CLAUDE_CODE_CLIENT_KEY",
            "CLAUDE_CODE_MAX_OUTPUT_TOKENS",
            "CLAUDE_CODE_USE_BEDROCK",
        ],
        true,
    );
}

#[test]
fn the_way_to_the_service_passes() {
    check(
        &[
            "HTTP_PROXY",
            "https_proxy",
            "NO_PROXY",
            "ALL_PROXY",
            "NODE_EXTRA_CA_CERTS",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "API_TIMEOUT_MS",
            "DISABLE_TELEMETRY",
        ],
        true,
    );
}

#[test]
fn a_cloud_passes_while_claude_uses_it() {
    let both = [
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_REGION", "r"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "c"),
        ("CLOUD_ML_REGION", "r"),
        ("VERTEX_REGION_X", "r"),
    ];
    let with = |switch, value| {
        let mut kept = kept(&[&[(switch, value)], &both[..]].concat());
        kept.remove(0);
        kept
    };
    let aws = ["AWS_SECRET_ACCESS_KEY", "AWS_REGION"];
    let google = [
        "GOOGLE_APPLICATION_CREDENTIALS",
        "CLOUD_ML_REGION",
        "VERTEX_REGION_X",
    ];
    assert_eq!(with("CLAUDE_CODE_USE_BEDROCK", "1"), aws);
    assert_eq!(with("CLAUDE_CODE_USE_VERTEX", "true"), google);
    assert!(with("CLAUDE_CODE_USE_BEDROCK", "0").is_empty());
}

#[test]
fn what_is_set_is_set_whatever_the_user_has() {
    let env = Env::fixed(
        "/cwd",
        "/bin/cc",
        [
            ("CLAUDE_CODE_DISABLE_ATTACHMENTS", "0"),
            ("GIT_CONFIG_COUNT", "9"),
            ("CLAUDE_CODE_MAX_RETRIES", "1"),
        ],
    );
    let child = child_env(&env, &UserSettings::default(), &GitAccess::Full);
    for (name, value) in SET {
        assert_eq!(child.get(OsStr::new(name)), Some(&value.into()), "{name}");
    }
    assert_eq!(child[OsStr::new("CLAUDE_CODE_MAX_RETRIES")], "1");
    assert_eq!(
        child.len(),
        SET.len() + 2 + 1 + 2 * GIT_CONFIG.len(),
        "these, the retries, PATH and the settings of git"
    );
}

#[test]
fn retries_are_few_by_default() {
    let env = Env::fixed("/cwd", "/bin/cc", [("HOME", "/h")]);
    let child = child_env(&env, &UserSettings::default(), &GitAccess::Full);
    assert_eq!(child[OsStr::new("CLAUDE_CODE_MAX_RETRIES")], "4");
}

#[test]
#[cfg(unix)]
fn path_loses_what_the_workspace_has_a_hand_in() {
    let path = ":/usr/bin:.:node_modules/.bin:/repo/bin:/repo-not/bin:/opt/../repo/x:/bin";
    let env = Env::fixed("/repo", "/bin/cc", [("PATH", path)]);
    let child = child_env(&env, &UserSettings::default(), &GitAccess::Full);
    // `/opt/../repo/x` is not there: what it would be cannot be told, its `..` is resolved.
    assert_eq!(child[OsStr::new("PATH")], "/usr/bin:/repo-not/bin:/bin");
}

#[test]
#[cfg(unix)]
fn path_is_never_empty() {
    for path in ["", ":", "/repo/bin"] {
        let env = Env::fixed("/repo", "/bin/cc", [("PATH", path)]);
        let child = child_env(&env, &UserSettings::default(), &GitAccess::Full);
        assert_eq!(child[OsStr::new("PATH")], "/usr/bin:/bin");
    }
}

#[test]
fn a_name_that_is_not_text_does_not_pass() {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        let name = OsString::from_vec(b"GITHUB_TOKEN\xff".to_vec());
        let env = Env::fixed("/cwd", "/bin/cc", [(name.clone(), OsString::from("x"))]);
        assert!(!child_env(&env, &UserSettings::default(), &GitAccess::Full).contains_key(&name));
    }
}

#[test]
fn git_finds_no_repository_where_it_may_do_nothing() {
    let env = Env::fixed("/", "/cc-cli", Vec::<(&str, &str)>::new());
    let child = child_env(&env, &UserSettings::default(), &GitAccess::Nothing);
    assert_eq!(child[OsStr::new("GIT_DIR")], NO_REPOSITORY);
    assert_eq!(child[OsStr::new("GIT_CONFIG_KEY_1")], "core.hooksPath");
    let child = child_env(&env, &UserSettings::default(), &GitAccess::Full);
    assert!(!child.contains_key(OsStr::new("GIT_DIR")));
}

#[test]
fn what_the_user_set_for_claude_is_part_of_it() {
    let vars = [
        ("HOME", "/home/dev"),
        ("AWS_PROFILE", "work"),
        ("MY_TOKEN", "ours"),
        ("OTHER_TOKEN", "ours"),
        ("HTTPS_PROXY", "old"),
    ];
    let env = Env::fixed("/cwd", "/bin/cc", vars);
    let programs = if cfg!(windows) {
        "C:/opt/bin"
    } else {
        "/opt/bin"
    };
    let path = std::env::join_paths(["relative", programs]).unwrap();
    let mut user = UserSettings::default();
    for (name, value) in [
        ("CLAUDE_CODE_USE_BEDROCK", "1"),
        ("GATEWAY_TOKEN", "theirs"),
        ("HTTPS_PROXY", "new"),
        ("NODE_OPTIONS", "--require=/x.js"),
        ("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "0"),
        ("GIT_CONFIG_COUNT", "0"),
        ("CLAUDE_CODE_MAX_RETRIES", "1"),
        ("PATH", path.to_str().unwrap()),
    ] {
        user.env.insert(name.into(), value.into());
    }
    let helper = "fetch-key --as $MY_TOKEN";
    user.settings.insert("apiKeyHelper".into(), helper.into());
    let child = child_env(&env, &user, &GitAccess::Full);
    let of = |name: &str| child.get(OsStr::new(name)).and_then(|value| value.to_str());
    assert_eq!(of("AWS_PROFILE"), Some("work"), "of the provider in use");
    assert_eq!(of("GATEWAY_TOKEN"), Some("theirs"), "meant for Claude");
    assert_eq!(of("MY_TOKEN"), Some("ours"), "the helper needs it");
    assert_eq!(of("OTHER_TOKEN"), None);
    assert_eq!(of("HTTPS_PROXY"), Some("new"));
    assert_eq!(of("NODE_OPTIONS"), None);
    assert_eq!(of("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS"), Some("1"));
    assert_eq!(of("GIT_CONFIG_COUNT"), Some("2"));
    assert_eq!(of("CLAUDE_CODE_MAX_RETRIES"), Some("1"));
    assert_eq!(of("PATH"), Some(programs));
}

#[test]
fn what_the_user_names_passes_but_never_what_loads_code() {
    let vars = [
        ("NPM_TOKEN", "a"),
        ("MYAPP_KEY", "b"),
        ("LD_PRELOAD", "c"),
        ("OTHER_KEY", "d"),
    ];
    let env = Env::fixed("/cwd", "/bin/cc", vars);
    let user = UserSettings::default();
    let named = ["NPM_TOKEN", "myapp_*", "LD_PRELOAD"].map(str::to_owned);
    let path = SearchPath::outside(&env, Path::new("/repo"));
    let child = super::child_env(&env, &user, &path, &GitAccess::Full, &named);
    let has = |name: &str| child.contains_key(OsStr::new(name));
    assert!(has("NPM_TOKEN") && has("MYAPP_KEY"));
    assert!(!has("LD_PRELOAD") && !has("OTHER_KEY"));
}
