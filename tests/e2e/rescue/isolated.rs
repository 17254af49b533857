//! Work trees of their own: what becomes of them when something comes in between.

use std::fs;
use std::path::Path;

use cc_tests::Sandbox;
use cc_tests::fake::Scenario;

fn answering() -> Sandbox {
    Sandbox::fake(&Scenario::says("Done.")).with_change()
}

#[test]
fn without_a_commit_it_says_what_to_do() {
    let sandbox = Sandbox::fake(&Scenario::says("Done."));
    let args = ["rescue", "--isolated", "--no-sandbox", "task"];
    let refused = sandbox.cc(args).run().exits(2);
    assert!(refused.stderr.contains("make a first one"), "{refused}");
    assert!(!refused.stderr.contains("--scope"), "{refused}");
}

#[test]
#[cfg(target_os = "linux")]
fn names_of_any_bytes_are_no_obstacle() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let odd = OsStr::from_bytes(b"ba\xffd");
    let rescues = |sandbox: &Sandbox, cwd: &Path, data: &Path| {
        for how in ["--read-only", "--write", "--isolated"] {
            let args = ["rescue", "--no-sandbox", "--json", how, "task"];
            let args = args.into_iter().filter(|arg| *arg != "--write");
            let args = args.filter(|arg| how != "--read-only" || *arg != "--no-sandbox");
            let report = sandbox.cc(args).cwd(cwd).run().success().json();
            if how != "--isolated" {
                continue;
            }
            let job = report["jobId"].as_str().unwrap();
            let mut trees = fs::read_dir(data.join("worktrees")).unwrap();
            let tree = trees.next().unwrap().unwrap().path();
            fs::write(tree.join("new"), "n\n").unwrap();
            sandbox.cc(["apply", job]).cwd(cwd).run().success();
            assert_eq!(fs::read(cwd.join("new")).unwrap(), b"n\n");
            sandbox.cc(["discard", job]).cwd(cwd).run().success();
            assert!(!tree.exists());
        }
    };

    let sandbox = answering();
    fs::create_dir(sandbox.repo().join(".claude")).unwrap();
    fs::write(sandbox.repo().join(".claude").join(odd), "").unwrap();
    rescues(&sandbox, &sandbox.repo(), sandbox.data_dir().root());
    assert!(sandbox.repo().join(".claude").join(odd).exists());

    let sandbox = answering();
    let repo = sandbox.root().join(odd);
    fs::rename(sandbox.repo(), &repo).unwrap();
    rescues(&sandbox, &repo, sandbox.data_dir().root());

    let mut sandbox = answering();
    let home = sandbox.root().join(odd);
    fs::create_dir(&home).unwrap();
    sandbox.set_env("CODEX_HOME", &home);
    let data = home.join("plugins/data/cc");
    rescues(&sandbox, &sandbox.repo(), &data);
}
