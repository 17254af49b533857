//! What an installation weighs.

use std::fs;

use super::measure::Bench;
use super::table::{Limit, Measured, Row};

/// The binaries, each with the most MB that it may have.
const BINARIES: [(&str, f64); 3] = [("cc-cli", 9.8), ("cc-hooks", 6.0), ("cc-installer", 3.1)];

pub(super) fn rows(bench: &Bench) -> Measured {
    let mut rows = Vec::new();
    for (name, most) in BINARIES {
        let bytes = fs::metadata(bench.this.file(name))?.len();
        let limit = Limit::AtMost(most);
        rows.push(Row::counted(
            format!("size of `{name}`"),
            "MB",
            bytes as f64 / 1e6,
            limit,
        ));
    }
    Ok(rows)
}
