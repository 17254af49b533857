//! `cargo xtask peers`: the real programs that the suites run against.

use std::error::Error;

use cc_tests::peers::{CLAUDE, CODEX, CODEX_OLD, EVERY_CLAUDE, EVERY_CODEX, Peer, System, codexes};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Install every pinned version, for `cargo xtask drift`.
    #[arg(long)]
    all: bool,
    /// Install instead what the tests of Windows need, on any system: Wine has no npm.
    #[arg(long, conflicts_with_all = ["all", "peers"])]
    for_windows: bool,
    /// Install these instead, for example `claude-code@2.1.332`.
    #[arg(value_name = "NAME@VERSION", conflicts_with = "all")]
    peers: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let named: Result<Vec<Peer>, _> = args.peers.iter().map(|p| p.as_str().try_into()).collect();
    let mut wanted = named?;
    let mut system = System::HERE;
    if wanted.is_empty() {
        wanted.extend([CLAUDE, CODEX, CODEX_OLD]);
    }
    if args.all {
        wanted = [EVERY_CLAUDE, EVERY_CODEX].concat();
    }
    if args.for_windows {
        (wanted, system) = (codexes(), System::Windows);
    }
    for peer in wanted {
        println!("{peer}\t{}", peer.ensure_for(system)?.display());
    }
    Ok(())
}
