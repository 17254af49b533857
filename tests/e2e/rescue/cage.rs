//! What a rescue can plant for programs that run outside of its sandbox: nothing, by commands or by Claude's
//! own tools, in the newest version and the oldest.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_tests::peers::{self, CLAUDE, Peer};
use cc_tests::plants::{self, CONFIG, PLACES, WAYS};
use cc_tests::{Block, MessagesApi, Sandbox, Turn};
use serde_json::{Value, json};

use super::shell::as_plain_user;

/// How long a run with a hundred tries may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// A repository whose path has special characters, with a linked worktree and a submodule that is not there.
struct Lab {
    sandbox: Sandbox,
    api: MessagesApi,
    repo: PathBuf,
}

impl Lab {
    fn new(peer: Peer) -> Self {
        let api = MessagesApi::start([]);
        let sandbox = Sandbox::real_at(&peer.ensure().unwrap(), &api).with_change();
        let head = sandbox.git(["rev-parse", "HEAD"]);
        let link = format!("160000,{head},lib");
        sandbox.git(["update-index", "--add", "--cacheinfo", &link]);
        sandbox.git(["commit", "--quiet", "-m", "Link"]);
        let other = sandbox.root().join("other");
        sandbox.git(["worktree", "add", "--quiet", other.to_str().unwrap()]);
        sandbox.write("tools/watch", "#!/bin/sh\n");
        for [key, value] in CONFIG {
            sandbox.git(["config", key, value]);
        }
        let repo = sandbox.root().join("my [repo]");
        fs::rename(sandbox.repo(), &repo).unwrap();
        Self { sandbox, api, repo }
    }

    /// The same with a file of the user's in every place.
    fn full(peer: Peer) -> Self {
        let lab = Self::new(peer);
        for place in PLACES {
            let path = lab.repo.join(place);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if !path.exists() {
                fs::write(path, "mine\n").unwrap();
            }
        }
        // What Git reads must be right.
        for place in [".git/config.worktree", "team/git.config", "lib/.git"] {
            fs::write(lab.repo.join(place), "").unwrap();
        }
        lab
    }

    /// Runs a rescue in which Claude calls all tools of each turn; what each tool said.
    fn rescue(&self, turns: impl IntoIterator<Item = Vec<Block>>) -> (i32, Vec<String>) {
        let turns: Vec<_> = turns.into_iter().collect();
        let expected: usize = turns.iter().map(Vec::len).sum();
        self.api.push(turns.into_iter().map(Turn::blocks));
        self.api.push([Turn::text("Done.")]);
        let rescue = as_plain_user(&self.sandbox, &["rescue", "do it"]);
        let output = rescue.cwd(&self.repo).timeout(PATIENCE).run();
        let results = self.api.requests().pop().unwrap().tool_results();
        assert_eq!(results.len(), expected, "{output}\n{results:?}");
        let is_skipped = |it: &String| it.contains("parallel tool call");
        assert!(!results.iter().any(is_skipped), "not tried: {results:#?}");
        (output.status.code().unwrap(), results)
    }
}

fn bash(command: &str) -> Turn {
    Turn::blocks([command_block(command)])
}

fn command_block(command: &str) -> Block {
    Block::tool("Bash", json!({"command": command}))
}

fn write(file: &Path) -> Block {
    Block::tool("Write", json!({"file_path": file, "content": "planted\n"}))
}

#[test]
fn commands_plant_nothing() {
    for peer in peers::claudes() {
        for lab in [Lab::new(peer), Lab::full(peer)] {
            let more = [
                "mv .git .git2 && git init -q && echo planted > .git/hooks/post-checkout; echo tried",
                "rm -rf x.* away.* gone.* evil; echo made > made.txt; git add made.txt src && git commit -qm 'Do it' && git log -1 --format=%s",
            ];
            let commands = plants::commands().chain(more.map(str::to_owned));
            let dot_git = fs::metadata(lab.repo.join(".git")).unwrap().ino();
            let (code, said) = lab.rescue(commands.map(|it| vec![command_block(&it)]));
            let version = peer.version;
            let is_tried = |it: &&String| it.ends_with("tried");
            assert_eq!(
                said.iter().filter(is_tried).count(),
                WAYS.len() + 1,
                "{version}: {said:#?}"
            );
            assert_eq!(plants::planted(&lab.repo), [""; 0], "{version}");
            assert_eq!(
                fs::metadata(lab.repo.join(".git")).unwrap().ino(),
                dot_git,
                "{version}"
            );
            assert!(
                said.last().unwrap().ends_with("Do it"),
                "{version}: {said:#?}"
            );
            assert_eq!(code, 0, "{version}");
        }
    }
}

