//! A worker in the background whose Claude says nothing.

use std::error::Error;
use std::fs;
use std::thread;
use std::time::Duration;

use cc_tests::fake::Run;
use cc_tests::{Sandbox, Scenario, eventually};

use super::measure::{mib, proc_number};
use super::table::{Limit, Measured, Row};

const SOON: Duration = Duration::from_secs(30);
const WATCHED: Duration = Duration::from_secs(10);

/// Wake-ups of the one timer in that time: every two seconds the worker looks at the record of its job, and the runtime
/// wakes up twice on the way to it; and two for what the start of the run still does.
const TIMER: f64 = 12.0;

pub(super) fn rows() -> Measured {
    let memory = "idle worker: PSS";
    let wakes = "idle worker: wake-ups in 10 s";
    if !cfg!(target_os = "linux") {
        let why = "needs /proc";
        return Ok(vec![Row::skipped(memory, why), Row::skipped(wakes, why)]);
    }
    let sandbox = Sandbox::fake(&Scenario::runs([Run::hangs()])).with_change();
    sandbox.cc(["review", "--background"]).run().success();
    let worker = u32::try_from(eventually(SOON, "a log that says Claude started", || {
        let log = sandbox.log();
        let record = sandbox.record();
        let pid = record["pid"]
            .as_u64()
            .filter(|_| record["claudePid"].is_u64());
        pid.filter(|_| log.contains("Claude Code"))
    }))?;
    // What follows the last step of the start is over by then.
    thread::sleep(Duration::from_secs(1));
    let before = switches(worker)?;
    thread::sleep(WATCHED);
    let woken = switches(worker)? - before;
    let pss = mib(proc_number(worker, "smaps_rollup", "Pss")?);
    Ok(vec![
        Row::counted(memory, "MiB", pss, Limit::AtMost(3.0)),
        Row::counted(wakes, "wake-ups", woken as f64, Limit::AtMost(TIMER)),
    ])
}

/// How often the threads of a process gave up the processor by themselves: once after each wake-up.
fn switches(pid: u32) -> Result<u64, Box<dyn Error>> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let thread = thread?.file_name().to_string_lossy().parse()?;
        sum += proc_number(thread, "status", "voluntary_ctxt_switches")?;
    }
    Ok(sum)
}
