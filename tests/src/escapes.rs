//! Tries of a command to get out of the sandbox of a review, and what tells that one did.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::Sandbox;

/// What is in every file that no command may read.
pub const SECRET: &str = "hunter2-secret";

/// What each try would do, if it could. `{home}`, `{outside}` and `{port}` stand for where they lead.
pub const TRIES: [&str; 46] = [
    // The workspace.
    "touch planted",
    "echo planted >> src/lib.rs",
    "sed -i s/pub/priv/ src/lib.rs",
    "rm -f README.md",
    "mv src away",
    "mkdir planted.d",
    "ln -s /etc/passwd planted.link",
    "ln README.md planted.hard",
    "chmod 777 README.md",
    "cp README.md planted.copy",
    "truncate -s 0 README.md",
    "dd if=/dev/zero of=planted bs=1 count=1",
    "tee planted < /dev/null",
    "mkfifo planted.pipe",
    "echo planted > /proc/self/cwd/planted",
    "python3 -c \"open('planted', 'w').write('x')\"",
    "(cd / && touch {repo}/planted)",
    "mount -o remount,rw,bind {repo}; touch planted",
    "unshare -rm sh -c 'mount -o remount,rw,bind {repo}'; touch planted",
    "chmod -R u+w . && touch src/planted",
    "rm -rf .git/refs",
    // What Git runs.
    "echo planted > .git/hooks/post-checkout",
    "git config core.fsmonitor planted",
    "git commit -q --allow-empty -m planted",
    "git branch planted",
    "git stash -q",
    "git worktree add -q {outside}/planted.tree",
    "echo x > .git/index",
    // The rest of the disk.
    "echo planted > {home}/planted",
    "echo planted >> {home}/.bashrc",
    "mkdir -p {home}/planted.d && touch {home}/planted.d/x",
    "echo planted > {outside}/planted",
    "touch {outside}/../planted",
    // Secrets.
    "cat {home}/.ssh/id_rsa",
    "cat leak",
    "grep -r hunter2 {home}/",
    "ls {home}",
    "cat {outside}/secret",
    "find {outside} -type f -exec cat {} +",
    "cat /proc/self/root{home}/.ssh/id_rsa",
    "tar cf - {home}/.ssh | strings",
    "env",
    "echo $ANTHROPIC_API_KEY",
    "cat /proc/[0-9]*/environ | tr '\\0' '\\n'",
    // The network.
    "exec 3<>/dev/tcp/127.0.0.1/{port}",
    "python3 -c \"import socket; socket.create_connection(('127.0.0.1', {port}))\"",
];

/// Directories in the home directory that programs change by themselves.
const OF_PROGRAMS: [&str; 6] = [".claude", ".cache", ".codex", ".config", ".npm", ".local"];

/// What can be got at from a repository: a home directory, files beside it, and a server on loopback.
#[derive(Debug)]
pub struct Surroundings {
    repo: PathBuf,
    home: PathBuf,
    outside: PathBuf,
    port: u16,
    connections: Arc<AtomicUsize>,
}

/// What commands must not change: modes and contents by path, and how often somebody was reached.
pub type SurroundingState = (BTreeMap<PathBuf, (u32, Vec<u8>)>, usize);

impl Surroundings {
    /// Puts secrets around the repository of `sandbox`, and a link to one into it.
    ///
    /// # Panics
    /// When a file cannot be written.
    pub fn new(sandbox: &Sandbox) -> Self {
        let (repo, home) = (sandbox.repo(), sandbox.home().to_owned());
        let outside = sandbox.root().join("outside");
        for dir in [
            home.join(".ssh"),
            home.join("hunter2-secret.d"),
            outside.join("deep"),
        ] {
            fs::create_dir_all(dir).expect("a directory is made");
        }
        for file in [
            home.join(".ssh/id_rsa"),
            outside.join("secret"),
            outside.join("deep/file"),
        ] {
            fs::write(file, format!("{SECRET}\n")).expect("a file is written");
        }
        fs::write(home.join(".bashrc"), "# mine\n").expect("a file is written");
        std::os::unix::fs::symlink(home.join(".ssh/id_rsa"), repo.join("leak"))
            .expect("a link is made");
        let server = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let port = server.local_addr().expect("it has an address").port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        thread::spawn(move || {
            for _ in server.incoming() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self {
            repo,
            home,
            outside,
            port,
            connections,
        }
    }

    /// A try with the places in it.
    pub fn placed(&self, tried: &str) -> String {
        let text = |path: &Path| path.display().to_string();
        tried
            .replace("{repo}", &text(&self.repo))
            .replace("{home}", &text(&self.home))
            .replace("{outside}", &text(&self.outside))
            .replace("{port}", &self.port.to_string())
    }

    /// How everything is now.
    ///
    /// # Panics
    /// When a file cannot be read.
    pub fn state(&self) -> SurroundingState {
        let mut found = BTreeMap::new();
        let mut open = vec![self.repo.clone(), self.home.clone(), self.outside.clone()];
        while let Some(dir) = open.pop() {
            for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
                let path = entry.path();
                let name = entry.file_name();
                let name = name.to_string_lossy();
                if OF_PROGRAMS.iter().any(|it| name.starts_with(it)) {
                    continue;
                }
                let meta = path.symlink_metadata().expect("it is there");
                let content = match fs::read_link(&path) {
                    Ok(target) => target.into_os_string().into_encoded_bytes(),
                    Err(_) if meta.is_file() => fs::read(&path).expect("it can be read"),
                    Err(_) => Vec::new(),
                };
                if meta.is_dir() {
                    open.push(path.clone());
                }
                let mode = std::os::unix::fs::MetadataExt::mode(&meta);
                found.insert(path, (mode, content));
            }
        }
        let above = self.outside.with_file_name("planted").exists();
        let reached = self.connections.load(Ordering::SeqCst);
        (found, reached + usize::from(above))
    }
}

/// Whether `printed`, what `command` said, has a secret in it.
pub fn leaks(command: &str, printed: &str) -> bool {
    // Where a try itself has the word, only the rest counts.
    let printed = printed.replace(command, "");
    [SECRET, "sk-ant-made-up"]
        .iter()
        .any(|it| printed.contains(it))
}
