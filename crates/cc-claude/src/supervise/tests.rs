//! Whole runs of small shell scripts that behave as badly as a process can.

mod ending;
mod kit;
mod plain;
