//! A client of `codex app-server`: JSON-RPC, a line a message, over standard input and output.
//!
//! One thread of conversation after another can be played through it, and what Codex tells on the
//! way (items, runs of hooks) is kept.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::sandbox::{Output, Running};

/// A running `codex app-server`; dropping it ends it.
#[derive(Debug)]
pub struct AppServer {
    server: Running,
    repo: PathBuf,
    requests: u64,
    lines: usize,
    notes: Vec<Value>,
}

/// How one run of a hook ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookRun {
    /// The event, as the protocol names it: `userPromptSubmit`.
    pub event: String,
    /// `completed`, `failed`, `blocked` or `stopped`.
    pub status: String,
}

impl AppServer {
    /// Says hello to a server whose standard input stays open.
    #[track_caller]
    pub(crate) fn on(server: Running, repo: &Path) -> Self {
        let mut client = Self {
            server,
            repo: repo.to_owned(),
            requests: 0,
            lines: 0,
            notes: Vec::new(),
        };
        let client_info = json!({"name": "cc-tests", "version": "0"});
        let capabilities = json!({"experimentalApi": true});
        let hello = json!({"clientInfo": client_info, "capabilities": capabilities});
        client.request("initialize", &hello);
        client.send(&json!({"method": "initialized"}));
        client
    }

    /// Makes a request and gives its result.
    ///
    /// # Panics
    /// When the answer is an error or does not come in time.
    #[track_caller]
    pub fn request(&mut self, method: &str, params: &Value) -> Value {
        self.try_request(method, params)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Makes a request and gives its result.
    ///
    /// # Errors
    /// The server's error.
    ///
    /// # Panics
    /// When no answer comes in time.
    #[track_caller]
    pub fn try_request(&mut self, method: &str, params: &Value) -> Result<Value, Value> {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({"id": id, "method": method, "params": params}));
        loop {
            let mut message = self.next(method);
            if message["id"] == id && message.get("method").is_none() {
                return match message.get("error") {
                    Some(error) => Err(error.clone()),
                    None => Ok(message["result"].take()),
                };
            }
            self.notes.push(message);
        }
    }

    /// The hooks of the repository, as Codex lists them.
    ///
    /// # Panics
    /// When the list does not come.
    #[track_caller]
    pub fn hooks(&mut self) -> Vec<Value> {
        self.list("hooks/list", "hooks")
    }

    /// The skills on offer in the repository, as Codex lists them.
    ///
    /// # Panics
    /// When the list does not come.
    #[track_caller]
    pub fn skills(&mut self) -> Vec<Value> {
        self.list("skills/list", "skills")
    }

    #[track_caller]
    fn list(&mut self, method: &str, what: &str) -> Vec<Value> {
        let mut listed = self.request(method, &json!({"cwds": [self.repo]}));
        match listed["data"][0][what].take() {
            Value::Array(items) => items,
            _ => panic!("{method} gave no {what}: {listed:#}"),
        }
    }

    /// Starts a thread in the repository that may write there and asks nobody for more; its id,
    /// which is the session's id too.
    ///
    /// # Panics
    /// When the server refuses.
    #[track_caller]
    pub fn start_thread(&mut self) -> String {
        let params =
            json!({"cwd": self.repo, "approvalPolicy": "never", "sandbox": "workspace-write"});
        let started = self.request("thread/start", &params);
        let id = started["thread"]["id"].as_str();
        id.expect("a thread has an id").to_owned()
    }

    /// Plays one turn to its end; what Codex tells about it then.
    ///
    /// # Panics
    /// When the server refuses or the turn does not end in time.
    #[track_caller]
    pub fn turn(&mut self, thread: &str, prompt: &str) -> Value {
        let turn = self.start_turn(thread, prompt);
        self.end_of_turn(&turn)
    }

