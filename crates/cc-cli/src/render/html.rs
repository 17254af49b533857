//! The HTML page of a job, from its Markdown report; it runs nothing and loads nothing.

use cc_jobs::Job;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;\
color:#1c1c1e;background:#fff}pre,code{font:14px/1.4 ui-monospace,monospace;background:#f4f4f5;border-radius:4px}\
pre{padding:.8rem;overflow:auto}code{padding:.1rem .3rem}blockquote{border-left:4px solid #d97706;margin-left:0;\
padding-left:1rem}table{border-collapse:collapse}td,th{border:1px solid #d4d4d8;padding:.2rem .6rem}\
@media(prefers-color-scheme:dark){body{color:#e4e4e7;background:#18181b}pre,code{background:#27272a}}";

/// The HTML page of a job.
pub(crate) fn page(job: &Job, markdown: &str) -> String {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut body = String::new();
    html::push_html(
        &mut body,
        Parser::new_ext(markdown, options).map(harmless()),
    );
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n{body}</body>\n</html>\n",
        escape(&job.title)
    )
}

/// Makes Markdown from a model safe: HTML becomes text, links and images become links to the web.
fn harmless<'a>() -> impl FnMut(Event<'a>) -> Event<'a> {
    // For each open link, whether it was kept.
    let mut open = Vec::new();
    move |event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(
            Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }
            | Tag::Image {
                link_type,
                dest_url,
                title,
                id,
            },
        ) => {
            open.push(is_web(&dest_url));
            if !is_web(&dest_url) {
                return Event::Text("".into());
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            })
        }
        Event::End(TagEnd::Link | TagEnd::Image) => match open.pop() {
            Some(true) => Event::End(TagEnd::Link),
            _ => Event::Text("".into()),
        },
        other => other,
    }
}

fn is_web(url: &str) -> bool {
    let url = url.to_ascii_lowercase();
    url.starts_with("https://") || url.starts_with("http://") || url.starts_with('#')
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(markdown: &str) -> String {
        let mut body = String::new();
        html::push_html(&mut body, Parser::new(markdown).map(harmless()));
        body
    }

    #[test]
    fn hostile_markdown_stays_text() {
        assert_eq!(
            body("<script>alert(1)</script>"),
            "&lt;script&gt;alert(1)&lt;/script&gt;"
        );
        assert!(body("a <img src=x onerror=y> b").contains("&lt;img"));
        assert!(!body("[x](javascript:alert(1))").contains("javascript"));
        assert!(!body("![x](file:///etc/passwd)").contains("file:"));
        assert!(!body("![x](https://example.test/x.png)").contains("<img"));
        assert!(
            body("[x](https://example.test)").contains("<a href=\"https://example.test\">x</a>")
        );
    }

    #[test]
    fn links_end_where_they_began() {
        assert_eq!(body("[x](file:///y) z"), "<p>x z</p>\n");
        assert_eq!(body("![x](file:///y) z"), "<p>x z</p>\n");
        assert_eq!(
            body("[![x](file:///y)](https://a.test) [z](b)"),
            "<p><a href=\"https://a.test\">x</a> z</p>\n"
        );
        assert_eq!(
            body("[![x](https://a.test)](b)"),
            "<p><a href=\"https://a.test\">x</a></p>\n"
        );
    }
}
