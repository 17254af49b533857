//! What `cargo xtask fuzz` does with random bytes.

use crate::record;
use crate::settings_file;

/// Reads a record: what was read is written so that it is read as the same.
///
/// # Panics
/// When something is wrong.
pub fn record(bytes: &[u8]) {
    let head = record::read_head(bytes);
    let Ok((job, body)) = record::read(bytes) else {
        return;
    };
    assert_eq!(head.expect("the whole is a record").id, job.id);
    let written = record::write(&job, &body).expect("a record is plain data");
    let (job, body) = record::read(&written).expect("what is written can be read");
    let again = record::write(&job, &body).expect("a record is plain data");
    assert_eq!(
        String::from_utf8_lossy(&again),
        String::from_utf8_lossy(&written)
    );
}

/// Reads the user's settings, whose last line is taken for the value of each: what was set is what is read.
///
/// # Panics
/// When something is wrong.
pub fn settings(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (file, value) = text.rsplit_once('\n').unwrap_or(("", &*text));
    settings_file::set_everywhere(file, value);
}

#[cfg(test)]
#[test]
fn what_was_found_stays_fixed() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus");
    for (target, run) in [("record", record as fn(&[u8])), ("settings", settings)] {
        for file in std::fs::read_dir(format!("{corpus}/{target}")).unwrap() {
            run(&std::fs::read(file.unwrap().path()).unwrap());
        }
    }
}
