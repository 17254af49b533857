use super::*;

fn check(bin: &str, cwd: &str) -> Result<(), BinDirError> {
    let env = Env::fixed(cwd, "/x", [("HOME", "/home/dev"), ("TMPDIR", "/scratch")]);
    let layout = Layout::new(&env, Some(Path::new(bin))).unwrap();
    layout.check_bin(&env)
}

#[test]
fn binaries_go_where_rules_match_and_sandboxes_cannot_write() {
    assert_eq!(check("/home/dev/.codex/cc/bin", "/home/dev"), Ok(()));
    assert_eq!(
        check("/home/dev/.codex/cc/bin", "/home/dev/project"),
        Ok(())
    );
    for letters in [
        "/home/dév/bin",
        "/home/de\u{301}v/bin",
        "/home/か\u{3099}/bin",
        "/home/開発/bin",
        "/home/हिन्दी/bin",
        "/home/ที่/bin",
    ] {
        assert_eq!(check(letters, "/"), Ok(()));
    }
    for bad in [
        "/home/de v/bin",
        "/home/de\u{a0}v/bin",
        "/home/$dev/bin",
        "/home/dev's/bin",
        "/home/dev\u{2019}s/bin",
        "/home/\u{201c}dev\u{201d}/bin",
        "/home/de\u{ad}v/bin",
        "/home/de\u{200b}v/bin",
        "/home/de\u{200d}v/bin",
        "/home/de\u{202e}v/bin",
        "/home/\u{feff}dev/bin",
    ] {
        assert!(
            matches!(check(bad, "/"), Err(BinDirError::NeedsQuoting { .. })),
            "{bad}"
        );
    }
    for (bad, cwd) in [
        ("/tmp/bin", "/"),
        ("/scratch/x/bin", "/"),
        ("/home/dev/project/bin", "/home/dev/project"),
    ] {
        assert!(
            matches!(check(bad, cwd), Err(BinDirError::Writable { .. })),
            "{bad}"
        );
    }
}

#[test]
fn places_follow_the_environment() {
    let env = Env::fixed("/", "/x", [("HOME", "/home/dev")]);
    let layout = Layout::new(&env, None).unwrap();
    assert_eq!(
        layout.binary("cc-cli"),
        Path::new("/home/dev/.codex/cc/bin/cc-cli")
    );
    let env = Env::fixed("/", "/x", [("HOME", "/home/dev"), ("CODEX_HOME", "/codex")]);
    let layout = Layout::new(&env, None).unwrap();
    assert_eq!(
        layout.cache(),
        Path::new("/codex/plugins/cache/cc-local/cc")
    );
    let homeless = Env::fixed("/", "/x", [("A", "b")]);
    assert_eq!(Layout::new(&homeless, None).err(), Some(HomeError::Missing));
}

#[test]
fn the_home_of_somebody_else_is_not_worked_on_by_sudo() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().to_str().unwrap();
    let env = |name: &str| {
        Env::fixed(
            "/",
            "/x",
            [("HOME", "/root"), ("CODEX_HOME", home), (name, "1")],
        )
    };
    let (sudo, plain) = (env("SUDO_UID"), env("SHLVL"));
    let layout = Layout::new(&plain, None).unwrap();
    let us = rustix::process::geteuid().as_raw();
    assert_eq!(layout.check_owned_by(us, &sudo), Ok(()));
    assert_eq!(layout.check_owned_by(us + 1, &plain), Ok(()), "a container");
    for env in [&sudo, &env("DOAS_USER")] {
        let refused = layout.check_owned_by(us + 1, env).unwrap_err().to_string();
        let told = format!(
            "belongs to another user (uid {us}; sudo made this uid {})",
            us + 1
        );
        assert!(refused.ends_with(&told), "{refused}");
    }
    let nowhere = Layout {
        codex_home: dir.path().join("not-there-yet"),
        ..layout
    };
    assert_eq!(nowhere.check_owned_by(us + 1, &sudo), Ok(()));
}
