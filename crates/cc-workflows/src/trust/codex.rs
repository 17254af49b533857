//! Whether a project is trusted: what Codex says of it, unless the settings decide.

use std::fs;
use std::path::Path;

use cc_core::Env;
use cc_core::fs::read_bounded;
use cc_core::paths::main_working_tree;
use cc_jobs::settings::TrustPolicy;

/// Whether the repository at `root` is trusted.
pub(crate) fn allows(env: &Env, policy: TrustPolicy, root: &Path) -> bool {
    match policy {
        TrustPolicy::Always => true,
        TrustPolicy::Never => false,
        TrustPolicy::Codex => codex_trusts(env, root),
    }
}

/// Whether Codex's `config.toml` has `[projects."ROOT"] trust_level = "trusted"`; no for whatever
/// cannot be read.
fn codex_trusts(env: &Env, root: &Path) -> bool {
    let home = env
        .var("CODEX_HOME")
        .map(|dir| env.absolute(Path::new(dir)));
    let Some(home) = home.or_else(|| Some(env.home()?.join(".codex"))) else {
        return false;
    };
    let Ok(bytes) = read_bounded(&home.join("config.toml"), 4 << 20) else {
        return false;
    };
    let text = String::from_utf8_lossy(&bytes);
    let Ok(config) = text.parse::<toml_edit::DocumentMut>() else {
        return false;
    };
    let Some(projects) = config.get("projects").and_then(|item| item.as_table_like()) else {
        return false;
    };
    // Codex trusts a repository by its main worktree.
    let mut named = main_working_tree(root).into_iter().chain([root.to_owned()]);
    named.any(|wanted| {
        projects.iter().any(|(path, project)| {
            let is_meant = Path::new(path) == wanted
                || fs::canonicalize(path).is_ok_and(|path| path == wanted);
            is_meant
                && project.get("trust_level").and_then(|level| level.as_str()) == Some("trusted")
        })
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn decided(config: &str, policy: TrustPolicy) -> bool {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap().join("repo");
        fs::create_dir(&root).unwrap();
        let config = config.replace("ROOT", root.to_str().unwrap());
        fs::write(dir.path().join("config.toml"), config).unwrap();
        let env = Env::fixed("/", "/cc-cli", [("CODEX_HOME", dir.path())]);
        allows(&env, policy, &root)
    }

    #[test]
    fn trust_is_what_codex_says_of_this_very_project() {
        let check = |config: &str, expect: bool| {
            assert_eq!(decided(config, TrustPolicy::Codex), expect, "{config}")
        };
        check("[projects.\"ROOT\"]\ntrust_level = \"trusted\"\n", true);
        check("[projects.\"ROOT/\"]\ntrust_level = \"trusted\"\n", true);
        check(
            "projects = { \"ROOT\" = { trust_level = \"trusted\" } }\n",
            true,
        );
        check("[projects.\"ROOT\"]\ntrust_level = \"untrusted\"\n", false);
        check(
            "[projects.\"ROOT/sub\"]\ntrust_level = \"trusted\"\n",
            false,
        );
        check("[projects.\"/\"]\ntrust_level = \"trusted\"\n", false);
        check("[projects.\"ROOT\"\n", false);
        check("", false);
    }

    #[test]
    fn the_policy_overrules_codex() {
        assert!(decided("", TrustPolicy::Always));
        assert!(!decided(
            "[projects.\"ROOT\"]\ntrust_level = \"trusted\"\n",
            TrustPolicy::Never
        ));
    }
}
