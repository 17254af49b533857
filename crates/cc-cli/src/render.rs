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

/// [`table`] in lines of at most `width` columns: where it is wider, the last column gets lines of its own, and where
/// that is not enough, the one before it, too. Without a width, nothing is cut.
pub(crate) fn table_within(rows: &[Vec<String>], width: Option<usize>) -> String {
    let text = table(rows);
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let Some(width) = width.filter(|width| columns > 2 && !fits(&text, *width)) else {
        return text;
    };
    let heads = |below: usize| {
        let head = |row: &Vec<String>| row[..row.len().saturating_sub(below)].to_vec();
        table(&rows.iter().map(head).collect::<Vec<_>>())
    };
    let (mut below, mut lines) = (1, heads(1));
    if columns > 3 && !fits(&lines, width) {
        (below, lines) = (2, heads(2));
    }
    let mut text = String::new();
    for (line, row) in lines.lines().zip(rows) {
        text.push_str(&cut(line, width));
        text.push('\n');
        let cells = &row[row.len().saturating_sub(below)..];
        for cell in cells.iter().filter(|cell| !cell.is_empty()) {
            text.push_str(&cut(&format!("{BELOW}{cell}"), width));
            text.push('\n');
        }
    }
    text
}

fn fits(text: &str, width: usize) -> bool {
    text.lines().all(|line| line.chars().count() <= width)
}

/// [`table`] in lines of at most `width` columns: what the last column has no room for goes on below itself.
pub(crate) fn table_wrapped(rows: &[Vec<String>], width: Option<usize>) -> String {
    let Some(width) = width else {
        return table(rows);
    };
    let marked = |row: &Vec<String>| {
        let heads = row.iter().take(row.len().saturating_sub(1)).cloned();
        heads.chain([String::from("|")]).collect::<Vec<_>>()
    };
    let heads = table(&rows.iter().map(marked).collect::<Vec<_>>());
    let mut text = String::new();
    for (head, row) in heads.lines().zip(rows) {
        let head = head.strip_suffix('|').unwrap_or(head);
        let last = row.last().map(String::as_str).unwrap_or_default();
        text.push_str(&wrapped(last, head, head.chars().count(), width));
    }
    text
}

/// `text` after `head`, in lines of at most `width` columns, those after the first indented by `indent`. A word
/// that is longer, such as a path, is not broken.
pub(crate) fn wrapped(text: &str, head: &str, indent: usize, width: usize) -> String {
    if text.trim().is_empty() {
        return format!("{}\n", head.trim_end());
    }
    let indent = " ".repeat(indent);
    let options = textwrap::Options::new(width.clamp(indent.len() + 20, LONGEST))
        .initial_indent(head)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let lines = textwrap::wrap(text, options);
    lines
        .iter()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// The text, cut to `limit` characters.
pub(crate) fn cut(cell: &str, limit: usize) -> String {
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
    fn what_tells_rows_apart_is_not_cut_for_the_rest() {
        let row = ["id", "done", "a long title", "an outcome"].map(str::to_owned);
        let check = |width, expected: &str| {
            assert_eq!(table_within(&[row.to_vec()], Some(width)), expected);
        };
        check(40, "  id  done  a long title  an outcome\n");
        check(30, "  id  done  a long title\n      an outcome\n");
        check(20, "  id  done\n      a long title\n      an outcome\n");
        check(14, "  id  done\n      a long …\n      an outc…\n");
    }

    #[test]
    fn the_last_column_goes_on_below_itself() {
        let rows = [["Job", "one two three four five six"], ["Status", "x"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(
            table_wrapped(&rows, Some(34)),
            "  Job     one two three four five\n          six\n  Status  x\n"
        );
        assert_eq!(table_wrapped(&rows, None), table(&rows));
        let path = "x".repeat(90);
        let rows = [vec!["Path".to_owned(), path.clone()]];
        assert_eq!(table_wrapped(&rows, Some(40)), format!("  Path  {path}\n"));
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
