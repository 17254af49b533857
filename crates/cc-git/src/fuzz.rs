//! What `cargo xtask fuzz` does with random bytes.

use crate::budget::InlineDiff;
use crate::diff_stream::DiffStream;
use crate::records::{RecordReader, records};
use crate::screen::Screen;
use crate::{ContextLimits, ShownDiffs, fingerprint};

/// Reads the output of Git as a diff, as records and as a status: any split of it says the same.
///
/// # Panics
/// When something is wrong.
pub fn git_output(output: &[u8]) {
    for cut in [true, false] {
        let whole = diff([output], cut);
        let (start, end) = output.split_at(output.len() / 2);
        assert_eq!(diff([start, end], cut), whole);
        assert_eq!(diff(output.chunks(5), cut), whole);
    }
    let (mut reader, mut found) = (RecordReader::default(), Vec::new());
    for mut piece in output.chunks(5) {
        while let Some(record) = reader.next(&mut piece) {
            found.push(record.into_owned());
        }
    }
    assert_eq!(found, records(output).collect::<Vec<_>>());
    fingerprint::read_records(found.iter().map(Vec::as_slice));
}

/// What a diff says that comes in pieces, `cut` off at its end or not.
fn diff<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, cut: bool) -> String {
    let limits = ContextLimits::default();
    let inline = InlineDiff::new(&limits, ShownDiffs::default(), Screen::default());
    let mut stream = DiffStream::new(inline, limits.files);
    for piece in pieces {
        stream.push(piece);
    }
    let parsed = stream.finish(cut);
    let said = (parsed.files, parsed.not_seen, parsed.totals);
    format!("{said:?} {}", parsed.inline.finish().0)
}

#[cfg(test)]
#[test]
fn what_was_found_stays_fixed() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/git_output");
    for file in std::fs::read_dir(corpus).unwrap() {
        git_output(&std::fs::read(file.unwrap().path()).unwrap());
    }
}
