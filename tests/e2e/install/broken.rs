//! Places that cannot be written: an installation says so and leaves the user's settings alone.

use std::fs;

use cc_tests::sandbox::Output;
use serde_json::json;

use super::*;

const BOTH: [&str; 2] = ["--allow-commands", "--trust-hooks"];

fn config(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.codex_home().join("config.toml")).unwrap()
}

/// What the installer says where a file stands in the place of a directory of Codex's home.
fn with_in_the_way(sandbox: &Sandbox, name: &str) -> Output {
    let path = sandbox.codex_home().join(name);
    fs::write(&path, "in the way").unwrap();
    let output = sandbox.install(BOTH).run().exits(1);
    assert_eq!(fs::read_to_string(&path).unwrap(), "in the way");
    fs::remove_file(&path).unwrap();
    output
}

#[test]
fn a_file_in_the_place_of_a_directory_is_named() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        let before = config(&sandbox);
        let names = ["cc", "plugins", "rules"];
        let is_written = |name: &&str| *name != "rules" || confines_rules(codex);
        for name in names.into_iter().filter(is_written) {
            let output = with_in_the_way(&sandbox, name);
            assert!(
                output.stderr.contains("run this again"),
                "{codex}, {name}: {output}"
            );
            assert!(
                config(&sandbox).contains(before.trim_end()),
                "{codex}, {name}"
            );
        }
        let sandbox = sandbox.installed();
        assert_eq!(sandbox.installation()["problems"], json!([]), "{codex}");
        sandbox.installer(["uninstall", "--yes"]).run().success();
        assert_eq!(config(&sandbox), before, "{codex}");
    }
}

#[test]
fn settings_that_do_not_parse_are_left_alone() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        let good = config(&sandbox);
        let bad = format!("{good}model =\n");
        let write = |text: &str| {
            fs::write(sandbox.codex_home().join("config.toml"), text).unwrap();
        };
        write(&bad);
        let line = format!("line {}", bad.lines().count());
        let refused = sandbox.install(BOTH).run().exits(3);
        assert!(refused.stderr.contains(&line), "{codex}: {refused}");
        assert!(!sandbox.installed_file("cc-cli").exists(), "{codex}");
        write(&good);
        let sandbox = sandbox.installed();
        let bad = format!("{}model =\n", config(&sandbox));
        fs::write(sandbox.codex_home().join("config.toml"), &bad).unwrap();
        sandbox.installer(["uninstall", "--yes"]).run().exits(3);
        assert!(sandbox.installed_file("cc-cli").exists(), "{codex}");
        assert_eq!(config(&sandbox), bad, "{codex}");
    }
}

/// Runs the installer with the rights of whom the files belong to, and no more, even as root.
#[cfg(target_os = "linux")]
fn with_plain_rights(sandbox: &Sandbox, args: &[&str]) -> Output {
    let installer = sandbox.product_file("cc-installer");
    let script = r#"test "$(id -u)" = 0 || exec "$0" "$@"
        exec setpriv --bounding-set=-dac_override,-dac_read_search -- "$0" "$@""#;
    let limited = sandbox.command("sh".as_ref()).args(["-c", script]);
    limited.args([installer]).args(args).run()
}

#[test]
#[cfg(target_os = "linux")]
fn settings_that_cannot_be_written_are_named_before_anything_is_done() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        let (home, managed) = (sandbox.codex_home(), sandbox.root().join("managed"));
        fs::create_dir(&managed).unwrap();
        fs::rename(home.join("config.toml"), managed.join("config.toml")).unwrap();
        symlink("../managed/config.toml", home.join("config.toml")).unwrap();
        let before = config(&sandbox);
        let bin = sandbox.installed_file("cc-cli");
        let bin = bin.parent().unwrap().to_str().unwrap();
        let mode = |file: &str, mode| {
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(managed.join(file), mode).unwrap();
        };
        for (file, locked, open) in [("config.toml", 0o444, 0o600), ("", 0o555, 0o700)] {
            mode(file, locked);
            let install = ["install", "--yes", "--bin-dir", bin];
            let refused = with_plain_rights(&sandbox, &install).exits(3);
            let named = format!(
                "`{}` cannot be written",
                managed.join("config.toml").display()
            );
            assert!(refused.stderr.contains(&named), "{codex}: {refused}");
            assert!(!home.join("cc").exists(), "{codex}: nothing is begun");
            mode(file, open);
        }
        assert_eq!(config(&sandbox), before, "{codex}");
        with_plain_rights(&sandbox, &["install", "--yes", "--bin-dir", bin]).success();
    }
}

/// Runs the installer where no file can grow beyond `kib`, as on a disk that is full.
#[cfg(unix)]
fn on_a_full_disk(sandbox: &Sandbox, kib: usize, args: &[&str]) -> Output {
    let installer = sandbox.product_file("cc-installer");
    // The signal would end it; ignored, the write fails as on a full disk.
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", kib * 2);
    let limited = sandbox.command("sh".as_ref()).args(["-c", &script]);
    limited.args([installer]).args(args).run()
}

/// A shell of Unix bounds the size of files.
#[test]
#[cfg(unix)]
fn a_full_disk_leaves_the_settings_whole() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        let before = config(&sandbox);
        let bin = sandbox.installed_file("cc-cli");
        let bin = bin.parent().unwrap().to_str().unwrap();
        let install = [
            "install",
            "--yes",
            "--bin-dir",
            bin,
            "--allow-commands",
            "--trust-hooks",
        ];
        let output = on_a_full_disk(&sandbox, 4096, &install).exits(1);
        assert!(
            output.stderr.contains("free some disk space"),
            "{codex}: {output}"
        );
        assert!(output.stderr.contains("cc-cli"), "{codex}: {output}");
        assert_eq!(config(&sandbox), before, "{codex}");
        assert!(!sandbox.installed_file("cc-cli").exists(), "{codex}");

        let sandbox = sandbox.installed();
        let installed = config(&sandbox);
        let output = on_a_full_disk(&sandbox, 0, &["uninstall", "--yes"]).exits(1);
        assert!(
            output.stderr.contains("run this again"),
            "{codex}: {output}"
        );
        assert_eq!(config(&sandbox), installed, "{codex}");
        sandbox.installer(["uninstall", "--yes"]).run().success();
        assert_eq!(config(&sandbox), before, "{codex}");
    }
}

#[test]
#[cfg(unix)]
fn arguments_that_are_no_text_are_taken_as_they_are() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let api = ResponsesApi::start([]);
    let sandbox = bare(CODEX, &api);
    let odd = OsStr::from_bytes(b"/nowhere/\xff");
    for (flag, named) in [
        ("--codex", "--codex PATH"),
        ("--bin-dir", "--bin-dir ~/.local/lib/cc"),
    ] {
        let install = match flag {
            "--bin-dir" => sandbox.installer(["install", "--yes"]),
            _ => sandbox.install(BOTH),
        };
        let output = install.args([OsStr::new(flag), odd]).run().exits(3);
        assert!(output.stderr.contains(named), "{output}");
    }
    sandbox.installer([odd]).run().exits(2);
    let home = sandbox.root().join(OsStr::from_bytes(b"h\xff"));
    let status = sandbox.installer(["status"]).env("CODEX_HOME", home);
    status.run().exits(3);
}
