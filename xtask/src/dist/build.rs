//! The binaries of a target, by cargo-zigbuild: zig is the linker and has the C libraries of all systems. Those of
//! macOS are linked there, by what is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::commands::{Done, said_by, succeed};
use super::python;
use super::release::{PROGRAMS, Release, TARGETS, Target};

/// Packages of PyPI, with programs for every system.
const TOOLS: [&str; 2] = ["ziglang==0.17.1", "cargo-zigbuild==0.24.1"];

/// Builds what was asked for: each target with the directory of its programs.
pub(super) fn all(
    release: &Release,
    triples: &[String],
    quick: bool,
) -> Done<Vec<(&'static Target, PathBuf)>> {
    if quick {
        // The archive says that it is of musl, so that everything is as in a release.
        let target = TARGETS.iter().find(|it| it.npm == this_machine());
        let target = target.ok_or("there are no releases for this machine")?;
        return Ok(vec![(target, debug(release)?)]);
    }
    let wanted: Vec<&Target> = match triples.is_empty() {
        false => triples
            .iter()
            .map(|it| Target::named(it))
            .collect::<Done<_>>()?,
        // Libraries of macOS are there alone.
        true => {
            let is_mac = cfg!(target_os = "macos");
            TARGETS
                .iter()
                .filter(|it| (it.npm.0 == "darwin") == is_mac)
                .collect()
        }
    };
    let is_foreign = |target: &&Target| target.npm.0 != "darwin";
    let tools = match wanted.iter().any(is_foreign) {
        true => Some(python::environment(release, "dist-tools", &TOOLS)?),
        false => None,
    };
    wanted
        .into_iter()
        .map(|target| Ok((target, build(release, target, tools.as_deref())?)))
        .collect()
}

fn this_machine() -> (&'static str, &'static str) {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let cpu = match std::env::consts::ARCH {
        "x86_64" => "x64",
        _ => "arm64",
    };
    (os, cpu)
}

fn debug(release: &Release) -> Done<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(&release.root);
    succeed(cargo.args(["build", "--locked", "--package", "cc-installer", "--bins"]))?;
    Ok(release.root.join("target").join("debug"))
}

fn build(release: &Release, target: &Target, tools: Option<&Path>) -> Done<PathBuf> {
    println!("== {}", target.triple);
    let dir = release.root.join("target").join("dist-build");
    let mut flags = vec![
        format!("--remap-path-prefix={}=/cc", release.root.display()),
        format!("--remap-path-prefix={}=/cargo", cargo_home()?.display()),
    ];
    let (mut cargo, verb) = match tools.filter(|_| target.npm.0 != "darwin") {
        Some(tools) => (Command::new(tools.join("cargo-zigbuild")), "zigbuild"),
        None => (Command::new(env!("CARGO")), "build"),
    };
    if !has_standard_library(target)? {
        let mut script = Command::new(release.root.join(".ci/standard-library"));
        let sysroot = said_by(script.arg(target.triple))?;
        flags.push(format!("--sysroot={sysroot}"));
        flags.push(format!("--remap-path-prefix={sysroot}=/rust"));
        // The files that programs of musl begin with are zig's.
        flags.push("-Clink-self-contained=no".to_owned());
        cargo
            .env("RUSTC", "/usr/bin/rustc")
            .env("CARGO", "/usr/bin/cargo");
    }
    let path = std::env::join_paths(tools.map(Path::to_owned).into_iter().chain(paths()))?;
    cargo.current_dir(&release.root).env("PATH", path);
    cargo
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .env("CARGO_INCREMENTAL", "0")
        .env("SOURCE_DATE_EPOCH", release.time.to_string())
        .env("CARGO_TARGET_DIR", &dir);
    cargo.args([
        verb,
        "--release",
        "--locked",
        "--package",
        "cc-installer",
        "--bins",
    ]);
    succeed(cargo.args(["--target", target.triple]))?;
    let made = dir.join(target.triple).join("release");
    for program in PROGRAMS {
        let file = made.join(format!("{program}{}", target.suffix()));
        fs::metadata(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(made)
}

/// Whether the usual Rust can build for a target.
fn has_standard_library(target: &Target) -> Done<bool> {
    let mut rustc = Command::new("rustc");
    let dir = said_by(rustc.args(["--print", "target-libdir", "--target", target.triple]))?;
    Ok(Path::new(&dir).is_dir())
}

#[expect(clippy::disallowed_methods, reason = "a task is a `main` of its own")]
fn paths() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect()
}

#[expect(clippy::disallowed_methods, reason = "a task is a `main` of its own")]
fn cargo_home() -> Done<PathBuf> {
    if let Some(dir) = std::env::var_os("CARGO_HOME") {
        return Ok(dir.into());
    }
    let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"));
    Ok(PathBuf::from(home.ok_or("no home directory")?).join(".cargo"))
}
