//! Unpacks and installs what was made, in homes of their own with the real Codex and a scripted Claude: the archive by
//! the shell installer, the packages of Debian and npm, the marketplace.

mod homes;
mod npm;
mod powershell;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cc_tests::responses_api::ResponsesApi;

use self::homes::{bare, home, installs};
use super::archive::{Entry, Pack};
use super::commands::{Done, said_by, succeed};
use super::packages::put;
use super::release::{PROGRAMS, Release, Target, VERSION};

pub(super) fn run(release: &Release) -> Done {
    let mut sums = Command::new("sha256sum");
    succeed(
        sums.current_dir(&release.out)
            .args(["--check", "--quiet", "SHA256SUMS"]),
    )?;
    let target = here(release)?;
    if release.pack == Pack::Small {
        alone(release, target)?;
    }
    shell_installer(release)?;
    if target.debian.is_some() {
        debian(release, target)?;
    }
    npm::check(release)?;
    marketplace(release, target)?;
    scripts(release)?;
    powershell::check(release, target)?;
    elsewhere(release)
}

/// The target of this machine.
fn here(release: &Release) -> Done<&'static Target> {
    let arch = std::env::consts::ARCH;
    let os = if cfg!(target_os = "macos") {
        "apple"
    } else {
        "linux"
    };
    let mut made = release.archives().into_iter();
    let found = made.find(|target| target.triple.starts_with(arch) && target.triple.contains(os));
    Ok(found.ok_or("nothing was made for this machine")?)
}

/// The programs work where there is nothing else: no library, no shell, and of devices and settings none.
fn alone(release: &Release, target: &Target) -> Done {
    if !target.triple.ends_with("-linux-musl") {
        return Ok(());
    }
    let root = tempfile::tempdir()?;
    for dir in ["proc", "tmp"] {
        fs::create_dir(root.path().join(dir))?;
    }
    let mut tar = Command::new("tar");
    tar.arg("-xzf")
        .arg(release.out.join(target.archive()))
        .args(["--strip-components", "1", "-C"]);
    succeed(tar.arg(root.path()))?;
    let mut says = Vec::new();
    for (program, args) in [
        ("cc-cli", &["--version"][..]),
        ("cc-hooks", &["--version"]),
        ("cc-installer", &["--version"]),
        ("cc-installer", &["assets", "/tmp/share"]),
        ("cc-cli", &["status"]),
    ] {
        let mut call = Command::new("unshare");
        call.env_clear().env("HOME", "/tmp").args([
            "--user",
            "--map-root-user",
            "--pid",
            "--fork",
            "--mount-proc",
            "--wd=/tmp",
        ]);
        call.arg("--root").arg(root.path());
        says.push(said_by(call.arg(format!("/{program}")).args(args))?);
    }
    let versions = PROGRAMS.map(|program| format!("{program} {VERSION}"));
    if says[..3] != versions || says[4] != "No jobs in this workspace." {
        return Err(format!("the programs alone say {says:#?}").into());
    }
    println!("the programs work in an otherwise empty system");
    Ok(())
}

fn shell_installer(release: &Release) -> Done {
    let api = ResponsesApi::start([]);
    let sandbox = home(&api);
    let path = bare(&sandbox)?;
    let releases = sandbox.root().join("releases");
    fs::create_dir(&releases)?;
    cc_tests::sandbox::link(&release.out, &releases.join(format!("v{VERSION}")));
    let to = sandbox.home().join("programs");
    let script = release.root.join("packaging/install.sh");
    let sh = sandbox
        .command(Path::new("/bin/sh"))
        .args([script])
        .args(["--to".as_ref(), to.as_os_str()]);
    let releases = format!("file://{}", releases.display());
    let said = sh
        .env("CC_RELEASES", releases)
        .env("PATH", &path)
        .run()
        .success()
        .stdout;
    print!("{said}");
    installs(&sandbox, &to, &path)?;
    println!("the archive installs without Rust and Node");
    Ok(())
}

fn debian(release: &Release, target: &Target) -> Done {
    let api = ResponsesApi::start([]);
    let sandbox = home(&api);
    let path = bare(&sandbox)?;
    let architecture = target.debian.unwrap_or_default();
    let package = release
        .out
        .join(format!("cc-codex_{VERSION}_{architecture}.deb"));
    let root = sandbox.root().join("debian");
    succeed(
        Command::new("dpkg-deb")
            .arg("--extract")
            .arg(&package)
            .arg(&root),
    )?;
    for file in [
        "usr/share/man/man1/cc-cli.1",
        "usr/share/bash-completion/completions/cc-cli",
        "usr/share/doc/cc-codex/copyright",
    ] {
        fs::metadata(root.join(file))
            .map_err(|error| format!("{file} of the Debian package: {error}"))?;
    }
    installs(&sandbox, &root.join("usr/bin"), &path)?;
    println!("the Debian package installs");
    Ok(())
}

