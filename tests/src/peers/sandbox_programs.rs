//! What Claude Code's sandbox starts on Linux, fetched without root and without a change to the machine.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use cc_core::IoError;

use super::debian::{self, release};
use super::fetch::{PeerError, fetched_once};

/// The programs, and the Debian packages of the same rank that bring them.
const PROGRAMS: [&str; 2] = ["bwrap", "socat"];
const PACKAGES: [&str; 2] = ["bubblewrap", "socat"];

/// The directory that holds `bwrap` and `socat`: unpacked from the distribution's packages, or links to
/// those of the machine where that has no `apt-get` or the packages cannot be fetched.
///
/// # Errors
/// When neither works, with what to install.
pub fn sandbox_programs() -> Result<PathBuf, PeerError> {
    let is_there = |dir: &Path| {
        let bin = dir.join("bin");
        let all = PROGRAMS.iter().all(|program| bin.join(program).exists());
        all.then_some(bin)
    };
    // Packages of one release do not run on another, and a checkout may be used by several.
    let name = format!("sandbox-{}", release());
    fetched_once(&name, is_there, |fresh| Machine::this().bring(fresh))
}

/// What a machine can bring the programs from.
struct Machine {
    /// Options of `apt-get` beside ours.
    apt_options: Vec<String>,
    /// Where it has its own programs.
    dirs: Vec<PathBuf>,
}

impl Machine {
    fn this() -> Self {
        Self {
            apt_options: Vec::new(),
            dirs: ["/usr/bin", "/bin", "/usr/local/bin"]
                .map(PathBuf::from)
                .into(),
        }
    }

    /// Makes `bin` in `fresh`.
    fn bring(&self, fresh: &Path) -> Result<(), PeerError> {
        let Err(error) = unpack_packages(fresh, &self.apt_options) else {
            return Ok(());
        };
        let bin = fresh.join("bin");
        remake_dir(&bin)?;
        for program in PROGRAMS {
            let mut own = self.dirs.iter().map(|dir| dir.join(program));
            let Some(own) = own.find(|own| own.exists()) else {
                return Err(PeerError::SandboxPrograms {
                    install: install_command(),
                    reason: error.to_string(),
                });
            };
            let link = bin.join(program);
            symlink(own, &link).map_err(IoError::at("link", &link))?;
        }
        Ok(())
    }
}

/// Unpacks the packages, and makes `bin` from them.
fn unpack_packages(fresh: &Path, further_options: &[String]) -> Result<(), PeerError> {
    debian::unpack(fresh, &PACKAGES, further_options)?;
    PROGRAMS
        .into_iter()
        .try_for_each(|program| write_starter(fresh, program))
}

/// Makes `bin/PROGRAM`, which starts the unpacked one.
fn write_starter(fresh: &Path, program: &str) -> Result<(), PeerError> {
    let bin = fresh.join("bin");
    fs::create_dir_all(&bin).map_err(IoError::at("create directory", &bin))?;
    let starter = bin.join(program);
    let unpacked = format!("../root/usr/bin/{program}");
    // A sandboxed command inherits the environment of bwrap, whose libraries every Debian has.
    if program == "bwrap" {
        return Ok(symlink(unpacked, &starter).map_err(IoError::at("link", &starter))?);
    }
    let script = format!(
        "#!/bin/sh\n\
         here=$(dirname \"$(readlink -f \"$0\")\")\n\
         libraries=$(printf '%s:' \"$here\"/../root/usr/lib/*/ \"$here\"/../root/lib/*/)\n\
         LD_LIBRARY_PATH=$libraries$LD_LIBRARY_PATH exec \"$here/{unpacked}\" \"$@\"\n"
    );
    cc_executable::write(&starter, script);
    Ok(())
}

fn remake_dir(dir: &Path) -> Result<(), PeerError> {
    if dir.exists() {
        fs::remove_dir_all(dir).map_err(IoError::at("remove", dir))?;
    }
    Ok(fs::create_dir_all(dir).map_err(IoError::at("create directory", dir))?)
}

/// The command that installs both programs here.
fn install_command() -> String {
    const INSTALLERS: [(&str, &str); 5] = [
        ("apt-get", "sudo apt-get install -y"),
        ("dnf", "sudo dnf install -y"),
        ("pacman", "sudo pacman -S --noconfirm"),
        ("zypper", "sudo zypper install -y"),
        ("apk", "sudo apk add"),
    ];
    let is_here = |program: &str| {
        let mut dirs = ["/usr/bin", "/sbin", "/bin"].iter();
        dirs.any(|dir| Path::new(dir).join(program).exists())
    };
    let found = INSTALLERS.iter().find(|(program, _)| is_here(program));
    match found {
        Some((_, command)) => format!("{command} {}", PACKAGES.join(" ")),
        None => format!("the packages {}", PACKAGES.join(" and ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fetch::{run, tool};
    use super::*;

    #[test]
    fn both_programs_start_and_are_not_the_machines_own_where_packages_can_be_fetched() {
        let bin = sandbox_programs().unwrap();
        for (program, version) in PROGRAMS.into_iter().zip(["--version", "-V"]) {
            run(
                program,
                "the program",
                tool(&bin.join(program).to_string_lossy()).arg(version),
            )
            .unwrap();
        }
        if is_debian() {
            let unpacked = bin.join("bwrap").canonicalize().unwrap();
            let peers = super::super::fetch::peers_dir().canonicalize().unwrap();
            assert!(unpacked.starts_with(peers), "{}", unpacked.display());
        }
    }
    /// A machine whose packages come from a server that does not answer.
    fn cut_off(dir: &Path) -> Machine {
        let sources = dir.join("sources.list");
        fs::write(&sources, "deb http://127.0.0.1:9/none stable main\n").unwrap();
        Machine {
            apt_options: vec![
                format!("Dir::Etc::SourceList={}", sources.display()),
                "Dir::Etc::SourceParts=/dev/null".to_owned(),
                "Acquire::Retries=0".to_owned(),
            ],
            dirs: vec![dir.join("bin")],
        }
    }

    #[test]
    fn where_packages_cannot_be_fetched_the_machines_own_are_taken() {
        let dir = tempfile::tempdir().unwrap();
        let (machine, fresh) = (cut_off(dir.path()), dir.path().join("fresh"));
        fs::create_dir(&machine.dirs[0]).unwrap();
        for program in PROGRAMS {
            fs::write(machine.dirs[0].join(program), program).unwrap();
        }
        machine.bring(&fresh).unwrap();
        for program in PROGRAMS {
            let found = fs::read_to_string(fresh.join("bin").join(program)).unwrap();
            assert_eq!(found, program);
        }
    }

    #[test]
    fn where_there_are_none_either_the_error_says_what_to_install_and_why() {
        let dir = tempfile::tempdir().unwrap();
        let fresh = dir.path().join("fresh");
        let error = cut_off(dir.path()).bring(&fresh).unwrap_err().to_string();
        let (first, reason) = error.split_once('\n').unwrap();
        let install = first.strip_prefix("the tests need bubblewrap and socat; install them: ");
        assert_eq!(install, Some(install_command().as_str()), "{error}");
        assert!(
            reason.contains("cannot install bubblewrap and socat: `apt-get`"),
            "{error}"
        );
    }

    fn is_debian() -> bool {
        Path::new("/usr/bin/apt-get").exists()
    }
}
