//! The magic in front of a pathspec, as Git reads it: `:!dist`, `:(icase,top)readme`.

use crate::Error;
use crate::repo_path::escape_invalid;

/// What stands in front of the path of a pathspec.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Magic {
    /// The path starts at the root, not at the user's directory.
    pub(crate) top: bool,
    /// What it matches is left out.
    pub(crate) exclude: bool,
    /// The other words, in Git's long form, such as `icase`.
    pub(crate) words: Vec<String>,
}

/// Splits a pathspec into its magic and its path.
pub(crate) fn parse(spec: &[u8]) -> Result<(Magic, &[u8]), Error> {
    let Some(rest) = spec.strip_prefix(b":") else {
        return Ok((Magic::default(), spec));
    };
    match rest.strip_prefix(b"(") {
        Some(rest) => long(spec, rest),
        None => short(spec, rest),
    }
}

fn long<'a>(spec: &[u8], rest: &'a [u8]) -> Result<(Magic, &'a [u8]), Error> {
    let Some(end) = rest.iter().position(|&byte| byte == b')') else {
        return Err(bad(spec, "the `)` after `:(` is missing"));
    };
    let mut magic = Magic::default();
    let words = rest[..end].split(|&byte| byte == b',');
    for word in words.filter(|word| !word.is_empty()) {
        match word {
            b"top" => magic.top = true,
            b"exclude" => magic.exclude = true,
            b"icase" | b"glob" | b"literal" => magic.words.push(escape_invalid(word)),
            // Values with escapes are not worth the doubt.
            word if word.starts_with(b"attr:") && !word.contains(&b'\\') => {
                magic.words.push(escape_invalid(word));
            }
            word => return Err(unknown(spec, word)),
        }
    }
    let has = |wanted: &str| magic.words.iter().any(|word| word == wanted);
    if has("glob") && has("literal") {
        return Err(bad(spec, "`glob` and `literal` exclude each other"));
    }
    Ok((magic, &rest[end + 1..]))
}

fn short<'a>(spec: &[u8], mut rest: &'a [u8]) -> Result<(Magic, &'a [u8]), Error> {
    let mut magic = Magic::default();
    while let Some((&byte, after)) = rest.split_first() {
        match byte {
            b'/' => magic.top = true,
            b'!' | b'^' => magic.exclude = true,
            b':' => return Ok((magic, after)),
            // Git keeps these for magic to come.
            b'"' | b'#' | b'%' | b'&' | b'\'' | b',' | b'-' | b';' | b'<' | b'=' | b'>' | b'@'
            | b'_' | b'`' | b'~' => return Err(unknown(spec, &[byte])),
            _ => break,
        }
        rest = after;
    }
    Ok((magic, rest))
}

fn unknown(spec: &[u8], word: &[u8]) -> Error {
    Error::UnknownPathspecMagic {
        spec: escape_invalid(spec),
        word: escape_invalid(word),
    }
}

fn bad(spec: &[u8], reason: &'static str) -> Error {
    Error::BadPathspec {
        spec: escape_invalid(spec),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(spec: &str, expect: Result<(&str, &str), &str>) {
        let got = parse(spec.as_bytes()).map(|(magic, path)| {
            let flags = [(magic.top, "top"), (magic.exclude, "exclude")];
            let flags = flags.into_iter().filter(|(is_set, _)| *is_set);
            let words: Vec<String> = flags.map(|(_, word)| word.to_owned()).collect();
            let words = [words, magic.words].concat().join(",");
            (words, String::from_utf8(path.to_owned()).unwrap())
        });
        match (got, expect) {
            (Ok((words, path)), Ok(expect)) => {
                assert_eq!((&*words, &*path), expect, "{spec}");
            }
            (Err(error), Err(expect)) => {
                assert!(error.to_string().contains(expect), "{spec}: {error}");
            }
            (got, _) => panic!("{spec}: {got:?}"),
        }
    }

    #[test]
    fn magic_is_read_as_git_reads_it() {
        check("dist", Ok(("", "dist")));
        check(":!dist", Ok(("exclude", "dist")));
        check(":^dist", Ok(("exclude", "dist")));
        check(":/top", Ok(("top", "top")));
        check(":/!dist", Ok(("top,exclude", "dist")));
        check(":/:!x", Ok(("top", "!x")));
        check(":x", Ok(("", "x")));
        check(":", Ok(("", "")));
        check(":(icase)readme", Ok(("icase", "readme")));
        check(":(top,exclude,glob)**/x", Ok(("top,exclude,glob", "**/x")));
        check(":()x", Ok(("", "x")));
        check(":(attr:generated)", Ok(("attr:generated", "")));
        check(":(foo)x", Err("`foo`"));
        check(":(prefix:3)x", Err("`prefix:3`"));
        check(":%x", Err("`%`"));
        check(":(icase", Err("`)`"));
        check(":(glob,literal)x", Err("exclude each other"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(spec: Vec<u8>) {
            if let Ok((_, path)) = parse(&spec) {
                assert!(spec.ends_with(path));
            }
        }
    }
}
