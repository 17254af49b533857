//! Recognizes files that hold secrets, by their name and by the lines of their diff.
//!
//! The table is our own: the places that the documentation of each tool names for its keys and tokens. It
//! takes in what is private by its purpose, not every file that could hold a password.

use crate::wildcard;

/// When a file with a certain name is a secret.
#[derive(Clone, Copy)]
enum When {
    Always,
    /// Unless only the public parts are visible: certificates and public keys.
    NotPublic,
    /// If a line contains one of these, in any case. Otherwise it is an ordinary configuration file.
    Has(&'static [&'static str]),
}

/// Name patterns; one with a slash is the end of a path.
const NAMES: &[(When, &[&str])] = &[
    // dotenv
    (When::Always, &[".env", ".env.*", "*.env"]),
    (When::Has(&["secret", "token", "passw", "key"]), &[".envrc"]),
    // OpenSSH, PuTTY, GnuPG, age
    (
        When::Always,
        &[
            "id_rsa",
            "id_dsa",
            "id_ecdsa",
            "id_ed25519",
            "id_ecdsa_sk",
            "id_ed25519_sk",
            "*_rsa",
            "*_dsa",
            "*_ecdsa",
            "*_ed25519",
            "*.ppk",
            "ssh_host_*_key",
            ".gnupg/*.key",
            ".gnupg/*.gpg",
        ],
    ),
    // X.509 and key stores
    (When::NotPublic, &["*.pem", "*.key"]),
    (
        When::Always,
        &[
            "*.p12",
            "*.pfx",
            "*.pkcs12",
            "*.p8",
            "*.jks",
            "*.keystore",
            "*.kdbx",
            "*.ovpn",
        ],
    ),
    // Tools that read a password from a file of this name
    (
        When::Always,
        &[
            ".netrc",
            "_netrc",
            ".authinfo",
            ".pgpass",
            ".my.cnf",
            ".mylogin.cnf",
            ".htpasswd",
            ".s3cfg",
            ".git-credentials",
            ".config/git/credentials",
            ".pypirc",
            ".dockercfg",
            ".docker/config.json",
            ".aws/credentials",
            ".azure/accessTokens.json",
            ".kube/config",
            "kubeconfig",
            ".vault-token",
            ".config/gcloud/*.json",
            ".config/gcloud/*.db",
            "application_default_credentials.json",
            "client_secret*.json",
            "service-account*.json",
            "service_account*.json",
            "credentials.json",
            ".credentials.json",
            ".config/gh/hosts.yml",
            ".cargo/credentials",
            ".cargo/credentials.toml",
            ".gem/credentials",
            ".terraform.d/credentials.tfrc.json",
            ".codex/auth.json",
            "*.tfstate",
            "*.tfstate.backup",
            "secrets.yml",
            "secrets.yaml",
            "secrets.json",
            "secrets.toml",
            ".*_history",
        ],
    ),
    (When::Has(&["_auth", "_password"]), &[".npmrc"]),
    (When::Has(&["authtoken", "authident"]), &[".yarnrc.yml"]),
    (When::Has(&["token"]), &[".terraformrc"]),
    (
        When::Has(&["<password>", "<passphrase>"]),
        &[".m2/settings.xml"],
    ),
    (When::Has(&["password"]), &[".condarc", "pip.conf"]),
    (
        When::Has(&["http-basic", "oauth", "bearer"]),
        &["auth.json"],
    ),
];

/// Names that are made to be shared.
const PUBLIC: [&str; 9] = [
    "*.pub",
    "*.example",
    "*.example.*",
    "*.sample",
    "*.sample.*",
    "*.template",
    "*.template.*",
    "*.tmpl",
    "*.dist",
];

/// How tokens begin that stand alone on a line.
const TOKENS: [&str; 16] = [
    "AGE-SECRET-KEY-1",
    "AIza",
    "AKIA",
    "ASIA",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "npm_",
    "pypi-",
    "sk-",
    "sk_live_",
    "xoxb-",
    "xoxp-",
];

/// The shortest token, and the least of a key, in bytes.
const TOKEN_BYTES: usize = 20;
const KEY_BYTES: usize = 40;

/// Whether a diff adds, removes or shows a part of a secret.
pub(crate) fn is_secret(path: &[u8], diff: &str) -> bool {
    let lines = || lines(diff);
    let by_name = match when(path) {
        None => false,
        Some(When::Always) => true,
        Some(When::NotPublic) => !only_public(diff),
        Some(When::Has(words)) => lines().any(|line| {
            let line = line.to_ascii_lowercase();
            words.iter().any(|word| line.contains(word))
        }),
    };
    by_name || lines().any(is_token) || has_private_key(diff)
}

fn when(path: &[u8]) -> Option<When> {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
    if PUBLIC
        .iter()
        .any(|pattern| wildcard::matches(pattern.as_bytes(), name))
    {
        return None;
    }
    let is = |pattern: &&str| match pattern.contains('/') {
        false => wildcard::matches(pattern.as_bytes(), name),
        true => {
            let below = [b"*/", pattern.as_bytes()].concat();
            wildcard::matches(pattern.as_bytes(), path) || wildcard::matches(&below, path)
        }
    };
    let found = NAMES.iter().find(|(_, patterns)| patterns.iter().any(&is));
    found.map(|(when, _)| *when)
}

