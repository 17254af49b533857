//! The kit of the end-to-end suites: a throw-away world around the true binaries.
//!
//! Here: [`Sandbox`] (own home, repository and environment), a scripted fake Claude ([`fake`]),
//! loopback model servers for the real Claude and the real Codex ([`messages_api`],
//! [`responses_api`]), a client of Codex's app server ([`app_server`]), and the pinned real
//! programs themselves ([`peers`]).
//! Not here: anything of the product but its binaries; the kit names no crate except `cc-core`.
//!
//! A kit for tests fails by panic: whatever it cannot do is a failed test that says why.
//!
//! Start with [`Sandbox`].

pub mod app_server;
pub mod binaries;
pub mod fake;
pub mod http;
pub mod messages_api;
pub mod peers;
pub mod responses_api;
pub mod sandbox;
pub mod wait;

pub use fake::Scenario;
pub use messages_api::{Block, MessagesApi, Turn};
pub use responses_api::ResponsesApi;
pub use sandbox::Sandbox;
pub use wait::eventually;
