//! Patterns for names and paths, as users write them in settings.

/// Whether a pattern matches all of a text; `*` stands for any bytes, `?` for one, letters in any case.
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut pos) = (0, 0);
    // Where to go on if the text does not fit: behind the last star, which then takes one byte more.
    let mut star: Option<(usize, usize)> = None;
    while pos < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, pos));
                at += 1;
            }
            Some(byte) if *byte == b'?' || byte.eq_ignore_ascii_case(&text[pos]) => {
                (at, pos) = (at + 1, pos + 1);
            }
            _ => match &mut star {
                Some((behind, taken)) => {
                    *taken += 1;
                    (at, pos) = (*behind, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

/// Whether a pattern matches a path or a directory above it, like a line of `.gitignore`: one without
/// a slash in it matches a name at any depth, another the path from the root.
pub(crate) fn covers(pattern: &str, path: &[u8]) -> bool {
    let plain = pattern.trim_end_matches('/');
    if !plain.contains('/') {
        let mut names = path.split(|&byte| byte == b'/');
        return names.any(|name| matches(plain.as_bytes(), name));
    }
    let plain = plain.trim_start_matches('/').as_bytes();
    let ends = (0..path.len()).filter(|&at| path[at] == b'/');
    ends.chain([path.len()])
        .any(|end| matches(plain, &path[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        let check = |pattern: &str, text: &str, expect: bool| {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                expect,
                "{pattern} {text}"
            );
        };
        check("*.pem", "a.PEM", true);
        check("*.pem", "a.pem.rs", false);
        check("a*b*c", "aXbXbYc", true);
        check("a*b*c", "aXbXbY", false);
        check("?", "", false);
        check("*", "", true);
    }

    #[test]
    fn a_pattern_covers_what_lies_below() {
        let check = |pattern: &str, path: &str, expect: bool| {
            assert_eq!(covers(pattern, path.as_bytes()), expect, "{pattern} {path}");
        };
        check("dist", "web/dist/a.js", true);
        check("dist/", "dist/a.js", true);
        check("dist", "web/distance.js", false);
        check("web/dist", "web/dist/a.js", true);
        check("/web/*.js", "web/dist/a.js", true);
        check("web/dist", "old/web/dist/a.js", false);
    }
}
