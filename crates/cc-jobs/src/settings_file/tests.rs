use std::fs;

use cc_core::DataDir;
use serde_json::json;

use super::*;
use crate::settings::{ReviewSettings, SettingSources};

struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn new(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("config.toml"), text).unwrap();
        Self { dir }
    }

    fn data(&self) -> DataDir {
        DataDir::at(self.dir.path().to_owned())
    }

    fn text(&self) -> String {
        fs::read_to_string(self.data().settings()).unwrap()
    }

    fn set(&self, key: &str, value: &str) -> Result<(), String> {
        SettingsFile::set(&self.data(), key, value).map_err(|error| error.to_string())
    }
}

fn read(text: &str) -> Result<Settings, String> {
    let world = World::new(text);
    SettingsFile::read(&world.data())
        .map(|file| file.settings().clone())
        .map_err(|error| error.to_string())
}

#[test]
fn what_the_file_does_not_say_has_its_default() {
    assert_eq!(read("").unwrap(), Settings::default());
    let dir = tempfile::tempdir().unwrap();
    let none = SettingsFile::read(&DataDir::at(dir.path().join("none"))).unwrap();
    assert_eq!(*none.settings(), Settings::default());
    let settings = read("[rescue]\ntimeout = \"20m\"\nsetting_sources = \"user\"\n").unwrap();
    assert_eq!(
        settings.rescue.timeout.duration(),
        Duration::from_secs(1200)
    );
    assert_eq!(settings.rescue.setting_sources, SettingSources::User);
    assert_eq!(settings.review, ReviewSettings::default());
}

#[test]
fn what_is_no_setting_is_refused_with_its_line() {
    let check = |text: &str, line: &str, expect: &str| {
        let error = read(text).unwrap_err();
        assert!(
            error.contains(line) && error.contains(expect),
            "{text}: {error}"
        );
    };
    check(
        "\n[review]\nmodle = \"x\"\n",
        "line 3",
        "unknown field `modle`",
    );
    check("[reviews]\n", "line 1", "unknown field `reviews`");
    check("[review]\nmodel = 5\n", "line 2", "expected a string");
    check(
        "[review]\ntimeout = \"soon\"\n",
        "line 2",
        "a time above zero",
    );
    check("[gate]\ncooldown = -1\n", "line 2", "a time above zero");
    check(
        "[budget]\nper_day_usd = 0\n",
        "line 2",
        "dollars above zero",
    );
    check(
        "[rescue]\ntrust = \"maybe\"\n",
        "line 2",
        "`codex`, `always`, `never`",
    );
    check(
        "[rescue]\nallowed_domains = \"x\"\n",
        "line 2",
        "expected a sequence",
    );
    check(
        "[claude]\npath = \"bin/claude\"\n",
        "line 2",
        "an absolute path",
    );
    check("[review\n", "line 1", "");
    check(
        "[review]\nmodel = \"a\"\nmodel = \"b\"\n",
        "line 3",
        "duplicate key",
    );
}

#[test]
fn a_value_is_set_as_its_key_takes_it() {
    let world = World::new("");
    let check = |key: &str, text: &str, expect: serde_json::Value| {
        world.set(key, text).unwrap();
        let entry = SettingsFile::read(&world.data())
            .unwrap()
            .entry(key)
            .unwrap();
        assert_eq!(
            (entry.value, entry.origin),
            (expect, SettingOrigin::File),
            "{key}"
        );
    };
    check("review.model", "5", json!("5"));
    check("review.model", "opus [1m]", json!("opus [1m]"));
    check("review.timeout", "90", json!("1m 30s"));
    check("review.timeout", "20m", json!("20m"));
    check("review.max_budget_usd", "2.5", json!(2.5));
    check("review.max_budget_usd", "3", json!(3.0));
    check("gate.fail_closed", "true", json!(true));
    check("gate.cooldown", "0", json!(0));
    check(
        "rescue.allowed_domains",
        "crates.io, *.npmjs.org",
        json!(["crates.io", "*.npmjs.org"]),
    );
    check("rescue.allowed_domains", "", json!([]));
    check("rescue.setting_sources", "", json!(""));
    check("rescue.trust", "never", json!("never"));
}

#[test]
fn a_wrong_value_or_key_changes_nothing() {
    let text = "# mine\n[review]\nmodel = \"a\" # why\n";
    let world = World::new(text);
    for (key, value, expect) in [
        (
            "review.timeout",
            "soon",
            "`review.timeout` cannot be `soon`: expected a time above zero",
        ),
        ("gate.max_rounds", "-1", "`gate.max_rounds` cannot be `-1`"),
        (
            "gate.fail_closed",
            "maybe",
            "`gate.fail_closed` cannot be `maybe`",
        ),
        ("review.model", " ", "`review.model` cannot be ` `"),
        (
            "rescue.allowed_domains",
            "crates.io,https://x",
            "`rescue.allowed_domains` cannot be `crates.io,https://x`",
        ),
        (
            "rescue.allowed_domains",
            "*",
            "`rescue.allowed_domains` cannot be `*`",
        ),
        ("review.modle", "x", "there is no setting `review.modle`"),
        ("review", "x", "there is no setting `review`"),
        ("", "x", "there is no setting ``"),
    ] {
        let error = world.set(key, value).unwrap_err();
        assert!(error.starts_with(expect), "{key}: {error}");
    }
    assert_eq!(world.text(), text);
    let nearest = |key| match SettingsFile::set(&world.data(), key, "x") {
        Err(SettingsError::UnknownKey { nearest, .. }) => nearest,
        other => panic!("`{key}` is known: {other:?}"),
    };
    assert_eq!(nearest("review.modle").as_deref(), Some("review.model"));
    assert_eq!(nearest("nosuch"), None);
}

