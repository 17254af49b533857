//! Instructions of a trusted project that Claude Code reads only with the project's settings, which it never
//! does here: the user's own `CLAUDE.local.md`, and `AGENTS.md` where there is no `CLAUDE.md`.

use std::io::Read;
use std::path::Path;

use cc_core::frame::framed;
use cc_core::fs::open_below;
use cc_core::text::head;

/// The most bytes of one file: the text becomes an argument, of which Linux takes 128 KiB.
const LIMIT: usize = 40 << 10;

/// What is told of them in a run at `root`, after the notes; empty if there are none.
pub(super) fn told(root: &Path) -> String {
    let has = |name: &str| root.join(name).exists();
    let agents = !has("CLAUDE.md") && !has(".claude/CLAUDE.md");
    let names = [("CLAUDE.local.md", true), ("AGENTS.md", agents)];
    let names = names.into_iter().filter(|(_, wanted)| *wanted);
    let mut told = String::new();
    for (name, _) in names {
        if let Some(text) = read(root, name) {
            let text = framed("INSTRUCTIONS", &text);
            told.push_str(&format!("\n\n{name} of this project says:\n{text}"));
        }
    }
    told
}

fn read(root: &Path, name: &str) -> Option<String> {
    let file = open_below(root, Path::new(name)).ok()?;
    let mut bytes = Vec::new();
    file.take(LIMIT as u64 + 1).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let kept = head(&text, LIMIT);
    let cut = if kept.len() < text.len() {
        "\n(cut)"
    } else {
        ""
    };
    (!kept.trim().is_empty()).then(|| format!("{kept}{cut}"))
}
