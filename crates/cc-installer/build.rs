//! Says how the binaries are linked.

#![expect(
    clippy::disallowed_methods,
    reason = "Cargo says in the environment what is built"
)]

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        // GCC's unwinder becomes part of each binary: loading its library takes a tenth of what a hook takes.
        println!("cargo::rustc-link-lib=gcc_eh");
    }
}
