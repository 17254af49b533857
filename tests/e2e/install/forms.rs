//! Settings in every form that TOML has: what is not ours keeps its bytes, with us in it and after us.

use std::fs;

use serde_json::json;

use super::*;

/// Settings in odd forms, and the lines of them that are as they were while we are installed.
const FORMS: [(&str, &[&str]); 3] = [
    (
        "plugins = { \"other@x\" = { enabled = false } } # inline\r\n\
         features = { fast_mode = true } # inline\r\n\r\n\r\n# a gap\r\n",
        &["\r\n\r\n\r\n# a gap\r\n"],
    ),
    (
        "\u{feff}# after a mark\r\nplugins.\"other@x\".enabled = false   # dotted\n\
         marketplaces.m = { source_type = \"local\", source = \"/n\" }\n\
         hooks.state.\"o@x:h:stop:0:0\".trusted_hash = \"sha256:1\" # dotted\n",
        &[
            "\u{feff}# after a mark\r\nplugins.\"other@x\".enabled = false   # dotted\n",
            "marketplaces.m = { source_type = \"local\", source = \"/n\" }\n",
            "hooks.state.\"o@x:h:stop:0:0\".trusted_hash = \"sha256:1\" # dotted\n",
        ],
    ),
    (
        "hooks = { state = { \"o@x:h:stop:0:0\" = { trusted_hash = \"sha256:1\" } } }\n\
         [marketplaces] # empty\n\n[plugins]\n# without an end",
        &["[marketplaces] # empty\n", "# without an end"],
    ),
];

#[test]
fn every_form_of_settings_keeps_its_bytes() {
    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        let config = sandbox.codex_home().join("config.toml");
        for (form, stays) in FORMS {
            fs::write(&config, form).unwrap();
            sandbox
                .install(["--allow-commands", "--trust-hooks"])
                .run()
                .success();
            let installed = fs::read_to_string(&config).unwrap();
            for line in stays {
                assert!(installed.contains(line), "{codex}: {form}\n->\n{installed}");
            }
            let problems = &sandbox.installation()["problems"];
            assert_eq!(*problems, json!([]), "{codex}: {form}\n->\n{installed}");
            sandbox.installer(["uninstall", "--yes"]).run().success();
            assert_eq!(fs::read_to_string(&config).unwrap(), form, "{codex}");
            assert!(!config.with_extension("toml.cc-backup").exists(), "{codex}");
        }
    }
}

#[test]
#[cfg(unix)]
fn settings_and_homes_that_are_links_stay_links() {
    use std::os::unix::fs::symlink;

    for codex in peers::codexes() {
        let api = ResponsesApi::start([]);
        let sandbox = bare(codex, &api);
        let (home, dots) = (sandbox.codex_home(), sandbox.root().join("dots"));
        fs::rename(&home, &dots).unwrap();
        symlink("dots", &home).unwrap();
        let kept = sandbox.root().join("kept.toml");
        fs::rename(dots.join("config.toml"), &kept).unwrap();
        symlink("../kept.toml", dots.join("config.toml")).unwrap();
        let before = fs::read_to_string(&kept).unwrap();

        let sandbox = sandbox.installed();
        let installed = fs::read_to_string(&kept).unwrap();
        assert!(installed.contains("cc@cc-local"), "{codex}: {installed}");
        assert_eq!(sandbox.installation()["problems"], json!([]), "{codex}");
        sandbox.installer(["uninstall", "--yes"]).run().success();
        assert_eq!(fs::read_to_string(&kept).unwrap(), before, "{codex}");
        assert!(dots.join("config.toml").is_symlink(), "{codex}");
        assert!(home.is_symlink() && !dots.join("cc").exists(), "{codex}");
    }
}
