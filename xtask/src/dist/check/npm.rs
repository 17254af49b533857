//! The packages of npm, published to a registry of this machine and installed from it.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cc_tests::responses_api::ResponsesApi;
use cc_tests::{Sandbox, eventually};

use super::super::commands::{Done, succeed};
use super::super::release::{Release, VERSION};
use super::homes::{bare, home, is_installed, with_everything};

/// The registry. One of its packages is named by a tag that mirrors do not have.
const VERDACCIO: &str = r#"{
  "private": true,
  "dependencies": { "verdaccio": "6.5.2" },
  "overrides": { "node-fetch": "2.7.0" }
}
"#;

/// A registry that knows no other; dropping it ends it.
struct Registry {
    process: Child,
    url: String,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(super) fn check(release: &Release) -> Done {
    let api = ResponsesApi::start([]);
    let sandbox = home(&api);
    let registry = Registry::start(release, &sandbox)?;
    let mut names = Vec::new();
    for entry in fs::read_dir(&release.out)? {
        let entry = entry?.path();
        let name = entry
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with("npm-") {
            registry.npm(&sandbox, &["publish", "--access", "public"], &[&entry])?;
            names.push(name);
        }
    }
    let project = sandbox.root().join("project");
    fs::create_dir(&project)?;
    fs::write(project.join("package.json"), "{}\n")?;
    let prefix: [&Path; 2] = ["--prefix".as_ref(), &project];
    registry.npm(
        &sandbox,
        &["install", "--ignore-scripts", "cc-codex"],
        &prefix,
    )?;
    let modules = project.join("node_modules");
    let installed = fs::read_dir(&modules)?
        .filter_map(Result::ok)
        .map(|entry| entry.file_name());
    let mut installed: Vec<_> = installed
        .filter_map(|name| name.into_string().ok())
        .collect();
    installed.retain(|name| !name.starts_with('.'));
    if installed.len() != 2 {
        return Err(format!("npm installed {installed:?}: not only what fits").into());
    }
    let call = sandbox
        .command(&modules.join(".bin/cc-codex"))
        .args(["--version"]);
    let told = call.run().success().stdout;
    if told.trim() != format!("cc-installer {VERSION}") {
        return Err(format!("cc-codex says {told}").into());
    }
    let npx = sandbox.command("npx".as_ref());
    let npx = npx.args(["--yes", "--ignore-scripts", "cc-codex"]);
    with_everything(&sandbox, npx).run().success();
    // What npm keeps is not needed any more.
    for dir in [modules, sandbox.home().join(".npm")] {
        fs::remove_dir_all(dir)?;
    }
    is_installed(&sandbox, &bare(&sandbox)?)?;
    println!(
        "npm: {} packages published, `npx cc-codex install` needs no scripts, and later no Node",
        names.len()
    );
    Ok(())
}

impl Registry {
    fn start(release: &Release, sandbox: &Sandbox) -> Done<Self> {
        let program = verdaccio(release)?;
        // Nobody else takes it in the moment until the registry has it.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let storage = sandbox.root().join("registry");
        fs::create_dir(&storage)?;
        let config = storage.join("config.yaml");
        fs::write(
            &config,
            format!(
                "storage: {0}/storage\nauth:\n  htpasswd:\n    file: {0}/users\npackages:\n  '**':\n    access: $all\n    \
                 publish: $all\nmax_body_size: 500mb\nlog: {{ type: stdout, format: pretty, level: error }}\n",
                storage.display()
            ),
        )?;
        let mut start = Command::new("node");
        start.arg(program).arg("--config").arg(&config);
        let address = format!("127.0.0.1:{port}");
        start
            .arg("--listen")
            .arg(&address)
            .env("HOME", sandbox.home());
        let process = start.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let registry = Self {
            process,
            url: format!("http://{address}/"),
        };
        eventually(Duration::from_secs(60), "the registry", || {
            TcpStream::connect(&address).ok()
        });
        Ok(registry)
    }

    fn npm(&self, sandbox: &Sandbox, args: &[&str], files: &[&Path]) -> Done {
        let settings = sandbox.home().join(".npmrc");
        let host = self.url.trim_start_matches("http:");
        fs::write(
            settings,
            format!("{host}:_authToken=made-up\nregistry={}\n", self.url),
        )?;
        let mut npm = Command::new("npm");
        npm.env("HOME", sandbox.home()).current_dir(sandbox.root());
        npm.args([
            "--silent",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
        ]);
        npm.args(args).args(files).stdout(Stdio::null());
        succeed(&mut npm)
    }
}

fn verdaccio(release: &Release) -> Done<PathBuf> {
    let dir = release.root.join("target").join("dist-verdaccio");
    let program = dir.join("node_modules/verdaccio/bin/verdaccio");
    let wanted = dir.join("package.json");
    if !program.exists() || fs::read_to_string(&wanted).is_ok_and(|it| it != VERDACCIO) {
        fs::create_dir_all(&dir)?;
        fs::write(&wanted, VERDACCIO)?;
        let mut npm = Command::new("npm");
        npm.args([
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
        ]);
        succeed(npm.current_dir(&dir).stdout(Stdio::null()))?;
    }
    Ok(program)
}