#[test]
fn claudes_own_tools_plant_nothing() {
    for peer in peers::claudes() {
        for lab in [Lab::new(peer), Lab::full(peer)] {
            let files = PLACES.map(|place| lab.repo.join(place));
            let edit = |file: &PathBuf| {
                let edit =
                    json!({"file_path": file, "old_string": "mine", "new_string": "planted"});
                Block::tool("Edit", edit)
            };
            let read = |file: &PathBuf| Block::tool("Read", json!({"file_path": file}));
            // Through links that a command made: to the file, and to its directory.
            let links = format!(
                "n=0; for p in {}; do n=$((n+1)); ln -s $p f.$n; ln -s $(dirname $p) d.$n; done; echo linked",
                PLACES.join(" ")
            );
            let through_links = files.iter().enumerate().flat_map(|(nth, file)| {
                let dir = lab.repo.join(format!("d.{}", nth + 1));
                let link = lab.repo.join(format!("f.{}", nth + 1));
                [link, dir.join(file.file_name().unwrap())]
            });
            let turns = [
                files.iter().map(|file| write(file)).collect(),
                files.iter().map(read).collect(),
                files.iter().map(edit).collect(),
                vec![write(&lab.repo.join("src/../.envrc"))],
                vec![command_block(&links)],
                through_links.map(|file| write(&file)).collect(),
                vec![write(&lab.repo.join("src/new.rs"))],
            ];
            let (code, said) = lab.rescue(turns);
            let version = peer.version;
            assert_eq!(plants::planted(&lab.repo), [""; 0], "{version}: {said:#?}");
            assert!(
                lab.repo.join("src/new.rs").exists(),
                "{version}: other files are written"
            );
            assert_eq!(code, 0, "{version}");
        }
    }
}

/// A world in which Claude runs one command; what it printed, and the job.
fn ran(peer: Peer, command: &str, prepare: impl FnOnce(&Sandbox)) -> (Sandbox, String, Value) {
    let api = MessagesApi::start([bash(command), Turn::text("Done.")]);
    let sandbox = Sandbox::real_at(&peer.ensure().unwrap(), &api).with_change();
    prepare(&sandbox);
    let _ = sandbox.cc(["rescue", "do it"]).run();
    let printed = api.requests().pop().unwrap().tool_results().remove(0);
    let record = sandbox.record();
    (sandbox, printed, record)
}

#[test]
fn what_cannot_be_closed_is_found_afterwards_and_fails_the_job() {
    let command = "mkdir .git/rebase-merge && echo 'exec x' > .git/rebase-merge/git-rebase-todo; \
                   echo ../x > .git/commondir";
    for peer in peers::claudes() {
        let (sandbox, printed, record) = ran(peer, command, |_| {});
        assert_eq!(record["failure"]["class"], "protected", "{printed}");
        let place = ".git/rebase-merge/git-rebase-todo";
        assert_eq!(record["result"]["protectedChanges"], json!([place]));
        let shown = sandbox.cc(["result"]).run();
        let told = shown.stdout.contains(place) && shown.stdout.contains("Look at these files");
        assert!(told, "{shown}");
        // Git is not led elsewhere: Claude Code removes that file, and so do we.
        assert_eq!(sandbox.git(["log", "-1", "--format=%s"]), "Add demo");
    }
}

#[test]
fn a_rebase_that_is_done_within_the_run_is_no_plant() {
    let command = "git stash -q && git switch -q -c topic && git commit -q --allow-empty -m A && \
                   git rebase -q --force-rebase main && echo rebased";
    let (_sandbox, printed, record) = ran(CLAUDE, command, |_| {});
    assert!(printed.ends_with("rebased"), "{printed}");
    assert_eq!(record["status"], "completed", "{record}");
}

