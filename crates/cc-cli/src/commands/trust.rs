//! `trust`: what a repository can have executed in rescues, and the user's word about it.

use cc_core::text::{count, one_line};
use cc_core::time::age;
use cc_workflows::Project;
use cc_workflows::trust::{self, Inspection, Standing};

use super::setup::{ask, is_interactive};
use crate::args::TrustArgs;
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;
use crate::render::table;

/// Variables of a program that a model steers.
const STEERED: [&str; 2] = ["CODEX_THREAD_ID", "CC_NESTED"];

/// What allowing a command means beyond its text.
const WHAT_IT_STARTS: &str = "
A command that starts something else of this repository (npm run, make) runs what is there at that time:
whoever can change those files, Codex in its sandbox too, can then run programs with your permissions.
";

/// What allowing files means that run where they are.
const IN_PLACE: &str = "
The files in the working tree are compared when a rescue starts. Until it ends, whoever can change them, Codex in its
sandbox too, can have something else run.
";

/// The most files that are named.
const NAMED: usize = 30;

pub(super) fn trust(project: &Project, args: &TrustArgs, printer: &mut Printer) -> CliResult {
    let root = project.store.workspace().root();
    if args.list {
        return list(project, printer);
    }
    if args.remove {
        printer.text(match trust::remove(&project.data, root)? {
            true => format!(
                "Rescues load nothing executable from {} any more.",
                root.display()
            ),
            false => format!("Nothing was allowed for {}.", root.display()),
        });
        return Ok(ExitStatus::Success);
    }
    let inspection = trust::inspect(&project.data, root)?;
    printer.text(shown(project, &inspection));
    match inspection.standing {
        Standing::Nothing | Standing::Allowed(_) => return Ok(ExitStatus::Success),
        Standing::New | Standing::Changed(_) => {}
    }
    let env = &project.env;
    if STEERED.iter().any(|name| env.var(name).is_some()) {
        let message = "only a person can allow what a repository runs";
        return Err(CliError::new(ExitStatus::Usage, message)
            .hint("Run it in a terminal of your own: cc-cli trust"));
    }
    if !args.yes && !is_interactive(env) {
        let message = "nothing was allowed: there is no terminal to ask at";
        return Err(CliError::new(ExitStatus::Usage, message)
            .hint("Run it in a terminal: cc-cli trust. To allow it without a question: --yes"));
    }
    if !args.yes && !ask("Let rescues load exactly this?", printer) {
        printer.note("Nothing was allowed.");
        return Ok(ExitStatus::Success);
    }
    trust::allow(&project.data, &inspection, project.store.now())?;
    printer.text("Allowed. After a change, rescues load none of it until you allow it again.");
    Ok(ExitStatus::Success)
}

fn list(project: &Project, printer: &mut Printer) -> CliResult {
    let allowed = trust::list(&project.data)?;
    let now = project.store.now();
    let row = |allowed: &trust::AllowedVersion| {
        let ago = age(allowed.allowed_at.until(now));
        vec![
            allowed.workspace_root.display().to_string(),
            format!("{ago} ago"),
        ]
    };
    match allowed.is_empty() {
        true => printer.text("Nothing is allowed."),
        false => printer.text(table(&allowed.iter().map(row).collect::<Vec<_>>())),
    }
    Ok(ExitStatus::Success)
}

