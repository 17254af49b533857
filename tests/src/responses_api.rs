//! A loopback stand-in for the OpenAI Responses API that the real Codex talks to.
//!
//! A test scripts it by a list of [`Turn`]s: what the model does next. Each request for a response
//! takes the next turn; when none is left, the model says [`OVER`]. All requests are kept.
//!
//! ```no_run
//! use cc_tests::responses_api::{ResponsesApi, Turn};
//!
//! let api = ResponsesApi::start([
//!     Turn::shell("echo changed > src/lib.rs"),
//!     Turn::text("I changed the file."),
//! ]);
//! ```

mod play;
mod record;
mod turn;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::http;
use crate::wait::Watched;

pub use record::Request;
pub use turn::{Call, Turn};

/// What the model says when its script is over.
pub const OVER: &str = "The script is over.";

/// A running server; dropping it ends every connection.
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub struct ResponsesApi {
    state: Arc<Watched<State>>,
    server: http::Server,
}

#[derive(Debug, Default)]
struct State {
    turns: VecDeque<Turn>,
    requests: Vec<Request>,
}

impl ResponsesApi {
    /// Starts a server that plays `turns` in order, then says [`OVER`] to every request.
    pub fn start(turns: impl IntoIterator<Item = Turn>) -> Self {
        let state = Arc::new(Watched::<State>::default());
        state.lock().turns.extend(turns);
        let server = http::Server::start({
            let state = Arc::clone(&state);
            move |request, reply| answer(&state, request, reply)
        });
        Self { state, server }
    }

    /// The server's address, without a slash at its end.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Adds turns behind those not played yet.
    pub fn push(&self, turns: impl IntoIterator<Item = Turn>) {
        self.state.lock().turns.extend(turns);
    }

    /// The turns not played yet; a repeating turn counts as one.
    pub fn turns_left(&self) -> usize {
        self.state.lock().turns.len()
    }

    /// The requests for a response so far, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.state.lock().requests.clone()
    }

    /// The latest request, which holds the whole conversation up to it.
    ///
    /// # Panics
    /// When none came.
    #[track_caller]
    pub fn last_request(&self) -> Request {
        let last = self.state.lock().requests.last().cloned();
        last.expect("Codex asked its model nothing")
    }

    /// Waits for the `n`-th request, counted from 1.
    ///
    /// # Panics
    /// When it does not come within `timeout`.
    #[track_caller]
    pub fn wait_for_request(&self, n: usize, timeout: Duration) -> Request {
        let nth = |state: &State| state.requests.get(n - 1).cloned();
        self.state.wait(timeout, nth).unwrap_or_else(|| {
            let seen = self.requests().len();
            panic!("request {n} did not come within {timeout:?}; {seen} came")
        })
    }
}

impl State {
    fn next_turn(&mut self) -> Option<Turn> {
        let turn = self.turns.front_mut()?;
        if turn.take_one() {
            return Some(turn.clone());
        }
        self.turns.pop_front()
    }
}

fn answer(
    state: &Watched<State>,
    request: &http::Request,
    reply: &mut http::Reply,
) -> Result<(), http::Gone> {
    let path = request.path.split('?').next().unwrap_or_default();
    if (request.method.as_str(), path) != ("POST", "/v1/responses") {
        let error = json!({"error": {"message": "not served here"}});
        return reply.json(404, &[], &error);
    }
    let request = Request::read(request);
    // One step, so that requests and turns pair in order.
    let (number, turn) = state.change(|state| {
        state.requests.push(request.clone());
        let taken = state.next_turn();
        (state.requests.len(), taken)
    });
    let turn = turn.unwrap_or_else(|| Turn::text(OVER));
    play::play(&turn, number, &request, reply)
}
