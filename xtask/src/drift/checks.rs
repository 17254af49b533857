//! What has to work with every pair of versions, in the order in which it builds on each other.

use std::error::Error;
use std::fs;
use std::sync::mpsc;
use std::time::Duration;

use cc_tests::door;
use cc_tests::escapes::{self, Surroundings};
use cc_tests::plants::{self, CONFIG, PLACES, WAYS};
use cc_tests::sandbox::{Output, link};
use cc_tests::{Block, MessagesApi, ResponsesApi, Sandbox, Turn, responses_api};
use serde_json::{Value, json};

pub(super) type Checked = Result<(), Box<dyn Error>>;

/// How long a host may take to get to its next request on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Both hosts in a world of their own, and their models.
pub(super) struct Hosts {
    sandbox: Sandbox,
    codex: ResponsesApi,
    claude: MessagesApi,
    /// `config.toml` before the installation.
    config: String,
}

/// One row of the matrix.
pub(super) struct Check {
    pub(super) name: &'static str,
    /// The check without which this one means nothing.
    pub(super) needs: Option<&'static str>,
    pub(super) run: fn(&mut Hosts) -> Checked,
}

pub(super) const CHECKS: [Check; 15] = [
    Check {
        name: "install",
        needs: None,
        run: install,
    },
    Check {
        name: "skill",
        needs: Some("install"),
        run: skill,
    },
    Check {
        name: "rule",
        needs: Some("skill"),
        run: rule,
    },
    Check {
        name: "door",
        needs: Some("rule"),
        run: door,
    },
    Check {
        name: "hooks",
        needs: Some("install"),
        run: hooks,
    },
    Check {
        name: "review",
        needs: None,
        run: review,
    },
    Check {
        name: "structured",
        needs: None,
        run: structured,
    },
    Check {
        name: "rescue",
        needs: None,
        run: rescue,
    },
    Check {
        name: "cage",
        needs: Some("rescue"),
        run: cage,
    },
    Check {
        name: "read-only",
        needs: None,
        run: read_only,
    },
    Check {
        name: "reads",
        needs: None,
        run: reads,
    },
    Check {
        name: "commands",
        needs: Some("rescue"),
        run: commands,
    },
    Check {
        name: "cancel",
        needs: None,
        run: cancel,
    },
    Check {
        name: "gate",
        needs: Some("hooks"),
        run: gate,
    },
    Check {
        name: "uninstall",
        needs: Some("install"),
        run: uninstall,
    },
];

impl Hosts {
    pub(super) fn new(sandbox: Sandbox, (codex, claude): (ResponsesApi, MessagesApi)) -> Self {
        let mut hosts = Self {
            sandbox,
            codex,
            claude,
            config: String::new(),
        };
        // Some versions of Codex note in `config.toml` that they trust a project they have worked in.
        hosts.exec("Hello.", [responses_api::Turn::text("Hello.")]);
        hosts.config =
            fs::read_to_string(hosts.sandbox.codex_home().join("config.toml")).unwrap_or_default();
        hosts
    }

    fn exec(&self, prompt: &str, turns: impl IntoIterator<Item = responses_api::Turn>) -> Output {
        self.codex.push(turns);
        let output = self
            .sandbox
            .codex(["exec", "--sandbox", "workspace-write", prompt])
            .run();
        output.success()
    }

    /// Runs `cc-cli` while Claude's model plays `turns`.
    fn cc<const N: usize>(&self, args: [&str; N], turns: impl IntoIterator<Item = Turn>) -> Output {
        self.claude.push(turns);
        self.sandbox.cc(args).run()
    }

    /// All names in the repository's root and in its Git directory but for what Git itself adds.
    fn listing(&self) -> Vec<String> {
        let mut names = Vec::new();
        for dir in [self.sandbox.repo(), self.sandbox.repo().join(".git")] {
            let entries = fs::read_dir(&dir).into_iter().flatten().flatten();
            names.extend(entries.map(|entry| entry.path().display().to_string()));
        }
        names.sort();
        names
    }
}

