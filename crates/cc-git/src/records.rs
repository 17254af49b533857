//! NUL-terminated records, as git writes them with `-z`.

use std::borrow::Cow;

/// The records of a whole output, without their NUL; an unterminated rest is left out.
pub(crate) fn records(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    output
        .split_inclusive(|&byte| byte == 0)
        .filter_map(|record| record.strip_suffix(b"\0"))
}

/// Reads records from an output that comes in pieces.
#[derive(Debug, Default)]
pub(crate) struct RecordReader {
    /// The start of a record whose end is in a later piece.
    pending: Vec<u8>,
}

impl RecordReader {
    /// Takes the next whole record off the front of `bytes`; `None` once all of `bytes` is taken.
    pub(crate) fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let Some(end) = bytes.iter().position(|&byte| byte == 0) else {
            self.pending.extend_from_slice(bytes);
            *bytes = &[];
            return None;
        };
        let record = &bytes[..end];
        *bytes = &bytes[end + 1..];
        if self.pending.is_empty() {
            return Some(Cow::Borrowed(record));
        }
        self.pending.extend_from_slice(record);
        Some(Cow::Owned(std::mem::take(&mut self.pending)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_split_of_an_output_gives_the_same_records(output: Vec<u8>, at: proptest::sample::Index) {
            let (start, end) = output.split_at(at.index(output.len() + 1));
            let (mut reader, mut found) = (RecordReader::default(), Vec::new());
            for mut piece in [start, end] {
                while let Some(record) = reader.next(&mut piece) {
                    found.push(record.into_owned());
                }
            }
            assert_eq!(found, records(&output).collect::<Vec<_>>());
        }
    }
}
