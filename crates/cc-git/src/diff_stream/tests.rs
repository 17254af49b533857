use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;
use crate::screen::Screen;
use crate::{ContextLimits, ShownDiffs};

/// What happened to a file, in a form that can be written down as git does.
#[derive(Clone, Debug)]
enum Case {
    Added(Vec<String>),
    Modified {
        lines: Vec<String>,
        binary: bool,
    },
    Renamed {
        from: Vec<u8>,
    },
    /// A file became a link: two diffs.
    TypeChanged,
    /// Listed without counts.
    Touched,
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    vec(1u8.., 1..8)
}

fn kind() -> impl Strategy<Value = Case> {
    // Lines that would love to be headers or records.
    let line = prop_oneof![
        "[ -~]{0,12}",
        Just("diff --git a/x b/x".to_owned()),
        Just("* Unmerged path x".to_owned()),
        Just(":100644 100644 1 2 M".to_owned()),
    ];
    let lines = vec(line, 1..4);
    prop_oneof![
        lines.clone().prop_map(Case::Added),
        (lines, any::<bool>()).prop_map(|(lines, binary)| Case::Modified { lines, binary }),
        path().prop_map(|from| Case::Renamed { from }),
        Just(Case::TypeChanged),
        Just(Case::Touched),
    ]
}

fn header(old: &[u8], new: &[u8]) -> Vec<u8> {
    let (old, new) = (RepoPath::new(old), RepoPath::new(new));
    let (old, new) = (old.prefixed_by_git("a/"), new.prefixed_by_git("b/"));
    [b"diff --git ", &old[..], b" ", &new, b"\n"].concat()
}

/// The three parts that git writes about one file.
fn written(path: &[u8], kind: &Case) -> [Vec<u8>; 3] {
    let raw = |letter: &str| {
        [
            b":100644 100644 1a 2b ",
            letter.as_bytes(),
            b"\0",
            path,
            b"\0",
        ]
        .concat()
    };
    let counts = |counts: &str| [counts.as_bytes(), b"\t", path, b"\0"].concat();
    let hunk = |lines: &[String]| -> Vec<u8> {
        let lines = lines.iter().map(|line| format!("+{line}\n"));
        format!("@@ -0,0 +1 @@\n{}", lines.collect::<String>()).into_bytes()
    };
    match kind {
        Case::Added(lines) => [
            raw("A"),
            counts(&format!("{}\t0", lines.len())),
            [header(path, path), hunk(lines)].concat(),
        ],
        Case::Modified { binary: true, .. } => [
            raw("M"),
            counts("-\t-"),
            [header(path, path), b"Binary files differ\n".to_vec()].concat(),
        ],
        Case::Modified { lines, .. } => [
            raw("M"),
            counts(&format!("{}\t0", lines.len())),
            [header(path, path), hunk(lines)].concat(),
        ],
        Case::Renamed { from } => [
            [
                b":100644 100644 1a 2b R100\0",
                &from[..],
                b"\0",
                path,
                b"\0",
            ]
            .concat(),
            [b"0\t0\t\0", &from[..], b"\0", path, b"\0"].concat(),
            [header(from, path), b"similarity index 100%\n".to_vec()].concat(),
        ],
        Case::TypeChanged => [
            raw("T"),
            counts("1\t1"),
            [header(path, path), hunk(&[]), header(path, path), hunk(&[])].concat(),
        ],
        Case::Touched => [raw("M"), Vec::new(), Vec::new()],
    }
}

fn read(pieces: &[&[u8]], cut: bool) -> ParsedDiff {
    let limits = ContextLimits {
        inline_bytes: 1 << 20,
        file_bytes: 1 << 20,
        ..ContextLimits::default()
    };
    let mut stream = DiffStream::new(
        InlineDiff::new(&limits, ShownDiffs::default(), Screen::default()),
        limits.files,
    );
    pieces.iter().for_each(|piece| stream.push(piece));
    stream.finish(cut)
}

/// Everything that was read, to compare two readings.
fn told(parsed: ParsedDiff) -> (Vec<FileChange>, Vec<NotSeen>, Totals, String) {
    (
        parsed.files,
        parsed.not_seen,
        parsed.totals,
        parsed.inline.finish().0,
    )
}

proptest! {
    #[test]
    fn any_names_and_lines_are_read_however_they_are_split(
        files in btree_map(path(), kind(), 1..6),
        size in 1usize..20,
    ) {
        let parts: Vec<[Vec<u8>; 3]> = files.iter().map(|(path, kind)| written(path, kind)).collect();
        let section = |index: usize| -> Vec<u8> {
            parts.iter().flat_map(|part| part[index].clone()).collect()
        };
        let stream = [section(0), section(1), vec![0], section(2)].concat();
        let whole = told(read(&[&stream], false));
        let pieces: Vec<&[u8]> = stream.chunks(size).collect();
        prop_assert_eq!(&told(read(&pieces, false)), &whole);

        let (listed, _, totals, diff) = whole;
        let changed: Vec<_> = files.iter().filter(|(_, kind)| !matches!(kind, Case::Touched)).collect();
        prop_assert_eq!(listed.len(), changed.len());
        prop_assert_eq!(totals.files, changed.len() as u64);
        prop_assert_eq!(totals.bytes, section(2).len() as u64);
        let mut expected = String::new();
        for (file, (path, kind)) in listed.iter().zip(changed) {
            prop_assert_eq!(&file.path, &RepoPath::new(path));
            let binary = matches!(kind, Case::Modified { binary: true, .. });
            prop_assert_eq!(file.shown, !binary);
            if file.shown {
                expected.push_str(&text_of(&written(path, kind)[2]));
            }
        }
        prop_assert_eq!(diff, expected);
    }

    #[test]
    fn no_bytes_make_it_fail(pieces: Vec<Vec<u8>>, cut: bool) {
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        read(&pieces, cut);
    }

    #[test]
    fn a_stream_that_is_cut_shows_no_half_diff(
        files in btree_map(path(), kind(), 1..5),
        at in 0.0f64..1.0,
    ) {
        let parts: Vec<[Vec<u8>; 3]> = files.iter().map(|(path, kind)| written(path, kind)).collect();
        let stream: Vec<u8> = (0..2)
            .flat_map(|index| parts.iter().flat_map(move |part| part[index].clone()))
            .chain([0])
            .chain(parts.iter().flat_map(|part| part[2].clone()))
            .collect();
        let end = (stream.len() as f64 * at) as usize;
        let whole = told(read(&[&stream], false));
        let cut = read(&[&stream[..end]], true);
        if cut.listed_all {
            prop_assert_eq!(cut.files.len(), whole.0.len());
        }
        let (_, _, _, diff) = told(cut);
        prop_assert!(whole.3.starts_with(&diff), "{diff:?}");
    }
}

#[test]
fn a_line_longer_than_any_header_is_a_line() {
    let raw = b":100644 100644 1 2 M\0x\x001\t0\tx\0\0diff --git a/x b/x\n@@ -0,0 +1 @@\n+";
    let long = [b"diff --git ", &[b'x'; 2 * HEADER_LIMIT][..]].concat();
    let parsed = read(&[raw, &long, b"\ndiff --git ", &long, b"\n"], false);
    assert_eq!(parsed.files.len(), 1);
    assert!(parsed.files[0].shown);
}
