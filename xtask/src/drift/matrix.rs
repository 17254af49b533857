//! The checks and the versions they passed with, as a table and as JSON.

use std::fmt;

use cc_tests::peers::Peer;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// What came of one check with one pair of versions.
#[derive(Debug)]
pub(super) enum Cell {
    Green,
    Failed(String),
    /// Another check has to pass first.
    NotRun(String),
}

/// One pair of versions.
#[derive(Debug, serde::Serialize)]
pub(super) struct Column {
    codex: String,
    claude: String,
    #[serde(serialize_with = "as_map")]
    pub(super) cells: Vec<(&'static str, Cell)>,
}

/// All pairs.
#[derive(Debug, Default, serde::Serialize)]
pub(super) struct Matrix {
    #[serde(rename = "pairs")]
    pub(super) columns: Vec<Column>,
}

impl Column {
    pub(super) fn new(codex: Peer<'_>, claude: Peer<'_>) -> Self {
        Self {
            codex: codex.version.to_owned(),
            claude: claude.version.to_owned(),
            cells: Vec::new(),
        }
    }

    pub(super) fn is_green(&self, check: &str) -> bool {
        let mut cells = self.cells.iter();
        cells.any(|(name, cell)| *name == check && matches!(cell, Cell::Green))
    }
}

impl Matrix {
    /// How many cells are not green.
    pub(super) fn failures(&self) -> usize {
        self.cells()
            .filter(|(_, _, cell)| !matches!(cell, Cell::Green))
            .count()
    }

    fn cells(&self) -> impl Iterator<Item = (&Column, &'static str, &Cell)> {
        self.columns.iter().flat_map(|column| {
            let cells = column.cells.iter();
            cells.map(move |(name, cell)| (column, *name, cell))
        })
    }
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.columns.first() else {
            return Ok(());
        };
        let row = |f: &mut fmt::Formatter<'_>, name: &str, cells: &[String]| {
            write!(f, "{name:<12}")?;
            cells.iter().try_for_each(|cell| write!(f, " {cell:>8}"))?;
            writeln!(f)
        };
        let versions =
            |of: fn(&Column) -> &String| self.columns.iter().map(of).cloned().collect::<Vec<_>>();
        row(f, "Codex", &versions(|column| &column.codex))?;
        row(f, "Claude Code", &versions(|column| &column.claude))?;
        for (nth, (name, _)) in first.cells.iter().enumerate() {
            let cells = self
                .columns
                .iter()
                .map(|column| match &column.cells[nth].1 {
                    Cell::Green => "ok".to_owned(),
                    Cell::Failed(_) => "FAILED".to_owned(),
                    Cell::NotRun(_) => "-".to_owned(),
                });
            row(f, name, &cells.collect::<Vec<_>>())?;
        }
        for (Column { codex, claude, .. }, name, cell) in self.cells() {
            if !matches!(cell, Cell::Green) {
                writeln!(
                    f,
                    "\n{name}, Codex {codex} with Claude Code {claude}: {cell}"
                )?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Green => f.write_str("ok"),
            Self::Failed(why) => write!(f, "FAILED: {why}"),
            Self::NotRun(why) => write!(f, "not run: {why}"),
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (status, detail) = match self {
            Self::Green => ("ok", None),
            Self::Failed(why) => ("failed", Some(why)),
            Self::NotRun(why) => ("not-run", Some(why)),
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("status", status)?;
        if let Some(detail) = detail {
            map.serialize_entry("detail", detail)?;
        }
        map.end()
    }
}

fn as_map<S: Serializer>(cells: &[(&'static str, Cell)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(cells.iter().map(|(name, cell)| (name, cell)))
}
