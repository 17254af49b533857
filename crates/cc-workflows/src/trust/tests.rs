use std::fs;
use std::os::unix::fs::symlink;

use cc_core::Time;
use proptest::prelude::*;

use super::*;

/// A repository, and a data directory of its own.
struct Lab {
    dir: tempfile::TempDir,
    data: DataDir,
}

impl Lab {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("repo")).unwrap();
        let data = DataDir::at(dir.path().join("data"));
        Self { dir, data }
    }

    fn root(&self) -> PathBuf {
        fs::canonicalize(self.dir.path().join("repo")).unwrap()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn with_hook(command: &str) -> Self {
        let lab = Self::new();
        lab.write_hook(command);
        lab
    }

    fn write_hook(&self, command: &str) {
        let hook = serde_json::json!({"type": "command", "command": command});
        let settings = serde_json::json!({"hooks": {"Stop": [{"hooks": [hook]}]}});
        self.write(".claude/settings.json", settings.to_string());
    }

    fn inspect(&self) -> Inspection {
        inspect(&self.data, &self.root()).unwrap()
    }

    fn allow(&self) {
        allow(&self.data, &self.inspect(), Time::from_millis(1)).unwrap();
    }

    fn decide(&self, policy: TrustPolicy) -> RepositoryTrust {
        let env = Env::fixed("/", "/cc-cli", Vec::<(&str, &str)>::new());
        RepositoryTrust::decide(&env, &self.data, policy, &self.root(), &self.root())
    }

    #[track_caller]
    fn check(&self, expect: &SettingsStanding) {
        assert_eq!(self.decide(TrustPolicy::Always).standing, *expect);
    }
}

