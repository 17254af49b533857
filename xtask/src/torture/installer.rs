//! A round about the installer, with the real Codex.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use cc_core::process::Signal;
use cc_tests::{ResponsesApi, Sandbox, Scenario, peers};
use fastrand::Rng;

use super::checks::{self, Foreign};
use super::tally::Tally;

/// How long an installation takes at most until it is killed, in milliseconds.
const KILLED: u64 = 2_500;

/// Plays a round: some calls that are killed, and then everything works and goes without a trace.
pub(super) fn round(rng: &mut Rng, binaries: Option<&Path>) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let api = ResponsesApi::start([]);
    let mut sandbox = Sandbox::codex_at(peers::CODEX, &api)
        .with_fake_claude(&Scenario::says("All is well."))
        .with_change();
    if let Some(dir) = binaries {
        sandbox.use_binaries(dir);
    }
    let foreign = Foreign::plant(&sandbox);
    let config = sandbox.codex_home().join("config.toml");
    let before = fs::read_to_string(&config).map_err(|error| error.to_string())?;
    for _ in 0..rng.u8(1..6) {
        let call = match rng.u8(..4) {
            0 => sandbox.installer(["uninstall", "--yes"]),
            1 => sandbox.install(["--allow-commands"]),
            _ => sandbox.install(["--allow-commands", "--trust-hooks"]),
        };
        let mut call = call.spawn();
        thread::sleep(Duration::from_millis(rng.u64(..KILLED)));
        if !call.has_ended() {
            call.signal(Signal::Kill);
            tally.killed_installers += 1;
        }
        checks::ended_well(&call.wait())?;
        tally.calls += 1;
    }
    let sandbox = sandbox.installed();
    let problems = &sandbox.installation()["problems"];
    if problems
        .as_array()
        .is_none_or(|problems| !problems.is_empty())
    {
        return Err(format!(
            "after kills, an installation has problems: {problems}"
        ));
    }
    checks::next_works(&sandbox)?;
    let output = sandbox.installer(["uninstall", "--yes"]).run();
    if output.code() != Some(0) {
        return Err(format!("after kills, the uninstall fails: {output:?}"));
    }
    let after = fs::read_to_string(&config).map_err(|error| error.to_string())?;
    if after != before || sandbox.codex_home().join("cc").exists() {
        return Err(format!(
            "after kills, the uninstall leaves something: {after}"
        ));
    }
    left_over(&sandbox.codex_home())?;
    foreign.check()?;
    Ok(tally)
}

/// No temporary file of the installer is left.
fn left_over(dir: &Path) -> Result<(), String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let left = names.find(|name| name.starts_with(".cc-installer-"));
    left.map_or(Ok(()), |name| Err(format!("`{name}` is left over")))
}
