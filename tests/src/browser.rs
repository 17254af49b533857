//! A page in a browser: Chromium without a window, spoken to by its DevTools protocol through two pipes.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::peers;

/// A browser with one page. It ends with this value.
pub struct Browser {
    child: Child,
    requests: File,
    messages: BufReader<File>,
    session: Option<String>,
    next: u64,
    complaints: Vec<String>,
    _profile: tempfile::TempDir,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The width of the window, in CSS pixels.
    pub width: u32,
    /// `light` or `dark`.
    pub scheme: &'static str,
    /// `screen` or `print`.
    pub media: &'static str,
}

impl Browser {
    /// Starts the browser.
    ///
    /// # Panics
    /// When it cannot be fetched or started.
    #[must_use]
    pub fn start() -> Self {
        let program = peers::browser();
        let profile = tempfile::tempdir().expect("a directory for the profile");
        let [to, from] = ["to", "from"].map(|name| profile.path().join(name));
        for pipe in [&to, &from] {
            let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
            rustix::fs::mkfifoat(rustix::fs::CWD, pipe, mode).expect("a pipe");
        }
        // The protocol goes through the descriptors 3 and 4.
        let script = "exec \"$1\" --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
             --remote-debugging-pipe --user-data-dir=\"$4\" about:blank 3<\"$2\" 4>\"$3\"";
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script, "sh"]).arg(&program);
        command.args([&to, &from]).arg(profile.path());
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", profile.path());
        let command = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().expect("a shell");
        let requests = OpenOptions::new()
            .write(true)
            .open(&to)
            .expect("the browser reads");
        let messages = File::open(&from).expect("the browser writes");
        let mut browser = Self {
            child,
            requests,
            messages: BufReader::new(messages),
            session: None,
            next: 0,
            complaints: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Opens a file and waits until it is loaded.
    ///
    /// # Panics
    /// When the browser goes away.
    pub fn open(&mut self, page: &Path) {
        let url = format!("file://{}", page.display());
        self.call("Page.navigate", json!({"url": url}));
        while self.evaluate("document.readyState") != "complete" {}
    }

    /// Looks at the page in this way.
    pub fn look(&mut self, view: View) {
        let metrics = json!({
            "width": view.width, "height": 900, "deviceScaleFactor": 1, "mobile": view.width < 600,
        });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        let features = json!([{"name": "prefers-color-scheme", "value": view.scheme}]);
        let media = json!({"media": view.media, "features": features});
        self.call("Emulation.setEmulatedMedia", media);
    }

    /// The value of a JavaScript expression in the page.
    ///
    /// # Panics
    /// When it throws.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let call = json!({"expression": expression, "returnByValue": true});
        let mut answer = self.call("Runtime.evaluate", call);
        assert!(answer.get("exceptionDetails").is_none(), "{answer:#}");
        answer["result"]["value"].take()
    }

    /// What the browser complained about so far: errors, refused content, messages of scripts.
    #[must_use]
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let mut message = json!({"id": self.next, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.requests
            .write_all(&bytes)
            .expect("the browser listens");
        loop {
            let mut bytes = Vec::new();
            let read = self
                .messages
                .read_until(0, &mut bytes)
                .expect("the browser answers");
            assert!(read > 0, "the browser went away at {method}");
            bytes.pop();
            let mut message: Value = serde_json::from_slice(&bytes).expect("JSON");
            if message["id"] == self.next {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].take();
            }
            let event = message["method"].as_str().unwrap_or_default();
            if matches!(
                event,
                "Log.entryAdded"
                    | "Runtime.consoleAPICalled"
                    | "Runtime.exceptionThrown"
                    | "Page.javascriptDialogOpening"
            ) {
                self.complaints.push(message.to_string());
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended on its own.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
