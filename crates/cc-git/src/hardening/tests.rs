use super::*;
use crate::config_file::config_text;
use crate::records::records;

const HOME: &str = "/home/dev";

/// The entries of what Git reports, without their origins.
pub(super) fn entries(answer: &[u8]) -> Vec<ScopedSetting> {
    let fields: Vec<&[u8]> = records(answer).collect();
    let pairs = fields.chunks_exact(2);
    let answer: Vec<u8> = pairs
        .flat_map(|pair| [pair[0], b"\0file:x\0", pair[1], b"\0"].concat())
        .collect();
    let found = entries_with_origin(&answer);
    found.into_iter().map(|(_, entry)| entry).collect()
}

/// The keys that are allowed of what Git reports.
#[track_caller]
fn check(answer: &str, expect: &[&str]) {
    let places = Places {
        home: Some(Path::new(HOME)),
        root: Path::new("/nowhere"),
    };
    let found = entries(answer.as_bytes());
    let allowed = found.iter().filter(|entry| entry.is_allowed(&places));
    let allowed: Vec<_> = allowed
        .map(|entry| String::from_utf8_lossy(&entry.setting.key))
        .collect();
    assert_eq!(allowed, expect, "{answer:?}");
}

#[test]
fn only_what_is_allowed_reaches_git() {
    check("", &[]);
    check(
        "local\0core.autocrlf\ninput\0local\0core.fsmonitor\ntouch a\0local\0core.hookspath\n.\0",
        &["core.autocrlf"],
    );
    check(
        "local\0hook.x.command\ntouch a\0local\0hook.x.event\npost-index-change\0global\0hook.y.command\na\0",
        &[],
    );
    check("local\0something.that.git\nwill know\0", &[]);
    check(
        "local\0diff.rust.xfuncname\nfn\0local\0diff.rust.textconv\na\0local\0diff.external\na\0",
        &["diff.rust.xfuncname"],
    );
    check(
        "local\0remote.a.b.promisor\0local\0remote.a.uploadpack\na\0local\0remote.pushdefault\nx\0",
        &["remote.a.b.promisor"],
    );
    check("command\0core.autocrlf\ninput\0", &[]);
}

#[test]
fn only_the_user_names_programs() {
    let lfs = "filter.lfs.process\ngit-lfs\0";
    check(&format!("global\0{lfs}"), &["filter.lfs.process"]);
    check(&format!("system\0{lfs}"), &["filter.lfs.process"]);
    for scope in ["local", "worktree", "unknown"] {
        check(&format!("{scope}\0{lfs}"), &[]);
    }
}

#[test]
fn files_of_patterns_are_small_regular_files() {
    let dir = tempfile::tempdir().unwrap();
    let root = canonical(dir.path()).unwrap();
    let outside = tempfile::tempdir().unwrap();
    let outside = outside.path().join("mine");
    std::fs::write(root.join("small"), "*.o\n").unwrap();
    std::fs::write(&outside, "*.o\n").unwrap();
    std::fs::write(root.join("large"), vec![b'x'; FILE_LIMIT as usize + 1]).unwrap();
    let places = Places {
        home: Some(&root),
        root: &root,
    };
    let outside = outside.to_str().unwrap();
    for (scope, value, expect) in [
        ("local", "small", true),
        ("local", "~/small", true),
        ("local", "large", false),
        ("local", "missing", false),
        ("local", "/dev/zero", false),
        ("local", "", false),
        ("local", outside, false),
        ("global", outside, true),
        ("global", "/dev/zero", false),
    ] {
        for key in FILES {
            let found = entries(format!("{scope}\0{key}\n{value}\0").as_bytes());
            assert_eq!(found[0].is_allowed(&places), expect, "{scope} {value}");
        }
    }
}

#[test]
fn a_repository_of_another_form_is_left_to_git() {
    let plain = |sha256| RepositoryFormat::Plain { sha256 };
    for (answer, expect) in [
        ("", plain(false)),
        (
            "local\0core.bare\nfalse\0local\0core.repositoryformatversion\n0\0",
            plain(false),
        ),
        (
            "local\0core.repositoryformatversion\n1\0local\0extensions.objectformat\nsha256\0",
            plain(true),
        ),
        ("local\0extensions.worktreeconfig\ntrue\0", plain(false)),
        ("local\0core.bare\ntrue\0", RepositoryFormat::Other),
        ("local\0core.bare\0", RepositoryFormat::Other),
        ("worktree\0core.worktree\n/x\0", RepositoryFormat::Other),
        (
            "local\0core.repositoryformatversion\n2\0",
            RepositoryFormat::Other,
        ),
        (
            "local\0extensions.objectformat\nsha512\0",
            RepositoryFormat::Other,
        ),
        (
            "local\0extensions.refstorage\nreftable\0",
            RepositoryFormat::Other,
        ),
        (
            "local\0extensions.something\nnew\0",
            RepositoryFormat::Other,
        ),
    ] {
        assert_eq!(
            format_of(entries(answer.as_bytes()).iter()),
            expect,
            "{answer:?}"
        );
    }
}

#[test]
fn a_git_that_ignores_our_settings_is_noticed() {
    let is_pinned = |answer: &[u8]| entries(answer).iter().any(ScopedSetting::is_canary);
    assert!(is_pinned(b"command\0core.fsmonitor\nfalse\0"));
    assert!(!is_pinned(b"local\0core.fsmonitor\nfalse\0"));
}

proptest::proptest! {
    #[test]
    fn reading_never_fails(answer: Vec<u8>) {
        for entry in entries(&answer) {
            config_text(&[entry.setting]);
        }
    }

    /// What Git reads of our file is what was written.
    #[test]
    fn git_reads_back_what_was_written(
        subsection in "[^\0\n]{1,20}",
        value in "[^\0\r]{0,40}",
    ) {
        let setting = Setting {
            key: format!("diff.{subsection}.xfuncname").into_bytes(),
            value: Some(value.into_bytes()),
        };
        let alone = Setting { key: b"core.symlinks".to_vec(), value: None };
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        std::fs::write(&file, config_text(&[setting.clone(), alone.clone()])).unwrap();
        let output = std::process::Command::new("git")
            .args(["config", "--list", "--show-scope", "-z", "--file"])
            .arg(&file)
            .output()
            .unwrap();
        let read: Vec<Setting> = entries(&output.stdout).into_iter().map(|it| it.setting).collect();
        proptest::prop_assert_eq!(read, [setting, alone]);
    }
}
