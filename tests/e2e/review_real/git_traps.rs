//! Programs that a repository would have run by Git commands that only read.
//!
//! Every trap is proven by a plain Git that springs it.

use std::fs;
use std::path::{Path, PathBuf};

use cc_tests::{Block, MessagesApi, Sandbox, Turn};
use serde_json::json;

/// What has Claude read a repository.
const CALLS: [&[&str]; 2] = [&["review"], &["rescue", "--read-only", "look"]];

/// A repository with a trap in it.
struct Trap {
    sandbox: Sandbox,
    api: MessagesApi,
}

impl Trap {
    /// Two commits and a change that is not committed.
    fn new() -> Self {
        let api = MessagesApi::start([]);
        let sandbox = Sandbox::real(&api);
        sandbox.write("f", "one\n");
        sandbox.commit("one");
        sandbox.write("f", "two\n");
        sandbox.commit("two");
        sandbox.write("f", "three\n");
        Self { sandbox, api }
    }

    fn mark(&self) -> PathBuf {
        self.sandbox.root().join("sprung")
    }

    /// A program that leaves the mark, and is a filter all the same.
    fn program(&self) -> String {
        let path = self.sandbox.root().join("trap");
        let script = format!("#!/bin/sh\ntouch '{}'\ncat\n", self.mark().display());
        cc_executable::write(&path, script);
        path.display().to_string()
    }

    fn config(&self, key: &str, value: &str) {
        self.sandbox.git(["config", key, value]);
    }

    fn git_dir(&self) -> PathBuf {
        self.sandbox.repo().join(".git")
    }

    /// Makes the files look edited, so that Git has to read them.
    fn touch(&self, path: &str) {
        let path = self.sandbox.repo().join(path);
        let content = fs::read(&path).unwrap();
        fs::write(&path, content).unwrap();
    }

    /// Has the model of every call that only reads ask all that there is to ask; nothing happens. Then plain
    /// Git runs `commands`, each on its own, and falls into the trap at least once.
    #[track_caller]
    fn holds(&self, commands: &[&str], prepare: impl Fn(&Self)) {
        for call in CALLS {
            prepare(self);
            let _ = fs::remove_file(self.mark());
            let lookups = lookups();
            let expected = lookups.len();
            self.api
                .push([Turn::blocks(lookups), Turn::text("Looked.")]);
            self.sandbox.cc(call).run().success();
            assert!(!self.mark().exists(), "{call:?} ran a program");
            let results = self.api.requests().pop().unwrap().tool_results();
            assert_eq!(results.len(), expected);
            // One asks for the status, which every repository has.
            let has_status = results.iter().any(|it| it.contains("## main"));
            assert!(has_status, "{results:?}");
        }
        self.is_a_trap(commands, prepare);
    }

    #[track_caller]
    fn is_a_trap(&self, commands: &[&str], prepare: impl Fn(&Self)) {
        for command in commands {
            prepare(self);
            let words: Vec<&str> = command.split(' ').skip(1).collect();
            let _ = self.sandbox.try_git(&self.sandbox.repo(), words);
        }
        assert!(self.mark().exists(), "plain git springs no trap");
    }
}

/// Calls of every tool of the Git server.
fn lookups() -> Vec<Block> {
    let git = |tool: &str, input| Block::tool(format!("mcp__git__{tool}"), input);
    vec![
        git("status", json!({})),
        git("diff", json!({})),
        git("diff", json!({"from": "HEAD~1"})),
        git("diff", json!({"from": "HEAD~1", "to": "HEAD"})),
        git("diff", json!({"paths": ["s"]})),
        git("log", json!({"stat": true, "contains": "two"})),
        git("show", json!({})),
        git("show", json!({"path": "f"})),
        git("blame", json!({"path": "f"})),
        git("grep", json!({"pattern": "t"})),
        git("ls-files", json!({"untracked": true})),
    ]
}

#[test]
fn nothing_looks_at_signatures() {
    let trap = Trap::new();
    let commit = trap.sandbox.git(["cat-file", "commit", "HEAD"]);
    let (header, message) = commit.split_once("\n\n").unwrap();
    let signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ\n -----END PGP SIGNATURE-----\n";
    let signed = trap.sandbox.root().join("signed");
    fs::write(&signed, format!("{header}\n{signature}\n\n{message}\n")).unwrap();
    let write = ["hash-object", "-t", "commit", "-w", "--literally"];
    let id = trap
        .sandbox
        .git(write.into_iter().chain([signed.to_str().unwrap()]));
    trap.sandbox.git(["update-ref", "HEAD", id.trim()]);
    trap.config("gpg.program", &trap.program());
    trap.config("log.showSignature", "true");
    trap.holds(&["git log -1", "git show HEAD", "git log -p -1"], |_| {});
    trap.config("log.showSignature", "false");
    trap.config("format.pretty", "%H %G?");
    trap.holds(&["git log -1", "git show HEAD"], |_| {});
}

