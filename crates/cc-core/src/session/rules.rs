//! Which files the commands of a session may read and write, where a profile of permissions of Codex says so.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use crate::fs::resolve;

/// The rules of a profile: of those that hold for a path, the one that names it closest counts.
///
/// What is not understood forbids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRules(Vec<FileRule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct FileRule {
    /// The directory or file for which it holds, with what is below it; links followed.
    place: PathBuf,
    /// Whether it holds only for some names there.
    in_part: bool,
    access: FileAccess,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum FileAccess {
    Write,
    Read,
    Nothing,
}

impl FileRules {
    /// The rules that the turn of a transcript notes as `file_system_sandbox_policy`; `None` where it has none that
    /// restricts.
    pub(super) fn noted(policy: Option<&Value>) -> Option<Self> {
        let policy = policy.filter(|policy| !policy.is_null())?;
        if policy["kind"] == "unrestricted" {
            return None;
        }
        let entries = policy["entries"].as_array().into_iter().flatten();
        Some(Self(entries.filter_map(FileRule::noted).collect()))
    }

    /// Whether there is something that commands may not read.
    #[must_use]
    pub fn restrict_reading(&self) -> bool {
        let is_everything = |rule: &FileRule| rule.place.as_os_str().is_empty() && !rule.in_part;
        let mut rules = self.0.iter();
        let all_open = rules.all(|rule| rule.access <= FileAccess::Read);
        !(all_open && self.0.iter().any(is_everything))
    }

    /// Whether commands may read everything that is in `path`.
    #[must_use]
    pub fn may_read_all(&self, path: &Path) -> bool {
        let path = resolve(path);
        let is_inside = |rule: &&FileRule| {
            rule.place.starts_with(&path) || rule.in_part && path.starts_with(&rule.place)
        };
        let mut inside = self.0.iter().filter(is_inside);
        self.access(&path) <= FileAccess::Read && inside.all(|rule| rule.access <= FileAccess::Read)
    }

    /// Whether commands may write `path` or something in it.
    #[must_use]
    pub fn may_write(&self, path: &Path) -> bool {
        let path = resolve(path);
        let mut inside = self.0.iter().filter(|rule| rule.place.starts_with(&path));
        self.access(&path) == FileAccess::Write
            || inside.any(|rule| rule.access == FileAccess::Write)
    }

    fn access(&self, path: &Path) -> FileAccess {
        let whole = self.0.iter().filter(|rule| !rule.in_part);
        let closest = whole
            .filter(|rule| path.starts_with(&rule.place))
            .max_by_key(|rule| (rule.place.components().count(), rule.access));
        closest.map_or(FileAccess::Nothing, |rule| rule.access)
    }
}

impl FileRule {
    /// What an entry says; `None` where it is not understood and allows something.
    fn noted(entry: &Value) -> Option<Self> {
        let access = match entry["access"].as_str() {
            Some("write") => FileAccess::Write,
            Some("read") => FileAccess::Read,
            _ => FileAccess::Nothing,
        };
        let place = &entry["path"];
        let text = |name: &str| place[name].as_str();
        let (place, in_part) = match (text("type"), text("path"), text("pattern")) {
            (Some("path"), Some(path), _) => (PathBuf::from(path), false),
            (Some("special"), ..) if place["value"]["kind"] == "root" => (PathBuf::new(), false),
            (Some("glob_pattern"), _, Some(pattern)) => (before_wildcards(pattern), true),
            _ => (PathBuf::new(), true),
        };
        let rule = Self {
            // Everything is below the empty path.
            place: match place.as_os_str().is_empty() {
                true => place,
                false => resolve(&place),
            },
            in_part,
            access,
        };
        (access == FileAccess::Nothing || !in_part).then_some(rule)
    }
}

