//! What was measured against its limit, as a table, Markdown or JSON.

use serde::Serialize;

use super::measure::{Failed, Sample};

/// The rows of a group, or why they cannot be measured.
pub(super) type Measured = Result<Vec<Row>, Failed>;

/// One operation.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    operation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
    unit: &'static str,
    median: f64,
    thrown: usize,
    floor: Option<f64>,
    /// The same of the other build.
    against: Option<f64>,
    processes: Option<u64>,
    peak_mib: Option<f64>,
    /// How many operations of this kind were measured together, for growth.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<f64>,
    limit: Limit,
    kept: bool,
}

/// What an operation may take at most, in its unit.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Limit {
    /// So much.
    AtMost(f64),
    /// So many times its floor, and so much besides.
    Floor { times: f64, plus: f64 },
}

impl Limit {
    pub(super) const fn times(times: f64) -> Self {
        Self::Floor { times, plus: 0.0 }
    }
}

impl Row {
    /// An operation of which something was counted once.
    pub(super) fn counted(
        operation: impl Into<String>,
        unit: &'static str,
        value: f64,
        limit: Limit,
    ) -> Self {
        let sample = Sample {
            median: value,
            thrown: 0,
        };
        Self::timed(operation, unit, &[sample], limit)
    }

    /// An operation that was measured: first itself, then its floor, then the other build, as far as there are
    /// these.
    pub(super) fn timed(
        operation: impl Into<String>,
        unit: &'static str,
        samples: &[Sample],
        limit: Limit,
    ) -> Self {
        let median = |place: usize| samples.get(place).map(|sample| sample.median);
        let mut row = Self {
            operation: operation.into(),
            skipped: None,
            unit,
            median: median(0).unwrap_or_default(),
            thrown: samples.iter().map(|sample| sample.thrown).sum(),
            floor: median(1),
            against: median(2),
            processes: None,
            peak_mib: None,
            size: None,
            limit,
            kept: true,
        };
        row.kept = row.most().is_none_or(|most| row.median <= most);
        row
    }

    /// An operation that cannot be measured here.
    pub(super) fn skipped(operation: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            skipped: Some(format!("skipped: {}", why.into())),
            ..Self::counted(operation, "", 0.0, Limit::AtMost(0.0))
        }
    }

    /// An operation of which the measurement failed.
    pub(super) fn failed(operation: impl Into<String>, why: &str) -> Self {
        Self {
            skipped: Some(format!("FAILED: {why}")),
            kept: false,
            ..Self::counted(operation, "", 0.0, Limit::AtMost(0.0))
        }
    }

    pub(super) fn with_floor(mut self, floor: f64) -> Self {
        self.floor = Some(floor);
        self.kept = self.most().is_none_or(|most| self.median <= most);
        self
    }

    pub(super) fn with_processes(mut self, processes: Option<u64>) -> Self {
        self.processes = processes;
        self
    }

    pub(super) fn with_peak(mut self, mib: f64) -> Self {
        self.peak_mib = Some(mib);
        self
    }

    /// How much there was to do, to compare with rows of other sizes.
    pub(super) fn of_size(mut self, size: usize) -> Self {
        self.size = Some(size as f64);
        self
    }

    /// What is wrong, if the limit was measured and is not kept.
    pub(super) fn missed(&self) -> Option<String> {
        if self.kept {
            return None;
        }
        let cells = self.cells();
        let what = match (&self.skipped, self.floor) {
            (Some(why), _) => why.clone(),
            (None, Some(_)) => format!(
                "{} is {} times {}, not {}",
                cells[1], cells[3], cells[2], cells[4]
            ),
            (None, None) => format!("{}, not {}", cells[1], cells[4]),
        };
        Some(format!("{}: {what}", self.operation))
    }

    /// The most that is allowed; `None` where the floor is unknown.
    fn most(&self) -> Option<f64> {
        match self.limit {
            Limit::AtMost(most) => Some(most),
            Limit::Floor { times, plus } => Some(times * self.floor? + plus),
        }
    }

    fn cells(&self) -> [String; COLUMNS] {
        let none = || "–".to_owned();
        let mut cells = [(); COLUMNS].map(|()| none());
        cells[0].clone_from(&self.operation);
        if let Some(why) = &self.skipped {
            cells[COLUMNS - 1].clone_from(why);
            return cells;
        }
        let with_unit = |value: f64| format!("{} {}", amount(value), self.unit);
        cells[1] = with_unit(self.median);
        if let Some(floor) = self.floor {
            cells[2] = with_unit(floor);
            cells[3] = format!("{:.2}", self.median / floor);
        }
        cells[4] = match self.limit {
            Limit::AtMost(most) => format!("≤ {}", with_unit(most)),
            Limit::Floor { times, plus: 0.0 } => format!("≤ {} ×", amount(times)),
            Limit::Floor { times, plus } => format!("≤ {} × + {}", amount(times), with_unit(plus)),
        };
        if let Some(against) = self.against {
            cells[5] = format!("{} ({:.2} ×)", with_unit(against), self.median / against);
        }
        if let Some(processes) = self.processes {
            cells[6] = processes.to_string();
        }
        if let Some(peak) = self.peak_mib {
            cells[7] = format!("{} MiB", amount(peak));
        }
        cells[8] = self.thrown.to_string();
        cells[9] = if self.kept { "ok" } else { "MISSED" }.to_owned();
        cells
    }
}

