//! Manual pages and completions in the directories of the user.

use std::fs;

use super::world::World;

/// The files that an installation with all directories brings, one of each kind.
const SOME: [&str; 4] = [
    "home/.local/share/man/man1/cc-cli-review.1",
    "home/.local/share/bash-completion/completions/cc-cli",
    "home/.config/fish/completions/cc-cli.fish",
    "home/functions/_cc-cli",
];

/// A world whose user has a `~/.local/bin` on the PATH, fish, bash-completion and functions for zsh.
fn furnished() -> World {
    let mut world = World::new("");
    for dir in [
        "home/.local/bin",
        "home/.local/share/bash-completion/completions",
        "home/.config/fish",
        "home/functions",
    ] {
        fs::create_dir_all(world.path(dir)).unwrap();
    }
    world.add_to_path("home/.local/bin");
    let functions = world.path("home/functions").into_os_string();
    world.set_var("FPATH", functions);
    world
}

#[test]
fn they_come_where_they_are_looked_for_and_go_with_the_uninstall() {
    let world = furnished();
    world.write("home/functions/_mine", "mine");
    let before = world.tree("home");
    let dry = world.run(&["install", "--dry-run"]);
    assert!(
        dry.stdout.contains("write manual pages and completions to"),
        "{}",
        dry.stdout
    );
    assert_eq!(world.tree("home"), before);
    assert!(world.install().ok);
    for path in SOME {
        assert!(world.path(path).is_file(), "{path}");
    }
    let completions = world.read(SOME[1]).unwrap();
    let cli = world.path("programs/cc-cli");
    assert!(completions.contains(cli.to_str().unwrap()), "{completions}");
    let again = world.install();
    assert!(!again.stdout.contains("manual pages"), "{}", again.stdout);
    let gone = world.run(&["uninstall", "--yes"]);
    assert!(
        gone.stdout.contains("remove the manual pages"),
        "{}",
        gone.stdout
    );
    assert_eq!(world.tree("home"), before, "directories too");
}

#[test]
fn nothing_is_made_where_nobody_looks() {
    let world = World::new("");
    let before = world.tree("home");
    let did = world.install();
    assert!(
        did.ok && !did.stdout.contains("manual pages"),
        "{}",
        did.stdout
    );
    assert_eq!(world.tree("home"), before);
}

#[test]
fn a_file_of_the_user_is_never_touched() {
    let world = furnished();
    world.write(SOME[1], "my own completions");
    assert!(world.install().ok);
    assert_eq!(world.read(SOME[1]).unwrap(), "my own completions");
    // One of ours that the user changed is the user's now.
    world.write(SOME[3], "mine since today");
    assert!(world.run(&["update", "--yes"]).ok);
    assert_eq!(world.read(SOME[3]).unwrap(), "mine since today");
    assert!(world.run(&["uninstall", "--yes"]).ok);
    assert_eq!(world.read(SOME[1]).unwrap(), "my own completions");
    assert_eq!(world.read(SOME[3]).unwrap(), "mine since today");
    assert!(!world.path(SOME[0]).exists() && !world.path(SOME[2]).exists());
}

#[test]
fn an_update_renews_what_an_earlier_version_wrote() {
    let world = furnished();
    assert!(world.install().ok);
    let now = world.read(SOME[0]).unwrap();
    // As if another version had written this page, and one that is gone.
    let old = "home/.local/share/man/man1/cc-cli-old.1";
    let record = world.read("codex/cc/install.json").unwrap();
    let mut record: serde_json::Value = serde_json::from_str(&record).unwrap();
    for path in [SOME[0], old] {
        world.write(path, "an old page");
        let digest = crate::files::digest(&world.path(path)).unwrap();
        record["assets"][world.path(path).to_str().unwrap()] = digest.into();
    }
    world.write("codex/cc/install.json", &record.to_string());
    let did = world.run(&["update", "--yes"]);
    assert!(did.ok && did.stdout.contains("man/man1"), "{}", did.stdout);
    assert_eq!(world.read(SOME[0]).unwrap(), now);
    assert!(!world.path(old).exists());
}

#[test]
fn without_the_record_ours_are_known_by_their_content() {
    let world = furnished();
    assert!(world.install().ok);
    fs::remove_file(world.path("codex/cc/install.json")).unwrap();
    assert!(world.run(&["uninstall", "--yes"]).ok);
    let mut left = world.tree("home");
    left.retain(|name| !name.ends_with('/'));
    // These name the directory of the programs, which only the record knows.
    assert_eq!(
        left,
        [SOME[2], SOME[1], SOME[3]].map(|path| world.path(path).display().to_string())
    );
}

#[test]
fn a_shell_that_would_not_find_them_is_told_the_line() {
    let check = |shell: &str, expect: Option<&str>| {
        let mut world = World::new("");
        world.set_var("SHELL", shell.into());
        let told = world.install().stdout;
        assert_eq!(
            told.contains("To complete cc-cli with Tab"),
            expect.is_some(),
            "{told}"
        );
        assert!(told.contains(expect.unwrap_or_default()), "{told}");
    };
    check("/bin/bash", Some("cc-cli completions bash)"));
    check("/usr/bin/zsh", Some("add to ~/.zshrc, after compinit:"));
    check("/usr/bin/fish", Some("cc-cli completions fish | source"));
    check("/bin/dash", None);
    let mut world = furnished();
    world.set_var("SHELL", "/bin/zsh".into());
    let told = world.install().stdout;
    assert!(!told.contains("To complete"), "{told}");
}

#[test]
fn man_reads_what_its_path_says() {
    let check = |manpath: Option<&str>, is_read: bool| {
        let mut world = furnished();
        if let Some(manpath) = manpath {
            let man = world.path("home/.local/share/man").display().to_string();
            world.set_var("MANPATH", manpath.replace("OURS", &man).into());
        }
        assert!(world.install().ok);
        assert_eq!(world.path(SOME[0]).exists(), is_read, "{manpath:?}");
    };
    check(None, true);
    check(Some("/usr/share/man"), false);
    check(Some("/usr/share/man:"), true);
    check(Some("/usr/share/man:OURS"), true);
}