/// The lines of a diff without their header and without the sign before each.
fn lines(diff: &str) -> impl Iterator<Item = &str> {
    let hunks = diff.lines().skip_while(|line| !line.starts_with("@@"));
    hunks.map(|line| match line.starts_with("@@") {
        true => "",
        false => line.get(1..).unwrap_or_default().trim(),
    })
}

/// Whether each hunk begins a certificate or a public key, and none a private key.
fn only_public(diff: &str) -> bool {
    let mut hunks = diff.split("\n@@").skip(1);
    let is_public = |hunk: &str| {
        let mut begun = hunk.lines().filter(|line| line.contains("-----BEGIN "));
        hunk.contains("-----BEGIN ")
            && begun.all(|line| {
                line.contains("CERTIFICATE")
                    || line.contains("PUBLIC KEY")
                    || line.contains("X509 CRL")
            })
    };
    // An empty file, or a change of its mode alone.
    hunks.all(is_public)
}

/// Whether a line consists of a token.
fn is_token(line: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    line.len() >= TOKEN_BYTES
        && TOKENS.iter().any(|start| line.starts_with(start))
        && line.bytes().all(is_part)
}

/// Whether a private key begins and its content follows: on the next lines, or escaped on the same one.
///
/// The mark alone is no secret: programs that read keys have it, and documents explain it.
fn has_private_key(diff: &str) -> bool {
    let mut lines = lines(diff).peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("PuTTY-User-Key-File-") {
            return true;
        }
        let Some((_, mark)) = line.split_once("-----BEGIN ") else {
            continue;
        };
        let Some((kind, rest)) = mark.split_once("-----") else {
            continue;
        };
        if !kind.contains("PRIVATE KEY") {
            continue;
        }
        let rest = rest.strip_prefix("\\n").unwrap_or(rest);
        let begins_content = |line: &str| {
            let is_base64 =
                |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
            line.bytes().take_while(|byte| is_base64(byte)).count() >= KEY_BYTES
        };
        let next = lines.peek().copied().unwrap_or_default();
        let has_header = ["Proc-Type:", "Version:", "Comment:"]
            .iter()
            .any(|header| next.starts_with(header));
        let alone = line.starts_with("-----") && rest.is_empty();
        // GnuPG writes an empty line before the content.
        let is_armor = alone && kind.ends_with("BLOCK") && next.is_empty();
        if begins_content(rest) || (alone && (begins_content(next) || has_header)) || is_armor {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";

    fn check(path: &str, content: &str, expect: bool) {
        let lines: String = content.lines().map(|line| format!("+{line}\n")).collect();
        let diff = format!(
            "diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n{lines}"
        );
        assert_eq!(
            is_secret(path.as_bytes(), &diff),
            expect,
            "{path}: {content}"
        );
    }

    #[test]
    fn names_of_keys_and_credentials_are_secret() {
        for path in [
            ".env",
            "app/.env.production",
            "prod.env",
            "id_rsa",
            "keys/deploy_ed25519",
            ".netrc",
            "a.P12",
            "home/.aws/credentials",
            ".kube/config",
            ".docker/config.json",
            "terraform.tfstate",
            ".bash_history",
        ] {
            check(path, "x", true);
        }
        check(".npmrc", "//registry.example/:_authToken=abc", true);
        check(".envrc", "export API_TOKEN=abc", true);
    }

    #[test]
    fn templates_public_parts_and_source_are_shown() {
        for path in [
            ".env.example",
            ".env.sample",
            "id_rsa.pub",
            "src/env.rs",
            "config.json",
            "src/credentials.rs",
            "environment.ts",
            "config",
            "docker/config.json",
            "kube/config.go",
            "monkey.rs",
        ] {
            check(path, "x", false);
        }
        check(".npmrc", "registry=https://registry.example/", false);
        check(".envrc", "use flake", false);
    }

    #[test]
    fn the_content_decides_about_pem_files() {
        let certificate =
            format!("-----BEGIN CERTIFICATE-----\n{KEY}\n-----END CERTIFICATE-----\n");
        let key = format!("-----BEGIN PRIVATE KEY-----\n{KEY}\n-----END PRIVATE KEY-----\n");
        check("ca.pem", &certificate, false);
        check("public.pem", &key.replace("PRIVATE", "PUBLIC"), false);
        check("server.pem", &format!("{certificate}{key}"), true);
        check("server.pem", KEY, true);
        check("server.crt", &certificate, false);
        check("server.crt", &format!("{certificate}{key}"), true);
    }

    #[test]
    fn keys_and_tokens_are_secret_under_any_name() {
        let key = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{KEY}\n");
        check("notes.txt", &key, true);
        check(
            "deploy.yml",
            &format!("key: |\n  {}", key.replace('\n', "\n  ")),
            true,
        );
        check(
            "account.json",
            &format!(r#""private_key": "-----BEGIN PRIVATE KEY-----\n{KEY}\n","#),
            true,
        );
        check(
            "backup",
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBF",
            true,
        );
        check("token", "ghp_0123456789abcdefghijklmnopqrstuvwxyz", true);
    }

    #[test]
    fn code_that_reads_keys_is_shown() {
        check(
            "src/pem.rs",
            "const BEGIN: &str = \"-----BEGIN PRIVATE KEY-----\";",
            false,
        );
        check(
            "README.md",
            "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
            false,
        );
        check(
            "src/token.rs",
            "assert!(is_token(\"ghp_0123456789abcdefghijklmnopqrstuvwxyz\"));",
            false,
        );
        check("words.txt", "sk-learn\nnpm_config", false);
    }
}
