//! The maps of the project name files that exist.

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn workspace() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("the suite is a member of the workspace")
}

/// All source files of the workspace, relative to it.
pub(crate) fn source_files() -> Vec<String> {
    let mut dirs: Vec<PathBuf> = ["crates", "plugin", "tests", "xtask"]
        .map(|dir| workspace().join(dir))
        .into();
    let mut sources = Vec::new();
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let path = path.strip_prefix(workspace()).unwrap();
                sources.push(path.display().to_string());
            }
        }
    }
    sources
}

#[test]
fn every_source_file_that_is_named_exists() {
    let sources: Vec<String> = source_files()
        .iter()
        .map(|source| format!("/{source}").replace("/src/", "/"))
        .collect();
    for map in [
        "ARCHITECTURE.md",
        "docs/flows.md",
        "docs/environment.md",
        "docs/hosts.md",
    ] {
        let text = fs::read_to_string(workspace().join(map)).unwrap();
        // What stands between backticks is every second part.
        let named = text
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|code| code.ends_with(".rs"));
        let mut names = 0;
        for name in named {
            let suffix = format!("/{name}").replace("/src/", "/");
            let exists = sources.iter().any(|source| source.ends_with(&suffix));
            assert!(exists, "{map} names `{name}`, which does not exist");
            names += 1;
        }
        assert!(names > 0, "{map} names files");
    }
}
