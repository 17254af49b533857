//! The life of a job on disk.
//!
//! A job is one JSON record, changed only under its lock, and moved only by [`State::on`]. Its
//! worker holds a second lock as long as it lives, so every reader can tell a live job from a lost
//! one: [`Store::read`] and [`Store::list`] finish lost jobs on the spot.
//! Not here: what a job does (`cc-workflows`), how Claude runs (`cc-claude`).
//!
//! Start with [`Store`]; what a job can be is in [`State`].

pub mod config;
pub mod guard;
pub mod job;
pub mod kind;
pub mod log;
pub mod record;
pub mod retention;
pub mod select;
pub mod session;
pub mod settings;
pub mod spending;
pub mod state;
pub mod store;

pub use config::WorkspaceConfig;
pub use guard::Guard;
pub use job::{Body, Denial, Draft, Job, Report};
pub use kind::Kind;
pub use log::Log;
pub use select::SelectError;
pub use settings::{Settings, SettingsError, SettingsFile};
pub use state::{Ending, Event, Rejected, State};
pub use store::{Listing, Skipped, Store, StoreError};
