//! Packages for package managers, from the archives: npm, Debian, Homebrew.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::archive::{self, Entry, Pack};
use super::commands::{Done, succeed};
use super::release::{PROGRAMS, Release, Target, VERSION};

/// Where the project is.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

pub(super) fn write(release: &Release, made: &[&Target]) -> Done {
    npm(release, made)?;
    for target in made {
        if let Some(architecture) = target.debian {
            debian(release, target, architecture)?;
        }
    }
    homebrew(release, made)
}

/// Packages as `npm publish` takes them: one for each system, and one that needs those, each only where it fits.
fn npm(release: &Release, made: &[&Target]) -> Done {
    let readme = fs::read(release.root.join("packaging/npm/README.md"))?;
    let mut optional = serde_json::Map::new();
    for target in made {
        let (os, cpu) = target.npm;
        let name = format!("cc-codex-{os}-{cpu}");
        let mut manifest = manifest(
            &name,
            &format!("The programs of cc-codex for {os} on {cpu}"),
        );
        manifest["os"] = json!([os]);
        manifest["cpu"] = json!([cpu]);
        let mut entries = vec![Entry::file("package/README.md".into(), readme.clone())];
        for program in PROGRAMS {
            let path = format!("package/bin/{program}{}", target.suffix());
            entries.push(Entry::program(path, release.program(target, program)?));
        }
        npm_package(release, &name, &manifest, entries)?;
        optional.insert(name, VERSION.into());
    }
    let mut manifest = manifest(
        "cc-codex",
        "Codex plugin that hands reviews and tasks to Claude Code: its installer",
    );
    manifest["bin"] = json!({ "cc-codex": "cc-codex.js" });
    manifest["engines"] = json!({ "node": ">=18" });
    manifest["optionalDependencies"] = optional.into();
    let script = fs::read(release.root.join("packaging/npm/cc-codex.js"))?;
    let entries = vec![
        Entry::file("package/README.md".into(), readme),
        Entry::program("package/cc-codex.js".into(), script),
    ];
    npm_package(release, "cc-codex", &manifest, entries)
}

fn manifest(name: &str, description: &str) -> Value {
    json!({
        "name": name,
        "version": VERSION,
        "description": description,
        "license": "Apache-2.0",
        "repository": { "type": "git", "url": format!("git+{REPOSITORY}.git") },
        "homepage": REPOSITORY,
        "preferUnplugged": true,
    })
}

fn npm_package(release: &Release, name: &str, manifest: &Value, mut entries: Vec<Entry>) -> Done {
    entries.push(Entry::file(
        "package/package.json".into(),
        format!("{manifest:#}\n").into_bytes(),
    ));
    entries.push(Entry::file(
        "package/LICENSE".into(),
        fs::read(release.root.join("LICENSE"))?,
    ));
    let file = format!("npm-{name}-{VERSION}.tar.gz");
    archive::write(&release.out.join(file), entries, release.time, release.pack)
}

fn debian(release: &Release, target: &Target, architecture: &str) -> Done {
    let name = format!("cc-codex_{VERSION}_{architecture}");
    let dir = release.root.join("target").join("dist-debian").join(&name);
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    let mut size = 0;
    let docs = dir.join("usr/share/doc/cc-codex");
    for entry in archive::read(&release.out.join(target.archive()))? {
        let path = entry.path.split_once('/').map_or("", |(_, path)| path);
        let to = match path.split_once('/') {
            Some(("share", asset)) => match asset.strip_prefix("zsh/site-functions/") {
                Some(completion) => dir
                    .join("usr/share/zsh/vendor-completions")
                    .join(completion),
                None => dir.join("usr/share").join(asset),
            },
            _ if entry.is_program => dir.join("usr/bin").join(path),
            _ if path == "LICENSE" => docs.join("copyright"),
            _ => docs.join(path),
        };
        size += entry.content.len();
        put(&to, &entry)?;
    }
    let control = fs::read_to_string(release.root.join("packaging/debian/control"))?;
    let control = control
        .replace("{{version}}", VERSION)
        .replace("{{architecture}}", architecture)
        .replace("{{size}}", &(size >> 10).to_string())
        .replace("{{repository}}", REPOSITORY);
    put(
        &dir.join("DEBIAN/control"),
        &Entry::file(String::new(), control.into_bytes()),
    )?;
    let mut deb = Command::new("dpkg-deb");
    deb.env("SOURCE_DATE_EPOCH", release.time.to_string());
    let small: &[&str] = match release.pack {
        Pack::Small => &["-Zxz"],
        Pack::Fast => &["-Zgzip", "-z1"],
    };
    deb.arg("--root-owner-group")
        .args(small)
        .arg("--build")
        .arg(&dir);
    succeed(
        deb.arg(release.out.join(format!("{name}.deb")))
            .stdout(std::process::Stdio::null()),
    )
}

/// Writes a file with its directories.
pub(super) fn put(to: &Path, entry: &Entry) -> Done {
    fs::create_dir_all(to.parent().ok_or("a file has a directory")?)?;
    fs::write(to, &entry.content)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = if entry.is_program { 0o755 } else { 0o644 };
        fs::set_permissions(to, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

fn homebrew(release: &Release, made: &[&Target]) -> Done {
    let mut archives = String::new();
    for target in made {
        let Some((os, cpu)) = target.homebrew else {
            continue;
        };
        let archive = target.archive();
        let digest = archive::digest(&fs::read(release.out.join(&archive))?);
        archives += &format!(
            "  on_{os} do\n    on_{cpu} do\n      url \"{REPOSITORY}/releases/download/v{VERSION}/{archive}\"\n      \
             sha256 \"{digest}\"\n    end\n  end\n"
        );
    }
    let formula = fs::read_to_string(release.root.join("packaging/homebrew/cc-codex.rb"))?
        .replace("{{version}}", VERSION)
        .replace("{{repository}}", REPOSITORY)
        .replace("{{archives}}", &archives);
    Ok(fs::write(release.out.join("cc-codex.rb"), formula)?)
}
