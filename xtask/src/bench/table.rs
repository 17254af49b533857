//! What was measured against its limit, as a table.

/// The rows of a group, or why they cannot be measured.
pub(super) type Measured = Result<Vec<Row>, Box<dyn std::error::Error>>;

/// One operation.
#[derive(Debug)]
pub(super) struct Row {
    operation: String,
    result: Result<Figures, String>,
}

#[derive(Debug)]
struct Figures {
    unit: &'static str,
    measured: f64,
    floor: Option<f64>,
    limit: Limit,
}

#[derive(Clone, Copy, Debug)]
enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

impl Row {
    /// An operation that must not take more than `limit`.
    pub(super) fn at_most(
        operation: impl Into<String>,
        unit: &'static str,
        measured: f64,
        limit: f64,
    ) -> Self {
        Self::new(operation, unit, measured, Limit::AtMost(limit))
    }

    /// An operation that must reach `limit`.
    pub(super) fn at_least(
        operation: impl Into<String>,
        unit: &'static str,
        measured: f64,
        limit: f64,
    ) -> Self {
        Self::new(operation, unit, measured, Limit::AtLeast(limit))
    }

    fn new(operation: impl Into<String>, unit: &'static str, measured: f64, limit: Limit) -> Self {
        Self {
            operation: operation.into(),
            result: Ok(Figures {
                unit,
                measured,
                floor: None,
                limit,
            }),
        }
    }

    /// An operation that cannot be measured here.
    pub(super) fn skipped(operation: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            operation: operation.into(),
            result: Err(why.into()),
        }
    }

    /// The same with what the work takes without us.
    pub(super) fn with_floor(mut self, floor: f64) -> Self {
        if let Ok(figures) = &mut self.result {
            figures.floor = Some(floor);
        }
        self
    }

    /// Whether the limit was measured and is not kept.
    pub(super) fn is_missed(&self) -> bool {
        self.result.as_ref().is_ok_and(|figures| !figures.is_kept())
    }

    fn cells(&self) -> [String; 5] {
        let operation = self.operation.clone();
        match &self.result {
            Ok(figures) => {
                let floor = figures.floor.map(|floor| figures.amount(floor));
                let verdict = if figures.is_kept() { "ok" } else { "MISSED" };
                let (sign, limit) = match figures.limit {
                    Limit::AtMost(limit) => ('≤', limit),
                    Limit::AtLeast(limit) => ('≥', limit),
                };
                [
                    operation,
                    figures.amount(figures.measured),
                    floor.unwrap_or_else(|| "–".to_owned()),
                    format!("{sign} {}", figures.amount(limit)),
                    verdict.to_owned(),
                ]
            }
            Err(why) => {
                let none = || "–".to_owned();
                [operation, none(), none(), none(), format!("skipped: {why}")]
            }
        }
    }
}

impl Figures {
    fn is_kept(&self) -> bool {
        match self.limit {
            Limit::AtMost(limit) => self.measured <= limit,
            Limit::AtLeast(limit) => self.measured >= limit,
        }
    }

    /// Counts as they are, small amounts with more digits than large ones.
    fn amount(&self, value: f64) -> String {
        let digits = match value.abs() {
            _ if value.fract() == 0.0 => 0,
            size if size < 1.0 => 2,
            size if size < 100.0 => 1,
            _ => 0,
        };
        format!("{value:.digits$} {}", self.unit)
    }
}

/// The rows in columns.
pub(super) fn table(rows: &[Row]) -> String {
    let head = ["operation", "measured", "floor", "limit", ""].map(str::to_owned);
    let lines: Vec<[String; 5]> = std::iter::once(head)
        .chain(rows.iter().map(Row::cells))
        .collect();
    let width = |column: usize| {
        let widths = lines.iter().map(|line| line[column].chars().count());
        widths.max().unwrap_or_default()
    };
    let widths = [0, 1, 2, 3].map(width);
    let mut text = String::new();
    for [operation, measured, floor, limit, verdict] in &lines {
        let line = format!(
            "{operation:<a$}  {measured:>b$}  {floor:>c$}  {limit:>d$}  {verdict}",
            a = widths[0],
            b = widths[1],
            c = widths[2],
            d = widths[3]
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_tells_what_was_kept_missed_and_skipped() {
        let rows = [
            Row::at_most("status", "ms", 2.14, 6.0),
            Row::at_least("stream", "MiB/s", 90.0, 96.04).with_floor(160.0),
            Row::skipped("processes", "no strace"),
        ];
        let missed: Vec<bool> = rows.iter().map(Row::is_missed).collect();
        assert_eq!(missed, [false, true, false]);
        let expect = "\
operation  measured      floor         limit
status       2.1 ms          –        ≤ 6 ms  ok
stream     90 MiB/s  160 MiB/s  ≥ 96.0 MiB/s  MISSED
processes         –          –             –  skipped: no strace
";
        assert_eq!(table(&rows), expect);
    }
}
