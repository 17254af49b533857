//! What a run of Claude used, may cost and was denied: tokens, models, dollars, tool calls.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Time;

/// Tokens of one run, summed over the models that took part.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    /// Tokens read that were not in the cache.
    pub input_tokens: u64,
    /// Tokens written by the model.
    pub output_tokens: u64,
    /// Tokens read from the cache.
    pub cache_read_input_tokens: u64,
    /// Tokens written to the cache.
    pub cache_creation_input_tokens: u64,
}

impl Usage {
    /// Adds the tokens of another run or model.
    pub fn add(&mut self, other: Usage) {
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.cache_read_input_tokens = self
            .cache_read_input_tokens
            .saturating_add(other.cache_read_input_tokens);
        self.cache_creation_input_tokens = self
            .cache_creation_input_tokens
            .saturating_add(other.cache_creation_input_tokens);
    }

    /// All tokens that were read, cached or not.
    pub fn total_input(&self) -> u64 {
        self.input_tokens
            .saturating_add(self.cache_read_input_tokens)
            .saturating_add(self.cache_creation_input_tokens)
    }
}

/// Which model was asked for and which one answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelNames {
    /// The name the user gave, verbatim; absent means Claude's own default.
    pub requested: Option<String>,
    /// The model that answered, as Claude reports it.
    pub actual: Option<String>,
}

/// A shell command that Claude ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RanCommand {
    /// Its text, one line, cut.
    pub command: String,
    /// Whether it failed.
    pub failed: bool,
}

/// A tool call that was blocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlockedCall {
    /// The tool's name.
    #[serde(alias = "tool_name")]
    pub tool: String,
    /// Its argument, as one line.
    #[serde(default)]
    pub detail: String,
}

/// An amount of US dollars that may be spent: above zero and finite.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Dollars(f64);

/// The text is not an amount of dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", Self::EXPECTED)]
pub struct InvalidDollars;

impl InvalidDollars {
    /// What is expected, for people.
    pub const EXPECTED: &'static str = "dollars above zero, such as 2.5";
}

impl Dollars {
    /// Takes an amount.
    ///
    /// # Errors
    /// When it is zero, negative, infinite or no number.
    pub fn new(amount: f64) -> Result<Self, InvalidDollars> {
        if amount > 0.0 && amount.is_finite() {
            Ok(Self(amount))
        } else {
            Err(InvalidDollars)
        }
    }

    /// The amount.
    pub fn amount(self) -> f64 {
        self.0
    }
}

impl FromStr for Dollars {
    type Err = InvalidDollars;

    fn from_str(text: &str) -> Result<Self, InvalidDollars> {
        Self::new(text.parse().map_err(|_| InvalidDollars)?)
    }
}

impl fmt::Display for Dollars {
    /// As people read it: `$2.50`; all digits where cents are not enough.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = format!("{:.2}", self.0);
        match cents.parse::<f64>() {
            Ok(rounded) if rounded == self.0 => write!(f, "${cents}"),
            _ => write!(f, "${}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_above_zero_and_finite() {
        for (text, expect) in [
            ("5", Some("$5.00")),
            ("2.5", Some("$2.50")),
            ("0.005", Some("$0.005")),
            ("1e3", Some("$1000.00")),
        ] {
            let dollars: Option<Dollars> = text.parse().ok();
            assert_eq!(
                dollars.map(|dollars| dollars.to_string()).as_deref(),
                expect,
                "{text}"
            );
        }
        for bad in [
            "", "0", "-0.0", "-1", "inf", "NaN", "1e999", "$5", "5 $", "five",
        ] {
            assert_eq!(bad.parse::<Dollars>(), Err(InvalidDollars), "{bad}");
        }
    }
}

/// A limit of the account, as far as Claude Code says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountLimit {
    /// Whether it is reached, so that requests are refused.
    pub reached: bool,
    /// When it resets.
    pub resets_at: Option<Time>,
    /// Which one it is, such as `five_hour`.
    pub window: Option<String>,
    /// How much of it is used: a share of one.
    pub used: Option<f64>,
}
