//! The source itself: layers, cycles, names, and the maps of it. It is the same on every system.

mod cycles;
mod executables;
mod layers;
pub(crate) mod maps;
mod names;
