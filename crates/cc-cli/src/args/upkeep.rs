//! Flags of the commands that look after an installation: settings, trust and the support bundle.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// List every setting with its value and where it is set
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print one setting; exit with 1 if it has no value
    Get {
        /// Name of the setting, such as rescue.model
        key: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change one setting
    Set {
        /// Name of the setting, such as rescue.timeout
        key: String,
        /// New value; separate the items of a list with commas
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Reset one setting to its default
    Unset {
        /// Name of the setting
        key: String,
    },
    /// Edit the settings file in your editor; what is not valid is not saved
    Edit,
    /// Print the path of the settings file
    Path,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SupportArgs {
    /// File to write; a new one in the current directory if not given
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TrustArgs {
    /// Show what is allowed, for all repositories
    #[arg(long, conflicts_with_all = ["remove", "yes"])]
    pub(crate) list: bool,
    /// Load nothing executable from this repository any more
    #[arg(long, conflicts_with = "yes")]
    pub(crate) remove: bool,
    /// Allow it without asking
    #[arg(long)]
    pub(crate) yes: bool,
}
