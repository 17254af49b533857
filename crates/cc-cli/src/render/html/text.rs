//! Text from outside as HTML: nothing in it runs, loads, or reaches beyond its end.

use cc_core::text::printable;
use cc_workflows::report::{Line, Span, dialect};
use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Parser, Tag, TagEnd, html};

use crate::render::code::{Code, DiffLine, Kind, is_diff};

/// Plain text.
pub(super) fn escape(text: &str) -> String {
    printable(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A line of a report.
pub(super) fn line(line: &Line) -> String {
    let spans = line.spans().iter().map(|span| match span {
        Span::Text(text) => escape(text),
        Span::Code(code) => format!("<code>{}</code>", escape(code)),
    });
    spans.collect()
}

/// Markdown from outside: HTML becomes text, links and images become links to the web, headings stand below ours.
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::new();
    let parser = Parser::new_ext(text, dialect().options);
    html::push_html(&mut out, HtmlEvents::new(parser.map(harmless())));
    out
}

/// The events of Markdown, with blocks of code and tables as we show them.
struct HtmlEvents<I> {
    events: I,
    pending: Vec<Event<'static>>,
}

impl<I> HtmlEvents<I> {
    fn new(events: I) -> Self {
        Self {
            events,
            pending: Vec::new(),
        }
    }
}

impl<'a, I: Iterator<Item = Event<'a>>> Iterator for HtmlEvents<I> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        if let Some(event) = self.pending.pop() {
            return Some(event);
        }
        match self.events.next()? {
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match &kind {
                    CodeBlockKind::Fenced(info) => info.split([' ', ',']).next().unwrap_or(""),
                    CodeBlockKind::Indented => "",
                };
                let language = language.to_owned();
                let mut text = String::new();
                for event in self.events.by_ref() {
                    match event {
                        Event::Text(part) => text.push_str(&part),
                        Event::End(TagEnd::CodeBlock) => break,
                        _ => {}
                    }
                }
                Some(Event::Html(block(&language, &text).into()))
            }
            Event::Start(tag @ Tag::Table(_)) => {
                self.pending.push(Event::Start(tag.into_static()));
                Some(Event::Html("<div class=\"table\" tabindex=\"0\">\n".into()))
            }
            Event::End(TagEnd::Table) => {
                self.pending.push(Event::Html("</div>\n".into()));
                Some(Event::End(TagEnd::Table))
            }
            event => Some(event),
        }
    }
}

/// Makes events from outside safe.
fn harmless<'a>() -> impl FnMut(Event<'a>) -> Event<'a> {
    // For each open link, whether it was kept.
    let mut open = Vec::new();
    move |event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(clean(text)),
        Event::Text(text) => Event::Text(clean(text)),
        Event::Code(text) => Event::Code(clean(text)),
        Event::Start(Tag::Heading { level, .. }) => Event::Start(Tag::Heading {
            level: below_ours(level),
            id: None,
            classes: Vec::new(),
            attrs: Vec::new(),
        }),
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(below_ours(level))),
        Event::Start(
            Tag::Link {
                dest_url,
                link_type,
                ..
            }
            | Tag::Image {
                dest_url,
                link_type,
                ..
            },
        ) => {
            open.push(is_web(&dest_url));
            if !is_web(&dest_url) {
                return Event::Text("".into());
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url: clean(dest_url),
                title: "".into(),
                id: "".into(),
            })
        }
        Event::End(TagEnd::Link | TagEnd::Image) => match open.pop() {
            Some(true) => Event::End(TagEnd::Link),
            _ => Event::Text("".into()),
        },
        other => other,
    }
}

