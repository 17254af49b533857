//! The life of a job on disk.
//!
//! A job is one JSON record, changed only under its lock; its state is changed only by [`JobState::on`].
//! Its worker holds a second lock as long as it lives, so every reader can distinguish a running job
//! from a lost one: [`Store::read`] and [`Store::list`] finish lost jobs on the spot.
//! Not here: what a job does (`cc-workflows`), how Claude runs (`cc-claude`).
//!
//! Start with [`Store`] and [`JobState`].

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod kind;
mod state;

mod job;
mod older;
mod record;

mod ended;
mod guard;
mod kept;
mod listing;
mod new_job;
mod reading;
mod store;

pub mod ledger;
pub mod log;
mod progress;
pub mod repository;
pub mod retention;
pub mod select;
pub mod session;
pub mod spending;

mod config;
pub mod settings;
mod settings_file;

pub use config::WorkspaceConfig;
pub use ended::EndedJob;
pub use guard::{Guard, Remembered};
pub use job::{Body, Draft, Job, JobReport};
pub use kind::JobKind;
pub use listing::{Choice, Latest, Listing, Skipped, without_record};
pub use new_job::NewJob;
pub use progress::{RunPhase, RunProgress};
pub use reading::find_anywhere;
pub use record::RecordError;
pub use settings_file::{
    SettingEntry, SettingOrigin, SettingsError, SettingsFile, variable_of, variables,
};
pub use state::{Ending, JobEvent, JobState, Rejected};
pub use store::{CleanUp, Store, StoreError, content_of};
