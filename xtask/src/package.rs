//! `cargo xtask package`: the packages as they would be published, and an installation made of nothing
//! but them.
//!
//! They are unpacked into a workspace of their own, below one directory of it. Our own crates are in no
//! registry, so a patch leads each package to the others. There they get the numbers that the next version and a new
//! format of records would have, so that an update and a downgrade can be tried with two builds.

mod upgrade;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

type Checked<T = ()> = Result<T, Box<dyn Error>>;

/// The most that a package may take, compressed: nobody needs recorded streams to build.
const SIZE_LIMIT: u64 = 320 << 10;

/// Where the packages are in their workspace. In the places that the crates have in ours, Cargo would take
/// what is built of them for what is built of the crates, since both builds share their directory.
const PLACE: &str = "packages";

/// The version of everything.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The binaries that one `cargo install` brings.
const BINARIES: [&str; 3] = ["cc-cli", "cc-hooks", "cc-installer"];

pub(crate) fn run() -> Checked {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("xtask is not in a workspace")?;
    let target = root.join("target");
    let mut package = cargo(root);
    package.args(["package", "--workspace", "--locked", "--no-verify"]);
    // What is being worked on is packaged too.
    succeed(
        package
            .arg("--allow-dirty")
            .arg("--target-dir")
            .arg(&target),
    )?;
    // As they would be uploaded, each after what it needs.
    let mut publish = cargo(root);
    publish.args([
        "publish",
        "--workspace",
        "--locked",
        "--no-verify",
        "--dry-run",
    ]);
    publish.args(["--exclude", "cc-tests", "--exclude", "xtask"]);
    succeed(
        publish
            .arg("--allow-dirty")
            .arg("--target-dir")
            .arg(&target),
    )?;

    // The same place each time, or each build would start over and be kept.
    let elsewhere = target.join("packaged");
    if elsewhere.exists() {
        fs::remove_dir_all(&elsewhere)?;
    }
    let crates = unpack(root, &target.join("package"), &elsewhere)?;
    let next = next_version()?;
    number(&elsewhere, &crates, &next)?;
    let format = next_format(&elsewhere)?;
    let installed = elsewhere.join("installed");
    let mut install = cargo(&elsewhere);
    install.args(["install", "--locked", "--debug", "--path"]);
    install.arg(Path::new(PLACE).join("cc-installer"));
    install.arg("--root").arg(&installed);
    succeed(install.arg("--target-dir").arg(&target))?;
    BINARIES
        .into_iter()
        .try_for_each(|name| tells_its_version(&installed.join("bin"), name, &next))?;
    upgrade::check(&installed.join("bin"), &next, format)
}