#[test]
fn where_there_is_no_repository_none_is_made_unnoticed() {
    let without = |sandbox: &Sandbox| fs::remove_dir_all(sandbox.repo().join(".git")).unwrap();
    let (sandbox, printed, record) = ran(CLAUDE, "git init -q && echo made", without);
    assert!(
        !printed.contains("made") && !sandbox.repo().join(".git").exists(),
        "{printed}"
    );
    assert_eq!(record["status"], "completed", "{record}");
    for peer in peers::claudes() {
        let (_sandbox, printed, record) = ran(peer, "git init -q src", without);
        let found = &record["result"]["protectedChanges"];
        assert_eq!(*found, json!(["src/.git"]), "{printed}");
        // Claude Code itself takes away what makes a directory a bare repository.
        let (sandbox, ..) = ran(peer, "git init -q --bare .", without);
        let git = sandbox.try_git(&sandbox.repo(), ["rev-parse", "--git-dir"]);
        assert!(!git.status.success(), "{git}");
    }
}

#[test]
fn the_user_can_open_an_editors_directory_and_claude_is_told_what_is_closed() {
    let command = "echo '{}' > .vscode/tasks.json && echo wrote; echo x > .idea/x";
    let told = |sandbox: &Sandbox| {
        for wrong in [".git/hooks", "../x", "/x", ".codex", "a/.agents"] {
            let set = ["config", "set", "rescue.unprotected_paths", wrong];
            sandbox.cc(set).run().exits(2);
        }
        let set = ["config", "set", "rescue.unprotected_paths", ".vscode"];
        sandbox.cc(set).run().success();
    };
    let (sandbox, printed, record) = ran(CLAUDE, command, told);
    assert!(printed.contains("wrote"), "{printed}");
    assert_eq!(record["status"], "completed", "{record}");
    assert_eq!(sandbox.read(".vscode/tasks.json"), "{}\n");
    assert!(!sandbox.repo().join(".idea").exists());

    let api = MessagesApi::start([Turn::text("Done.")]);
    let sandbox = Sandbox::real(&api).with_change();
    sandbox.cc(["rescue", "do it"]).run().success();
    let system = api.requests()[0].body["system"].to_string();
    for word in [
        ".vscode",
        ".codex",
        "Git's configuration",
        "rescue.unprotected_paths",
    ] {
        assert!(system.contains(word), "{word}: {system}");
    }
}

#[test]
fn commands_have_no_secrets_no_capabilities_and_no_directory_that_outlives_them() {
    let commands = [
        "env; cat ~/.claude/.credentials.json",
        "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; echo seen",
        "grep Cap /proc/self/status",
        "echo x > ~/.npm/_logs/planted; echo x > \"$TMPDIR/planted\"; echo x > ../tmp/claude-0/planted; echo tried",
    ];
    for peer in peers::claudes() {
        let api = MessagesApi::start(commands.map(bash));
        api.push([
            bash("mount -o remount,rw / && touch ../planted; echo tried"),
            Turn::text("Done."),
        ]);
        let sandbox = Sandbox::real_at(&peer.ensure().unwrap(), &api).with_change();
        for (file, text) in [
            (".npm/_logs/old", "old"),
            (".claude/.credentials.json", "made-up-login"),
        ] {
            let file = sandbox.home().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        fs::create_dir_all(sandbox.tmp().join("claude-0")).unwrap();
        sandbox.cc(["rescue", "do it"]).run().success();
        let said = api.requests().pop().unwrap().tool_results();
        let version = peer.version;
        for said in &said {
            for secret in ["sk-ant-made-up", "made-up-login", "ANTHROPIC_"] {
                assert!(!said.contains(secret), "{version}: {said}");
            }
        }
        assert!(said[0].contains("HOME="), "{version}: {said:?}");
        assert!(
            said[2].contains("CapEff:\t0000000000000000"),
            "{version}: {said:?}"
        );
        let left = super::files(sandbox.root());
        let planted = left.iter().filter(|file| file.ends_with("planted"));
        assert_eq!(planted.count(), 0, "{version}: {left:?}");
        let temporary = fs::read_dir(sandbox.tmp()).unwrap().flatten();
        let left: Vec<_> = temporary.map(|entry| entry.file_name()).collect();
        assert_eq!(left, ["claude-0"], "{version}");
    }
}
