//! The whole installer with a scripted Codex, for what real ones do not do on demand.

mod assets;
mod faults;
mod hosts;
mod world;