/// Puts every package below [`PLACE`], and what the workspace's own two files say of others above. Their names.
fn unpack(root: &Path, packages: &Path, elsewhere: &Path) -> Checked<Vec<String>> {
    let mut patches = String::from("\n[patch.crates-io]\n");
    let crates = crates(root)?;
    for name in &crates {
        let package = packages.join(format!("{name}-{VERSION}.crate"));
        let size =
            fs::metadata(&package).map_err(|error| format!("{}: {error}", package.display()))?;
        let size = size.len();
        println!("{name}\t{} KiB", size >> 10);
        if size > SIZE_LIMIT {
            return Err(format!("the package {name} takes {size} bytes").into());
        }
        let place = elsewhere.join(PLACE).join(name);
        fs::create_dir_all(&place)?;
        let mut tar = Command::new("tar");
        // All files in a package are of one old day, which would look like nothing new.
        tar.arg("-xzmf").arg(&package);
        tar.args(["--strip-components", "1", "-C"]).arg(&place);
        succeed(&mut tar)?;
        if name.starts_with("cc-") {
            patches += &format!("{name} = {{ path = {:?} }}\n", place.display().to_string());
        }
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let manifest = manifest.lines().map(|line| match line.split_once(" = ") {
        Some(("members", _)) => format!("members = [\"{PLACE}/*\"]\n"),
        _ if line.contains(" path = ") => String::new(),
        _ => format!("{line}\n"),
    });
    let manifest: String = manifest.collect();
    fs::write(elsewhere.join("Cargo.toml"), manifest + &patches)?;
    fs::copy(root.join("Cargo.lock"), elsewhere.join("Cargo.lock"))?;
    Ok(crates)
}

/// The minor version after this one.
fn next_version() -> Checked<String> {
    let (major, minor) = (
        env!("CARGO_PKG_VERSION_MAJOR"),
        env!("CARGO_PKG_VERSION_MINOR"),
    );
    Ok(format!("{major}.{}.0", minor.parse::<u32>()? + 1))
}

/// Gives all crates a version, each in its manifest, in those of others and in the lock file.
fn number(elsewhere: &Path, crates: &[String], version: &str) -> Checked {
    let (of_ours, next) = (format!("\"={VERSION}\""), format!("\"={version}\""));
    let (own, new) = (
        format!("version = \"{VERSION}\"\n"),
        format!("version = \"{version}\"\n"),
    );
    for name in crates {
        change(
            &elsewhere.join(PLACE).join(name).join("Cargo.toml"),
            |text| text.replacen(&own, &new, 1).replace(&of_ours, &next),
        )?;
    }
    change(&elsewhere.join("Cargo.toml"), |text| {
        text.replacen(&own, &new, 1)
    })?;
    change(&elsewhere.join("Cargo.lock"), |text| {
        crates.iter().fold(text, |text, name| {
            let head = format!("name = \"{name}\"\n");
            text.replacen(&(head.clone() + &own), &(head + &new), 1)
        })
    })
}

/// Counts the format of records on, and returns it.
fn next_format(elsewhere: &Path) -> Checked<u32> {
    let source = elsewhere.join(PLACE).join("cc-codex-jobs/src/job.rs");
    let text = fs::read_to_string(&source)?;
    let (_, rest) = text
        .split_once("SCHEMA_VERSION: u32 = ")
        .ok_or("no format of records")?;
    let (format, _) = rest.split_once(';').ok_or("no end of a line")?;
    let next = format.parse::<u32>()? + 1;
    change(&source, |text| {
        let line = |format: &str| format!("SCHEMA_VERSION: u32 = {format};");
        text.replace(&line(format), &line(&next.to_string()))
    })?;
    Ok(next)
}

fn change(file: &Path, change: impl FnOnce(String) -> String) -> Checked {
    let text = fs::read_to_string(file)?;
    let changed = change(text.clone());
    if changed == text {
        return Err(format!("nothing to change in {}", file.display()).into());
    }
    Ok(fs::write(file, changed)?)
}

/// The names of the crates of the workspace.
fn crates(root: &Path) -> Checked<Vec<String>> {
    let mut metadata = cargo(root);
    metadata.args([
        "metadata",
        "--no-deps",
        "--offline",
        "--format-version",
        "1",
    ]);
    let told = metadata.stderr(Stdio::inherit()).output()?;
    if !told.status.success() {
        return Err(format!("cargo metadata ended with {}", told.status).into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&told.stdout)?;
    let packages = metadata["packages"].as_array();
    let packages = packages.ok_or("cargo metadata names no packages")?;
    let names = packages
        .iter()
        .map(|package| Some(package["name"].as_str()?.to_owned()));
    let names: Option<Vec<_>> = names.collect();
    Ok(names.ok_or("cargo metadata tells of a package without a name")?)
}

fn tells_its_version(bin: &Path, name: &str, version: &str) -> Checked {
    let told = Command::new(bin.join(name)).arg("--version").output()?;
    let told = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    println!("{told}");
    if told == format!("{name} {version}") {
        return Ok(());
    }
    Err(format!("{name} told the version `{told}`").into())
}

fn cargo(dir: &Path) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(dir);
    cargo
}

fn succeed(command: &mut Command) -> Checked {
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    let program = command.get_program().to_string_lossy();
    Err(format!("{program} ended with {status}").into())
}
