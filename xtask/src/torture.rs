//! `cargo xtask torture`: random kills, races, full disks and damage; after each round the same
//! statements have to hold.
//!
//! A round is a world of its own, in which a seed decides what happens and after which pause. The same
//! seed repeats what is done to the product, not what the operating system's scheduler makes of it.

mod checks;
mod disk;
mod history;
mod installer;
mod jobs;
mod tally;

use std::error::Error;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use fastrand::Rng;

use self::tally::Tally;

/// One of so many rounds is about the installer, which takes seconds.
const INSTALLER: u64 = 40;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of rounds; as many as there is time for if not set
    #[arg(long)]
    rounds: Option<u64>,
    /// Seed of the first round; each further round has the next one
    #[arg(long)]
    seed: Option<u64>,
    /// Start no round after so many seconds
    #[arg(long, default_value_t = 25)]
    seconds: u64,
    /// Play every round with the installer
    #[arg(long)]
    installer: bool,
    /// Use the binaries in DIR instead of building them
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let first = args.seed.unwrap_or_else(|| fastrand::u64(..1 << 40));
    let most = args.rounds.unwrap_or(u64::MAX);
    let end = Instant::now() + Duration::from_secs(args.seconds);
    println!("the first round has the seed {first}");
    let mut sum = Tally::default();
    let mut failed = Vec::new();
    let mut rounds = 0;
    while rounds < most && (Instant::now() < end || args.rounds.is_some()) {
        let seed = first.wrapping_add(rounds);
        rounds += 1;
        match round(seed, args) {
            Ok(tally) => sum.add(&tally),
            Err(why) => {
                println!("seed {seed}: {why}");
                failed.push(seed);
            }
        }
    }
    println!("{rounds} rounds: {sum}");
    match failed.first() {
        None => Ok(()),
        Some(seed) => Err(format!(
            "{} of {rounds} rounds failed; repeat one: cargo xtask torture --rounds 1 --seed {seed}",
            failed.len()
        )
        .into()),
    }
}

/// Plays one round; the error says which statement did not hold.
fn round(seed: u64, args: &Args) -> Result<Tally, String> {
    let play = || {
        let mut rng = Rng::with_seed(seed);
        match args.installer || rng.u64(..INSTALLER) == 0 {
            true => installer::round(&mut rng, args.binaries.as_deref()),
            false => jobs::round(&mut rng, args.binaries.as_deref()),
        }
    };
    // What the kit asserts panics.
    panic::catch_unwind(AssertUnwindSafe(play)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.unwrap_or_else(|| "the round panicked".to_owned()))
    })
}