    /// Starts a turn; its id.
    ///
    /// # Panics
    /// When the server refuses.
    #[track_caller]
    pub fn start_turn(&mut self, thread: &str, prompt: &str) -> String {
        let input = json!([{"type": "text", "text": prompt}]);
        let started = self.request("turn/start", &json!({"threadId": thread, "input": input}));
        let id = started["turn"]["id"].as_str();
        id.expect("a turn has an id").to_owned()
    }

    /// Says something into a turn that runs.
    ///
    /// # Panics
    /// When the server refuses.
    #[track_caller]
    pub fn steer(&mut self, thread: &str, turn: &str, prompt: &str) {
        let input = json!([{"type": "text", "text": prompt}]);
        let params = json!({"threadId": thread, "expectedTurnId": turn, "input": input});
        self.request("turn/steer", &params);
    }

    /// Ends a turn that runs, as the user does with Esc.
    ///
    /// # Panics
    /// When the server refuses.
    #[track_caller]
    pub fn interrupt(&mut self, thread: &str, turn: &str) {
        let params = json!({"threadId": thread, "turnId": turn});
        self.request("turn/interrupt", &params);
    }

    /// Waits for the end of a turn; what Codex tells about it then.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn end_of_turn(&mut self, turn: &str) -> Value {
        let ended = |note: &Value| {
            note["method"] == "turn/completed" && note["params"]["turn"]["id"] == turn
        };
        self.wait_for_note("the end of the turn", ended)["params"]["turn"].take()
    }

    /// The messages that wait for the thread, put there by `codex queue`.
    ///
    /// # Panics
    /// When the list does not come; older versions have no queue.
    #[track_caller]
    pub fn queued(&mut self, thread: &str) -> Vec<String> {
        let listed = self.request("thread/queue/list", &json!({"threadId": thread}));
        let waiting = listed["data"].as_array().into_iter().flatten();
        let texts = waiting.filter_map(|message| message["input"][0]["text"].as_str());
        texts.map(str::to_owned).collect()
    }

    /// Waits for a notification, those that came already among them.
    ///
    /// # Panics
    /// When it does not come in time.
    #[track_caller]
    pub fn wait_for_note(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        if let Some(note) = self.notes.iter().find(|note| is_it(note)) {
            return note.clone();
        }
        loop {
            let note = self.next(what);
            self.notes.push(note.clone());
            if is_it(&note) {
                return note;
            }
        }
    }

    /// The notifications read so far.
    pub fn notes(&self) -> &[Value] {
        &self.notes
    }

    /// The runs of hooks that ended, among the notifications read so far.
    pub fn hook_runs(&self) -> Vec<HookRun> {
        let ended = |note: &&Value| note["method"] == "hook/completed";
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let runs = self.notes.iter().filter(ended).map(|note| HookRun {
            event: text(&note["params"]["run"]["eventName"]),
            status: text(&note["params"]["run"]["status"]),
        });
        runs.collect()
    }

    /// What hooks warned the user of, among the notifications read so far.
    pub fn hook_warnings(&self) -> Vec<&str> {
        let ended = |note: &&Value| note["method"] == "hook/completed";
        let runs = self.notes.iter().filter(ended);
        let entries = runs.filter_map(|note| note["params"]["run"]["entries"].as_array());
        let warnings = entries.flatten().filter(|entry| entry["kind"] == "warning");
        warnings
            .filter_map(|entry| entry["text"].as_str())
            .collect()
    }

    /// Ends the server the way a client that leaves does, and waits for it.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn close(self) -> Output {
        self.server.close_stdin();
        self.server.wait()
    }

    #[track_caller]
    fn send(&self, message: &Value) {
        self.server.say(&format!("{message}\n"));
    }

    #[track_caller]
    fn next(&mut self, awaited: &str) -> Value {
        let line = self.server.line(self.lines);
        let line = line.unwrap_or_else(|| panic!("no answer: {awaited}; {}", self.server));
        self.lines += 1;
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("not JSON: {error}: {line}"))
    }
}
