//! `cargo xtask pictures`: the pictures of the README, made from what the product really shows.
//!
//! A scripted Claude finds the two bugs of the tour; the review runs at a terminal of its own, whose screen becomes
//! an SVG, and its page is photographed by Chromium.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use cc_tests::fake::{Run, Step};
use cc_tests::sandbox::{Screen, StyledText};
use cc_tests::{Sandbox, Scenario, peers};
use serde_json::json;

use crate::tour::demo;

/// The size of the terminal, and of the page in CSS pixels.
const COLUMNS: u16 = 92;
const ROWS: u16 = 90;
const PAGE: &str = "1000,900";

/// The lines of the report that are shown.
const SHOWN: usize = 24;

pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures");
    fs::create_dir_all(&docs)?;
    let finished = demo::findings(5, 11);
    let read = json!({"file_path": format!("{{cwd}}/{}", demo::FILE)});
    let review = Run::started()
        .tool("Read", read)
        .step(Step::Await(".git/go".into()))
        .tool("StructuredOutput", finished.clone())
        .success(&finished.to_string(), Some(finished));
    let sandbox = Sandbox::fake(&Scenario::runs([review]));
    demo::change(&sandbox);
    let call = sandbox.cc(["adversarial-review"]);
    let screen = call
        .env("TERM", "xterm-256color")
        .at_terminal(COLUMNS, ROWS);
    screen.wait_for("Reading");
    std::thread::sleep(Duration::from_secs(4));
    let live = screen.styled();
    sandbox.write(".git/go", "");
    let report = end_of(screen)?;
    let prompt = vec![StyledText::plain("$ cc-cli adversarial-review")];
    let mut lines = vec![prompt];
    lines.extend(live);
    lines.push(Vec::new());
    lines.extend(report.into_iter().take(SHOWN));
    lines.push(vec![StyledText::plain("…")]);
    fs::write(docs.join("terminal.svg"), svg(&lines))?;

    let page = sandbox.repo().join("report.html");
    let file = page.display().to_string();
    let written = sandbox.cc(["result", "--format", "html", "-o", &file]);
    written.run().success();
    let picture = docs.join("report.png");
    let taken = Command::new(peers::browser())
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
        ])
        .arg(format!("--window-size={PAGE}"))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{file}"))
        .env_clear()
        .env("HOME", sandbox.home())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if !taken.success() || !picture.exists() {
        return Err("the browser took no picture".into());
    }
    println!("{}", docs.display());
    Ok(())
}

/// The screen after the program has ended.
fn end_of(screen: Screen) -> Result<Vec<Vec<StyledText>>, Box<dyn Error>> {
    let (code, lines) = screen.wait_styled();
    match code {
        Some(0) => Ok(lines),
        code => Err(format!("the review ended with {code:?}").into()),
    }
}

/// Lines of a terminal as a picture.
fn svg(lines: &[Vec<StyledText>]) -> String {
    let (char_width, line_height, margin) = (8.4, 20, 16);
    let width = f64::from(COLUMNS) * char_width + 2.0 * f64::from(margin);
    let height = lines.len() * line_height + 2 * margin as usize;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height}\" width=\"{width:.0}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1b1f24\"/>\n\
         <g font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,monospace\" font-size=\"14\" \
         fill=\"#d8dee4\" xml:space=\"preserve\">\n"
    );
    for (number, line) in lines.iter().enumerate() {
        let y = margin as usize + number * line_height + 15;
        let mut column = 0;
        for text in line {
            let x = f64::from(margin) + column as f64 * char_width;
            let shown = text.text.trim_end();
            let spaces = text.text.chars().count() - shown.chars().count();
            let length = text.columns.saturating_sub(spaces) as f64 * char_width;
            column += text.columns;
            if shown.is_empty() {
                continue;
            }
            let escaped = shown.replace('&', "&amp;").replace('<', "&lt;");
            let fill = text
                .color
                .map(color)
                .map(|fill| format!(" fill=\"{fill}\""));
            let weight = if text.bold {
                " font-weight=\"bold\""
            } else {
                ""
            };
            let opacity = if text.dim { " opacity=\"0.6\"" } else { "" };
            svg.push_str(&format!(
                "<text x=\"{x:.1}\" y=\"{y}\" textLength=\"{length:.1}\"{}{weight}{opacity}>{escaped}</text>\n",
                fill.unwrap_or_default()
            ));
        }
    }
    svg + "</g>\n</svg>\n"
}

/// One of the eight colours of a terminal.
fn color(number: u8) -> &'static str {
    match number % 8 {
        1 => "#ff7b72",
        2 => "#7ee787",
        3 => "#e3b341",
        4 => "#79c0ff",
        5 => "#d2a8ff",
        6 => "#76e3ea",
        _ => "#d8dee4",
    }
}
