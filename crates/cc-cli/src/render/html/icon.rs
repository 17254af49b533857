//! The few icons of the page, drawn so that nothing is loaded and colour is not all that tells them apart.

use cc_workflows::review::Severity;

/// The icon of a severity.
pub(super) fn severity(severity: Severity) -> String {
    svg(match severity {
        Severity::Critical => "M5 1h6l4 4v6l-4 4H5l-4-4V5zM8 4v5M8 11.3v.7",
        Severity::High => "M8 1.5 15 14H1zM8 6v4M8 12v.3",
        Severity::Medium => "M8 1l7 7-7 7-7-7zM8 5v3.5M8 10.6v.4",
        Severity::Low => "M8 1.2a6.8 6.8 0 1 0 0 13.6A6.8 6.8 0 0 0 8 1.2zM8 7v4.5M8 4.6v.2",
    })
}

/// The icon of a warning.
pub(super) fn warning() -> String {
    severity(Severity::High)
}

/// The icon of a verdict.
pub(super) fn verdict(is_good: bool) -> String {
    svg(match is_good {
        true => "M8 1.2a6.8 6.8 0 1 0 0 13.6A6.8 6.8 0 0 0 8 1.2zM4.8 8.2l2.2 2.3 4.2-4.8",
        false => "M8 1.2a6.8 6.8 0 1 0 0 13.6A6.8 6.8 0 0 0 8 1.2zM5.5 5.5l5 5M10.5 5.5l-5 5",
    })
}

fn svg(path: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 16 16\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.6\" stroke-linecap=\"round\" \
         stroke-linejoin=\"round\" aria-hidden=\"true\"><path d=\"{path}\"/></svg>"
    )
}
