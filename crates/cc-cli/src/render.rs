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

/// What stands before a cell that has a line of its own.
const BELOW: &str = "      ";

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

/// [`table`] in lines of at most `width` columns: where it is wider, the last column gets lines of its own.
/// Without a width, nothing is cut.
pub(crate) fn table_within(rows: &[Vec<String>], width: Option<usize>) -> String {
    let text = table(rows);
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let fits = |width: usize| text.lines().all(|line| line.chars().count() <= width);
    let Some(width) = width.filter(|width| columns > 2 && !fits(*width)) else {
        return text;
    };
    let rows = rows.iter().filter_map(|row| row.split_last());
    let (last, heads): (Vec<&String>, Vec<Vec<String>>) =
        rows.map(|(last, head)| (last, head.to_vec())).unzip();
    let mut lines = String::new();
    for (line, last) in table(&heads).lines().zip(last) {
        lines.push_str(&cut(line, width));
        lines.push('\n');
        if !last.is_empty() {
            let below = format!("{BELOW}{last}");
            lines.push_str(&cut(&below, width));
            lines.push('\n');
        }
    }
    lines
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
    fn a_row_fits_the_screen() {
        let row = |title: &str, end: &str| vec!["id".into(), title.to_owned(), end.to_owned()];
        let check = |rows: &[Vec<String>], width, expected: &str| {
            assert_eq!(table_within(rows, width), expected);
        };
        let rows = [row("title", "the end of it"), row("x", "")];
        let in_one = "  id  title  the end of it\n  id  x\n";
        check(&rows, None, in_one);
        check(&rows, Some(26), in_one);
        check(
            &rows,
            Some(25),
            "  id  title\n      the end of it\n  id  x\n",
        );
        check(&rows, Some(10), "  id  tit…\n      the…\n  id  x\n");
        check(&[], Some(10), "");
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
