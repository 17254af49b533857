//! Homes to install in: with the real Codex and a scripted Claude, and on a system without Rust and Node.

use std::fs;
use std::path::Path;

use cc_tests::peers::CODEX;
use cc_tests::responses_api::ResponsesApi;
use cc_tests::sandbox::Cmd;
use cc_tests::{Sandbox, Scenario};

use super::super::commands::Done;
use super::super::release::{PROGRAMS, VERSION};

/// What the shell installer and a shell need. There is no Rust, no Node and no Python among it.
const PROGRAMS_OF_A_BARE_SYSTEM: [&str; 18] = [
    "cat",
    "cp",
    "curl",
    "cut",
    "env",
    "false",
    "gzip",
    "head",
    "mkdir",
    "mktemp",
    "mv",
    "rm",
    "sed",
    "sh",
    "sha256sum",
    "tail",
    "tar",
    "uname",
];

/// A home with Codex and Claude, and a change to review.
pub(super) fn home(api: &ResponsesApi) -> Sandbox {
    let sandbox = Sandbox::codex_at(CODEX, api);
    sandbox
        .with_fake_claude(&Scenario::says("No findings."))
        .with_change()
}

/// The PATH of a system without Rust and Node.
pub(super) fn bare(sandbox: &Sandbox) -> Done<String> {
    let dir = sandbox.root().join("system");
    fs::create_dir(&dir)?;
    for program in PROGRAMS_OF_A_BARE_SYSTEM {
        let places = ["/usr/bin", "/bin"].map(|place| Path::new(place).join(program));
        let found = places.into_iter().find(|file| file.exists());
        let found = found.ok_or(format!("{program} is not here"))?;
        cc_tests::sandbox::link(&found, &dir.join(program));
    }
    Ok(format!("{}:{}", sandbox.bin().display(), dir.display()))
}

/// Has Codex take the programs in `dir` as their user would, and a review run.
pub(super) fn installs(sandbox: &Sandbox, dir: &Path, path: &str) -> Done {
    tell_their_version(sandbox, dir, path)?;
    let installer = sandbox.command(&dir.join("cc-installer"));
    let install = with_everything(sandbox, installer).env("PATH", path);
    install.run().success();
    is_installed(sandbox, path)
}

/// A call of the installer that installs all of it without questions. The directory is that which it takes itself,
/// named because it is refused where a checkout lies among temporary files.
pub(super) fn with_everything<'a>(sandbox: &Sandbox, installer: Cmd<'a>) -> Cmd<'a> {
    let bin = sandbox.codex_home().join("cc/bin");
    let install = installer.args(["install", "--yes", "--allow-commands", "--trust-hooks"]);
    install.args(["--bin-dir".as_ref(), bin.as_os_str()])
}

/// Works with what is installed, and removes it.
pub(super) fn is_installed(sandbox: &Sandbox, path: &str) -> Done {
    let bin = sandbox.codex_home().join("cc/bin");
    tell_their_version(sandbox, &bin, path)?;
    let call = |program: &str, args: &[&str]| {
        let call = sandbox.command(&bin.join(program)).args(args);
        call.env("PATH", path).run().success().stdout
    };
    if !call("cc-cli", &["review"]).contains("No findings.") {
        return Err("the review has no answer".into());
    }
    call("cc-installer", &["status"]);
    call("cc-installer", &["uninstall", "--yes"]);
    if bin.join("cc-cli").exists() {
        return Err("an uninstall leaves the programs".into());
    }
    Ok(())
}

fn tell_their_version(sandbox: &Sandbox, dir: &Path, path: &str) -> Done {
    for program in PROGRAMS {
        let call = sandbox.command(&dir.join(program)).args(["--version"]);
        let told = call.env("PATH", path).run().success().stdout;
        if told.trim() != format!("{program} {VERSION}") {
            return Err(format!("{program} says {told}").into());
        }
    }
    Ok(())
}
