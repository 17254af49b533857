//! A client of `codex app-server`: JSON-RPC over standard input and output, one message on each line.
//!
//! It starts threads, plays turns, and keeps the notifications (items, hook runs) for assertions.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::sandbox::{Output, Running};

/// A running `codex app-server`; dropping it ends it.
#[derive(Debug)]
#[must_use = "dropping it ends the server"]
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
    /// Initializes a server whose standard input stays open.
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

    /// Sends a request and returns its result.
    ///
    /// # Panics
    /// When the answer is an error or is late.
    #[track_caller]
    pub fn request(&mut self, method: &str, params: &Value) -> Value {
        self.try_request(method, params)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Sends a request and returns its result.
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

    /// The skills of the repository, as Codex lists them.
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

    /// Starts a thread that can write in the repository and never asks for approval; returns its id, which
    /// is also the session id.
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

    /// Plays one turn to its end; returns the turn as Codex reports it.
    ///
    /// # Panics
    /// When the server refuses or the turn does not end in time.
    #[track_caller]
    pub fn turn(&mut self, thread: &str, prompt: &str) -> Value {
        let turn = self.start_turn(thread, prompt);
        self.end_of_turn(&turn)
    }

    /// Starts a turn and returns its id.
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

    /// Sends a message to a running turn.
    ///
    /// # Panics
    /// When the server refuses.
    #[track_caller]
    pub fn steer(&mut self, thread: &str, turn: &str, prompt: &str) {
        let input = json!([{"type": "text", "text": prompt}]);
        let params = json!({"threadId": thread, "expectedTurnId": turn, "input": input});
        self.request("turn/steer", &params);
    }

    /// Interrupts a running turn, as the user does with Esc.
    ///
    /// # Panics
    /// When the server refuses.
    #[track_caller]
    pub fn interrupt(&mut self, thread: &str, turn: &str) {
        let params = json!({"threadId": thread, "turnId": turn});
        self.request("turn/interrupt", &params);
    }

    /// Waits for the end of a turn; returns the turn as Codex reports it.
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

    /// The messages queued for the thread by `codex queue`.
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

    /// Waits for a notification; those already received count.
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

    /// The warnings of hooks, among the notifications read so far.
    pub fn hook_warnings(&self) -> Vec<&str> {
        let ended = |note: &&Value| note["method"] == "hook/completed";
        let runs = self.notes.iter().filter(ended);
        let entries = runs.filter_map(|note| note["params"]["run"]["entries"].as_array());
        let warnings = entries.flatten().filter(|entry| entry["kind"] == "warning");
        warnings
            .filter_map(|entry| entry["text"].as_str())
            .collect()
    }

    /// Closes the connection like a client that exits, and waits for the server to end.
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
