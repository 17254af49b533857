//! Settings that disable the programs of a repository one by one, where Git cannot be kept from reading its
//! configuration: on Windows, which has no links for everybody.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::Error;
use crate::config_file::{ScopedSetting, SettingOwner, fits};
use crate::repo_path::os_string;

/// The settings that name programs which our calls could start.
const PROGRAMS: &[&str] = &[
    "core.alternaterefscommand",
    "core.fsmonitor",
    "diff.external",
    "diff.*.cachetextconv",
    "diff.*.command",
    "diff.*.textconv",
    "filter.*.clean",
    "filter.*.process",
    "filter.*.required",
    "filter.*.smudge",
    "gpg.program",
    "gpg.*.program",
    "hook.*.command",
    "hook.*.enabled",
    "merge.*.driver",
];

/// The most programs that can be disabled: each takes two variables of a bounded environment.
const MOST: usize = 1_000;

/// An external diff that prints what git would, but for the names of temporary files. Git has no
/// setting for "no external diff": an empty one makes it fail. For an unmerged file it passes only the
/// name.
const PLAIN_DIFF: &[u8] =
    br#"f() { [ $# -gt 1 ] || return 0; diff -u --label "a/$1" --label "b/$1" "$2" "$5" || [ $? -eq 1 ]; }; f"#;

#[derive(Default)]
struct Program {
    /// The value from the global or system configuration.
    trusted: Option<Vec<u8>>,
    /// Whether the repository sets it.
    by_repository: bool,
}

/// Settings that put the user's programs, or none, in place of those of the repository.
pub(super) fn disabled(entries: &[ScopedSetting]) -> Result<Vec<(OsString, OsString)>, Error> {
    let mut programs: BTreeMap<&[u8], Program> = BTreeMap::new();
    let named = |key: &[u8]| PROGRAMS.iter().any(|pattern| fits(key, pattern));
    for entry in entries.iter().filter(|entry| named(&entry.setting.key)) {
        let program = programs.entry(&entry.setting.key).or_default();
        match entry.scope {
            SettingOwner::User => program.trusted = entry.setting.value.clone(),
            SettingOwner::Repository => program.by_repository = true,
            SettingOwner::Pinned => {}
        }
    }
    let overridden = programs.into_iter().filter(|(_, it)| it.by_repository);
    let overridden = overridden.filter_map(|(key, program)| {
        let neutral = neutral(key);
        let value = program.trusted.as_deref().unwrap_or(neutral);
        Some((os_string(key)?, os_string(value)?))
    });
    let overridden: Vec<_> = overridden.collect();
    match overridden.len() {
        ..=MOST => Ok(overridden),
        count => Err(Error::TooManyPrograms { count }),
    }
}

/// The replacement for a program of the repository if the user configured none.
fn neutral(key: &[u8]) -> &'static [u8] {
    match key.rsplit(|&byte| byte == b'.').next().unwrap_or(key) {
        b"textconv" => b"cat",
        b"external" => PLAIN_DIFF,
        b"command" if key.starts_with(b"diff.") => PLAIN_DIFF,
        b"clean" | b"smudge" | b"process" => b"",
        _ => b"false",
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::entries;

    use super::*;

    fn check(answer: &str, expect: &[(&str, &str)]) {
        let found = disabled(&entries(answer.as_bytes())).unwrap();
        let expect: Vec<(OsString, OsString)> = expect
            .iter()
            .map(|(key, value)| (key.into(), value.into()))
            .collect();
        assert_eq!(found, expect, "{answer:?}");
    }

    #[test]
    fn programs_of_the_repository_are_undone() {
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
        check("local\0hook.x.command\na\0", &[("hook.x.command", "false")]);
    }

    #[test]
    fn what_the_user_configured_wins_over_the_repository() {
        check(
            "system\0filter.lfs.process\nold\0global\0filter.lfs.process\ngit-lfs\0\
             local\0filter.lfs.process\ntouch a\0",
            &[("filter.lfs.process", "git-lfs")],
        );
    }
}
