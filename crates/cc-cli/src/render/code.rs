//! Code, soberly highlighted: comments, strings, numbers and the usual keywords, line by line.

/// What a piece of code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Comment,
    Text,
    Number,
    Keyword,
}

/// Reads the lines of one file or block in their order.
#[derive(Debug)]
pub(crate) struct Code {
    syntax: Option<Syntax>,
    /// The end of the comment that is open.
    open: Option<&'static str>,
}

/// The little that is known of a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Syntax {
    line_comment: &'static str,
    block_comment: Option<(&'static str, &'static str)>,
    quotes: &'static [char],
    /// Whether a single quote also begins something else, such as a lifetime.
    short_single_quotes: bool,
    keywords: bool,
}

const C: Syntax = Syntax {
    line_comment: "//",
    block_comment: Some(("/*", "*/")),
    quotes: &['"', '\'', '`'],
    short_single_quotes: false,
    keywords: true,
};
const RUST: Syntax = Syntax {
    quotes: &['"', '\''],
    short_single_quotes: true,
    ..C
};
const HASH: Syntax = Syntax {
    line_comment: "#",
    block_comment: None,
    ..C
};
const DATA: Syntax = Syntax {
    keywords: false,
    ..HASH
};
const DASH: Syntax = Syntax {
    line_comment: "--",
    quotes: &['"', '\''],
    ..C
};
const JSON: Syntax = Syntax {
    quotes: &['"'],
    keywords: false,
    ..C
};

const KEYWORDS: &str = " abstract and as async await break case catch class const continue def default defer del do elif \
    else end enum except export extends extern false False final finally fn for from func function global go if impl implements \
    import in interface is lambda let local loop match mod module mut namespace new nil None not null or override package pass \
    private protected pub public raise ref return select self Self static struct super switch then this throw throws trait true \
    True try type typedef typeof union unsafe use using var virtual void where while with yield ";

impl Code {
    /// Code in the language of that name, or of the file of that name; without a known one nothing is highlighted.
    pub(crate) fn of(name: &str) -> Self {
        let word = name.rsplit(['.', '/']).next().unwrap_or(name);
        let syntax = match word.trim().to_ascii_lowercase().as_str() {
            "rs" | "rust" => Some(RUST),
            "c" | "h" | "cc" | "cpp" | "cxx" | "hpp" | "c++" | "cs" | "csharp" | "java" | "js"
            | "jsx" | "mjs" | "javascript" | "ts" | "tsx" | "typescript" | "go" | "golang"
            | "kt" | "kotlin" | "swift" | "scala" | "dart" | "php" | "zig" | "proto" | "css"
            | "scss" | "groovy" => Some(C),
            "py" | "python" | "rb" | "ruby" | "sh" | "bash" | "zsh" | "shell" | "pl" | "perl"
            | "r" | "ex" | "exs" | "elixir" | "nix" | "jl" | "julia" | "makefile"
            | "dockerfile" => Some(HASH),
            "yml" | "yaml" | "toml" | "ini" | "conf" => Some(DATA),
            "sql" | "lua" | "hs" | "haskell" | "elm" | "ada" => Some(DASH),
            "json" | "jsonc" | "json5" => Some(JSON),
            _ => None,
        };
        Self { syntax, open: None }
    }

    /// The pieces of the next line, in their order; together they are the line.
    pub(crate) fn line<'a>(&mut self, line: &'a str) -> Vec<(Kind, &'a str)> {
        let mut pieces = Vec::new();
        let mut rest = line;
        let mut plain = 0;
        let mut before = ' ';
        while plain < rest.len() {
            let (kind, length) = match self.token(&rest[plain..], before) {
                Some(token) => token,
                None => {
                    before = rest[plain..].chars().next().unwrap_or(' ');
                    plain += before.len_utf8();
                    continue;
                }
            };
            if plain > 0 {
                pieces.push((Kind::Plain, &rest[..plain]));
            }
            let token = &rest[plain..plain + length];
            before = token.chars().next_back().unwrap_or(' ');
            pieces.push((kind, token));
            rest = &rest[plain + length..];
            plain = 0;
        }
        if !rest.is_empty() {
            pieces.push((Kind::Plain, rest));
        }
        pieces
    }

    /// The token that `rest` begins with and its length, if it is one; `before` is the character before it.
    fn token(&mut self, rest: &str, before: char) -> Option<(Kind, usize)> {
        let syntax = self.syntax?;
        if let Some(end) = self.open {
            let length = rest.find(end).map(|at| at + end.len());
            if length.is_some() {
                self.open = None;
            }
            return Some((Kind::Comment, length.unwrap_or(rest.len())));
        }
        if rest.starts_with(syntax.line_comment) {
            return Some((Kind::Comment, rest.len()));
        }
        if let Some((start, end)) = syntax.block_comment
            && let Some(inner) = rest.strip_prefix(start)
        {
            let length = inner.find(end).map(|at| start.len() + at + end.len());
            if length.is_none() {
                self.open = Some(end);
            }
            return Some((Kind::Comment, length.unwrap_or(rest.len())));
        }
        let first = rest.chars().next()?;
        if syntax.quotes.contains(&first) {
            let length = quoted(rest, first)?;
            let is_short = length <= 4 || rest[1..].starts_with('\\');
            let is_text = first != '\'' || !syntax.short_single_quotes || is_short;
            return is_text.then_some((Kind::Text, length));
        }
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if is_word(before) || !is_word(first) {
            return None;
        }
        let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if first.is_ascii_digit() {
            return Some((Kind::Number, length));
        }
        let is_keyword = syntax.keywords && KEYWORDS.contains(&format!(" {} ", &rest[..length]));
        is_keyword.then_some((Kind::Keyword, length))
    }
}

