//! Real repositories, made with the real git.

mod lab;

mod budget;
mod discover;
mod files;
mod hostile;
mod lines;
mod scopes;
mod unchanged;
