//! A conversation with `codex app-server`: one JSON document a line, requests and answers by id.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use cc_core::child::ChildGroup;
use cc_core::text::Tail;
use serde_json::{Value, json};

use super::error::HostError;

/// The longest line that is read; an answer that lists everything is some 100 kB.
const LINE_LIMIT: u64 = 16 << 20;

/// How much of standard error is kept.
const STDERR_LIMIT: usize = 8 << 10;

/// How long it may take to end by itself.
const FAREWELL: Duration = Duration::from_secs(1);

/// A running app-server; it is ended when dropped.
pub(crate) struct AppServer {
    stdin: Box<dyn Write + Send>,
    lines: Receiver<Value>,
    stderr: Receiver<Tail>,
    next: u64,
    patience: Duration,
    version: Option<String>,
    child: ChildGroup,
}

impl AppServer {
    pub(super) fn start(mut child: ChildGroup, patience: Duration) -> Result<Self, HostError> {
        let stdin = child
            .take_stdin()
            .map(|stdin| Box::new(stdin) as Box<dyn Write + Send>);
        let mut server = Self {
            stdin: stdin.unwrap_or_else(|| Box::new(std::io::sink())),
            lines: read_lines(child.take_stdout()),
            stderr: read_tail(child.take_stderr()),
            next: 0,
            patience,
            version: None,
            child,
        };
        let client =
            json!({"name": "cc-installer", "title": "cc", "version": env!("CARGO_PKG_VERSION")});
        let client = json!({"clientInfo": client, "capabilities": {"experimentalApi": true}});
        let greeting = server.call("initialize", &client)?;
        server.version = version(&greeting);
        server.send("initialized", &json!({"method": "initialized"}))?;
        Ok(server)
    }

    /// The version that Codex told when it was greeted.
    pub(crate) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Asks one thing and waits for the answer.
    ///
    /// # Errors
    /// [`HostError::Unknown`] where this version does not know the method; others as named.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Result<Value, HostError> {
        let id = self.next;
        self.next += 1;
        self.send(
            method,
            &json!({"id": id, "method": method, "params": params}),
        )?;
        let deadline = Instant::now() + self.patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut line = match self.lines.recv_timeout(left) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => {
                    return Err(HostError::Timeout {
                        request: method.to_owned(),
                        waited: self.patience,
                    });
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended(method)),
            };
            // Everything else is news that nobody asked for.
            if line["id"].as_u64() != Some(id) {
                continue;
            }
            if let Some(result) = line.get_mut("result") {
                return Ok(result.take());
            }
            if line.get("error").is_some() {
                return Err(refusal(method, &line["error"]));
            }
        }
    }

    fn send(&mut self, method: &str, message: &Value) -> Result<(), HostError> {
        let line = format!("{message}\n");
        let sent = self
            .stdin
            .write_all(line.as_bytes())
            .and_then(|()| self.stdin.flush());
        sent.map_err(|_| self.ended(method))
    }

    fn ended(&self, method: &str) -> HostError {
        // Its last words may still be under way.
        let stderr = self.stderr.recv_timeout(Duration::from_millis(50));
        HostError::Ended {
            request: method.to_owned(),
            stderr: stderr
                .map(|mut tail| tail.text().into_owned())
                .unwrap_or_default(),
        }
    }
}

/// The version in a greeting such as `{"userAgent": "cc-installer/0.169.0 (Debian 12; x86_64)"}`.
fn version(greeting: &Value) -> Option<String> {
    let (_, rest) = greeting["userAgent"].as_str()?.split_once('/')?;
    Some(rest.split_whitespace().next()?.to_owned())
}

impl Drop for AppServer {
    fn drop(&mut self) {
        // Closing its input asks it to end; ended by force it leaves temporary files.
        self.stdin = Box::new(std::io::sink());
        self.child.wait_until(Instant::now() + FAREWELL);
    }
}

fn refusal(method: &str, error: &Value) -> HostError {
    const NO_SUCH_METHOD: i64 = -32601;
    let message = error["message"].as_str().unwrap_or("no reason given");
    // Codex answers an unknown method as a request that cannot be read.
    let unknown = message.contains(&format!("unknown variant `{method}`"));
    let request = method.to_owned();
    if unknown || error["code"].as_i64() == Some(NO_SUCH_METHOD) {
        HostError::Unknown { request }
    } else {
        let message = cc_core::text::one_line(message, 400);
        HostError::Refused { request, message }
    }
}

/// Reads a stream in the background, and sends the end of it once it is closed.
fn read_tail(stream: Option<impl Read + Send + 'static>) -> Receiver<Tail> {
    let (send, receive) = mpsc::channel();
    // Without a thread the end of the stream is there at once.
    let _ = thread::Builder::new().spawn(move || {
        let mut tail = Tail::new(STDERR_LIMIT);
        let mut buffer = [0; 8 << 10];
        if let Some(mut stream) = stream {
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                tail.push(&buffer[..read]);
            }
        }
        // Nobody may want it any more.
        let _ = send.send(tail);
    });
    receive
}

fn read_lines(stdout: Option<impl Read + Send + 'static>) -> Receiver<Value> {
    let (send, receive) = mpsc::channel();
    let _ = thread::Builder::new().spawn(move || {
        let Some(stdout) = stdout else { return };
        let mut reader = BufReader::new(stdout);
        let mut line = Vec::new();
        loop {
            line.clear();
            match reader
                .by_ref()
                .take(LINE_LIMIT)
                .read_until(b'\n', &mut line)
            {
                Ok(1..) => {}
                _ => return,
            }
            // What is no JSON is noise between the answers.
            if let Ok(value) = serde_json::from_slice(&line)
                && send.send(value).is_err()
            {
                return;
            }
        }
    });
    receive
}