/// The length of the text in quotes that `rest` begins with, if it ends on this line.
fn quoted(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

/// A line of a diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiffLine {
    Added,
    Removed,
    Hunk,
    Context,
}

impl DiffLine {
    pub(crate) fn of(line: &str) -> Self {
        match line.as_bytes() {
            [b'@', b'@', ..] => Self::Hunk,
            [b'+', b'+', b'+', b' ', ..] | [b'-', b'-', b'-', b' ', ..] => Self::Hunk,
            [b'+', ..] => Self::Added,
            [b'-', ..] => Self::Removed,
            _ => Self::Context,
        }
    }
}

/// Whether a block of code is a diff, by the name of its language or by its lines.
pub(crate) fn is_diff(language: &str, text: &str) -> bool {
    let has = |start: &str| text.lines().any(|line| line.starts_with(start));
    matches!(language, "diff" | "patch" | "udiff")
        || has("@@ -") && (has("+") || has("-"))
        || has("--- ") && has("+++ ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds<'a>(name: &str, line: &'a str) -> Vec<(Kind, &'a str)> {
        let pieces = Code::of(name).line(line);
        let all: String = pieces.iter().map(|(_, text)| *text).collect();
        assert_eq!(all, line);
        pieces
            .into_iter()
            .filter(|(kind, _)| *kind != Kind::Plain)
            .collect()
    }

    #[test]
    fn tokens_are_found() {
        use Kind::{Comment, Keyword, Number, Text};
        let check = |name, line, expect: &[(Kind, &str)]| assert_eq!(kinds(name, line), expect);
        check(
            "src/a.rs",
            "let x: &'a str = \"a // b\"; // 'c' 1",
            &[
                (Keyword, "let"),
                (Text, "\"a // b\""),
                (Comment, "// 'c' 1"),
            ],
        );
        check(
            "rust",
            "'x' '\\n' 12u8 a1",
            &[(Text, "'x'"), (Text, "'\\n'"), (Number, "12u8")],
        );
        check(
            "a.py",
            "def f(): # é",
            &[(Keyword, "def"), (Comment, "# é")],
        );
        check("json", "{\"a\": 1, if}", &[(Text, "\"a\""), (Number, "1")]);
        check("txt", "let x = 1;", &[]);
        check(
            "c",
            "a /* b */ return",
            &[(Comment, "/* b */"), (Keyword, "return")],
        );
        check("c", "\"open", &[]);
    }

    #[test]
    fn a_comment_goes_on_until_it_ends() {
        let mut code = Code::of("c");
        assert_eq!(code.line("/* a"), [(Kind::Comment, "/* a")]);
        assert_eq!(code.line("é if"), [(Kind::Comment, "é if")]);
        assert_eq!(
            code.line("b */ x"),
            [(Kind::Comment, "b */"), (Kind::Plain, " x")]
        );
    }

    #[test]
    fn a_diff_is_known() {
        assert!(is_diff("diff", ""));
        assert!(is_diff("", "@@ -1 +1 @@\n-a\n+b"));
        assert!(is_diff("", "--- a/x\n+++ b/x\n"));
        assert!(!is_diff("", "- a\n+ b"));
        assert_eq!(DiffLine::of("+++ b/x"), DiffLine::Hunk);
        assert_eq!(DiffLine::of("+x"), DiffLine::Added);
    }
}
