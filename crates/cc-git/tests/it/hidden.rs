//! Files that are listed and not shown: secrets, and what the repository marks as generated.

use cc_git::{Context, ContextLimits, Reason, Scope, Selection};

use crate::lab::{Lab, general_reasons, listed, reason};

const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\n\
                   b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2\n\
                   -----END OPENSSH PRIVATE KEY-----\n";

/// A working tree as people have it: secrets beside templates and code.
fn lived_in() -> Lab {
    let lab = Lab::new();
    lab.write(".env", "TOKEN=hunter2-env\n");
    lab.write("deploy/.env.production", "TOKEN=hunter2-prod\n");
    lab.write("keys/id_rsa", KEY);
    lab.write("keys/renamed", KEY);
    lab.write("server.pem", KEY.replace("OPENSSH ", ""));
    lab.write(".netrc", "machine h login l password hunter2-netrc\n");
    lab.write(".npmrc", "//registry.example/:_authToken=hunter2-npm\n");
    lab.write(".env.example", "TOKEN=put-yours-here\n");
    lab.write("keys/id_rsa.pub", "ssh-rsa AAAA public-part\n");
    lab.write(
        "ca.pem",
        "-----BEGIN CERTIFICATE-----\nMIICertificate\n-----END CERTIFICATE-----\n",
    );
    lab.write("src/main.rs", "fn main() {}\n");
    lab
}

const SECRETS: [&str; 7] = [
    ".env",
    ".netrc",
    ".npmrc",
    "deploy/.env.production",
    "keys/id_rsa",
    "keys/renamed",
    "server.pem",
];

fn is_hidden(context: &Context, path: &str) -> bool {
    reason(context, path) == Some(&Reason::Secret)
}

fn no_secret_in(context: &Context) -> bool {
    !context.diff.contains("hunter2") && !context.diff.contains("PRIVATE KEY")
}

#[test]
fn secrets_are_listed_and_not_shown_and_all_else_is() {
    let lab = lived_in();
    let context = lab.auto();
    for path in SECRETS {
        assert!(is_hidden(&context, path), "{path}: {}", context.stat());
        assert!(listed(&context).contains(&format!("? {path}")), "{path}");
    }
    assert!(no_secret_in(&context), "{}", context.diff);
    for shown in [
        "put-yours-here",
        "public-part",
        "MIICertificate",
        "fn main()",
    ] {
        assert!(context.diff.contains(shown), "{shown}");
    }
    assert_eq!(context.not_seen.len(), SECRETS.len());
}

#[test]
fn a_tracked_change_of_a_secret_is_not_shown_in_any_scope() {
    let lab = lived_in();
    lab.commit("everything");
    lab.write(".env", "TOKEN=hunter2-new\n");
    lab.write("keys/renamed", format!("{KEY}\n"));
    assert!(is_hidden(&lab.auto(), ".env") && no_secret_in(&lab.auto()));
    lab.git(["add", "--all"]);
    let staged = Selection {
        scope: Scope::Staged,
        ..Selection::default()
    };
    let context = lab.review(&staged).unwrap();
    assert!(is_hidden(&context, ".env") && is_hidden(&context, "keys/renamed"));
    assert!(no_secret_in(&context));
    lab.commit("changed");
    lab.git(["mv", ".env", "settings.txt"]);
    lab.remove(".netrc");
    lab.commit("moved and removed");
    let commit = Selection {
        commit: Some("HEAD".into()),
        ..Selection::default()
    };
    let context = lab.review(&commit).unwrap();
    assert!(is_hidden(&context, "settings.txt"), "{}", context.stat());
    assert!(is_hidden(&context, ".netrc"), "{}", context.stat());
    assert!(no_secret_in(&context));
}

#[test]
fn a_secret_that_is_named_is_shown_and_one_in_a_named_directory_is_not() {
    let lab = lived_in();
    let named = |path: &str| {
        let selection = Selection {
            paths: vec![path.into()],
            ..Selection::default()
        };
        lab.review(&selection).unwrap()
    };
    assert!(named(".env").diff.contains("hunter2-env"));
    assert!(no_secret_in(&named("deploy")));
}

#[test]
fn a_pattern_of_the_user_shows_what_looks_like_a_secret() {
    let lab = lived_in();
    let limits = ContextLimits {
        show_secrets: vec!["deploy/*".into(), "id_rsa".into()],
        ..ContextLimits::default()
    };
    let context = lab.review_within(&Selection::default(), &limits).unwrap();
    assert!(context.diff.contains("hunter2-prod"));
    assert!(!is_hidden(&context, "keys/id_rsa"));
    assert!(is_hidden(&context, ".env") && is_hidden(&context, "keys/renamed"));
}

