//! `cargo xtask dist`: what a release consists of, in target/dist. The archives of each target, their checksums and
//! bill of materials, and what is made of the archives: packages of npm and Debian, a formula of Homebrew, a
//! marketplace of Codex.
//!
//! Two builds of one commit are to give the same files: all times are that of the commit, paths of the machine are
//! mapped, and entries are sorted.

mod archive;
mod build;
mod check;
mod commands;
mod compare;
mod marketplace;
mod packages;
mod pe;
mod python;
mod release;
mod sbom;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use archive::{Entry, Pack};
use commands::{Done, said_by, succeed};
use release::{PROGRAMS, Release, Target};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The targets to build; without any, those that this machine can build
    #[arg(long = "target", value_name = "TRIPLE")]
    targets: Vec<String>,
    /// Take a debug build for this machine, to check in a minute how everything is put together
    #[arg(long, conflicts_with = "targets")]
    quick: bool,
    /// Only make the archives, for a machine that builds some of the targets
    #[arg(long, conflicts_with_all = ["quick", "check"])]
    only_archives: bool,
    /// Take the archives that are there instead of building them
    #[arg(long, conflicts_with_all = ["targets", "quick"])]
    from_archives: bool,
    /// Compare the archives, byte by byte, with those of another build of this commit
    #[arg(long, value_name = "DIR", conflicts_with = "quick")]
    compare: Option<PathBuf>,
    /// Unpack and install what was made, without Rust, most of it without Node
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args) -> Done {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let root = root.ok_or("xtask is not in a workspace")?.to_owned();
    let name = if args.quick { "dist-quick" } else { "dist" };
    let release = Release {
        out: root.join("target").join(name),
        time: commit_time(&root)?,
        pack: if args.quick { Pack::Fast } else { Pack::Small },
        root,
    };
    if !args.from_archives {
        if release.out.exists() {
            fs::remove_dir_all(&release.out)?;
        }
        fs::create_dir_all(&release.out)?;
        for (target, programs) in build::all(&release, &args.targets, args.quick)? {
            let file = make_archive(&release, target, &programs)?;
            println!(
                "{}\t{} KiB",
                file.display(),
                fs::metadata(&file)?.len() >> 10
            );
        }
    }
    if let Some(other) = &args.compare {
        compare::run(&release, other)?;
    }
    if args.only_archives {
        return Ok(());
    }
    let made = release.archives();
    sbom::write(&release)?;
    packages::write(&release, &made)?;
    marketplace::write(&release, &made)?;
    archive::write_sums(&release.out)?;
    println!("made {}", release.out.display());
    if args.check {
        check::run(&release)
    } else {
        Ok(())
    }
}

/// Makes the archive of a target: programs, licence, what to read first, manual pages and completions.
fn make_archive(release: &Release, target: &Target, programs: &Path) -> Done<PathBuf> {
    let mut entries = Vec::new();
    for program in PROGRAMS {
        let file = format!("{program}{}", target.suffix());
        let mut content = fs::read(programs.join(&file))?;
        if target.is_windows() {
            pe::set_time(&mut content, release.time)?;
        }
        entries.push(Entry::program(target.path(&file), content));
    }
    for file in ["LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md"] {
        entries.push(Entry::file(
            target.path(file),
            fs::read(release.root.join(file))?,
        ));
    }
    for (path, content) in assets(release)? {
        entries.push(Entry::file(target.path(&format!("share/{path}")), content));
    }
    let file = release.out.join(target.archive());
    archive::write(&file, entries, release.time, release.pack)?;
    Ok(file)
}

/// The manual pages and completions by their paths below /usr/share; they are the same for all targets.
fn assets(release: &Release) -> Done<Vec<(String, Vec<u8>)>> {
    let dir = release.root.join("target").join("dist-assets");
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(&release.root).args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "cc-installer",
    ]);
    succeed(
        cargo
            .args(["--bin", "cc-installer", "--", "assets"])
            .arg(&dir)
            .stdout(Stdio::null()),
    )?;
    let mut files = Vec::new();
    files_below(&dir, "", &mut files)?;
    Ok(files)
}

/// All files of a directory by their paths in it, sorted.
fn files_below(dir: &Path, prefix: &str, files: &mut Vec<(String, Vec<u8>)>) -> Done {
    let mut entries: Vec<_> = fs::read_dir(dir)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.file_type()?.is_dir() {
            true => files_below(&entry.path(), &format!("{path}/"), files)?,
            false => files.push((path, fs::read(entry.path())?)),
        }
    }
    Ok(())
}

fn commit_time(root: &Path) -> Done<u64> {
    let mut git = Command::new("git");
    git.current_dir(root).args(["log", "-1", "--format=%ct"]);
    Ok(said_by(&mut git)?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::release::{TARGETS, VERSION};
    use super::*;

    /// What `cargo binstall` does with the metadata of cc-installer.
    #[test]
    fn binstall_finds_the_archives() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .current_dir(root)
            .args(["metadata", "--no-deps", "--format-version", "1"]);
        let metadata: serde_json::Value =
            serde_json::from_str(&said_by(&mut cargo).unwrap()).unwrap();
        let mut packages = metadata["packages"].as_array().unwrap().iter();
        let package = packages
            .find(|package| package["name"] == "cc-installer")
            .unwrap();
        let binstall = &package["metadata"]["binstall"];
        let value = |host: &str, key: &str| {
            let special = &binstall["overrides"][host][key];
            let found = if special.is_null() {
                &binstall[key]
            } else {
                special
            };
            let ending = if host.contains("windows") { ".exe" } else { "" };
            [
                ("repo", env!("CARGO_PKG_REPOSITORY")),
                ("version", VERSION),
                ("target", host),
                ("bin", "cc-cli"),
                ("binary-ext", ending),
            ]
            .iter()
            .fold(found.as_str().unwrap().to_owned(), |text, (name, value)| {
                text.replace(&format!("{{ {name} }}"), value)
            })
        };
        let other_hosts = [
            ("x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl"),
            ("aarch64-unknown-linux-gnu", "aarch64-unknown-linux-musl"),
            ("x86_64-pc-windows-msvc", "x86_64-pc-windows-gnu"),
        ];
        let hosts = TARGETS.iter().map(|target| (target.triple, target.triple));
        for (host, triple) in hosts.chain(other_hosts) {
            let target = Target::named(triple).unwrap();
            let url = format!(
                "{}/releases/download/v{VERSION}/{}",
                env!("CARGO_PKG_REPOSITORY"),
                target.archive()
            );
            assert_eq!(value(host, "pkg-url"), url);
            assert_eq!(
                value(host, "bin-dir"),
                target.path(&format!("cc-cli{}", target.suffix()))
            );
            let kind = if target.is_windows() { "zip" } else { "tgz" };
            assert_eq!(value(host, "pkg-fmt"), kind);
        }
    }
}
