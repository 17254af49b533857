//! A long answer, delta by delta, through the worker.

use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario, eventually};
use serde_json::Value;

use super::measure::{median, mib, millis, proc_number, silent, wall};
use super::table::{Measured, Row};

const MIB: u64 = 1 << 20;
const TEXT: u64 = 100 * MIB;
const DELTA: usize = 4096;

pub(super) fn rows() -> Measured {
    let alone = Sandbox::fake(&Scenario::says("Done.")).with_change();
    let streaming = Sandbox::fake(&Scenario::runs([streams(TEXT)])).with_change();
    // Alternately, so that what else the machine does meets all of them.
    let took = median(5, || {
        let alone = wall(&alone.cc(["review"]))?;
        Ok(wall(&streaming.cc(["review"]))? - alone)
    })?;
    let floor = median(5, || {
        let alone = read_with_serde(&alone)?;
        Ok(read_with_serde(&streaming)? - alone)
    })?;
    let (ours, floor) = (per_second(took), per_second(floor));
    let speed = Row::at_least("100 MiB of 4 KiB deltas: speed", "MiB/s", ours, 0.6 * floor);
    let (early, late) = (peak(10 * MIB)?, peak(TEXT)?);
    Ok(vec![
        speed.with_floor(floor),
        Row::at_most(
            "100 MiB of 4 KiB deltas: worker's peak RSS",
            "MiB",
            late,
            20.0,
        ),
        Row::at_most(
            "the same beyond the peak at 10 MiB",
            "MiB",
            late - early,
            1.0,
        ),
    ])
}

fn streams(total: u64) -> Run {
    deltas(total).text("Done.").success("Done.", None)
}

fn deltas(total: u64) -> Run {
    Run::started().step(Step::Deltas { total, each: DELTA })
}

/// MiB of text a second, where all of it takes so many milliseconds.
fn per_second(millis: f64) -> f64 {
    (TEXT / MIB) as f64 / millis * 1e3
}

/// The milliseconds from the start of the fake Claude to its end, where all that is done with its
/// lines is to read each as a `serde_json::Value`.
fn read_with_serde(sandbox: &Sandbox) -> Result<f64, Box<dyn Error>> {
    let mut command = silent(&sandbox.claude(["-p"]));
    let begun = Instant::now();
    let mut claude = command.stdout(Stdio::piped()).spawn()?;
    let output = claude.stdout.take().ok_or("standard output is no pipe")?;
    let mut output = BufReader::with_capacity(64 << 10, output);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line)? > 0 {
        black_box(serde_json::from_slice::<Value>(&line)?);
        line.clear();
    }
    claude.wait()?;
    Ok(millis(begun.elapsed()))
}

/// The most memory the worker had in use by the time it had taken so much text, in MiB.
fn peak(total: u64) -> Result<f64, Box<dyn Error>> {
    let sandbox = Sandbox::fake(&Scenario::says(""));
    let streamed = sandbox.tmp().join("streamed");
    let told = Step::Write {
        path: streamed.clone(),
        content: String::new(),
    };
    let run = deltas(total).step(told).step(Step::Hang);
    sandbox.set_scenario(&Scenario::runs([run]));
    let sandbox = sandbox.with_change();
    sandbox.cc(["review", "--background"]).run().success();
    eventually(Duration::from_secs(60), "the end of the stream", || {
        streamed.exists().then_some(())
    });
    let record = sandbox.wait_for_status("running", Duration::from_secs(5));
    let worker = u32::try_from(record["pid"].as_u64().unwrap_or_default())?;
    Ok(mib(proc_number(worker, "status", "VmHWM")?))
}