fn changed(names: &[&str]) -> SettingsStanding {
    SettingsStanding::Changed(names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn only_the_version_that_was_allowed_counts() {
    let lab = Lab::with_hook("a");
    lab.check(&SettingsStanding::New);
    lab.allow();
    lab.check(&SettingsStanding::Allowed);
    assert_eq!(
        lab.inspect().standing,
        Standing::Allowed(Time::from_millis(1))
    );
    lab.write_hook("b");
    lab.check(&changed(&[".claude/settings.json"]));
    lab.write_hook("a");
    lab.check(&SettingsStanding::Allowed);
    lab.write(".claude/skills/x/run.py", "x");
    lab.check(&changed(&[".claude/skills/x/run.py"]));
    lab.allow();
    lab.check(&SettingsStanding::Allowed);
    assert!(remove(&lab.data, &lab.root()).unwrap());
    lab.check(&SettingsStanding::New);
    assert!(!remove(&lab.data, &lab.root()).unwrap());
}

#[test]
fn the_policy_never_loads_nothing_and_says_what_there_is() {
    let lab = Lab::with_hook("a");
    lab.write("CLAUDE.md", "");
    lab.allow();
    let trust = lab.decide(TrustPolicy::Never);
    assert_eq!(trust.allowed, None);
    assert_eq!(
        trust.loaded(),
        (
            vec![],
            vec!["CLAUDE.md".into(), ".claude/settings.json".into()]
        )
    );
    assert!(trust.not_allowed().is_empty());
    // What Codex does not trust may be allowed by content, and instructions are not loaded then.
    let trust = lab.decide(TrustPolicy::Codex);
    assert_eq!(
        trust.loaded(),
        (
            vec![".claude/settings.json".into()],
            vec!["CLAUDE.md".into()]
        )
    );
}

#[test]
fn permissions_and_what_is_not_used_are_no_change() {
    let lab = Lab::new();
    lab.write(
        ".claude/settings.local.json",
        r#"{"permissions": {"allow": ["Bash"]}}"#,
    );
    lab.check(&SettingsStanding::Nothing);
    lab.write_hook("a");
    lab.allow();
    lab.write(
        ".claude/settings.local.json",
        r#"{"permissions": {"allow": ["Edit"]}}"#,
    );
    lab.write(".claude/skills/__pycache__/x.pyc", "x");
    lab.check(&SettingsStanding::Allowed);
    lab.write(".claude/settings.local.json", r#"{"env": {"A": "1"}}"#);
    lab.check(&changed(&[".claude/settings.local.json"]));
}

#[test]
fn files_that_commands_start_are_part_of_it() {
    for (command, program, is_copied) in [
        (
            "\"$CLAUDE_PROJECT_DIR\"/.claude/hooks/a.sh",
            ".claude/hooks/a.sh",
            true,
        ),
        ("sh .claude/hooks/a.sh", ".claude/hooks/lib.sh", true),
        ("node ./tools/a.js --x", "tools/a.js", false),
        ("FOO=tools/a.js run", "tools/a.js", false),
    ] {
        let lab = Lab::new();
        for name in [".claude/hooks/a.sh", ".claude/hooks/lib.sh", "tools/a.js"] {
            lab.write(name, "1");
        }
        lab.write_hook(command);
        lab.allow();
        let survey = lab.inspect();
        assert_eq!(
            survey.copied().any(|name| name == program),
            is_copied,
            "{command}"
        );
        assert_eq!(
            survey.in_place().any(|name| name == program),
            !is_copied,
            "{command}"
        );
        lab.write(program, "2");
        lab.check(&changed(&[program]));
    }
}

#[test]
fn what_is_kept_is_checked_before_it_is_used() {
    let lab = Lab::with_hook("a");
    lab.allow();
    let mut trust = lab.decide(TrustPolicy::Codex);
    trust.plugin = Some(lab.dir.path().join("plugin"));
    let got = trust
        .configuration(&lab.data, &lab.root())
        .unwrap()
        .unwrap();
    assert_eq!(got.settings.hooks.len(), 1);
    let state = lab
        .data
        .state(&cc_core::Workspace::from_canonical(lab.root()));
    let kept = state.trust().join(&trust.allowed.as_ref().unwrap().digest);
    fs::write(kept.join(".claude/settings.json"), "{}").unwrap();
    let refused = trust.configuration(&lab.data, &lab.root());
    assert!(matches!(refused, Err(TrustError::Gone)), "{refused:?}");
    // Allowing it again repairs it.
    assert_eq!(lab.inspect().standing, changed_now(&lab));
    lab.allow();
    assert!(matches!(lab.inspect().standing, Standing::Allowed(_)));
    fs::write(state.trust().join("allowed.json"), "{").unwrap();
    lab.check(&SettingsStanding::New);
}

fn changed_now(lab: &Lab) -> Standing {
    Standing::Changed(lab.inspect().content.names().map(str::to_owned).collect())
}

#[test]
fn links_lead_nowhere_else() {
    let lab = Lab::new();
    lab.write("shared/deploy/SKILL.md", "x");
    lab.write(".claude/x", "");
    symlink("../shared", lab.root().join(".claude/skills")).unwrap();
    let outside = lab.dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, lab.root().join(".claude/commands")).unwrap();
    symlink(".", lab.root().join("shared/loop")).unwrap();
    let refused = inspect(&lab.data, &lab.root());
    assert!(
        matches!(refused, Err(TrustError::Content(Unkept::TooLarge(_)))),
        "{refused:?}"
    );
    fs::remove_file(lab.root().join("shared/loop")).unwrap();
    let found = lab.inspect();
    assert_eq!(
        found.skills().collect::<Vec<_>>(),
        [".claude/skills/deploy/SKILL.md"]
    );
    assert_eq!(found.left_out().collect::<Vec<_>>(), [".claude/commands"]);
    lab.allow();
    lab.write("shared/deploy/SKILL.md", "y");
    lab.check(&changed(&[".claude/skills/deploy/SKILL.md"]));
}

#[test]
fn too_much_is_refused_and_said() {
    let lab = Lab::with_hook("a");
    lab.write(".claude/skills/x/SKILL.md", vec![b'x'; (8 << 20) + 1]);
    let trust = lab.decide(TrustPolicy::Always);
    let SettingsStanding::Unkept(why) = &trust.standing else {
        panic!("{:?}", trust.standing);
    };
    assert!(why.contains("SKILL.md"), "{why}");
    assert!(!trust.not_allowed().is_empty());
}

#[test]
fn a_linked_worktree_counts_what_its_main_one_was_allowed() {
    let lab = Lab::with_hook("a");
    lab.allow();
    let linked = lab.dir.path().join("linked");
    fs::create_dir_all(linked.join(".claude")).unwrap();
    let linked = fs::canonicalize(linked).unwrap();
    let git_dir = lab.root().join(".git/worktrees/linked");
    fs::create_dir_all(&git_dir).unwrap();
    fs::write(
        linked.join(".git"),
        format!("gitdir: {}", git_dir.display()),
    )
    .unwrap();
    let copy = |name: &str| fs::copy(lab.root().join(name), linked.join(name)).unwrap();
    copy(".claude/settings.json");
    let standing = |lab: &Lab| inspect(&lab.data, &linked).unwrap().standing;
    // Anybody can name another repository as their main one.
    assert_eq!(standing(&lab), Standing::New);
    fs::write(
        git_dir.join("gitdir"),
        linked.join(".git").to_str().unwrap(),
    )
    .unwrap();
    assert!(matches!(standing(&lab), Standing::Allowed(_)));
    fs::write(
        linked.join(".mcp.json"),
        r#"{"mcpServers": {"x": {"command": "x"}}}"#,
    )
    .unwrap();
    assert_eq!(standing(&lab), Standing::Changed(vec![".mcp.json".into()]));
}

#[test]
fn what_is_allowed_is_listed() {
    let lab = Lab::with_hook("a");
    assert_eq!(list(&lab.data).unwrap(), []);
    lab.allow();
    let listed = list(&lab.data).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].workspace_root, lab.root());
}

proptest! {
    /// What is read, written and read again is the same, and any other byte is another version.
    #[test]
    fn what_is_kept_is_what_was_there(
        files in prop::collection::btree_map("[a-z]{1,6}(/[a-z]{1,6}){0,2}", prop::collection::vec(any::<u8>(), 0..40), 0..6),
        flip in any::<usize>(),
    ) {
        let lab = Lab::with_hook("a");
        for (name, bytes) in &files {
            let path = lab.root().join(".claude/skills").join(name);
            // A name may be that of a directory, too.
            if fs::create_dir_all(path.parent().unwrap()).is_ok() && !path.is_dir() {
                let _ = fs::write(&path, bytes);
            }
        }
        lab.allow();
        let allowed = AllowedVersion::of(&lab.data, &lab.root()).remove(0);
        let kept = allowed.content(&lab.data).unwrap();
        prop_assert_eq!(kept.digest(), lab.inspect().content.digest());
        prop_assert!(kept.differences(&lab.inspect().content).is_empty());
        let names: Vec<String> = lab.inspect().skills().map(str::to_owned).collect();
        if let Some(name) = names.get(flip % names.len().max(1)) {
            let path = lab.root().join(name);
            let mut bytes = fs::read(&path).unwrap();
            bytes.push(0);
            fs::write(&path, bytes).unwrap();
            lab.check(&changed(&[name]));
        }
    }
}
