//! The environment of the Claude process: built from ours, not inherited.
//!
//! Every shell command of Claude can read it, so only what is known to be needed passes (`names.rs`),
//! and what the user names. What ties us to the session that we were started from, and what loads
//! foreign code into the child or its shells, never does.

mod names;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use cc_core::Env;
use cc_core::program::SearchPath;

use crate::{GitAccess, UserSettings};

/// What is always set.
///
/// Measured on Claude 2.1.330: without the first, `@path` in a prompt makes Claude send that file,
/// unasked; without the second, a slow command moves to the background and a second result follows.
const SET: &[(&str, &str)] = &[
    ("CLAUDE_CODE_DISABLE_ATTACHMENTS", "1"),
    ("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1"),
    ("CC_NESTED", "1"),
    ("DISABLE_AUTOUPDATER", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
];

/// What is set where Claude gets a server: its tools are in the first request, and Claude waits for them.
///
/// Measured on 2.1.197, which otherwise begins without a server that takes more than two seconds, and without
/// any if it searches for tools; the others wait for up to 30 s.
pub(crate) const WITH_SERVER: &[(&str, &str)] = &[
    ("ENABLE_TOOL_SEARCH", "false"),
    ("MCP_CONNECTION_NONBLOCKING", "false"),
];

/// Settings of git: the repository's own configuration may name programs that git would run.
const GIT_CONFIG: &[(&str, &str)] = &[("core.fsmonitor", "false"), ("core.hooksPath", "/dev/null")];

/// Where no repository is.
const NO_REPOSITORY: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// What is set where the user has not set it. Ten retries of a refused login take 191 s, four 14 s.
const DEFAULTS: &[(&str, &str)] = &[("CLAUDE_CODE_MAX_RETRIES", "4")];

/// The PATH where nothing of the user's is left.
const SYSTEM_PATH: &str = if cfg!(windows) {
    r"C:\Windows\System32;C:\Windows"
} else {
    "/usr/bin:/bin"
};

/// What ties us to the session we run in, and what loads code. `*` stands for any text.
const DROPPED: &[&str] = &[
    // Codex's and our own session.
    "CODEX_*",
    "OPENAI_*",
    "CC_SESSION_ID",
    "CC_RUN",
    // A session of Claude we may run in.
    "AI_AGENT",
    "CLAUDECODE",
    "CLAUDE_*SESSION*",
    "CLAUDE_BG_*",
    "CLAUDE_BRIDGE_*",
    "CLAUDE_CODE_AGENT",
    "CLAUDE_CODE_BRIDGE_*",
    "CLAUDE_CODE_CHILD_*",
    "CLAUDE_CODE_COORDINATOR_MODE",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_EXECPATH",
    "CLAUDE_CODE_MESSAGING_*",
    "CLAUDE_CODE_PROCESS_WRAPPER",
    "CLAUDE_CODE_RELAUNCH_*",
    "CLAUDE_CODE_RESUME_*",
    "CLAUDE_CODE_SIMPLE",
    "CLAUDE_CODE_SSE_PORT",
    "CLAUDE_CODE_TASK_LIST_ID",
    "CLAUDE_CODE_TEE_SDK_STDOUT",
    "CLAUDE_CODE_TOOL_USE_ID",
    "CLAUDE_CODE_WORKER_*",
    "CLAUDE_EFFORT",
    "CLAUDE_ENV_FILE",
    "CLAUDE_JOB_DIR",
    "CLAUDE_PID",
    "CLAUDE_PLUGIN_*",
    "CLAUDE_PROJECT_DIR",
    "CLAUDE_RUNNER_*",
    // Code for the child, its shells and their programs.
    "BASH_ENV",
    "BASH_FUNC_*",
    "BUN_*",
    "DYLD_INSERT_LIBRARIES",
    "ENV",
    "GIT_*",
    "LD_AUDIT",
    "LD_PRELOAD",
    "NODE_OPTIONS",
    "PROMPT_COMMAND",
    "SHELLOPTS",
];

/// What Claude itself needs, also where the name looks like a secret.
const CLAUDE_NEEDS: &[&str] = &["ANTHROPIC_*", "CLAUDE_*"];

/// The variables of a cloud, let through only while Claude uses that cloud.
const CLOUDS: &[(&[&str], &[&str])] = &[
    (
        &["AWS_*"],
        &[
            "CLAUDE_CODE_USE_BEDROCK",
            "CLAUDE_CODE_USE_MANTLE",
            "CLAUDE_CODE_USE_ANTHROPIC_AWS",
        ],
    ),
    (
        &[
            "GOOGLE_*",
            "CLOUD_ML_*",
            "VERTEX_*",
            "GCLOUD_*",
            "CLOUDSDK_*",
        ],
        &[
            "CLAUDE_CODE_USE_VERTEX",
            "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
        ],
    ),
    (&["AZURE_*"], &["CLAUDE_CODE_USE_FOUNDRY"]),
    // Where usage is reported to, as an organisation wants it.
    (&["OTEL_*"], &["CLAUDE_CODE_ENABLE_TELEMETRY"]),
];

/// The environment for Claude, in place of ours. What the user set in Claude's own settings is part of
/// it, secrets too; what ties to a session or loads code does not pass from there either.
///
/// `named` are variables that pass as well, by patterns.
///
/// Its PATH is `path`.
pub(crate) fn child_env(
    env: &Env,
    user: &UserSettings,
    path: &SearchPath,
    git: &GitAccess,
    named: &[String],
) -> BTreeMap<OsString, OsString> {
    let env = &user.over(env);
    let mut vars: BTreeMap<OsString, OsString> = env
        .vars()
        .iter()
        .filter(|(name, value)| {
            let passes = |name| passes(env, user, (name, value), named, git);
            name.to_str().is_some_and(passes)
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    // Claude and its shells get one PATH, whatever its name is here: Windows has `Path`.
    vars.retain(|name, _| !name.eq_ignore_ascii_case("PATH"));
    // Without a PATH, or with an empty one, shells look into the current directory.
    let path = path.to_var();
    vars.insert("PATH".into(), path.unwrap_or_else(|| SYSTEM_PATH.into()));
    let to_os = |(name, value): &(&str, &str)| (OsString::from(name), OsString::from(value));
    for (name, value) in DEFAULTS.iter().map(to_os) {
        vars.entry(name).or_insert(value);
    }
    vars.extend(SET.iter().map(to_os));
    if *git == GitAccess::Nothing {
        vars.insert("GIT_DIR".into(), NO_REPOSITORY.into());
    }
    vars.insert(
        "GIT_CONFIG_COUNT".into(),
        GIT_CONFIG.len().to_string().into(),
    );
    for (number, (key, value)) in GIT_CONFIG.iter().map(to_os).enumerate() {
        vars.insert(format!("GIT_CONFIG_KEY_{number}").into(), key);
        vars.insert(format!("GIT_CONFIG_VALUE_{number}").into(), value);
    }
    vars
}

fn passes(
    env: &Env,
    user: &UserSettings,
    (name, value): (&str, &OsStr),
    named: &[String],
    git: &GitAccess,
) -> bool {
    let wanted = user.wants(name);
    let name = name.to_ascii_uppercase();
    let is_in = |patterns: &[&str]| patterns.iter().any(|pattern| matches(pattern, &name));
    if is_in(DROPPED) {
        return false;
    }
    let is_named = |pattern: &String| matches(&pattern.to_ascii_uppercase(), &name);
    if wanted || is_in(CLAUDE_NEEDS) || is_in(names::NETWORK) || named.iter().any(is_named) {
        return true;
    }
    if let Some((_, switches)) = CLOUDS.iter().find(|(names, _)| is_in(names)) {
        return switches.iter().any(|switch| is_on(env.var(switch)));
    }
    let lists = [names::SYSTEM, names::OF_CLAUDE, names::MANAGERS];
    let builds =
        matches!(git, GitAccess::Full) && is_in(names::TOOLCHAINS) && !holds_password(value);
    (builds || lists.into_iter().any(is_in)) && !is_in(names::SECRETS)
}

/// Whether a value has an address with a password, such as that of a private registry.
fn holds_password(value: &OsStr) -> bool {
    let value = value.to_string_lossy();
    let mut addresses = value.split("://").skip(1);
    addresses.any(|rest| {
        let host = rest.split(['/', ',', '|', ' ']).next();
        host.is_some_and(|host| host.contains('@'))
    })
}

/// Claude's own reading of a switch.
fn is_on(value: Option<&OsStr>) -> bool {
    value.and_then(OsStr::to_str).is_some_and(|value| {
        ["1", "true", "yes", "on"].contains(&value.trim().to_ascii_lowercase().as_str())
    })
}

/// Whether `name` fits `pattern`, where each `*` stands for any text.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, "")) => name.starts_with(head),
        Some((head, rest)) => name.strip_prefix(head).is_some_and(|name| {
            (0..=name.len())
                .filter(|&at| name.is_char_boundary(at))
                .any(|at| matches(rest, &name[at..]))
        }),
    }
}

#[cfg(test)]
mod tests;
