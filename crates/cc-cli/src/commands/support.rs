//! `support-bundle`: what whoever helps has to see of the product, in one archive, without what is private.
//!
//! Nothing is searched for secrets. Of jobs go in the fields that we fill with words of our own; of texts,
//! such as errors and logs, only the words that this program itself prints (see [`words`]).

mod words;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use cc_core::{IoError, Time};
use cc_jobs::log::{self, LOG_LIMIT};
use cc_jobs::{Ending, Job, SettingOrigin, SettingsFile};
use cc_workflows::{Project, setup};
use serde_json::{Map, Value, json};

use self::words::Words;
use super::setup::report::SetupReport;
use crate::args::SupportArgs;
use crate::error::{CliError, CliResult, ExitStatus};
use crate::printer::Printer;

/// The most jobs in a bundle, the newest ones.
const JOBS: usize = 50;

/// The fields of a record that we fill with words, numbers and times of our own.
const FIELDS: [&str; 16] = [
    "schemaVersion",
    "id",
    "kind",
    "kindLabel",
    "jobClass",
    "write",
    "status",
    "phase",
    "createdAt",
    "startedAt",
    "completedAt",
    "updatedAt",
    "usage",
    "costUsd",
    "resultViewedAt",
    "notifiedAt",
];

const README: &str = "\
A support bundle of cc: versions, the checks of `cc-cli setup`, and the newest jobs of one workspace.

Left out: prompts, results, diffs, titles, summaries, names of files and sessions, and the environment.
In errors, logs and settings every word that cc-cli itself does not print is replaced by an ellipsis.
";

pub(super) fn bundle(project: &Project, args: &SupportArgs, printer: &mut Printer) -> CliResult {
    let now = project.store.now();
    let path = match &args.output {
        Some(path) => project.env.absolute(path),
        None => project.env.absolute(Path::new(&default_name(now))),
    };
    let members = members(project)?;
    let failed = |error| CliError::new(ExitStatus::NotSetUp, IoError::at("write", &path)(error));
    write(&path, &members, now).map_err(failed)?;
    if args.json {
        let names: Vec<_> = members.iter().map(|(name, _)| name).collect();
        printer.json(&json!({"path": path.display().to_string(), "files": names}));
    } else {
        printer.text(path.display().to_string());
        printer
            .note("It has no prompts, results or names of yours. To read it first: tar -xOf FILE");
    }
    Ok(ExitStatus::Success)
}

/// Such as `cc-support-20260302T100000Z.tar`.
fn default_name(now: Time) -> String {
    let seconds = now.to_string();
    let seconds = seconds.split('.').next().unwrap_or_default();
    format!("cc-support-{}Z.tar", seconds.replace(['-', ':'], ""))
}

/// The files of the bundle, by name.
fn members(project: &Project) -> Result<Vec<(String, Vec<u8>)>, CliError> {
    let words = Words::known();
    let mut members = vec![("README.txt".to_owned(), README.into())];
    let mut add = |name: &str, value: &Value| {
        let text = crate::printer::json(value).unwrap_or_default();
        members.push((name.to_owned(), text.into_bytes()));
    };
    let checks = setup::look(project);
    add("versions.json", &versions(&checks, &words));
    let report = SetupReport::new(project, &checks, Vec::new());
    add("setup.json", &words.masked_values(&report.document()));
    add("settings.json", &settings(project, &words));
    let listing = project.store.list()?;
    let skipped: Vec<_> = listing
        .skipped
        .iter()
        .map(|file| words.masked(&file.reason))
        .collect();
    let total = listing.jobs.len();
    add("jobs.json", &json!({"jobs": total, "unreadable": skipped}));
    for job in listing.jobs.iter().take(JOBS) {
        add(&format!("jobs/{}.json", job.id), &record(job, &words));
    }
    for job in listing.jobs.iter().take(JOBS) {
        let log = log::tail(&project.store.dir().log(&job.id), LOG_LIMIT).unwrap_or_default();
        let lines: String = log.lines().map(|line| log_line(line, &words)).collect();
        members.push((format!("jobs/{}.log", job.id), lines.into_bytes()));
    }
    Ok(members)
}

fn versions(checks: &setup::SetupCheck, words: &Words) -> Value {
    let claude = checks
        .claude
        .as_ref()
        .ok()
        .and_then(|claude| claude.version.as_ref());
    json!({
        "cc": env!("CARGO_PKG_VERSION"),
        "claude": claude.and_then(|version| version.as_ref().ok()).map(|version| words.masked(version)),
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
    })
}

/// Which settings are in the file; of their values those that are words of ours.
fn settings(project: &Project, words: &Words) -> Value {
    match SettingsFile::read(&project.data) {
        Ok(file) => {
            let entries = file.entries().into_iter();
            let set = entries.filter(|entry| entry.origin == SettingOrigin::File);
            let set = set.map(|entry| (entry.key, words.masked_values(&entry.value)));
            Value::Object(set.collect())
        }
        Err(error) => words.masked(&error.to_string()).into(),
    }
}

fn record(job: &Job, words: &Words) -> Value {
    let Ok(Value::Object(mut record)) = serde_json::to_value(job) else {
        return Value::Null;
    };
    let error = record.remove("errorMessage").unwrap_or_default();
    let failure = match job.state().ending() {
        Some(Ending::Failed(failure)) => json!({
            "class": failure.class,
            "detail": words.masked(&failure.detail),
            "retryAt": failure.retry_at,
        }),
        _ => Value::Null,
    };
    let mut kept: Map<_, _> = record
        .into_iter()
        .filter(|(name, _)| FIELDS.contains(&name.as_str()))
        .collect();
    kept.insert("failure".into(), failure);
    kept.insert("errorMessage".into(), words.masked_values(&error));
    Value::Object(kept)
}

/// A line of a log: its time, and what is left of its text.
fn log_line(line: &str, words: &Words) -> String {
    let (time, text) = line.split_once(' ').unwrap_or_default();
    match serde_json::from_value::<Time>(time.into()) {
        Ok(time) => format!("{time} {}\n", words.masked(text)),
        Err(_) => format!("{}\n", words.masked(line)),
    }
}

/// Writes the archive, readable by the user alone; a file that is there stays.
fn write(path: &Path, members: &[(String, Vec<u8>)], now: Time) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut archive = tar::Builder::new(options.open(path)?);
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(now.as_millis() / 1_000).unwrap_or(0));
        header.set_cksum();
        archive.append_data(&mut header, PathBuf::from(name), content.as_slice())?;
    }
    archive.into_inner()?.sync_all()
}
