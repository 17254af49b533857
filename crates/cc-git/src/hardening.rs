//! The configuration of every call of git, so that a repository can neither run programs nor change
//! what a review sees.
//!
//! A clone does not copy `.git/config`, but an unpacked archive may have one. It can name programs that
//! git runs to compare files: filters, text conversions, external diffs. Those that the repository
//! configures are disabled; those of the user are kept, since without LFS every LFS file would look
//! changed. Our own calls also disable external diffs and text conversions by options.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::Error;
use crate::records::records;
use crate::repo_path::os_string;
use crate::runner::Runner;

/// Settings of every call, which win over those of the user and the repository.
pub(crate) fn pinned() -> Vec<(OsString, OsString)> {
    [
        // Runs a program, or starts a daemon.
        (CANARY, "false"),
        ("core.hooksPath", "/dev/null"),
        ("core.pager", "cat"),
        // `git diff` would write a refreshed index even without optional locks.
        ("diff.autoRefreshIndex", "false"),
        ("diff.suppressBlankEmpty", "false"),
        // `git status` reads it too, and fails if the file is missing.
        ("diff.orderFile", "/dev/null"),
        ("core.quotePath", "false"),
        // Larger files are compared by object id instead of being read into memory.
        ("core.bigFileThreshold", "32m"),
        ("color.ui", "false"),
        ("column.ui", "never"),
        ("submodule.recurse", "false"),
        ("status.submoduleSummary", "false"),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into()
}

/// A setting that must be reported as ours. A git that does not report it ignores configuration in
/// the environment (before 2.31), and nothing here would take effect.
const CANARY: &str = "core.fsmonitor";

/// The most programs that can be disabled: each takes two variables of a bounded environment.
const MOST: usize = 1_000;

/// The part of the configuration that calls of git depend on.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct GitConfig {
    /// Settings that disable the programs of the repository.
    pub(crate) overrides: Vec<(OsString, OsString)>,
    /// `init.defaultBranch`.
    pub(crate) default_branch: Option<String>,
    pinned: bool,
}

/// Reads the configuration.
pub(crate) fn read_config(runner: &Runner) -> Result<GitConfig, Error> {
    let args = [
        "config",
        "--show-scope",
        "--includes",
        "-z",
        "--get-regexp",
        r"^(filter\..*\.(clean|smudge|process|required)|diff\.(external|.*\.(textconv|cachetextconv|command))|gpg\.(.*\.)?program|merge\..*\.driver|(man|browser)\..*\.(cmd|path)|core\.(fsmonitor|alternaterefscommand)|init\.defaultbranch)$",
    ];
    let (output, exit) = runner.call(&args).output()?;
    match exit.code {
        // 1: not even our own setting is reported; 129: an option is unknown.
        Some(1 | 129) => return Err(Error::GitTooOld),
        Some(0) => {}
        _ => return Err(exit.into_error()),
    }
    let found = parse(&output);
    if !found.pinned {
        return Err(Error::GitTooOld);
    }
    match found.overrides.len() {
        ..=MOST => Ok(found),
        count => Err(Error::TooManyPrograms { count }),
    }
}

/// An external diff that prints what git would, but for the names of temporary files. Git has no
/// setting for "no external diff": an empty one makes it fail. For an unmerged file it passes only the
/// name.
const PLAIN_DIFF: &[u8] =
    br#"f() { [ $# -gt 1 ] || return 0; diff -u --label "a/$1" --label "b/$1" "$2" "$5" || [ $? -eq 1 ]; }; f"#;

/// The replacement for a program of the repository if the user configured none.
fn neutral(key: &[u8]) -> &'static [u8] {
    match key.rsplit(|&byte| byte == b'.').next().unwrap_or(key) {
        b"textconv" => b"cat",
        b"external" | b"command" => PLAIN_DIFF,
        b"clean" | b"smudge" | b"process" => b"",
        _ => b"false",
    }
}

#[derive(Default)]
struct Setting {
    /// The value from the global or system configuration.
    trusted: Option<Vec<u8>>,
    /// Whether the repository sets it.
    by_repository: bool,
}

/// Parses the output of `git config --show-scope -z`: `scope NUL key LF value NUL`, without `LF value`
/// for a key alone.
fn parse(output: &[u8]) -> GitConfig {
    let mut found = GitConfig::default();
    let mut filters: BTreeMap<Vec<u8>, Setting> = BTreeMap::new();
    let mut fields = records(output);
    while let (Some(scope), Some(entry)) = (fields.next(), fields.next()) {
        let (key, value) = match entry.iter().position(|&byte| byte == b'\n') {
            Some(at) => (&entry[..at], &entry[at + 1..]),
            None => (entry, &b"true"[..]),
        };
        if key == CANARY.as_bytes() {
            found.pinned |= scope == b"command";
        } else if key == b"init.defaultbranch" {
            found.default_branch = String::from_utf8(value.to_owned()).ok();
        } else {
            let setting = filters.entry(key.to_owned()).or_default();
            match scope {
                b"system" | b"global" => setting.trusted = Some(value.to_owned()),
                _ => setting.by_repository = true,
            }
        }
    }
    found.overrides = filters
        .into_iter()
        .filter(|(_, setting)| setting.by_repository)
        .filter_map(|(key, setting)| {
            let neutral = neutral(&key);
            let value = setting.trusted.as_deref().unwrap_or(neutral);
            Some((os_string(&key)?, os_string(value)?))
        })
        .collect();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, expect: &[(&str, &str)]) {
        let found = parse(answer.as_bytes());
        let expect: Vec<(OsString, OsString)> = expect
            .iter()
            .map(|(key, value)| (key.into(), value.into()))
            .collect();
        assert_eq!(found.overrides, expect, "{answer:?}");
    }

    #[test]
    fn filters_of_the_repository_are_undone() {
        check("", &[]);
        check("global\0filter.lfs.clean\ngit-lfs clean\0", &[]);
        check(
            "local\0filter.x.clean\ntouch a\0local\0filter.x.required\0",
            &[("filter.x.clean", ""), ("filter.x.required", "false")],
        );
        check("worktree\0filter.x.smudge\na\0", &[("filter.x.smudge", "")]);
        check(
            "unknown\0filter.x.process\na\0",
            &[("filter.x.process", "")],
        );
        check(
            "local\0filter.a=b \".c.clean\nx\ny\0",
            &[("filter.a=b \".c.clean", "")],
        );
    }

    #[test]
    fn what_the_user_configured_wins_over_the_repository() {
        check(
            "system\0filter.lfs.process\nold\0global\0filter.lfs.process\ngit-lfs\0\
             local\0filter.lfs.process\ntouch a\0",
            &[("filter.lfs.process", "git-lfs")],
        );
    }

    #[test]
    fn a_git_that_ignores_our_settings_is_noticed() {
        assert!(parse(b"command\0core.fsmonitor\nfalse\0").pinned);
        assert!(!parse(b"local\0core.fsmonitor\nfalse\0").pinned);
    }

    proptest::proptest! {
        #[test]
        fn reading_never_fails(answer: Vec<u8>) {
            parse(&answer);
        }
    }
}