/// What rescues would load, in sections.
fn shown(project: &Project, inspection: &Inspection) -> String {
    let root = inspection.root.display();
    let mut text = String::new();
    match &inspection.standing {
        Standing::Nothing => {
            text.push_str(&format!(
                "Rescues in {root} have nothing executable to load.\n"
            ));
        }
        Standing::Allowed(at) => {
            let ago = age(at.until(project.store.now()));
            text.push_str(&format!(
                "Rescues in {root} load this; you allowed it {ago} ago.\n"
            ));
        }
        Standing::New => text.push_str(&format!("Rescues in {root} would load:\n")),
        Standing::Changed(files) => {
            let files = named(files.iter().map(String::as_str));
            text.push_str(&format!("Changed since you allowed it:\n{}", lines(&files)));
            text.push_str(&format!("\nRescues in {root} would load:\n"));
        }
    }
    for (title, entries) in sections(inspection) {
        if !entries.is_empty() {
            text.push_str(&format!("\n{title}:\n{}", lines(&entries)));
        }
    }
    if inspection.in_place().next().is_some() {
        text.push_str(IN_PLACE);
    }
    if runs_programs(inspection) {
        text.push_str(WHAT_IT_STARTS);
    }
    text
}

fn runs_programs(inspection: &Inspection) -> bool {
    let settings = inspection.settings();
    !settings.hooks.is_empty() || !settings.servers.is_empty() || settings.helpers().count() > 0
}

fn sections(inspection: &Inspection) -> [(&'static str, Vec<String>); 10] {
    let settings = inspection.settings();
    let pairs = |pairs: &mut dyn Iterator<Item = (&str, &str)>, sign: &str| -> Vec<String> {
        pairs
            .map(|(name, value)| format!("{name}{sign}{value}"))
            .collect()
    };
    let hooks = settings.hooks.iter().map(|hook| {
        let matcher = hook.matcher.as_ref().filter(|matcher| !matcher.is_empty());
        let matcher = matcher
            .map(|matcher| format!(" {matcher}"))
            .unwrap_or_default();
        let command = hook
            .action
            .get("command")
            .and_then(|command| command.as_str());
        let what = match (command, hook.action.get("args")) {
            (Some(command), None) => command.to_owned(),
            _ => serde_json::Value::Object(hook.action.clone()).to_string(),
        };
        format!("{}{matcher}: {what}", hook.event)
    });
    let servers = settings.servers.iter();
    let [model, effort] = settings.model_and_effort();
    let model = [("model", model), ("effort", effort)];
    let model = model
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}: {}", value?)));
    let problems = settings.problems().iter().cloned();
    let left_out = inspection.left_out();
    let left_out =
        left_out.map(|name| format!("{name} leads out of the repository, or is no file"));
    [
        (
            "Hooks, which run with your permissions and outside any sandbox",
            hooks.collect(),
        ),
        (
            "MCP servers, which run with your permissions and outside any sandbox",
            servers
                .map(|(name, how)| format!("{name}: {how}"))
                .collect(),
        ),
        (
            "Commands for the login of Claude, outside any sandbox",
            pairs(&mut settings.helpers(), ": "),
        ),
        (
            "Variables of Claude and all that it starts",
            pairs(&mut settings.env(), "="),
        ),
        ("Model", model.collect()),
        ("Denied tools", settings.denied().to_vec()),
        (
            "Skills and commands (Claude runs their scripts in the sandbox)",
            named(inspection.skills()),
        ),
        (
            "Files that these start, kept as they are now",
            named(inspection.copied()),
        ),
        (
            "Files that these start in the working tree; what else they read or start there is not compared",
            named(inspection.in_place()),
        ),
        (
            "Not used in rescues",
            settings
                .unused
                .iter()
                .cloned()
                .chain(problems)
                .chain(left_out)
                .collect(),
        ),
    ]
}

fn named<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let names: Vec<&str> = names.collect();
    let more = names.len().saturating_sub(NAMED);
    let shown = names.iter().take(NAMED).map(|name| (*name).to_owned());
    let more = (more > 0).then(|| format!("and {}", count(more, "more file")));
    shown.chain(more).collect()
}

/// Each entry on a line of its own, all of it: what is cut off could be what matters.
fn lines(entries: &[String]) -> String {
    let entries = entries.iter();
    entries
        .map(|entry| format!("  {}\n", one_line(entry, usize::MAX)))
        .collect()
}
