//! A long answer, delta by delta, through the worker.

use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use cc_tests::fake::{Run, Step};
use cc_tests::{Sandbox, Scenario, eventually};
use serde_json::Value;

use super::measure::{Bench, Build, Failed, mib, millis, proc_number, silent, wall};
use super::table::{Limit, Measured, Row, growth};

const MIB: u64 = 1 << 20;
/// The largest of three sizes, in MiB.
const SIZES: [u64; 3] = [10, 30, 100];
const DELTA: usize = 4096;

pub(super) fn rows(bench: &Bench) -> Measured {
    let alone = Sandbox::fake(&Scenario::says("Done.")).with_change();
    let mut rows = Vec::new();
    for size in SIZES {
        rows.push(row(bench, &alone, size)?);
    }
    rows.push(growth("deltas: growth with bytes", &rows));
    let [least, .., most] = SIZES.map(|size| peak(size * MIB));
    let (early, late) = (least?, most?);
    rows.extend([
        Row::counted(
            "100 MiB of 4 KiB deltas: worker's peak memory",
            "MiB",
            late,
            Limit::AtMost(10.0),
        ),
        Row::counted(
            "the same beyond the peak at 10 MiB",
            "MiB",
            late - early,
            Limit::AtMost(1.0),
        ),
    ]);
    Ok(rows)
}

/// A review with so many MiB of deltas, without the time that one takes whose answer is short.
fn row(bench: &Bench, alone: &Sandbox, size: u64) -> Result<Row, Failed> {
    let streaming = Sandbox::fake(&Scenario::runs([streams(size * MIB)])).with_change();
    let ours = |build: &Build| -> Result<f64, Failed> {
        let fixed = wall(&build.cc(alone, &["review"]))?;
        Ok(wall(&build.cc(&streaming, &["review"]))? - fixed)
    };
    let floor = || -> Result<f64, Failed> {
        let fixed = read_with_serde(alone)?;
        Ok(read_with_serde(&streaming)? - fixed)
    };
    let samples = bench.race(11, ours, floor)?;
    let speed = size as f64 / samples[0].median * 1e3;
    let name = format!("{size} MiB of 4 KiB deltas ({speed:.0} MiB/s)");
    // Three quarters of the speed; the text so far is saved once in a short run too.
    let limit = match size == SIZES[2] {
        true => Limit::times(1.0 / 0.75),
        false => Limit::Floor {
            times: 1.0 / 0.75,
            plus: 10.0,
        },
    };
    Ok(Row::timed(name, "ms", &samples, limit).of_size(usize::try_from(size)?))
}

fn streams(total: u64) -> Run {
    deltas(total).text("Done.").success("Done.", None)
}

fn deltas(total: u64) -> Run {
    Run::started().step(Step::Deltas { total, each: DELTA })
}

/// The milliseconds from the start of the fake Claude to its end, where all that is done with its
/// lines is to read each as a `serde_json::Value`.
fn read_with_serde(sandbox: &Sandbox) -> Result<f64, Failed> {
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
fn peak(total: u64) -> Result<f64, Failed> {
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