/// An error that says what was expected, where `holds` does not.
fn ensure(holds: bool, expected: impl FnOnce() -> String) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(expected().into())
    }
}

fn install(hosts: &mut Hosts) -> Checked {
    let both = ["--allow-commands", "--trust-hooks"];
    hosts.sandbox.install(both).run().success();
    let status = hosts.sandbox.installation();
    ensure(status["problems"] == json!([]), || {
        format!("not everything is in place: {}", status["problems"])
    })
}

/// What the user types reaches the model as the skill, with its one command line.
fn skill(hosts: &mut Hosts) -> Checked {
    hosts.exec("$cc:status", [responses_api::Turn::text("Seen.")]);
    let line = hosts.codex.last_request().skill_command();
    ensure(
        line.as_ref().is_some_and(|line| line.contains("cc-cli")),
        || format!("the model read no command line of a skill: {line:?}"),
    )
}

/// The command line of a skill runs outside the sandbox: in it, no job could be recorded.
fn rule(hosts: &mut Hosts) -> Checked {
    let is_possible = hosts.sandbox.installation()["execRule"]["possible"] == true;
    if is_possible {
        hosts.claude.push([Turn::text("Nothing to say.")]);
    }
    let obey = responses_api::Turn::computed(|request| match request.skill_command() {
        Some(line) => responses_api::Turn::shell(&line),
        None => responses_api::Turn::text("There is no such skill."),
    });
    hosts.exec("$cc:review", [obey, responses_api::Turn::text("Done.")]);
    let output = hosts
        .codex
        .last_request()
        .tool_outputs()
        .pop()
        .unwrap_or_default();
    let expected = match is_possible {
        true => "Nothing to say.",
        // Where a rule would free the whole line, there is none.
        false => "inside a sandbox",
    };
    ensure(output.contains(expected), || {
        format!("`{expected}` was not said: {output}")
    })
}

/// No command line that is not behind the door gets out of the sandbox, and none behind it runs a planted program.
fn door(hosts: &mut Hosts) -> Checked {
    const MODE: &str = "workspace-write";
    let cc = |args: [&str; 2]| hosts.sandbox.cc(args).run().success();
    cc(["setup", "--enable-review-gate"]);
    let settings = hosts.sandbox.data_dir().settings();
    let gate = hosts.sandbox.state_dir().config();
    let now = || {
        // The check at the end of a turn is a job as well.
        let kinds = hosts
            .sandbox
            .records()
            .into_iter()
            .map(|mut job| job["kind"].take());
        let jobs: Vec<_> = kinds.filter(|kind| kind != "gate").collect();
        (
            fs::read_to_string(&settings).ok(),
            fs::read_to_string(&gate).ok(),
            jobs,
        )
    };
    let before = now();
    let lines = door::lines(&hosts.sandbox);
    let read = hosts.sandbox.codex_runs(&hosts.codex, MODE, &lines);
    let after = now();
    cc(["setup", "--disable-review-gate"]);
    ensure(before == after, || {
        format!("a command line changed {before:?} to {after:?}: {read:?}")
    })?;
    ensure(!hosts.sandbox.home().join("planted").exists(), || {
        format!("a command line wrote outside the sandbox: {read:?}")
    })?;
    if hosts.sandbox.installation()["execRule"]["possible"] != true {
        return Ok(());
    }
    let planted = hosts.sandbox.tmp().join("planted");
    let profile = hosts.sandbox.home().join(".profile");
    let path = fs::read_to_string(&profile)?;
    fs::write(
        &profile,
        format!("{path}PATH='{}':$PATH\n", planted.display()),
    )?;
    let review = format!(
        "{} codex review",
        hosts.sandbox.installed_file("cc-cli").display()
    );
    hosts.claude.push([Turn::text("Nothing to say.")]);
    let lines = [door::plant(&planted), "command -v git".to_owned(), review];
    let read = hosts.sandbox.codex_runs(&hosts.codex, MODE, &lines);
    fs::write(profile, path)?;
    let is_first = read[1].contains(&planted.join("git").display().to_string());
    ensure(is_first && read[2].contains("Nothing to say."), || {
        format!("the programs were not planted, or no review was made: {read:?}")
    })?;
    let ran = door::ran(&planted);
    ensure(ran.is_none(), || format!("a planted program ran: {ran:?}"))
}

