//! Completions: a shell asks for what can follow on its command line.
//!
//! The shell runs this program with its name in [`VARIABLE`] and the words after `--`. The answer comes from the
//! command line's own definition, and for values from the jobs, refs, settings and findings that there are. Nothing
//! is written, and no value has a character that a shell treats specially: shells insert it as it is.

mod bash;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;

use cc_core::text::{one_line, shell_word};
use cc_core::time::age;
use cc_core::{Env, Time};
use cc_git::Git;
use cc_jobs::{Job, JobKind, SettingsFile, select};
use cc_workflows::Project;
use cc_workflows::review::LocatedFinding;
use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};

use crate::args::Cli;
use crate::printer::Printer;

/// The variable that names the shell.
pub(crate) const VARIABLE: &str = "CC_COMPLETE";

/// In a directory of `fpath` the script is the body of a function, and its first call wants an answer.
const ZSH_FROM_FPATH: &str = "\
if [[ $funcstack[1] == _cc-cli ]]; then
    _clap_dynamic_completer_cc_cli \"$@\"
fi
";

/// How many jobs are offered.
const JOBS: usize = 50;

/// How many refs of each kind are offered.
const REFS: usize = 500;

/// The script for `shell`, which calls `program`: its path, or its name on the `PATH`.
pub(crate) fn script(program: &str, shell: Shell) -> io::Result<Vec<u8>> {
    let completer: &dyn EnvCompleter = match shell {
        Shell::Bash => &Bash,
        Shell::Elvish => &Elvish,
        Shell::Fish => &Fish,
        Shell::PowerShell => &Powershell,
        Shell::Zsh => &Zsh,
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    let mut script = Vec::new();
    completer.write_registration(VARIABLE, "cc-cli", "cc-cli", program, &mut script)?;
    if shell == Shell::Zsh {
        script.extend(ZSH_FROM_FPATH.as_bytes());
    }
    Ok(script)
}

/// Prints what can stand in the place of the word that is being typed. What fails offers nothing: an error message
/// would end up in the middle of the user's line.
pub(crate) fn answer(env: &Env, shell: &str, words: Vec<OsString>, printer: &mut Printer) {
    if words.is_empty() {
        return;
    }
    let typed = Typed::of(env, &words);
    let cwd = typed.env.cwd.clone();
    let mut command = command(&typed);
    command.build();
    let mut answer = Vec::new();
    let completer: &dyn EnvCompleter = match shell {
        "bash" => {
            let answer = bash::complete(env, &mut command, words, &cwd);
            return printer.bytes(answer.unwrap_or_default().as_bytes());
        }
        "elvish" => &Elvish,
        "fish" => &Fish,
        "powershell" => &Powershell,
        "zsh" => &Zsh,
        _ => return,
    };
    if completer
        .write_complete(&mut command, words, Some(&cwd), &mut answer)
        .is_ok()
    {
        printer.bytes(&answer);
    }
}

/// What the words say about where to look.
#[derive(Clone)]
struct Typed {
    /// As if started in the directory of `-C`.
    env: Env,
    /// The review of `--from`.
    from: Option<String>,
}

impl Typed {
    fn of(env: &Env, words: &[OsString]) -> Self {
        let mut env = env.clone();
        let value = |names: &[&str]| {
            let words = words.iter().map(|word| word.to_string_lossy());
            let words: Vec<_> = words.filter(|word| word != "=").collect();
            let mut found = None;
            for (word, next) in words.iter().zip(words.iter().skip(1)) {
                if names.contains(&word.as_ref()) {
                    found = Some(next.to_string());
                } else if let Some((name, value)) = word.split_once('=')
                    && names.contains(&name)
                {
                    found = Some(value.to_owned());
                }
            }
            found
        };
        if let Some(directory) = value(&["-C", "--cwd"]) {
            env.cwd = env.absolute(&PathBuf::from(directory));
        }
        let from = value(&["--from"]);
        Self { env, from }
    }

    fn project(&self) -> Option<Project> {
        Project::open(&self.env).ok()
    }
}

/// The command line with what its values can be.
fn command(typed: &Typed) -> Command {
    let mut all = Cli::command();
    let commands: Vec<String> = all
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    for name in commands {
        all = all.mut_subcommand(&name, |command| with_values(command, &name, typed));
    }
    all
}

fn with_values(command: Command, name: &str, typed: &Typed) -> Command {
    let command = command.mut_subcommands(|below| with_values(below, name, typed));
    let name = name.to_owned();
    command.mut_args(|arg| with_value(arg, &name, typed.clone()))
}

/// The argument of `command` with its values, if they are known.
fn with_value(arg: Arg, command: &str, typed: Typed) -> Arg {
    let jobs = |fits: fn(&Job) -> bool| {
        let typed = typed.clone();
        ArgValueCandidates::new(move || job_candidates(&typed, fits))
    };
    let id = arg.get_id().to_string();
    match id.as_str() {
        "job" | "jobs" => {
            let fits: fn(&Job) -> bool = match command {
                "wait" | "cancel" => |job: &Job| job.state().is_active(),
                "result" | "prune" => |job: &Job| !job.state().is_active(),
                "apply" | "discard" => |job: &Job| job.kind == JobKind::Task && job.write,
                _ => |_: &Job| true,
            };
            arg.add(jobs(fits))
        }
        "since" => arg.add(jobs(|job| is_review(job) && !job.state().is_active())),
        "from" => arg.add(jobs(is_review)),
        "resume" => arg.add(jobs(|job| job.kind == JobKind::Task)),
        "base" | "commit" => arg.add(ArgValueCandidates::new(move || refs(&typed, ""))),
        "range" => arg.add(ArgValueCompleter::new(move |current: &OsStr| {
            let current = current.to_string_lossy();
            // After the dots, the other end.
            let begun = current.rfind("..").map_or(0, |at| at + 2);
            let candidates = refs(&typed, &current[..begun]).into_iter();
            let starts = |value: &CompletionCandidate| {
                value.get_value().to_string_lossy().starts_with(&*current)
            };
            candidates.filter(starts).collect()
        })),
        "findings" => arg.add(ArgValueCandidates::new(move || findings(&typed))),
        "key" if command == "config" => {
            arg.add(ArgValueCandidates::new(move || setting_keys(&typed)))
        }
        _ => arg,
    }
}

fn is_review(job: &Job) -> bool {
    matches!(job.kind, JobKind::Review | JobKind::AdversarialReview)
}

/// The ids of the latest jobs that fit, each with its title.
fn job_candidates(typed: &Typed, fits: fn(&Job) -> bool) -> Vec<CompletionCandidate> {
    let Some(project) = typed.project() else {
        return Vec::new();
    };
    let now = project.store.now();
    let jobs = project.latest_recorded(JOBS).into_iter().filter(fits);
    let candidates = jobs.enumerate().map(|(order, job)| {
        let title = described(&job, now);
        CompletionCandidate::new(job.id.to_string())
            .help(Some(title.into()))
            .display_order(Some(order))
    });
    candidates.collect()
}

/// `Review of uncommitted changes · completed 3m ago`.
fn described(job: &Job, now: Time) -> String {
    let state = job.state();
    let at = state.completed_at().unwrap_or(job.created_at);
    let ago = age(at.until(now));
    one_line(
        &format!("{} · {} {ago} ago", job.title, state.status()),
        100,
    )
}

/// Branches and tags, each after `prefix`. One that a shell would not take as it is, is left out.
fn refs(typed: &Typed, prefix: &str) -> Vec<CompletionCandidate> {
    let git = Git::locate(&typed.env);
    let names = git.and_then(|git| cc_git::ref_names(git, &typed.env.cwd, REFS));
    let names = ["HEAD".to_owned()]
        .into_iter()
        .chain(names.unwrap_or_default());
    let plain = names.filter(|name| shell_word(name) == *name);
    let candidates = plain.enumerate().map(|(order, name)| {
        CompletionCandidate::new(format!("{prefix}{name}")).display_order(Some(order))
    });
    candidates.collect()
}

/// The numbers of the findings of the review in `--from`, each with its severity and title.
fn findings(typed: &Typed) -> Vec<CompletionCandidate> {
    let found = || {
        let project = typed.project()?;
        let from = typed.from.as_deref()?;
        let jobs = project.latest_recorded(JOBS);
        let job = match select::place(from) {
            Some(place) => select::at_place(&jobs, project.session.as_ref(), place),
            None => select::by_reference(&jobs, from),
        };
        let job = job.ok()?;
        let body = project.recorded_body(&job.id)?;
        serde_json::from_value::<Vec<LocatedFinding>>(body.result["findings"].clone()).ok()
    };
    let findings = found().unwrap_or_default();
    let candidates = (1..).zip(findings).map(|(number, located): (usize, _)| {
        let finding = &located.finding;
        let title = one_line(
            &format!("{}: {}", finding.severity.word(), finding.title),
            80,
        );
        CompletionCandidate::new(number.to_string())
            .help(Some(title.into()))
            .display_order(Some(number))
    });
    candidates.collect()
}

/// The names of the settings, each with its value.
fn setting_keys(typed: &Typed) -> Vec<CompletionCandidate> {
    let entries = typed
        .project()
        .and_then(|project| SettingsFile::read(&project.data).ok())
        .map(|file| file.entries());
    let candidates = entries.unwrap_or_default().into_iter().map(|entry| {
        let value = one_line(&entry.value.to_string(), 60);
        CompletionCandidate::new(entry.key).help(Some(value.into()))
    });
    candidates.collect()
}
