//! What the processes of this machine have in use: mounts, and locks of Git's.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::Stat;

/// The most that is read of one list of mounts.
const LIST: u64 = 1 << 20;

/// How often is looked for the holder of a lock, and the time in between.
const LOOKS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);

/// Where something is mounted, in any sandbox that we can see; looked at once, when first asked.
#[derive(Default)]
pub(super) struct Mounts(OnceCell<HashSet<PathBuf>>);

impl Mounts {
    /// Whether something is mounted over `path` itself.
    pub(super) fn cover(&self, path: &Path) -> bool {
        self.0.get_or_init(mount_points).contains(path)
    }
}

fn mount_points() -> HashSet<PathBuf> {
    let mut points = HashSet::new();
    let mut seen = HashSet::new();
    for process in processes() {
        let is_new = fs::read_link(process.join("ns/mnt")).is_ok_and(|it| seen.insert(it));
        let mut list = Vec::new();
        if is_new && let Ok(file) = File::open(process.join("mountinfo")) {
            let _ = file.take(LIST).read_to_end(&mut list);
        }
        let point = |line: &[u8]| line.split(|byte| *byte == b' ').nth(4).map(unescaped);
        points.extend(list.split(|byte| *byte == b'\n').filter_map(point));
    }
    points
}

/// A path as the kernel writes it: white space and backslashes as three octal digits.
fn unescaped(text: &[u8]) -> PathBuf {
    let mut path = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| first == b'\\');
        let byte = digits.and_then(|it| u8::from_str_radix(str::from_utf8(it).ok()?, 8).ok());
        path.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[3..] } else { after };
    }
    OsString::from_vec(path).into()
}

/// Whether the process that made a lock of Git's in a repository at `roots` is certainly gone.
///
/// Git may close a lock and still hold it, as while somebody edits a commit's message. So no process may
/// have it open, and none of Git's may work in the repository. Where no processes can be seen, as
/// elsewhere than on Linux, nothing is certain.
pub(super) fn is_abandoned(lock: &Path, stat: &Stat, roots: &[&Path]) -> bool {
    // Those of Git's that were there at each look: whoever made the lock was, while others come and go without end on
    // a machine that is used, in somebody else's sandbox or container too.
    let mut may_hold: Option<Vec<PathBuf>> = None;
    let mut looks = 0..LOOKS;
    is_local(lock)
        && looks.any(|look| {
            if look > 0 {
                thread::sleep(PAUSE);
            }
            let mut all: Vec<PathBuf> = processes().collect();
            if all.is_empty() || all.iter().any(|process| has(process, stat)) {
                return false;
            }
            all.retain(|process| may_hold.as_ref().is_none_or(|it| it.contains(process)));
            all.retain(|process| is_git_in(process, roots));
            may_hold.insert(all).is_empty()
        })
}

/// Whether a file's holders are all on this machine: no other one can have its file system.
fn is_local(file: &Path) -> bool {
    // Of each file system that a program of ours makes a directory of: ext, xfs, btrfs, tmpfs, overlay, zfs.
    const LOCAL: [u64; 6] = [
        0xEF53,
        0x5846_5342,
        0x9123_683E,
        0x0102_1994,
        0x794C_7630,
        0x2FC1_2FC1,
    ];
    // A number of 32 bits, whose type differs between systems.
    rustix::fs::statfs(file).is_ok_and(|found| LOCAL.contains(&(found.f_type as u64 & 0xFFFF_FFFF)))
}

/// Whether a process is one of Git's and may work at `roots`.
fn is_git_in(process: &Path, roots: &[&Path]) -> bool {
    let stat = fs::read(process.join("stat")).unwrap_or_default();
    let name = stat.iter().position(|byte| *byte == b'(');
    let end = stat.iter().rposition(|byte| *byte == b')');
    let (Some(name), Some(end)) = (name, end) else {
        return false;
    };
    let is_git = stat[name + 1..].starts_with(b"git") && stat.get(end + 2) != Some(&b'Z');
    is_git && works_in(process, roots)
}

fn works_in(process: &Path, roots: &[&Path]) -> bool {
    // The paths of another mount namespace, as of a container, say nothing here.
    let namespace = |process: &Path| fs::read_link(process.join("ns/mnt")).ok();
    if namespace(process) != namespace(Path::new("/proc/self")) {
        return true;
    }
    let cwd = match fs::read_link(process.join("cwd")) {
        Ok(cwd) => cwd,
        // Somebody else's process; one that has ended works nowhere.
        Err(error) => return error.kind() != io::ErrorKind::NotFound,
    };
    let is_ours = |dir: PathBuf| {
        let dir = dir.canonicalize().unwrap_or(dir);
        roots.iter().any(|root| dir.starts_with(root))
    };
    let shared = cc_git::top_level(&cwd).map(|root| cc_git::git_dirs(&root));
    told_dirs(process).any(|dir| is_ours(cwd.join(dir)))
        || shared.into_iter().flatten().any(is_ours)
        || is_ours(cwd)
}

/// The repositories that Git was told, other than the one that it was started in.
fn told_dirs(process: &Path) -> impl Iterator<Item = PathBuf> {
    let words = |name: &str| -> Vec<Vec<u8>> {
        let text = fs::read(process.join(name)).unwrap_or_default();
        text.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
    };
    let args = words("cmdline");
    let next = args
        .iter()
        .position(|arg| arg == b"--git-dir")
        .and_then(|at| args.get(at + 1).cloned());
    let given = args.into_iter().chain(words("environ")).filter_map(|word| {
        let dir = word.strip_prefix(b"--git-dir=");
        Some(dir.or(word.strip_prefix(b"GIT_DIR="))?.to_vec())
    });
    next.into_iter()
        .chain(given)
        .map(|dir| OsString::from_vec(dir).into())
}

fn has(process: &Path, file: &Stat) -> bool {
    let open = fs::read_dir(process.join("fd")).into_iter().flatten();
    let is_file = |found: Stat| (found.st_dev, found.st_ino) == (file.st_dev, file.st_ino);
    open.flatten()
        .any(|fd| rustix::fs::stat(fd.path()).is_ok_and(is_file))
}

/// The directory of each process.
fn processes() -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let is_process = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
    };
    entries.map(|entry| entry.path()).filter(is_process)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stands_as_it_is_in_the_kernels_list() {
        let check = |text: &str, path: &str| {
            assert_eq!(unescaped(text.as_bytes()), Path::new(path));
        };
        check("/a/.git", "/a/.git");
        check(r"/a\040b/c\134d", r"/a b/c\d");
        check(r"/a\04", r"/a\04");
        check(r"/a\999", r"/a\999");
    }
}
