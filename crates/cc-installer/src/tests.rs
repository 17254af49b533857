use std::fs;

use super::*;

#[test]
fn what_is_there_is_named_and_what_is_not_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let env = Env::fixed(
        "/",
        dir.path().join("cc-installer"),
        [("CODEX_HOME", dir.path())],
    );
    let status = |args: &[&str]| {
        let mut text = Vec::new();
        let argv = [&["cc-installer", "status"], args].concat();
        let exit = run(&env, argv.into_iter().map(OsString::from), &mut text);
        (String::from_utf8(text).unwrap(), exit == ExitCode::SUCCESS)
    };
    let (text, whole) = status(&[]);
    assert!(
        !whole && text.contains("cc-hooks     missing") && text.contains("not installed in Codex"),
        "{text}"
    );
    for name in ["cc-cli", "cc-hooks", "cc-installer"] {
        fs::write(
            dir.path()
                .join(format!("{name}{}", std::env::consts::EXE_SUFFIX)),
            "",
        )
        .unwrap();
    }
    let plugin = dir.path().join("plugins/cache/market/cc/0.1.0");
    fs::create_dir_all(plugin.join(".codex-plugin")).unwrap();
    fs::write(plugin.join(".codex-plugin/plugin.json"), "{}").unwrap();
    let (text, whole) = status(&["--json"]);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(whole, "{text}");
    assert_eq!(document["plugins"][0], plugin.to_str().unwrap());
}