/// Text as it is shown, after entities have become characters.
fn clean(text: CowStr<'_>) -> CowStr<'_> {
    match printable(&text) {
        std::borrow::Cow::Borrowed(_) => text,
        std::borrow::Cow::Owned(clean) => clean.into(),
    }
}

/// Headings of level 1 and 2 are ours.
fn below_ours(level: HeadingLevel) -> HeadingLevel {
    let level = (level as usize).saturating_add(2).min(6);
    HeadingLevel::try_from(level).unwrap_or(HeadingLevel::H6)
}

fn is_web(url: &str) -> bool {
    let url = url.to_ascii_lowercase();
    url.starts_with("https://") || url.starts_with("http://")
}

/// A block of code: a diff, or highlighted.
pub(super) fn block(language: &str, text: &str) -> String {
    let lines = text.trim_end_matches('\n').split('\n');
    if is_diff(language, text) {
        let lines = lines.map(|line| {
            let class = match DiffLine::of(line) {
                DiffLine::Added => "l add",
                DiffLine::Removed => "l del",
                DiffLine::Hunk => "l hunk",
                DiffLine::Context => "l",
            };
            format!("<span class=\"{class}\">{}\n</span>", escape(line))
        });
        let lines: String = lines.collect();
        return format!("<pre class=\"diff\" tabindex=\"0\"><code>{lines}</code></pre>\n");
    }
    let mut code = Code::of(language);
    let lines: Vec<String> = lines.map(|line| highlighted(&mut code, line)).collect();
    format!(
        "<pre tabindex=\"0\"><code>{}</code></pre>\n",
        lines.join("\n")
    )
}

/// A line of code.
pub(super) fn highlighted(code: &mut Code, line: &str) -> String {
    let pieces = code.line(line).into_iter().map(|(kind, text)| {
        let text = escape(text);
        match kind {
            Kind::Plain => text,
            Kind::Comment => format!("<span class=\"c\">{text}</span>"),
            Kind::Text => format!("<span class=\"s\">{text}</span>"),
            Kind::Number => format!("<span class=\"d\">{text}</span>"),
            Kind::Keyword => format!("<span class=\"w\">{text}</span>"),
        }
    });
    pieces.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_markdown_stays_text() {
        assert_eq!(
            markdown("<script>alert(1)</script>"),
            "&lt;script&gt;alert(1)&lt;/script&gt;"
        );
        assert!(markdown("a <img src=x onerror=y> b").contains("&lt;img"));
        assert!(!markdown("[x](javascript:alert(1))").contains("javascript"));
        assert!(!markdown("[x](&#106;avascript:alert(1))").contains("javascript"));
        assert!(!markdown("![x](file:///etc/passwd)").contains("file:"));
        assert!(!markdown("![x](https://example.test/x.png)").contains("<img"));
        assert!(
            markdown("[x](https://example.test)")
                .contains("<a href=\"https://example.test\">x</a>")
        );
        assert!(!markdown("[x](https://a.test \"&#x202e;t\")").contains("title"));
    }

    #[test]
    fn entities_never_become_controls() {
        for text in [
            "&#27;]52;c;x&#7;",
            "&#x9b;31m &#x202e;x",
            "`\u{202e}`",
            "```\n\u{9b}31m\n```",
            "```rust\n\"\u{202e}\"\n```",
            "# &#x2067;",
            "[a](https://x.test/&#x202e;)",
        ] {
            let shown = markdown(text);
            assert_eq!(printable(&shown), shown, "{text}");
        }
    }

    #[test]
    fn headings_stand_below_ours_and_an_open_fence_ends() {
        assert_eq!(
            markdown("# a\n\n```\nb"),
            "<h3>a</h3>\n<pre tabindex=\"0\"><code>b</code></pre>\n"
        );
        assert!(markdown("Not reviewed\n---").starts_with("<h4>"));
    }

    #[test]
    fn links_end_where_they_began() {
        assert_eq!(markdown("[x](file:///y) z"), "<p>x z</p>\n");
        assert_eq!(markdown("![x](file:///y) z"), "<p>x z</p>\n");
        assert_eq!(
            markdown("[![x](file:///y)](https://a.test) [z](b)"),
            "<p><a href=\"https://a.test\">x</a> z</p>\n"
        );
        assert_eq!(
            markdown("[![x](https://a.test)](b)"),
            "<p><a href=\"https://a.test\">x</a></p>\n"
        );
    }

    #[test]
    fn a_diff_is_shown_as_one() {
        let shown = markdown("```diff\n-a\n+<b>\n```");
        assert!(shown.contains(
            "<span class=\"l del\">-a\n</span><span class=\"l add\">+&lt;b&gt;\n</span>"
        ));
    }
}
