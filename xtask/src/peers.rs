//! `cargo xtask peers`: the real programs that the suites run against.

use std::error::Error;

use cc_tests::peers::{CLAUDE, CODEX, CODEX_OLD, OLDER, Peer};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Installs the versions for the drift runs too.
    #[arg(long)]
    all: bool,
    /// What to install instead of the pinned versions, for example `claude-code@2.1.330`.
    #[arg(value_name = "NAME@VERSION", conflicts_with = "all")]
    peers: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let named: Result<Vec<Peer>, _> = args.peers.iter().map(|p| p.as_str().try_into()).collect();
    let mut wanted = named?;
    if wanted.is_empty() {
        wanted.extend([CLAUDE, CODEX, CODEX_OLD]);
    }
    if args.all {
        wanted.extend(OLDER);
    }
    for peer in wanted {
        println!("{peer}\t{}", peer.ensure()?.display());
    }
    Ok(())
}