/// The hook at the start of a session remembers it: the end of the session may clear that again.
fn hooks(hosts: &mut Hosts) -> Checked {
    let marker = hosts.sandbox.state_dir().current_session();
    let (send, seen) = mpsc::channel();
    let answer = responses_api::Turn::computed(move |_| {
        let _ = send.send(fs::read_to_string(&marker));
        responses_api::Turn::text("Hello.")
    });
    let output = hosts.exec("Hello.", [answer]);
    let marker = seen.recv_timeout(PATIENCE)?.unwrap_or_default();
    ensure(marker.contains(output.codex_session()), || {
        format!("the hook at the start of a session did not remember it: {marker:?}")
    })
}

fn review(hosts: &mut Hosts) -> Checked {
    let output = hosts
        .cc(["review"], [Turn::text("Fine as it is.")])
        .success();
    ensure(output.stdout.contains("Fine as it is."), || {
        output.to_string()
    })
}

fn structured(hosts: &mut Hosts) -> Checked {
    let approval =
        json!({"verdict": "approve", "summary": "Nothing.", "findings": [], "next_steps": []});
    let output = hosts.cc(
        ["adversarial-review", "--json"],
        [Turn::tool("StructuredOutput", approval)],
    );
    let found = output.success().json();
    ensure(found["result"]["verdict"] == "approve", || {
        format!("no verdict: {found:#}")
    })
}

/// Commands write in the workspace and nowhere else, and the sandbox leaves nothing behind.
fn rescue(hosts: &mut Hosts) -> Checked {
    let before = hosts.listing();
    let command = "for name in made; do echo \"on $(git branch --show-current)\" > $name.txt; done; \
                   echo outside > \"$HOME/made.txt\"; touch ../made.txt";
    let unsandboxed = json!({"command": "touch ../made.txt", "dangerouslyDisableSandbox": true});
    let asked = hosts.claude.requests().len();
    let output = hosts.cc(
        ["rescue", "make a file"],
        [
            Turn::tool("Bash", json!({"command": command})),
            Turn::tool("Bash", unsandboxed),
            Turn::tool("Bash", json!({"command": "git add --all --dry-run"})),
            Turn::text("Made it."),
        ],
    );
    output.success();
    let requests = hosts.claude.requests();
    let printed = requests[asked..].last().map(|last| last.tool_results());
    let added = printed.as_ref().and_then(|printed| printed.last());
    ensure(
        added.is_some_and(|it| it.contains("add 'made.txt'")),
        || format!("Git does not add what was made: {printed:?}"),
    )?;
    let made = hosts.sandbox.repo().join("made.txt");
    ensure(made.exists(), || {
        "the command could not write in the workspace".to_owned()
    })?;
    fs::remove_file(made)?;
    for outside in [hosts.sandbox.home(), hosts.sandbox.root().to_owned()] {
        ensure(!outside.join("made.txt").exists(), || {
            "a command wrote outside the workspace".to_owned()
        })?;
    }
    let mut left = hosts.listing();
    left.retain(|name| !before.contains(name));
    ensure(left.is_empty(), || {
        format!("the sandbox left {}", left.join(", "))
    })
}

