//! The configuration that every call of git gets, so that a repository can neither run anything
//! nor bend what a review sees.
//!
//! A clone brings no `.git/config` along, but an unpacked archive does. It can name programs that git
//! runs to compare files: filters, text conversions, external diffs. Those that the repository itself
//! configures are taken out, those of the user (LFS) stay, or every LFS file would look changed.
//! Our own calls have external diff and text conversion off by options as well.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::Error;
use crate::records::records;
use crate::repo_path::os_string;
use crate::runner::Runner;

/// Settings that hold for every call, whatever the user and the repository say.
pub(crate) fn pinned() -> Vec<(OsString, OsString)> {
    [
        // Runs a program, or starts a daemon that stays.
        (CANARY, "false"),
        ("core.hooksPath", "/dev/null"),
        ("core.pager", "cat"),
        // `git diff` would write a refreshed index even where optional locks are off.
        ("diff.autoRefreshIndex", "false"),
        ("diff.suppressBlankEmpty", "false"),
        // `git status` reads it too, and fails where the file is gone.
        ("diff.orderFile", "/dev/null"),
        ("core.quotePath", "false"),
        // Larger files are compared by identity only instead of being read into memory.
        ("core.bigFileThreshold", "32m"),
        ("color.ui", "false"),
        ("column.ui", "never"),
        ("submodule.recurse", "false"),
        ("status.submoduleSummary", "false"),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into()
}

/// Asked for along with the filters: a git that does not report this one as ours does not read
/// its configuration from the environment (2.31), and nothing here would hold.
const CANARY: &str = "core.fsmonitor";

/// How many programs can be taken out: each takes two variables of an environment that is bounded.
const MOST: usize = 1_000;

/// What the configuration says, as far as calls of git depend on it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct GuardConfig {
    /// Settings that undo the programs of the repository.
    pub(crate) overrides: Vec<(OsString, OsString)>,
    /// The name for first branches, `init.defaultBranch`.
    pub(crate) default_branch: Option<String>,
    pinned: bool,
}

/// Reads the configuration.
pub(crate) fn read_config(runner: &Runner) -> Result<GuardConfig, Error> {
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
        // 1: not even our own setting was seen; 129: an option is unknown.
        Some(1 | 129) => return Err(Error::GitTooOld),
        Some(0) => {}
        _ => return Err(exit.into_error()),
    }
    let found = read(&output);
    if !found.pinned {
        return Err(Error::GitTooOld);
    }
    match found.overrides.len() {
        ..=MOST => Ok(found),
        count => Err(Error::TooManyPrograms { count }),
    }
}

/// Shows a difference as git itself would, less the names of temporary files. Git has no setting that
/// means "no external diff": an empty name makes it fail. Of an unmerged file it tells the name alone.
const PLAIN_DIFF: &[u8] =
    br#"f() { [ $# -gt 1 ] || return 0; diff -u --label "a/$1" --label "b/$1" "$2" "$5" || [ $? -eq 1 ]; }; f"#;

/// What a program of the repository is replaced with where the user configured none.
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
    /// The value that the user or the machine gives.
    trusted: Option<Vec<u8>>,
    /// Whether the repository has a say.
    by_repository: bool,
}

/// Reads the answer of `git config --show-scope -z`: `scope NUL key LF value NUL`, without
/// `LF value` where a key stands alone.
fn read(output: &[u8]) -> GuardConfig {
    let mut found = GuardConfig::default();
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
        let found = read(answer.as_bytes());
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
        assert!(read(b"command\0core.fsmonitor\nfalse\0").pinned);
        assert!(!read(b"local\0core.fsmonitor\nfalse\0").pinned);
    }

    proptest::proptest! {
        #[test]
        fn reading_never_fails(answer: Vec<u8>) {
            read(&answer);
        }
    }
}
