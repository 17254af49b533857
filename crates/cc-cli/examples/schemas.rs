//! Writes the published schemas of what `--json` prints: `cargo run -p cc-codex-cli --example schemas`.

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    fs::create_dir_all(&dir)?;
    for (name, schema) in cc_cli::schemas() {
        fs::write(dir.join(format!("{name}.json")), format!("{schema:#}\n"))?;
    }
    Ok(())
}