/// Codex takes the folder, lists skills and hooks, and the hooks start with the programs beside them.
fn marketplace(release: &Release, target: &Target) -> Done {
    let api = ResponsesApi::start([]);
    let sandbox = home(&api);
    let name = format!("cc-marketplace-{VERSION}-{}", target.triple);
    let mut tar = Command::new("tar");
    tar.arg("-xzf")
        .arg(release.out.join(format!("{name}.tar.gz")))
        .arg("-C");
    succeed(tar.arg(sandbox.root()))?;
    let folder = sandbox.root().join(name);
    sandbox
        .codex(["plugin", "marketplace", "add"])
        .args([folder])
        .run()
        .success();
    sandbox.codex(["plugin", "add", "cc@cc"]).run().success();
    let mut server = sandbox.app_server();
    let skills = server.skills();
    let ours = skills
        .iter()
        .filter(|skill| {
            skill["name"]
                .as_str()
                .is_some_and(|name| name.starts_with("cc:"))
        })
        .count();
    if ours != cc_plugin::SKILLS.len() {
        return Err(format!("Codex lists {ours} skills of the marketplace").into());
    }
    server.close();
    let hooks = sandbox.trust_hooks();
    if hooks.is_empty() || hooks.iter().any(|hook| hook["trustStatus"] != "trusted") {
        return Err(format!("hooks that cannot be trusted: {hooks:?}").into());
    }
    let mut server = sandbox.app_server();
    api.push([cc_tests::responses_api::Turn::text("Hello.")]);
    let thread = server.start_thread();
    let turn = server.turn(&thread, "Hello?");
    let warnings = server.hook_warnings();
    if !warnings.is_empty() {
        return Err(format!("hooks of the marketplace: {warnings:?}").into());
    }
    drop(turn);
    let runs = server.hook_runs();
    let failed: Vec<_> = runs
        .iter()
        .filter(|run| run.status != "completed")
        .collect();
    if runs.is_empty() || !failed.is_empty() {
        return Err(format!("hooks of the marketplace: {runs:?}").into());
    }
    println!(
        "the marketplace works in Codex: {ours} skills, {} runs of hooks",
        runs.len()
    );
    Ok(())
}

/// Scripts are read by what checks them, where it is installed.
fn scripts(release: &Release) -> Done {
    let formula = release.out.join("cc-codex.rb");
    let script = release.root.join("packaging/install.sh");
    let checks: [(&str, &[&str], &PathBuf); 2] =
        [("ruby", &["-c"], &formula), ("shellcheck", &[], &script)];
    for (program, args, file) in checks {
        match Command::new(program).args(args).arg(file).status() {
            Ok(status) if status.success() => {
                println!("{program} finds nothing in {}", file.display())
            }
            Ok(status) => {
                return Err(format!("{program} ended with {status} for {}", file.display()).into());
            }
            Err(_) => println!(
                "not checked: {} ({program} is not installed)",
                file.display()
            ),
        }
    }
    Ok(())
}

/// Programs for other machines tell their version, where something here can run them.
fn elsewhere(release: &Release) -> Done {
    let runners = [
        ("x86_64-pc-windows-gnu", "/usr/lib/wine/wine64"),
        ("aarch64-unknown-linux-musl", "/usr/bin/qemu-aarch64-static"),
    ];
    // A Wine that has what Rust needs: .ci/platforms makes it.
    let prefix = release.root.join("target/platforms/prefix");
    for target in release.archives() {
        let Some((_, runner)) = runners.iter().find(|(triple, _)| *triple == target.triple) else {
            continue;
        };
        if !Path::new(runner).exists() || target.is_windows() && !prefix.exists() {
            println!("not run: {} ({runner} is not set up)", target.triple);
            continue;
        }
        let dir = release.root.join("target").join("dist-programs");
        for program in PROGRAMS {
            let file = dir.join(format!("{program}{}", target.suffix()));
            let content = release.program(target, program)?;
            put(&file, &Entry::program(String::new(), content))?;
            let mut call = Command::new(runner);
            call.env("WINEPREFIX", &prefix).env("WINEDEBUG", "-all");
            let told = said_by(call.arg(&file).arg("--version"))?;
            if told != format!("{program} {VERSION}") {
                return Err(format!("{program} for {} says {told}", target.triple).into());
            }
        }
        println!("the programs for {} run", target.triple);
    }
    Ok(())
}
