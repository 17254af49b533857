use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;

fn bundle(hooks_from: HooksFrom) -> Bundle<'static> {
    Bundle {
        cli: r"C:\cc\cc-cli.exe",
        hooks: "/opt/cc/bin/cc-hooks",
        hooks_from,
        shell: Shell::Posix,
    }
}

fn text(bundle: Bundle<'_>, path: &str) -> Option<String> {
    let file = bundle.files().into_iter().find(|file| file.path == path)?;
    Some(String::from_utf8(file.content.into_owned()).unwrap())
}

fn json(bundle: Bundle<'_>, path: &str) -> Value {
    serde_json::from_str(&text(bundle, path).unwrap()).unwrap()
}

/// The files below `dir`, relative to it, with forward slashes.
fn below(dir: &Path, prefix: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries
        .flat_map(|entry| {
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            match entry.file_type().unwrap().is_dir() {
                true => below(&entry.path(), &format!("{name}/")),
                false => [name].into(),
            }
        })
        .collect()
}

#[test]
fn every_file_on_disk_is_in_the_bundle() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut on_disk = below(here, "");
    on_disk.retain(|path| {
        !path.starts_with("src/") && !path.starts_with("Cargo.") && !path.starts_with(".cargo")
    });
    let files = bundle(HooksFrom::Plugin).files();
    let embedded: BTreeSet<String> = files.iter().map(|file| file.path.to_owned()).collect();
    assert_eq!(embedded, on_disk);
    assert!(files.is_sorted_by_key(|file| file.path));
}

#[test]
fn nothing_is_left_to_fill_in() {
    for hooks_from in [HooksFrom::Plugin, HooksFrom::User] {
        for file in bundle(hooks_from).files() {
            let text = String::from_utf8_lossy(&file.content);
            assert!(!text.contains("{{"), "{}", file.path);
        }
    }
}

#[test]
fn the_manifest_has_the_version_of_the_crate_and_leads_to_files() {
    let manifest = json(bundle(HooksFrom::Plugin), MANIFEST);
    assert_eq!(manifest["name"], NAME);
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    let files = bundle(HooksFrom::Plugin).files();
    let interface = &manifest["interface"];
    for path in [
        &manifest["skills"],
        &manifest["hooks"],
        &interface["logo"],
        &interface["composerIcon"],
    ] {
        let path = path.as_str().unwrap().strip_prefix("./").unwrap();
        assert!(
            files.iter().any(|file| file.path.starts_with(path)),
            "{path}"
        );
    }
    let prompts = interface["defaultPrompt"].as_array().unwrap();
    assert!(prompts.len() <= 3, "Codex takes three");
    for prompt in prompts {
        let word = prompt.as_str().unwrap().split(' ').next().unwrap();
        let skill = word.strip_prefix("$cc:").unwrap();
        assert!(SKILLS.contains(&skill), "{word}");
    }
}

#[test]
fn hooks_are_declared_once_wherever_they_run() {
    let native = bundle(HooksFrom::Plugin);
    let events: Vec<(String, u64)> = native
        .hooks()
        .into_iter()
        .map(|hook| (hook.event, hook.timeout))
        .collect();
    let expected = [
        ("SessionEnd", 3),
        ("SessionStart", 10),
        ("Stop", 900),
        ("UserPromptSubmit", 30),
    ];
    assert_eq!(
        events,
        expected.map(|(event, timeout)| (event.to_owned(), timeout))
    );
    let start = &native.hooks()[1];
    assert_eq!(start.command, "/opt/cc/bin/cc-hooks session-start");
    assert_eq!(json(native, MANIFEST)["hooks"], "./hooks/hooks.json");

    let user = bundle(HooksFrom::User);
    assert_eq!(user.hooks(), native.hooks());
    assert_eq!(json(user, MANIFEST)["hooks"], serde_json::json!({}));
    assert_eq!(text(user, HOOKS), None);
}

/// The front matter and the body of a skill.
fn skill(name: &str) -> (String, String) {
    let text = text(
        bundle(HooksFrom::Plugin),
        &format!("skills/{name}/SKILL.md"),
    )
    .unwrap();
    let rest = text.strip_prefix("---\n").unwrap();
    let (front, body) = rest.split_once("\n---\n").unwrap();
    (front.to_owned(), body.to_owned())
}

