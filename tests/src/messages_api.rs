//! A loopback stand-in for the Anthropic Messages API that the real Claude Code talks to.
//!
//! A test scripts it by a list of [`Turn`]s. Each request for a message takes the next turn; side
//! requests (titles, quota probes, token counts) are answered without one. All requests are kept.
//!
//! ```no_run
//! use cc_tests::messages_api::{MessagesApi, Turn};
//! use serde_json::json;
//!
//! let api = MessagesApi::start([
//!     Turn::error(429).header("retry-after", "1").times(2),
//!     Turn::tool("Bash", json!({"command": "git diff --stat"})),
//!     Turn::text("No findings."),
//! ]);
//! ```

mod play;
mod record;
mod reviewer;
mod turn;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::http;
use crate::wait::Watched;

pub use record::{Kind, Request};
pub use turn::{Block, Turn};

/// A running server; dropping it ends every connection.
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub struct MessagesApi {
    state: Arc<State>,
    server: http::Server,
}

#[derive(Debug, Default)]
struct State(Watched<Inner>);

#[derive(Debug, Default)]
struct Inner {
    turns: VecDeque<Turn>,
    requests: Vec<Request>,
    clients_gone: usize,
}

impl MessagesApi {
    /// Starts a server that plays `turns` in order; after the last it answers 400, so that an
    /// unexpected request fails. Repeat a turn with [`Turn::times`] or [`Turn::forever`].
    pub fn start(turns: impl IntoIterator<Item = Turn>) -> Self {
        let state = Arc::new(State::default());
        state.0.lock().turns.extend(turns);
        let server = http::Server::start({
            let state = Arc::clone(&state);
            move |request, reply| state.answer(request, reply)
        });
        Self { state, server }
    }

    /// Starts a server that plays a reviewer for any number of requests: it runs `git diff --stat` if Bash
    /// is available, then answers with a review in the requested format.
    pub fn reviewer() -> Self {
        Self::start([Turn::computed(reviewer::answer).forever()])
    }

    /// The value for `ANTHROPIC_BASE_URL`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Appends turns to those not played yet.
    pub fn push(&self, turns: impl IntoIterator<Item = Turn>) {
        self.state.0.lock().turns.extend(turns);
    }

    /// The turns not played yet; a repeating turn counts as one.
    pub fn turns_left(&self) -> usize {
        self.state.0.lock().turns.len()
    }

    /// The requests for a message so far, in order of arrival; each took a turn.
    pub fn requests(&self) -> Vec<Request> {
        let inner = self.state.0.lock();
        inner
            .requests
            .iter()
            .filter(|r| r.kind == Kind::Message)
            .cloned()
            .collect()
    }

    /// All requests so far, side requests too.
    pub fn all_requests(&self) -> Vec<Request> {
        self.state.0.lock().requests.clone()
    }

    /// Waits for the `n`-th request for a message, counted from 1.
    ///
    /// # Panics
    /// When it does not come within `timeout`.
    #[track_caller]
    pub fn wait_for_request(&self, n: usize, timeout: Duration) -> Request {
        let found = self.state.0.wait(timeout, |inner| {
            let mut messages = inner.requests.iter().filter(|r| r.kind == Kind::Message);
            messages.nth(n - 1).cloned()
        });
        found.unwrap_or_else(|| {
            let seen = self.requests().len();
            panic!("request {n} did not come within {timeout:?}; {seen} came")
        })
    }

    /// How many clients hung up before their answer was complete; cuts by the script do not count.
    pub fn clients_gone(&self) -> usize {
        self.state.0.lock().clients_gone
    }

    /// Waits until a client hung up before its answer was complete.
    ///
    /// # Panics
    /// When none does within `timeout`.
    #[track_caller]
    pub fn wait_client_gone(&self, timeout: Duration) {
        let gone = self
            .state
            .0
            .wait(timeout, |inner| (inner.clients_gone > 0).then_some(()));
        assert!(gone.is_some(), "no client hung up within {timeout:?}");
    }
}

impl State {
    fn answer(&self, request: &http::Request, reply: &mut http::Reply) -> Result<(), http::Gone> {
        let request = Request::read(request);
        let turn = self.record(&request);
        match request.kind {
            Kind::Message => self.play(&turn.unwrap_or_else(Turn::spent), &request, reply),
            Kind::Side => self.play(&Turn::text("side answer"), &request, reply),
            Kind::CountTokens => reply.json(200, &[], &json!({"input_tokens": 100})),
            Kind::Other if request.method == "HEAD" => reply.empty(200),
            Kind::Other => {
                let error = json!({"type": "not_found_error", "message": "not served here"});
                reply.json(404, &[], &json!({"type": "error", "error": error}))
            }
        }
    }

    /// Keeps the request and takes its turn, both in one step: requests and turns pair in order.
    fn record(&self, request: &Request) -> Option<Turn> {
        self.0.change(|inner| {
            inner.requests.push(request.clone());
            if request.kind != Kind::Message {
                return None;
            }
            let turn = inner.turns.front_mut()?;
            if turn.take_one() {
                return Some(turn.clone());
            }
            inner.turns.pop_front()
        })
    }

    fn play(
        &self,
        turn: &Turn,
        request: &Request,
        reply: &mut http::Reply,
    ) -> Result<(), http::Gone> {
        play::play(turn, request, reply).map_err(|end| {
            if matches!(end, play::End::ClientGone) {
                self.0.change(|inner| inner.clients_gone += 1);
            }
            http::Gone
        })
    }
}
