//! Writes answers to a connection.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::gone::Gone;

/// Writes the answer to one request, as slowly or as badly as the script wants.
#[derive(Debug)]
pub struct Reply {
    stream: TcpStream,
    reusable: bool,
}

impl Reply {
    pub(super) fn on(stream: TcpStream) -> Self {
        Self {
            stream,
            reusable: true,
        }
    }

    /// Whether another request may follow on this connection.
    pub(super) fn may_follow(&self) -> bool {
        self.reusable
    }

    /// Ends the connection, but lets the client read what is under way.
    pub(super) fn close(self) -> Result<(), Gone> {
        Ok(self.stream.shutdown(Shutdown::Write)?)
    }

    /// Sends a whole JSON answer.
    ///
    /// # Errors
    /// When the connection has ended.
    pub fn json(
        &mut self,
        status: u16,
        headers: &[(String, String)],
        body: &Value,
    ) -> Result<(), Gone> {
        let body = body.to_string();
        let mut head = head(status, "application/json", headers);
        head += &format!("content-length: {}\r\n\r\n", body.len());
        self.send(head.as_bytes())?;
        self.send(body.as_bytes())
    }

    /// Sends a status without a body.
    ///
    /// # Errors
    /// When the connection has ended.
    pub fn empty(&mut self, status: u16) -> Result<(), Gone> {
        let head = head(status, "text/plain", &[]) + "content-length: 0\r\n\r\n";
        self.send(head.as_bytes())
    }

    /// Begins a stream of server-sent events; the connection ends with it.
    ///
    /// # Errors
    /// When the connection has ended.
    pub fn begin_events(&mut self, headers: &[(String, String)]) -> Result<(), Gone> {
        self.reusable = false;
        let head = head(200, "text/event-stream; charset=utf-8", headers)
            + "cache-control: no-cache\r\nconnection: close\r\n\r\n";
        self.send(head.as_bytes())
    }

    /// Sends one event.
    ///
    /// # Errors
    /// When the connection has ended.
    pub fn event(&mut self, name: &str, data: &Value) -> Result<(), Gone> {
        self.send(format!("event: {name}\ndata: {data}\n\n").as_bytes())
    }

    /// Sends nothing for a while.
    ///
    /// # Errors
    /// As soon as the connection has ended.
    pub fn pause(&mut self, duration: Duration) -> Result<(), Gone> {
        let until = Instant::now() + duration;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.stream.set_read_timeout(Some(left))?;
            let seen = self.stream.peek(&mut [0]);
            self.stream.set_read_timeout(None)?;
            match seen {
                Ok(0) => return Err(Gone),
                // The next request is waiting already: the end cannot be seen behind it.
                Ok(_) => thread::sleep(left),
                Err(error) if is_timeout(&error) => {}
                Err(_) => return Err(Gone),
            }
        }
    }

    /// Sends nothing more and keeps the connection open until the client or the server ends it.
    pub fn hang(&mut self) -> Gone {
        while self.pause(Duration::from_secs(3600)).is_ok() {}
        Gone
    }

    /// Ends the connection in the middle of whatever was being sent.
    pub fn cut(&mut self) -> Gone {
        let _ = self.stream.shutdown(Shutdown::Both);
        Gone
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        Ok(self.stream.write_all(bytes)?)
    }
}

fn is_timeout(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

fn head(status: u16, content_type: &str, headers: &[(String, String)]) -> String {
    let mut head = format!("HTTP/1.1 {status} loopback\r\ncontent-type: {content_type}\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head
}
