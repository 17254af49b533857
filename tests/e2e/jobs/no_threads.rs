//! The system allows a user no more processes and threads (`ulimit -u`).

use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cc_tests::Sandbox;
use cc_tests::sandbox::Output;

use super::answering;

/// How long a call may take: nothing waits for a thread that cannot be started.
const LONGEST: Duration = Duration::from_secs(300);

/// Runs a program as somebody else.
const SETPRIV: &str = "/usr/bin/setpriv";

/// A user who runs nothing else.
struct Fresh(u32);

impl Fresh {
    /// A user whom nobody is, where we may become one.
    fn find() -> Option<Self> {
        let runs = |uid: u32| {
            let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
            let mut owners = entries.filter_map(|entry| Some(entry.metadata().ok()?.uid()));
            owners.any(|owner| owner == uid)
        };
        let user = (64_300 + std::process::id() % 500..).find(|&uid| !runs(uid));
        let user = user.map(Self)?;
        let set = Command::new(SETPRIV)
            .args(user.flags())
            .arg("true")
            .status();
        set.is_ok_and(|status| status.success()).then_some(user)
    }

    /// The arguments of `setpriv`.
    fn flags(&self) -> [String; 4] {
        let uid = self.0;
        [
            format!("--reuid={uid}"),
            format!("--regid={uid}"),
            "--clear-groups".to_owned(),
            "prlimit".to_owned(),
        ]
    }

    /// Gives the sandbox to this user, with a copy of the product, but no other program: others have links to
    /// the same files.
    fn own(&self, sandbox: &mut Sandbox) {
        let product = sandbox.root().join("product");
        std::fs::create_dir(&product).unwrap();
        let copied = Command::new("cp")
            .arg(sandbox.product_file("cc-cli"))
            .arg(&product)
            .status();
        assert!(copied.unwrap().success());
        sandbox.use_binaries(&product);
        let mut all = vec![sandbox.root().to_owned(), sandbox.bin()];
        while let Some(path) = all.pop() {
            let is_dir = path.symlink_metadata().unwrap().is_dir();
            if is_dir || path.parent() != Some(&*sandbox.bin()) || is_note(&path) {
                lchown(&path, Some(self.0), Some(self.0)).unwrap();
            }
            if is_dir {
                let entries = std::fs::read_dir(&path).unwrap();
                all.extend(entries.map(|entry| entry.unwrap().path()));
            }
        }
    }

    /// Whether this user may run what is in `bin` of the sandbox: not where the checkout lies in somebody's home.
    fn reaches(&self, sandbox: &Sandbox) -> bool {
        let mut test = Command::new(SETPRIV);
        test.args(self.flags()).args(["test", "-x"]);
        let found = test.arg(sandbox.bin().join("claude")).status();
        found.is_ok_and(|status| status.success())
    }

    /// Runs `cc-cli` as this user, who may have so many processes and threads.
    fn run(&self, sandbox: &Sandbox, most: u32, args: &[&str]) -> Output {
        let command = sandbox.command(Path::new(SETPRIV)).args(self.flags());
        let command = command.args([format!("--nproc={most}")]);
        let command = command.args([sandbox.product_file("cc-cli")]);
        command.args(args).timeout(LONGEST).run()
    }
}

/// Whether a file is what the scripted Claude reads or writes.
fn is_note(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("fake-claude.")
}

#[test]
fn without_room_for_another_process_or_thread_that_is_said() {
    let mut sandbox = answering();
    let Some(user) = Fresh::find() else {
        eprintln!("not tested: only root can run a program as a user who runs nothing else");
        return;
    };
    user.own(&mut sandbox);
    if !user.reaches(&sandbox) {
        eprintln!("not tested: another user cannot read this checkout");
        return;
    }
    for most in [1, 2, 3, 5, 6, 7, 8, 9, 10, 12, 14, 18] {
        for args in [
            &["status"][..],
            &["scope"],
            &["review"],
            &["rescue", "--read-only", "Look."],
        ] {
            let output = user.run(&sandbox, most, args);
            let is_clear = match output.code() {
                Some(0) => true,
                Some(1..=4) => output.stderr.contains("error: "),
                _ => false,
            };
            assert!(is_clear, "{most}: {args:?}: {output}");
            assert!(
                !output.stderr.contains("panicked"),
                "{most}: {args:?}: {output}"
            );
            // The processes of the job count for the next call.
            sandbox.wait_quiet(LONGEST);
        }
    }
    user.run(&sandbox, 200, &["review"]).success();
    let records = sandbox.records();
    assert!(
        records
            .iter()
            .all(|record| record["completedAt"].is_string())
    );
}
