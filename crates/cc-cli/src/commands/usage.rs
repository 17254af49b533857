//! `usage`: what the jobs of all workspaces have cost.

use std::collections::BTreeMap;
use std::time::Duration;

use cc_core::text::{count, human_count};
use cc_core::time::age;
use cc_core::{Time, Usage};
use cc_jobs::ledger::{self, Cost};
use cc_workflows::Project;
use cc_workflows::account::{self, Account};

use crate::args::UsageArgs;
use crate::documents::{UsageGroup, UsageReport};
use crate::error::{CliResult, ExitStatus};
use crate::printer::Printer;
use crate::render::table;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The longest bar, in characters.
const BAR: usize = 24;

/// The least room for which bars are drawn.
const SHORTEST: usize = 8;

pub(super) fn usage(project: &Project, args: &UsageArgs, printer: &mut Printer) -> CliResult {
    let now = project.store.now();
    let mut report = report(ledger::of_all_workspaces(&project.data), args.days, now);
    report.account = account::read(&project.data, now);
    if args.json {
        printer.json(&report);
    } else {
        let home = project.env.home().and_then(|home| home.to_str());
        printer.text(text(&report, project.env.output_columns(), home));
        if let Some(account) = &report.account {
            printer.text(format!("\n{}", limit_text(account, now)));
        }
    }
    Ok(ExitStatus::Success)
}

/// Sums up the costs of the last `days` days, today included.
fn report(mut costs: Vec<Cost>, days: u32, now: Time) -> UsageReport {
    let first = now.before(DAY * days.saturating_sub(1)).local_day();
    costs.retain(|cost| cost.at.local_day() >= first);
    let mut by_day = grouped(&costs, |cost| cost.at.local_day());
    by_day.sort_by(|a, b| a.name.cmp(&b.name));
    UsageReport {
        account: None,
        total: grouped(&costs, |_| "total".to_owned()).pop(),
        by_command: grouped(&costs, |cost| cost.command.clone()),
        by_model: grouped(&costs, |cost| {
            cost.model.clone().unwrap_or_else(|| "unknown".to_owned())
        }),
        by_repository: grouped(&costs, |cost| cost.repository.clone()),
        first_day: first,
        by_day,
    }
}

/// The groups by the name that `name` gives, the most expensive first.
fn grouped(costs: &[Cost], name: impl Fn(&Cost) -> String) -> Vec<UsageGroup> {
    let mut groups: BTreeMap<String, UsageGroup> = BTreeMap::new();
    for cost in costs {
        let name = name(cost);
        let group = groups.entry(name.clone()).or_insert(UsageGroup {
            name,
            jobs: 0,
            usage: Usage::default(),
            cost_usd: 0.0,
        });
        group.jobs += cost.jobs;
        group.usage.add(cost.usage);
        group.cost_usd += cost.cost_usd;
    }
    let mut groups: Vec<UsageGroup> = groups.into_values().collect();
    groups.sort_by(|a, b| b.cost_usd.total_cmp(&a.cost_usd));
    groups
}

/// The report for people; with bars at a terminal of `width` columns, as far as they have room.
fn text(report: &UsageReport, width: Option<usize>, home: Option<&str>) -> String {
    let Some(total) = &report.total else {
        return format!("No jobs since {}.\n", report.first_day);
    };
    let mut text = format!(
        "Since {}: {}, {} tokens in, {} out, ${:.2}\n",
        report.first_day,
        count(usize::try_from(total.jobs).unwrap_or(usize::MAX), "job"),
        human_count(total.usage.total_input()),
        human_count(total.usage.output_tokens),
        total.cost_usd
    );
    for (title, groups) in [
        ("By day", &report.by_day),
        ("By command", &report.by_command),
        ("By model", &report.by_model),
        ("By repository", &report.by_repository),
    ] {
        let most = groups.iter().map(|it| it.cost_usd).fold(0.0, f64::max);
        let mut rows: Vec<_> = groups.iter().map(|group| row(group, home)).collect();
        let taken = table(&rows).lines().map(|line| line.chars().count()).max();
        // What a row takes is padded to the widest, and two spaces more.
        let room = width.map_or(0, |width| width.saturating_sub(taken.unwrap_or(0) + 4));
        if room >= SHORTEST {
            for (row, group) in rows.iter_mut().zip(groups) {
                row.push(bar(group.cost_usd, most, room.min(BAR)));
            }
        }
        text.push_str(&format!("\n{title}\n{}", table(&rows)));
    }
    text
}

/// What is left of the account's limit.
fn limit_text(account: &Account, now: Time) -> String {
    let limit = &account.limit;
    let window = limit.window.as_deref().unwrap_or("usage").replace('_', "-");
    let used = match (limit.reached, limit.used) {
        (true, _) => "reached".to_owned(),
        (false, Some(used)) => format!("{:.0}% used", used * 100.0),
        (false, None) => "not reached".to_owned(),
    };
    let resets = limit
        .resets_at
        .map(|at| format!(", resets at {}", at.local()));
    format!(
        "Account, as Claude Code said {} ago: {window} limit {used}{}",
        age(account.at.until(now)),
        resets.unwrap_or_default()
    )
}

fn row(group: &UsageGroup, home: Option<&str>) -> Vec<String> {
    let name = match home.and_then(|home| group.name.strip_prefix(home)) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("~{rest}"),
        _ => group.name.clone(),
    };
    vec![
        name,
        format!("${:.2}", group.cost_usd),
        count(usize::try_from(group.jobs).unwrap_or(usize::MAX), "job"),
        format!("{} in", human_count(group.usage.total_input())),
        format!("{} out", human_count(group.usage.output_tokens)),
    ]
}

/// A bar of at most `longest` characters, as long as the share of `most`; what has cost anything has one.
fn bar(cost: f64, most: f64, longest: usize) -> String {
    let share = if most > 0.0 { cost / most } else { 0.0 };
    // At most `longest`, and never negative.
    let length = (share * longest as f64).round() as usize;
    "█".repeat(length.max(usize::from(cost > 0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        let check = |cost, most, expected: usize| {
            assert_eq!(
                bar(cost, most, BAR).chars().count(),
                expected,
                "{cost} of {most}"
            );
        };
        check(0.0, 0.0, 0);
        check(0.0, 1.0, 0);
        check(0.001, 1.0, 1);
        check(0.5, 1.0, BAR / 2);
        check(1.0, 1.0, BAR);
    }
}