#[test]
fn each_skill_names_itself_and_runs_its_own_command() {
    for name in SKILLS {
        let (front, body) = skill(name);
        let (first, description) = front.split_once('\n').unwrap();
        assert_eq!(first, format!("name: {name}"));
        let description = description.strip_prefix("description: ").unwrap();
        // Codex cuts it at about 1,024; `: ` would end the scalar in YAML.
        assert!(
            description.len() < 400 && !description.contains(": "),
            "{name}"
        );
        let commands: Vec<&str> = body
            .lines()
            .filter(|line| line.starts_with("    "))
            .collect();
        let [command] = commands.as_slice() else {
            panic!("{name} has one command line: {commands:?}")
        };
        let expected = format!(r"C:\cc\cc-cli.exe codex {name}");
        let rest = command
            .trim_start()
            .strip_prefix(&expected)
            .unwrap_or_else(|| panic!("{name}: {command}"));
        assert!(rest.is_empty() || rest.starts_with(' '), "{command}");
        let agent = text(
            bundle(HooksFrom::Plugin),
            &format!("skills/{name}/agents/openai.yaml"),
        )
        .unwrap();
        for key in ["display_name", "short_description", "default_prompt"] {
            assert!(
                agent.contains(&format!("  {key}: \"")),
                "{name} has no {key}"
            );
        }
        assert!(agent.contains(&format!("$cc:{name}")), "{name}");
    }
}

#[test]
fn no_skill_lets_the_model_guess_or_answer_itself() {
    let everywhere = [
        "no quotes around the program",
        "Show standard output unchanged",
    ];
    let jobs = [
        "No job id in the output means no result: say so.",
        "in Claude's place",
        "outside the sandbox, with the user's approval",
        "cc-cli.exe codex wait ID",
        "a subagent may run",
        "end with one line that points to `$cc:result ID`",
        "`--background`",
        "path, model and text in single quotes",
        // A backslash outside of quotes would hide the command from Codex's exec rules.
        r#"a single quote inside as `'"'"'`."#,
        "`--max-budget-usd`",
        "Run commands printed as `cc-cli …`",
    ];
    let reviews = ["cc-cli.exe codex scope --json", "if `background`, ask once"];
    let rescues = [
        "cc-cli.exe codex resume-candidate --json",
        "ask once whether to continue",
        "`--prompt-file FILE`",
        "cc-cli.exe codex apply ID",
        "cc-cli.exe codex discard ID",
    ];
    let quoted = ["as one single-quoted argument"];
    for name in SKILLS {
        let (_, body) = skill(name);
        let more: &[&[&str]] = match name {
            "review" => &[&jobs, &reviews],
            "adversarial-review" => &[&jobs, &reviews, &quoted],
            "rescue" => &[&jobs, &rescues, &quoted],
            _ => &[],
        };
        for words in everywhere.iter().chain(more.iter().copied().flatten()) {
            assert!(body.contains(words), "{name} does not say: {words}");
        }
    }
}

#[test]
fn double_and_curly_quotes_are_kept_from_powershell_alone() {
    let focus = "a single quote inside as `''`; replace a curly one (‘ or ’), which would end the text, and a \
                 double quote, which may be dropped, by the same.";
    let task = "If it is long or hard to quote, or has double or curly quotes, write it to a file";
    let posix = bundle(HooksFrom::Plugin);
    let powershell = Bundle {
        shell: Shell::PowerShell,
        ..posix
    };
    for (name, says) in [("adversarial-review", focus), ("rescue", task)] {
        let text = |bundle| text(bundle, &format!("skills/{name}/SKILL.md")).unwrap();
        assert!(text(powershell).contains(says), "{name}");
        assert!(!text(posix).contains("curly"), "{name}");
    }
}

#[test]
fn the_skills_stay_short_and_pin_nothing() {
    let files = bundle(HooksFrom::Plugin).files();
    let skills = files.iter().filter(|file| file.path.starts_with("skills/"));
    let all: String = skills
        .map(|file| String::from_utf8_lossy(&file.content).into_owned() + "\n")
        .collect();
    let words = all.split_whitespace().count();
    assert!(words < 1_500, "{words} words");
    let lower = all.to_lowercase();
    let pinned = [
        "exec_command",
        "write_stdin",
        "spawn_agent",
        "wait_agent",
        "send_input",
        "apply_patch",
        "request_user_input",
        "sandbox_permissions",
        "opus",
        "sonnet",
        "haiku",
        "gpt-",
        "xhigh",
        "low,",
        "medium",
    ];
    for word in pinned {
        assert!(!lower.contains(word), "a skill pins `{word}`");
    }
}