/// The directory above all that a pattern can mean.
fn before_wildcards(pattern: &str) -> PathBuf {
    let is_plain = |part: &Component<'_>| match part {
        Component::Normal(name) => {
            let name = name.to_string_lossy();
            !name.contains(['*', '?', '[', ']', '{', '}', '\\'])
        }
        _ => true,
    };
    Path::new(pattern)
        .components()
        .take_while(is_plain)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(entries: &[(Value, &str)]) -> FileRules {
        let entries = entries.iter();
        let entries = entries.map(|(path, access)| json!({"path": path, "access": access}));
        let entries: Vec<Value> = entries.collect();
        let policy = json!({"kind": "restricted", "entries": entries});
        FileRules::noted(Some(&policy)).expect("it restricts")
    }

    fn path(path: &str) -> Value {
        json!({"type": "path", "path": path})
    }

    fn special(kind: &str) -> Value {
        json!({"type": "special", "value": {"kind": kind}})
    }

    fn pattern(pattern: &str) -> Value {
        json!({"type": "glob_pattern", "pattern": pattern})
    }

    #[test]
    fn the_closest_rule_counts() {
        let closed = rules(&[
            (special("minimal"), "read"),
            (path("/no/tree"), "write"),
            (path("/no/tree/kept"), "read"),
            (path("/no/lib"), "read"),
        ]);
        let open = rules(&[
            (special("root"), "read"),
            (path("/no/tree"), "write"),
            (path("/no/secret"), "deny"),
            (path("/no/secret/open"), "read"),
        ]);
        for (rules, file, reads, writes) in [
            (&closed, "/no/tree", true, true),
            (&closed, "/no/tree/a", true, true),
            (&closed, "/no/tree/kept/a", true, false),
            (&closed, "/no/lib/a", true, false),
            (&closed, "/no/library", false, false),
            (&closed, "/no", false, true),
            (&closed, "/", false, true),
            (&open, "/no/else", true, false),
            (&open, "/no/secret", false, false),
            (&open, "/no/secret/a", false, false),
            (&open, "/no/secret/open/a", true, false),
            // Something in it may not be read.
            (&open, "/no", false, true),
            (&open, "/no/tree", true, true),
        ] {
            let found = (
                rules.may_read_all(Path::new(file)),
                rules.may_write(Path::new(file)),
            );
            assert_eq!(found, (reads, writes), "{file}");
        }
    }

    #[test]
    fn what_is_not_understood_forbids() {
        let check = |rules: &FileRules, file: &str, reads: bool| {
            assert_eq!(
                rules.may_read_all(Path::new(file)),
                reads,
                "{file} {rules:?}"
            );
        };
        let root = (special("root"), "read");
        let names = rules(&[root.clone(), (pattern("/no/tree/*.env"), "deny")]);
        check(&names, "/no/tree", false);
        check(&names, "/no/tree/inner", false);
        check(&names, "/no/lib", true);
        let everywhere = rules(&[root.clone(), (pattern("**/*.env"), "deny")]);
        check(&everywhere, "/no/lib", false);
        let unknown = rules(&[root.clone(), (json!({"type": "new"}), "deny")]);
        check(&unknown, "/no/lib", false);
        let allows = rules(&[(json!({"type": "new"}), "read"), (pattern("/no/*"), "read")]);
        check(&allows, "/no/lib", false);
        let access = rules(&[root, (path("/no/lib"), "perhaps")]);
        check(&access, "/no/lib", false);
        for policy in [json!("new"), json!({"kind": "new"}), json!({"entries": 1})] {
            let rules = FileRules::noted(Some(&policy)).expect("it restricts");
            check(&rules, "/no/lib", false);
        }
        let all = |more: &[(Value, &str)]| rules(&[&[(special("root"), "read")], more].concat());
        assert!(
            !all(&[(path("/no/tree"), "write"), (special("tmpdir"), "write")]).restrict_reading()
        );
        assert!(all(&[(path("/no/secret"), "deny")]).restrict_reading());
        assert!(rules(&[(special("minimal"), "read")]).restrict_reading());
        assert_eq!(FileRules::noted(None), None);
        assert_eq!(
            FileRules::noted(Some(&json!({"kind": "unrestricted"}))),
            None
        );
    }
}