/// How the time of an operation grows with its size: the exponent between the two largest of several rows, of whose
/// sizes and times those of the smallest are taken off, and with them what each takes whatever its size. 1 is linear.
pub(super) fn growth(operation: impl Into<String>, rows: &[Row]) -> Row {
    let operation = operation.into();
    let [smallest, .., middle, largest] = rows else {
        return Row::skipped(operation, "needs three sizes");
    };
    let (Some(least), Some(few), Some(many)) = (smallest.size, middle.size, largest.size) else {
        return Row::skipped(operation, "needs sizes");
    };
    let grown = |row: &Row| (row.median - smallest.median).max(0.05);
    let exponent = (grown(largest) / grown(middle)).ln() / ((many - least) / (few - least)).ln();
    Row::counted(operation, "(exponent)", exponent, Limit::AtMost(1.15))
}

/// Counts as they are, small amounts with more digits than large ones.
fn amount(value: f64) -> String {
    let digits = match value.abs() {
        _ if value.fract() == 0.0 => 0,
        size if size < 10.0 => 2,
        size if size < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$}")
}

const COLUMNS: usize = 10;

const HEAD: [&str; COLUMNS] = [
    "operation",
    "median",
    "floor",
    "ratio",
    "limit",
    "other build",
    "processes",
    "peak",
    "thrown",
    "",
];

fn lines(rows: &[Row]) -> Vec<[String; COLUMNS]> {
    let head = HEAD.map(str::to_owned);
    std::iter::once(head)
        .chain(rows.iter().map(Row::cells))
        .collect()
}

/// The rows in columns.
pub(super) fn table(rows: &[Row]) -> String {
    let lines = lines(rows);
    let width = |column: usize| {
        let widths = lines.iter().map(|line| line[column].chars().count());
        widths.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let [operation, others @ .., verdict] = line;
        let mut row = format!("{operation:<width$}", width = widths[0]);
        for (cell, width) in others.iter().zip(&widths[1..]) {
            row.push_str(&format!("  {cell:>width$}"));
        }
        text.push_str(format!("{row}  {verdict}").trim_end());
        text.push('\n');
    }
    text
}

/// The rows as a table of a document.
pub(super) fn markdown(rows: &[Row]) -> String {
    let mut text = String::new();
    for (number, line) in lines(rows).iter().enumerate() {
        text.push_str(&format!("| {} |\n", line.join(" | ")));
        if number == 0 {
            text.push_str(&format!("|---|{}---|\n", "--:|".repeat(COLUMNS - 2)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(median: f64, thrown: usize) -> Sample {
        Sample { median, thrown }
    }

    #[test]
    fn a_table_tells_what_was_kept_missed_and_skipped() {
        let three = [sample(2.14, 1), sample(1.0, 0), sample(4.0, 2)];
        let rows = [
            Row::timed("status", "ms", &three, Limit::times(2.5)).with_processes(Some(3)),
            Row::timed(
                "stream",
                "ms",
                &three[..2],
                Limit::Floor {
                    times: 2.0,
                    plus: 0.1,
                },
            ),
            Row::counted("memory", "MiB", 3.5, Limit::AtMost(3.0)).with_peak(12.0),
            Row::skipped("wakes", "no /proc"),
        ];
        let missed: Vec<Option<String>> = rows.iter().map(Row::missed).collect();
        let stream = "stream: 2.14 ms is 2.14 times 1 ms, not ≤ 2 × + 0.10 ms";
        let expect = [
            None,
            Some(stream),
            Some("memory: 3.50 MiB, not ≤ 3 MiB"),
            None,
        ];
        assert_eq!(missed, expect.map(|it| it.map(str::to_owned)));
        let failed = Row::failed("x", "no disk");
        assert_eq!(failed.missed().as_deref(), Some("x: FAILED: no disk"));
        let expect = "\
operation    median  floor  ratio            limit    other build  processes    peak  thrown
status      2.14 ms   1 ms   2.14         ≤ 2.50 ×  4 ms (0.54 ×)          3       –       3  ok
stream      2.14 ms   1 ms   2.14  ≤ 2 × + 0.10 ms              –          –       –       1  MISSED
memory     3.50 MiB      –      –          ≤ 3 MiB              –          –  12 MiB       0  MISSED
wakes             –      –      –                –              –          –       –       –  skipped: no /proc
";
        assert_eq!(table(&rows), expect);
        let text = markdown(&rows[..1]);
        let row = "| status | 2.14 ms | 1 ms | 2.14 | ≤ 2.50 × | 4 ms (0.54 ×) | 3 | – | 3 | ok |";
        assert_eq!(text.lines().nth(2), Some(row), "{text}");
        assert_eq!(
            text.lines().nth(1).map(|line| line.matches('|').count()),
            Some(11)
        );
    }

    #[test]
    fn growth_is_that_of_the_largest_sizes_beyond_the_fixed_part() {
        let at = |size: usize, median: f64| {
            Row::counted("x", "ms", median, Limit::AtMost(1e9)).of_size(size)
        };
        let linear = growth("x", &[at(0, 2.0), at(1_000, 3.0), at(10_000, 12.0)]);
        assert!((linear.median - 1.0).abs() < 1e-9 && linear.missed().is_none());
        let from_ten = growth("x", &[at(10, 12.0), at(30, 32.0), at(100, 102.0)]);
        assert!((from_ten.median - 1.0).abs() < 1e-9);
        let square = growth("x", &[at(0, 2.0), at(1_000, 3.0), at(10_000, 102.0)]);
        assert!((square.median - 2.0).abs() < 1e-9 && square.missed().is_some());
    }
}
