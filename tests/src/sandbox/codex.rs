//! The real Codex in a sandbox.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::command::Cmd;
use super::output::Output;
use super::world::{Sandbox, copy_program, program_name};
use crate::app_server::AppServer;
use crate::binaries;
use crate::fake_codex::FakeCodex;
use crate::peers::Peer;
use crate::responses_api::{ResponsesApi, Turn};

impl Sandbox {
    /// A world with the real Codex of this version, whose model is `api`; its hooks and shell
    /// commands find in their environment and on their PATH what everything here finds.
    ///
    /// It is not below the system's directory for temporary files: Codex refuses to keep its helper
    /// programs there, and its sandbox lets every command write there.
    ///
    /// # Panics
    /// When it cannot be installed or set up.
    pub fn codex_at(codex: Peer<'_>, api: &ResponsesApi) -> Self {
        let codex = codex.ensure().unwrap_or_else(|error| panic!("{error}"));
        let mut sandbox = Self::with_programs_at_home();
        sandbox.add_program("codex", &codex);
        // Codex asks for the distribution twice at each start; a script that starts a dozen programs answers.
        #[cfg(target_os = "linux")]
        sandbox.add_program("lsb_release", Path::new("/bin/false"));
        // A login shell takes its PATH from here, and Codex runs commands in a login shell.
        let path = sandbox.path_variable();
        put(
            &sandbox.home().join(".profile"),
            &format!("PATH='{path}'\n"),
        );
        put(&sandbox.codex_home().join("config.toml"), &config(api));
        // Whatever Codex wants from elsewhere, it is told at once that it is not served.
        for proxy in ["HTTPS_PROXY", "HTTP_PROXY"] {
            sandbox.set_env(proxy, api.url());
        }
        sandbox.set_env("NO_PROXY", "127.0.0.1,localhost");
        sandbox
    }

    /// Puts a Codex that does what `scenario` says into `dir`, which may be relative to the root; returns its path.
    ///
    /// # Panics
    /// When that cannot be written, or there is a Codex already.
    pub fn add_fake_codex(&self, dir: impl AsRef<Path>, scenario: &FakeCodex) -> PathBuf {
        let dir = self.root().join(dir);
        fs::create_dir_all(&dir).expect("the sandbox is writable");
        scenario.install(&dir);
        let codex = dir.join(program_name("codex"));
        copy_program(binaries::fake_codex(), &codex);
        codex
    }

    fn path_variable(&self) -> String {
        let path = self.env.iter().find(|(name, _)| name == "PATH");
        let (_, path) = path.expect("a sandbox has a PATH");
        path.to_string_lossy().into_owned()
    }

    /// A call of this sandbox's `codex`.
    pub fn codex<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Cmd<'_> {
        self.command(&self.codex_file()).args(args)
    }

    /// The file of this sandbox's `codex`.
    pub fn codex_file(&self) -> PathBuf {
        self.bin().join(program_name("codex"))
    }

    /// Has the model of one session in a sandbox of this `mode` run command lines, one after the other; what
    /// it reads of each.
    ///
    /// # Panics
    /// When the session fails or does not run each.
    #[track_caller]
    pub fn codex_runs(&self, api: &ResponsesApi, mode: &str, lines: &[String]) -> Vec<String> {
        api.push(lines.iter().map(|line| Turn::shell(line)));
        let exec = self.codex(["exec", "--sandbox", mode, "Go."]);
        exec.run().success();
        let read = api.last_request().tool_outputs();
        assert_eq!(read.len(), lines.len(), "not each was run: {read:?}");
        read
    }

    /// Starts this sandbox's `codex app-server`.
    ///
    /// # Panics
    /// When it cannot be started.
    #[track_caller]
    pub fn app_server(&self) -> AppServer {
        let server = self.codex(["app-server"]).stdin_stays_open().spawn();
        AppServer::on(server, &self.repo())
    }

    /// Queues a message for a session, as a job that has ended does.
    ///
    /// # Panics
    /// When Codex refuses; older versions have no queue.
    #[track_caller]
    pub fn queue(&self, session: &str, message: &str) {
        let queue = ["queue", "--thread", session, "--message", message];
        self.codex(queue).run().success();
    }

    /// Lets Codex run `program` outside of its sandbox without asking, by an exec rule of the user.
    ///
    /// # Panics
    /// When the rule cannot be written.
    pub fn allow_program(&self, program: &Path) {
        let rule = format!(
            "prefix_rule(pattern=[{}], decision=\"allow\")\n",
            json!(program)
        );
        put(&self.codex_home().join("rules").join("cc.rules"), &rule);
    }

    /// Writes the user's `hooks.json`: for each event, Codex's name for it and a shell command.
    ///
    /// The command has to read its standard input: Codex 0.135 may call one failed that ends without.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write_hooks<'a>(&self, hooks: impl IntoIterator<Item = (&'a str, String)>) {
        let mut events = json!({});
        for (event, command) in hooks {
            // Codex gives the end of a session no more than three seconds.
            let seconds = if event == "SessionEnd" { 3 } else { 30 };
            let hook = json!({"type": "command", "command": command, "timeout": seconds});
            events[event] = json!([{"hooks": [hook]}]);
        }
        let hooks = json!({"hooks": events});
        put(&self.codex_home().join("hooks.json"), &hooks.to_string());
    }

    /// Trusts every hook that Codex lists, the way its terminal interface does: the hash it names is
    /// written back to it. Gives the hooks as Codex lists them then.
    ///
    /// # Panics
    /// When one is not trusted afterwards.
    #[track_caller]
    pub fn trust_hooks(&self) -> Vec<Value> {
        let mut server = self.app_server();
        let trust = |hook: &Value| {
            let key = hook["key"].as_str().expect("a hook has a key").to_owned();
            (key, json!({"trusted_hash": hook["currentHash"]}))
        };
        let trusts: serde_json::Map<_, _> = server.hooks().iter().map(trust).collect();
        let edit = json!({"keyPath": "hooks.state", "value": trusts, "mergeStrategy": "upsert"});
        let params = json!({"edits": [edit], "reloadUserConfig": true});
        server.request("config/batchWrite", &params);
        let hooks = server.hooks();
        let trusted = |hook: &Value| hook["trustStatus"] == "trusted";
        assert!(hooks.iter().all(trusted), "not all are trusted: {hooks:#?}");
        hooks
    }
}

impl Output {
    /// The session that `codex exec` names on standard error.
    ///
    /// # Panics
    /// When it names none.
    #[track_caller]
    pub fn codex_session(&self) -> &str {
        let mut lines = self.stderr.lines();
        let id = lines.find_map(|line| line.strip_prefix("session id: "));
        id.unwrap_or_else(|| panic!("no session is named: {self}"))
    }

    /// The runs of hooks that `codex exec` tells on standard error, each with its event and its
    /// end: `Stop Completed`. It does not tell those of the session's end.
    pub fn codex_hooks(&self) -> Vec<&str> {
        let told = self.stderr.lines();
        let told = told.filter_map(|line| line.strip_prefix("hook: "));
        told.filter(|run| run.contains(' ')).collect()
    }
}

/// Codex's settings for a model server without an account.
fn config(api: &ResponsesApi) -> String {
    let url = api.url();
    format!(
        r#"model = "loopback"
model_provider = "loopback"
check_for_update_on_startup = false

[model_providers.loopback]
name = "loopback"
base_url = "{url}/v1"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
supports_websockets = false

[analytics]
enabled = false
"#
    )
}

fn put(path: &Path, text: &str) {
    let write = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, text)
    };
    write().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