/// Neither a command nor Claude's own tool plants what runs outside of the sandbox, and no command has the key.
fn cage(hosts: &mut Hosts) -> Checked {
    let repo = hosts.sandbox.repo();
    let commands =
        plants::commands().map(|command| Turn::tool("Bash", json!({"command": command})));
    let writes = PLACES.map(|place| {
        let file = repo.join(place);
        Block::tool("Write", json!({"file_path": file, "content": "planted"}))
    });
    let tidy = "rm -rf evil x.* away.* gone.* lib team tools; env; grep CapEff /proc/self/status";
    let last = [
        Turn::tool("Bash", json!({"command": tidy})),
        Turn::text("Tried."),
    ];
    for [key, value] in CONFIG {
        hosts.sandbox.git(["config", key, value]);
    }
    let tries = commands.chain([Turn::blocks(writes)]).chain(last);
    let expected = WAYS.len() + PLACES.len() + 1;
    let output = hosts.cc(["rescue", "plant it"], tries);
    for [key, _] in CONFIG {
        hosts.sandbox.git(["config", "--unset", key]);
    }
    output.success();
    let requests = hosts.claude.requests();
    let printed = requests
        .last()
        .map(|last| last.tool_results())
        .unwrap_or_default();
    ensure(printed.len() == expected, || {
        format!("not every try was made: {printed:?}")
    })?;
    let planted = plants::planted(&repo);
    ensure(planted.is_empty(), || {
        format!("planted: {}", planted.join(", "))
    })?;
    let said = &printed[expected - 1];
    ensure(said.contains("CapEff:\t0000000000000000"), || {
        format!("a command has capabilities: {said}")
    })?;
    ensure(!said.contains("ANTHROPIC_API_KEY"), || {
        "a command has the key".to_owned()
    })
}

/// A review writes nothing, whichever tool its model tries.
fn read_only(hosts: &mut Hosts) -> Checked {
    let file = hosts.sandbox.repo().join("planted.txt");
    let write = json!({"file_path": file, "content": "planted"});
    let commands = [
        "touch planted.txt",
        "git diff --output=planted.txt",
        "cat src/lib.rs > planted.txt",
    ];
    let commands = commands.map(|command| Turn::tool("Bash", json!({"command": command})));
    let tries = commands
        .into_iter()
        .chain([Turn::tool("Write", write), Turn::text("Tried.")]);
    for args in [["review", "--wait"], ["rescue", "--read-only"]] {
        let asked = hosts.claude.requests().len();
        hosts.claude.push(tries.clone());
        let cc = hosts
            .sandbox
            .cc(args)
            .stdin(if args[0] == "rescue" { "Look." } else { "" });
        cc.run().success();
        ensure(!file.exists(), || {
            format!("`cc-cli {}` wrote a file", args.join(" "))
        })?;
        ensure(hosts.claude.requests().len() > asked + 4, || {
            "not every tool was tried".to_owned()
        })?;
    }
    Ok(())
}

/// A review reads the workspace and its history, and nothing outside, whichever tool its model tries.
fn reads(hosts: &mut Hosts) -> Checked {
    const SECRET: &str = "a secret of somebody else";
    let (repo, outside) = (hosts.sandbox.repo(), hosts.sandbox.home().join("outside"));
    fs::create_dir_all(&outside)?;
    let file = outside.join("file");
    fs::write(&file, SECRET)?;
    link(&outside, &repo.join("way-out"));
    let tries = [
        ("Read", json!({"file_path": file})),
        ("Read", json!({"file_path": repo.join("way-out/file")})),
        (
            "Grep",
            json!({"pattern": "secret", "path": "way-out", "output_mode": "content"}),
        ),
        ("Glob", json!({"pattern": outside.join("*")})),
        (
            "Bash",
            json!({"command": format!("cat {}", file.display())}),
        ),
        ("mcp__git__blame", json!({"path": "way-out/file"})),
        ("mcp__git__show", json!({"path": "way-out/file"})),
        ("mcp__git__log", json!({})),
    ];
    let asked = hosts.claude.requests().len();
    hosts
        .claude
        .push(tries.map(|(tool, input)| Turn::tool(tool, input)));
    let output = hosts.cc(["review", "--wait"], [Turn::text("Tried.")]);
    fs::remove_file(repo.join("way-out"))?;
    output.success();
    let requests = hosts.claude.requests();
    let results = requests[asked..].last().map(|last| last.tool_results());
    let results = results.ok_or("the model was not asked")?;
    ensure(
        !results
            .iter()
            .any(|it| it.contains(SECRET) || it.contains("outside/file")),
        || format!("a file outside the workspace was read: {results:?}"),
    )?;
    ensure(
        results.last().is_some_and(|it| it.contains("Author:")),
        || format!("the log was not shown: {results:?}"),
    )
}

