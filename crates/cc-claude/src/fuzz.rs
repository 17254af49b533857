//! What `cargo xtask fuzz` does with random bytes.

use crate::digest::OutcomeBuilder;
use crate::outcome::Exit;
use crate::stream::Parser;

/// Reads Claude's output: any split of it gives the same events and the same outcome.
///
/// # Panics
/// When something is wrong.
pub fn stream(output: &[u8]) {
    let whole = read([output]);
    let (start, end) = output.split_at(output.len() / 2);
    assert_eq!(read([start, end]), whole);
    assert_eq!(read(output.chunks(7)), whole);
}

/// The events of an output that comes in pieces, what they show of the run, and its outcome.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, String) {
    let (mut parser, mut run) = (Parser::new(), OutcomeBuilder::new(true, Some("git")));
    let mut seen = Vec::new();
    let mut on = |event: crate::stream::event::ClaudeEvent<'_>| {
        let shown = run.on(&event);
        seen.push(format!("{event:?} {shown:?}"));
    };
    for piece in pieces {
        parser.push(piece, &mut on);
    }
    parser.finish(&mut on);
    let outcome = run.conclude(&Exit::default());
    (seen, format!("{outcome:?}"))
}

#[cfg(test)]
#[test]
fn what_was_found_stays_fixed() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/stream");
    for file in std::fs::read_dir(corpus).unwrap() {
        stream(&std::fs::read(file.unwrap().path()).unwrap());
    }
}
