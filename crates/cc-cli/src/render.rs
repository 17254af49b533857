//! Formats of jobs and results.

mod code;
pub(crate) mod html;
pub(crate) mod progress;
pub(crate) mod sarif;
pub(crate) mod terminal;

/// The widest that a column gets, in characters, except for the last one.
const WIDEST: usize = 120;

/// The longest last column, in characters.
const LONGEST: usize = 4_000;

/// Formats rows as aligned columns, one line for each row; the last column is not padded. What is too
/// long is cut.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let short = |row: &Vec<String>| -> Vec<String> {
        let cells = row.iter().enumerate();
        let limit = |at| if at + 1 < columns { WIDEST } else { LONGEST };
        cells.map(|(at, cell)| cut(cell, limit(at))).collect()
    };
    let rows: Vec<Vec<String>> = rows.iter().map(short).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::from(" ");
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let width = if at + 1 < columns { *width } else { 0 };
            line.push_str(&format!(" {cell:<width$} "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn cut(cell: &str, limit: usize) -> String {
    match cell.char_indices().nth(limit) {
        Some(_) => cell.chars().take(limit - 1).chain(['…']).collect(),
        None => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let text = table(&[row(["a", "é", "last"]), row(["abc", "", "x"])]);
        assert_eq!(text, "  a    é  last\n  abc     x\n");
    }

    #[test]
    fn a_cell_of_any_length_fits() {
        for length in [65_535, 65_536, 1 << 20] {
            let long = "x".repeat(length);
            for row in [
                [long.as_str(), "a", "b"],
                ["a", &long, "b"],
                ["a", "b", &long],
            ] {
                let text = table(&[row.map(str::to_owned).to_vec(), vec!["y".into(); 3]]);
                assert_eq!(text.lines().count(), 2);
                assert!(text.len() < 10_000, "{}", text.len());
            }
        }
    }
}
