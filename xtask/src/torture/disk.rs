//! Too little room: a limit on the size of files, or a disk of its own that is full at times.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cc_tests::Sandbox;
use cc_tests::sandbox::Cmd;

/// The size of the disk, in KiB.
const DISK: usize = 1_024;

/// Too little room for the product's data.
pub(super) enum Shortage {
    /// None.
    No,
    /// No file of the calls and of what they start may be larger than so many blocks of 512 bytes; a write
    /// beyond that is an error, or a signal that ends the program.
    FileSize {
        /// The limit.
        blocks: u32,
        /// Whether it is a signal.
        kills: bool,
    },
    /// The product's data is on a small disk.
    Disk(Disk),
}

/// A small disk in memory, gone when this is dropped.
pub(super) struct Disk {
    at: PathBuf,
}

impl Shortage {
    /// A command under the limit, if there is one.
    pub(super) fn limit<'a>(&self, sandbox: &'a Sandbox, args: &[&str]) -> Cmd<'a> {
        let Self::FileSize { blocks, kills } = self else {
            return sandbox.cc(args);
        };
        let trap = if *kills { "" } else { "trap '' XFSZ; " };
        let script = format!("{trap}ulimit -c 0; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let shell = sandbox.command(Path::new("/bin/sh"));
        let shell = shell
            .args(["-c", &script])
            .args([sandbox.product_file("cc-cli")]);
        shell.args(args)
    }
}

impl Disk {
    /// Puts the data of a sandbox on a disk of its own; `None` where that is not permitted.
    pub(super) fn mount(sandbox: &Sandbox) -> Option<Self> {
        let at = sandbox.data_dir().root().to_owned();
        cc_core::fs::create_private_dir(&at).ok()?;
        let size = format!("size={DISK}k,mode=700");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "cc-torture"])
            .arg(&at)
            .stderr(Stdio::null())
            .status();
        mount
            .is_ok_and(|status| status.success())
            .then_some(Self { at })
    }

    /// Takes all room but so many KiB.
    pub(super) fn fill(&self, left: usize) {
        self.free();
        let Ok(mut filler) = fs::File::create(self.filler()) else {
            return;
        };
        let mut room = DISK.saturating_sub(left);
        // The rest of the disk is taken already.
        while room > 0 && filler.write_all(&[0; 1_024]).is_ok() {
            room -= 1;
        }
    }

    /// Gives all room back.
    pub(super) fn free(&self) {
        let _ = fs::remove_file(self.filler());
    }

    fn filler(&self) -> PathBuf {
        self.at.join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}