/// No command of a review gets out of its sandbox.
fn commands(hosts: &mut Hosts) -> Checked {
    let around = Surroundings::new(&hosts.sandbox);
    let commands: Vec<_> = escapes::TRIES.iter().map(|it| around.placed(it)).collect();
    let tries = commands.iter().map(|it| {
        let command = format!("( {it} ) 2>&1; echo tried");
        Turn::tool("Bash", json!({"command": command}))
    });
    let tries: Vec<Turn> = tries.chain([Turn::text("Tried.")]).collect();
    let before = around.state();
    let output = hosts.cc(["review", "--run-commands"], tries);
    let after = around.state();
    fs::remove_file(hosts.sandbox.repo().join("leak"))?;
    output.success();
    let requests = hosts.claude.requests();
    let printed = requests.last().map(|last| last.tool_results());
    let printed = printed.ok_or("the model was not asked")?;
    let tried = printed.iter().filter(|it| it.ends_with("tried")).count();
    ensure(tried == commands.len(), || {
        format!("not every try was made: {printed:?}")
    })?;
    for (command, printed) in commands.iter().zip(&printed) {
        ensure(!escapes::leaks(command, printed), || {
            format!("`{command}` read a secret")
        })?;
    }
    ensure(before == after, || "a command got out".to_owned())
}

fn cancel(hosts: &mut Hosts) -> Checked {
    let asked = hosts.claude.requests().len();
    let started = hosts.cc(
        ["review", "--background", "--json"],
        [Turn::text("Hm.").hang_after(0)],
    );
    let started = started.success().json();
    let job = started["jobId"].as_str().ok_or("no job was started")?;
    hosts.claude.wait_for_request(asked + 1, PATIENCE);
    hosts.sandbox.cc(["cancel", job]).run().success();
    hosts.sandbox.wait_quiet(PATIENCE);
    hosts.sandbox.cc(["wait", job]).run().exits(4);
    Ok(())
}

/// A turn with a mistake is held up once, and its model reads why.
fn gate(hosts: &mut Hosts) -> Checked {
    let on = hosts.sandbox.cc(["setup", "--enable-review-gate"]).run();
    on.success();
    let verdict = json!({"verdict": "block", "reason": "`last` panics, src/last.rs:1"});
    hosts.claude.push([Turn::tool("StructuredOutput", verdict)]);
    hosts.exec(
        "Add `last`.",
        [
            responses_api::Turn::edit("src/last.rs", "// a mistake"),
            responses_api::Turn::text("Added."),
            responses_api::Turn::text("Fixed."),
        ],
    );
    let prompts = hosts.codex.last_request().hook_prompts();
    let told = prompts
        .iter()
        .any(|prompt| prompt.contains("`last` panics"));
    ensure(told, || format!("the model was not told why: {prompts:?}"))
}

fn uninstall(hosts: &mut Hosts) -> Checked {
    let gone = hosts
        .sandbox
        .installer(["uninstall", "--yes", "--delete-jobs"])
        .run();
    gone.success();
    // Byte by byte is for the suites of the installer: here Codex has worked, and notes things of its own.
    let config = fs::read_to_string(hosts.sandbox.codex_home().join("config.toml"))?;
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (lines(&hosts.config), lines(&config));
    let is_ours = |line: &&String| {
        ["cc-local", "cc@", "hooks"]
            .iter()
            .any(|word| line.contains(word))
    };
    let stays = before.iter().all(|line| after.contains(line));
    ensure(stays && !after.iter().any(|line| is_ours(&line)), || {
        format!("config.toml is not what it was:\n{config}")
    })?;
    let status: Value = hosts.sandbox.installation();
    ensure(status["plugin"]["installed"] == false, || {
        format!("something is left: {status}")
    })
}