#[test]
fn nothing_is_fetched() {
    let trap = Trap::new();
    let blob = trap.sandbox.git(["rev-parse", "HEAD~1:f"]);
    let (dir, name) = blob.trim().split_at(2);
    fs::remove_file(trap.git_dir().join("objects").join(dir).join(name)).unwrap();
    trap.config("core.repositoryformatversion", "1");
    trap.config("extensions.partialClone", "origin");
    trap.config("remote.origin.url", "ssh://nowhere.invalid/x");
    trap.config("remote.origin.promisor", "true");
    let ssh = format!("sh -c 'touch {}; exit 1' #", trap.mark().display());
    trap.config("core.sshCommand", &ssh);
    trap.holds(&["git show HEAD", "git log -p", "git diff HEAD~1"], |_| {});
}

/// A submodule `s` at its first commit.
fn with_submodule() -> Trap {
    let trap = Trap::new();
    let other = trap.sandbox.root().join("other");
    fs::create_dir(&other).unwrap();
    let git = |args: &[&str]| trap.sandbox.git_in(&other, args.iter().copied());
    git(&["init", "-q", "-b", "main"]);
    fs::write(other.join("g"), "one\n").unwrap();
    git(&["add", "g"]);
    git(&["commit", "-q", "-m", "one"]);
    let other = other.to_str().unwrap();
    let add = [
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        other,
        "s",
    ];
    trap.sandbox.git(add);
    trap.sandbox.git(["commit", "-q", "-m", "a submodule"]);
    trap
}

#[test]
fn no_git_starts_in_a_submodule() {
    let trap = with_submodule();
    let inside = trap.git_dir().join("modules/s");
    let config = inside.join("config");
    let set = |key: &str, value: &str| {
        let config = config.to_str().unwrap();
        trap.sandbox.git(["config", "-f", config, key, value]);
    };
    set("filter.x.clean", &trap.program());
    fs::create_dir_all(inside.join("info")).unwrap();
    fs::write(inside.join("info/attributes"), "* filter=x\n").unwrap();
    let touch = |trap: &Trap| trap.touch("s/g");
    trap.holds(&["git status", "git diff"], touch);
    let into_it = "git status --ignore-submodules=none";
    trap.holds(&[into_it, "git describe --always --dirty"], touch);
    trap.config("submodule.s.ignore", "none");
    trap.holds(&["git status", "git diff", "git diff HEAD -- s"], touch);
}

#[test]
fn no_diff_of_a_submodule_is_made() {
    let trap = with_submodule();
    let config = trap.git_dir().join("modules/s/config");
    let config = config.to_str().unwrap();
    let external = ["config", "-f", config, "diff.external", &trap.program()];
    trap.sandbox.git(external);
    let inside = trap.sandbox.repo().join("s");
    fs::write(inside.join("g"), "two\n").unwrap();
    trap.sandbox
        .git_in(&inside, ["commit", "-q", "-a", "-m", "two"]);
    trap.config("diff.submodule", "diff");
    trap.config("submodule.s.ignore", "dirty");
    trap.holds(&["git diff"], |_| {});
}

#[test]
fn a_repository_that_looks_like_none_is_one_or_none_for_claude_too() {
    let trap = Trap::new();
    trap.sandbox.git(["pack-refs", "--all"]);
    let refs = trap.git_dir().join("refs");
    fs::remove_dir_all(&refs).unwrap();
    cc_executable::write(&refs, "");
    trap.config("filter.x.clean", &trap.program());
    trap.sandbox.write(".gitattributes", "* filter=x\n");
    let touch = |trap: &Trap| trap.touch("f");
    for call in CALLS {
        touch(&trap);
        let turns = [Turn::blocks(lookups()), Turn::text("Looked.")];
        trap.api.push(turns);
        // It may well be refused.
        drop(trap.sandbox.cc(call).run());
        assert!(!trap.mark().exists(), "{call:?} ran a program");
    }
    trap.is_a_trap(&["git status", "git diff"], touch);
}

#[test]
fn outside_of_a_repository_claude_finds_none_either() {
    let trap = Trap::new();
    // Git takes a directory with these for a repository without a work tree.
    let bare = trap.sandbox.root().join("bare");
    copy(&trap.git_dir(), &bare);
    let config = bare.join("config");
    let config = config.to_str().unwrap();
    trap.sandbox
        .git(["config", "-f", config, "core.bare", "true"]);
    trap.api.push([
        Turn::tool("mcp__git__log", json!({})),
        Turn::text("Looked."),
    ]);
    let call = trap.sandbox.cc(["rescue", "--read-only", "look"]);
    call.cwd(&bare).run().success();
    let result = trap.api.requests().pop().unwrap().tool_results().remove(0);
    assert!(!result.contains("two"), "{result}");
    let plain = trap.sandbox.git_in(&bare, ["log", "-1"]);
    assert!(plain.contains("two"), "{plain}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => {
                fs::copy(entry.path(), to).unwrap();
            }
        }
    }
}
