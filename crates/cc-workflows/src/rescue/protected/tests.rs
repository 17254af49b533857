use std::fs;
use std::os::unix::fs::symlink;

use super::*;

/// A working tree with links, a submodule and a program that Git is told to run.
struct Lab(tempfile::TempDir);

impl Lab {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for name in ["src", "lib", "tools", "data.git/objects", "old"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        fs::write(root.join("lib/.git"), "gitdir: ../.git/modules/lib\n").unwrap();
        symlink("/usr/share", root.join("shared")).unwrap();
        symlink("src", root.join("source")).unwrap();
        symlink("b", root.join("old/a")).unwrap();
        symlink("a", root.join("old/b")).unwrap();
        Self(dir)
    }

    /// The reason for one file of a patch that has `others`, too.
    fn reason(&self, path: &str, target: Option<&str>, others: &[&str]) -> Option<ProtectedReason> {
        let entry = |path: &str, target: Option<&str>| PatchEntry {
            path: RepoPath::from_os(Path::new(path)),
            mode: if target.is_some() { 0o120000 } else { 0o100644 },
            content: None,
            target: target.map(PathBuf::from),
        };
        let link = |text: &&str| match text.split_once(" -> ") {
            Some((path, target)) => entry(path, Some(target)),
            None => entry(text, None),
        };
        let mut patch = Patch {
            entries: others.iter().map(link).collect(),
            ..Patch::default()
        };
        patch.entries.push(entry(path, target));
        let root = self.0.path();
        let run = ["tools/watch", ".husky", "hooks/pre-commit"].map(|name| root.join(name));
        let open = [PathBuf::from(".vscode")];
        let places = ProtectedPlaces::new(root, run.into_iter(), &patch, &open);
        places.reason(patch.entries.last().unwrap())
    }
}

#[test]
fn files_that_programs_run_under_any_of_their_names() {
    let lab = Lab::new();
    for path in [
        ".claude/settings.json",
        ".CLAUDE/settings.json",
        "sub/dir/.claude/settings.json",
        ".codex/config.toml",
        ".codex./config.toml",
        ".co\u{200d}dex/config.toml",
        "CODEX~1/config.toml",
        ".agents/skills/x/SKILL.md",
        ".agent\u{17f}/x",
        ".mcp.json",
        ".mcp.json::$DATA",
        ".envrc",
        "a/.idea/x",
        ".git/hooks/x",
        "tools/watch",
        "Tools/WATCH",
        ".husky/pre-commit",
    ] {
        let reason = lab.reason(path, None, &[]);
        assert_eq!(reason, Some(ProtectedReason::RunByItself), "{path}");
    }
    for path in [
        "src/lib.rs",
        "tools/watcher",
        "tools/other",
        ".github/x",
        ".gitignore",
        "claude/x",
        "husky/x",
        ".vscode/tasks.json",
        "HEAD",
        "objects/x",
    ] {
        assert_eq!(lab.reason(path, None, &[]), None, "{path}");
    }
}

#[test]
fn files_in_another_repository() {
    let lab = Lab::new();
    for (path, others) in [
        ("lib/a.c", &[][..]),
        ("lib/deep/a.c", &[]),
        ("data.git/config", &["data.git/HEAD"][..]),
        (
            "bare/config",
            &["bare/HEAD", "bare/objects/x", "bare/refs/x"],
        ),
        ("bare/config", &["bare/head", "bare/Objects/x"]),
        ("a/bare/x", &["a/bare/HEAD", "a/bare/commondir"]),
    ] {
        let reason = lab.reason(path, None, others);
        assert_eq!(reason, Some(ProtectedReason::InOtherRepository), "{path}");
    }
    for (path, others) in [
        ("library/a.c", &[][..]),
        ("data.git/config", &[]),
        ("half/config", &["half/HEAD"][..]),
        ("half/config", &["half/objects/x"]),
    ] {
        assert_eq!(lab.reason(path, None, others), None, "{path} {others:?}");
    }
}

#[test]
fn links_by_where_they_lead() {
    let lab = Lab::new();
    let root = lab.0.path().to_str().unwrap().to_owned();
    let inside = format!("{root}/src/x");
    let around = format!("{root}/../x");
    for (path, target, others) in [
        ("x", "/etc/passwd", &[][..]),
        ("x", "../x", &[]),
        ("src/x", "../../x", &[]),
        ("x", "src/../../x", &[]),
        ("x", "shared/doc", &[]),
        ("x", "y/z", &["y -> src", "src/z -> ../../out"][..]),
        ("x", "y", &["y -> z", "z -> x"]),
        ("x", "old/a", &[]),
        ("x", &around, &[]),
        ("x", "source/../../x", &[]),
    ] {
        let reason = lab.reason(path, Some(target), others);
        assert_eq!(
            reason,
            Some(ProtectedReason::LeadsOutside),
            "{path} {target}"
        );
    }
    for (path, target, others) in [
        ("x", ".git/hooks", &[][..]),
        ("x", "src/../.GIT/config", &[]),
        ("x", "y", &["y -> .claude"][..]),
        ("x", "tools/watch", &[]),
        ("hooks", "src", &[]),
    ] {
        let reason = lab.reason(path, Some(target), others);
        assert_eq!(
            reason,
            Some(ProtectedReason::LeadsToProtected),
            "{path} {target}"
        );
    }
    for (path, target) in [
        ("x", "src/lib.rs"),
        ("src/x", "../README.md"),
        ("x", "none/at/all"),
        ("x", inside.as_str()),
        ("x", "source/x"),
        ("x", "."),
    ] {
        assert_eq!(lab.reason(path, Some(target), &[]), None, "{path} {target}");
    }
    // A target that is no path leads nowhere that is known.
    let reason = lab.reason("x", Some(""), &[]);
    assert_eq!(reason, None);
}
