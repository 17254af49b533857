//! The test kit of the end-to-end suites: isolated environments around the real binaries.
//!
//! Here: [`Sandbox`] (own home, repository and environment), a scripted fake Claude ([`fake`]),
//! a scripted Codex ([`fake_codex`]),
//! loopback model servers for the real Claude and the real Codex ([`messages_api`],
//! [`responses_api`]), a client of Codex's app server ([`app_server`]), and the pinned real
//! programs themselves ([`peers`]).
//! Not here: any code of the product except `cc-core`; the kit runs its binaries.
//!
//! The kit panics when it cannot do something: the test fails and says why.
//!
//! Start with [`Sandbox`].

pub mod app_server;
pub mod binaries;
#[cfg(target_os = "linux")]
pub mod browser;
#[cfg(windows)]
pub mod closed_event;
pub mod cost;
pub mod door;
#[cfg(unix)]
pub mod escapes;
pub mod fake;
pub mod fake_codex;
pub mod http;
pub mod messages_api;
pub mod peers;
pub mod plants;
pub mod responses_api;
pub mod sandbox;
pub mod wait;

#[cfg(target_os = "linux")]
pub use browser::{Browser, View};
pub use fake::Scenario;
pub use fake_codex::FakeCodex;
pub use messages_api::{Block, MessagesApi, Turn};
pub use responses_api::ResponsesApi;
pub use sandbox::Sandbox;
pub use wait::eventually;