#[test]
fn an_attribute_marks_fixtures_as_public_and_files_as_secret() {
    let lab = Lab::new();
    lab.write(
        ".gitattributes",
        "fixtures/* -cc-secret\n.env -cc-secret\nnotes.txt cc-secret\n",
    );
    lab.write("fixtures/id_rsa", "one\n");
    lab.commit("fixtures");
    lab.write("fixtures/id_rsa", KEY);
    lab.write("notes.txt", "hunter2\n");
    // Not tracked: the attribute may come from somebody else than the secret.
    lab.write(".env", "TOKEN=hunter2-env\n");
    let context = lab.auto();
    assert!(context.diff.contains("PRIVATE KEY"));
    assert!(is_hidden(&context, "notes.txt") && is_hidden(&context, ".env"));
    assert!(!context.diff.contains("hunter2"));
}

#[test]
fn generated_files_are_listed_and_not_shown_unless_named() {
    let lab = Lab::new();
    lab.write("web/.gitattributes", "*.min.js linguist-generated\n");
    lab.write("web/old.min.js", "1\n");
    lab.commit("generated");
    lab.write("web/old.min.js", "let tracked;\n".repeat(2_000));
    lab.write("web/new.min.js", "let untracked;\n");
    lab.write("web/app.js", "let app;\n");
    let check = |context: &Context| {
        for path in ["web/old.min.js", "web/new.min.js"] {
            assert_eq!(reason(context, path), Some(&Reason::Generated), "{path}");
        }
        assert!(context.diff.contains("let app") && !context.diff.contains("tracked"));
    };
    check(&lab.auto());
    lab.commit("all of it");
    let commit = Selection {
        commit: Some("HEAD".into()),
        ..Selection::default()
    };
    check(&lab.review(&commit).unwrap());
    let named = Selection {
        paths: vec!["web/old.min.js".into()],
        ..commit
    };
    assert!(lab.review(&named).unwrap().diff.contains("let tracked"));
}

#[test]
fn what_a_setting_keeps_out_is_listed_and_takes_no_room() {
    let lab = Lab::new();
    lab.write("web/dist/app.js", "let tracked;\n");
    lab.commit("dist");
    lab.write("web/dist/app.js", "let tracked = 2;\n");
    lab.write("web/dist/new.js", "let untracked;\n");
    lab.write("web/distance.js", "let distance;\n");
    let limits = ContextLimits {
        exclude: vec!["dist".into()],
        inline_bytes: 300,
        ..ContextLimits::default()
    };
    let context = lab.review_within(&Selection::default(), &limits).unwrap();
    for path in ["web/dist/app.js", "web/dist/new.js"] {
        assert_eq!(reason(&context, path), Some(&Reason::Excluded), "{path}");
    }
    assert!(context.diff.contains("let distance"));
    let named = Selection {
        paths: vec!["web/dist/new.js".into()],
        ..Selection::default()
    };
    let context = lab.review_within(&named, &limits).unwrap();
    assert!(context.diff.contains("let untracked"));
}

#[test]
fn in_a_home_that_is_a_repository_only_the_directory_asked_for_is_reviewed() {
    let lab = Lab::new();
    let home = lab.root.to_str().unwrap().to_owned();
    let lab = lab.with_var("HOME", home);
    lab.write(".config/app.toml", "a = 1\n");
    lab.commit("dotfiles");
    lab.write(".config/app.toml", "a = 2\n");
    lab.write("Documents/letter.txt", "private letter\n");
    lab.write("projects/x/main.rs", "fn main() {}\n");
    let review = |dir: &str, selection: &Selection| {
        let repository = lab.discover_in(dir).unwrap();
        let target = repository.resolve(selection).unwrap();
        let context = repository.collect(&target, &ContextLimits::default());
        (target.label, context.unwrap())
    };
    let (label, context) = review("projects/x", &Selection::default());
    assert_eq!(listed(&context), ["? projects/x/main.rs"]);
    assert_eq!(label, "uncommitted changes in `projects/x`");
    let (_, context) = review("", &Selection::default());
    assert_eq!(listed(&context), ["M .config/app.toml"]);
    assert_eq!(general_reasons(&context), [Reason::UntrackedInHome]);
    let named = Selection {
        paths: vec!["Documents".into()],
        ..Selection::default()
    };
    assert_eq!(listed(&review("", &named).1), ["? Documents/letter.txt"]);
}