#[test]
fn comments_and_other_keys_stay() {
    let world = World::new("# mine\n[review]\nmodel = \"a\" # why\neffort = \"x\"\n");
    world.set("review.model", "b").unwrap();
    world.set("gate.max_rounds", "3").unwrap();
    assert_eq!(
        world.text(),
        "# mine\n[review]\nmodel = \"b\" # why\neffort = \"x\"\n\n[gate]\nmax_rounds = 3\n"
    );
    assert!(SettingsFile::unset(&world.data(), "review.model").unwrap());
    assert!(!SettingsFile::unset(&world.data(), "review.model").unwrap());
    assert!(SettingsFile::unset(&world.data(), "rescue.no").is_err());
    assert_eq!(
        world.text(),
        "# mine\n[review]\neffort = \"x\"\n\n[gate]\nmax_rounds = 3\n"
    );
}

#[test]
fn an_invalid_file_is_not_changed() {
    let world = World::new("[review]\nmodle = \"a\"\n");
    assert!(
        world
            .set("review.model", "b")
            .unwrap_err()
            .contains("line 2")
    );
    assert_eq!(world.text(), "[review]\nmodle = \"a\"\n");
}

#[test]
fn two_changes_at_once_both_count() {
    let world = World::new("");
    std::thread::scope(|scope| {
        for (key, value) in [
            ("review.model", "a"),
            ("rescue.model", "b"),
            ("gate.model", "c"),
        ] {
            let world = &world;
            scope.spawn(move || world.set(key, value).unwrap());
        }
    });
    let settings = read(&world.text()).unwrap();
    let models = [
        settings.review.model,
        settings.rescue.model,
        settings.gate.model,
    ];
    assert_eq!(models, ["a", "b", "c"].map(|model| Some(model.to_owned())));
}

#[test]
fn every_default_can_be_written_into_the_file() {
    let world = World::new("");
    for entry in SettingsFile::read(&world.data()).unwrap().entries() {
        let text = match entry.value {
            serde_json::Value::Null => continue,
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        world.set(&entry.key, &text).unwrap();
    }
    assert_eq!(read(&world.text()).unwrap(), Settings::default());
}

#[test]
fn a_change_keeps_every_other_byte() {
    let check = |before: &str, after: &str| {
        let world = World::new(before);
        world.set("review.model", "b").unwrap();
        assert_eq!(world.text(), after, "{before:?}");
        world.set("review.model", "b").unwrap();
        assert_eq!(world.text(), after, "twice");
    };
    check(
        "# mine\r\n\r\n[review] # r\r\nmodel  =  'a' # why\r\n",
        "# mine\r\n\r\n[review] # r\r\nmodel  =  \"b\" # why\r\n",
    );
    check(
        "\u{feff}# mine\n",
        "\u{feff}# mine\n\n[review]\nmodel = \"b\"\n",
    );
    check(
        "[gate]\r\nenabled = true\n",
        "[gate]\r\nenabled = true\n\n[review]\nmodel = \"b\"\n",
    );
    check(
        "review = { model = \"a\", }\n",
        "review = { model = \"b\", }\n",
    );
    check(
        "[review]\n\tmodel = \"a\"\n\n\n# end",
        "[review]\n\tmodel = \"b\"\n\n\n# end",
    );
    check("review.model = \"a\"\r\n", "review.model = \"b\"\r\n");
}

#[test]
fn nothing_to_remove_changes_nothing() {
    for text in ["# mine\n", "\u{feff}\r\n", "[review]\r\n# end"] {
        let world = World::new(text);
        assert!(!SettingsFile::unset(&world.data(), "review.model").unwrap());
        assert_eq!(world.text(), text);
    }
}

#[test]
fn a_file_that_is_no_text_is_left_alone() {
    let world = World::new("");
    fs::write(world.data().settings(), b"# caf\xe9\n[review]\n").unwrap();
    let error = world.set("review.model", "b").unwrap_err();
    assert!(
        error.contains("config.toml") && error.contains("utf-8"),
        "{error}"
    );
    let left = fs::read(world.data().settings()).unwrap();
    assert_eq!(left, b"# caf\xe9\n[review]\n");
}

#[test]
#[cfg(unix)]
fn a_linked_file_stays_linked_and_keeps_its_mode() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (world, dotfiles) = (World::new(""), tempfile::tempdir().unwrap());
    let real = dotfiles.path().join("cc.toml");
    fs::write(&real, "# mine\n").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
    fs::remove_file(world.data().settings()).unwrap();
    symlink(&real, world.data().settings()).unwrap();
    world.set("review.model", "b").unwrap();
    assert!(world.data().settings().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().starts_with("# mine\n"));
    assert_eq!(
        fs::metadata(&real).unwrap().permissions().mode() & 0o777,
        0o644
    );
}
