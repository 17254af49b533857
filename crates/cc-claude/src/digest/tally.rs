//! Tokens, dollars and turns of this run alone, over models and results.
//!
//! `modelUsage` and `total_cost_usd` grow from result to result, and on 2.1.330 begin with what
//! the resumed thread used before. `model_usage_since_last_result` (2.1.330) is exactly what is
//! wanted, and adds up. `usage` is not looked at: it is zero after a stream broke.

use std::collections::BTreeMap;

use cc_core::{Usage, text::head};

use crate::stream::event::{ModelUsage, TurnResult};

/// The most models that are counted separately.
const MODELS: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Tally {
    /// What the results say that they add, by model.
    added: BTreeMap<String, ModelTotals>,
    /// What the results say there is so far, by model: the last word counts.
    so_far: BTreeMap<String, ModelTotals>,
    /// Whether a result said what it adds.
    adds: bool,
    total_cost_usd: Option<f64>,
    turns: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct ModelTotals {
    tokens: Usage,
    cost_usd: f64,
}

impl Tally {
    /// Takes in a result.
    pub(super) fn add(&mut self, result: &TurnResult<'_>) {
        self.turns = self.turns.saturating_add(result.turns);
        self.total_cost_usd = result.total_cost_usd.or(self.total_cost_usd);
        for used in result.usage_since_last.iter().flatten() {
            if let Some(spent) = slot(&mut self.added, used) {
                spent.tokens.add(used.tokens);
                spent.cost_usd += used.cost_usd;
            }
        }
        self.adds |= result.usage_since_last.is_some();
        for used in &result.usage {
            if let Some(spent) = slot(&mut self.so_far, used) {
                *spent = ModelTotals {
                    tokens: used.tokens,
                    cost_usd: used.cost_usd,
                };
            }
        }
    }

    fn by_model(&self) -> &BTreeMap<String, ModelTotals> {
        if self.adds { &self.added } else { &self.so_far }
    }

    /// The tokens of the run.
    pub(super) fn tokens(&self) -> Usage {
        let mut sum = Usage::default();
        self.by_model()
            .values()
            .for_each(|spent| sum.add(spent.tokens));
        sum
    }

    /// The price of the run; absent where no result has one.
    pub(super) fn cost_usd(&self) -> Option<f64> {
        if self.adds || !self.so_far.is_empty() {
            // `-0.0` is what an empty sum of floats is.
            Some(
                self.by_model()
                    .values()
                    .map(|spent| spent.cost_usd)
                    .fold(0.0, |a, b| a + b),
            )
        } else {
            self.total_cost_usd
        }
    }

    /// The turns of the run.
    pub(super) fn turns(&self) -> u64 {
        self.turns
    }

    /// The model that wrote the most.
    pub(super) fn busiest(&self) -> Option<&str> {
        let most = self
            .by_model()
            .iter()
            .max_by_key(|(_, spent)| spent.tokens.output_tokens);
        most.map(|(model, _)| model.as_str())
    }
}

fn slot<'a>(
    models: &'a mut BTreeMap<String, ModelTotals>,
    used: &ModelUsage<'_>,
) -> Option<&'a mut ModelTotals> {
    let model = head(&used.model, 200);
    if !models.contains_key(model) {
        if models.len() >= MODELS {
            return None;
        }
        models.insert(model.to_owned(), ModelTotals::default());
    }
    models.get_mut(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(model: &'static str, output_tokens: u64) -> ModelUsage<'static> {
        ModelUsage {
            model: model.into(),
            tokens: Usage {
                output_tokens,
                ..Usage::default()
            },
            cost_usd: output_tokens as f64,
        }
    }

    fn check(results: Vec<TurnResult<'_>>, tokens: u64, cost: Option<f64>, busiest: Option<&str>) {
        let mut tally = Tally::default();
        results.iter().for_each(|result| tally.add(result));
        assert_eq!(tally.tokens().output_tokens, tokens);
        assert_eq!(tally.cost_usd(), cost);
        assert_eq!(tally.busiest(), busiest);
    }

    fn result(
        so_far: &[ModelUsage<'static>],
        since: Option<&[ModelUsage<'static>]>,
    ) -> TurnResult<'static> {
        TurnResult {
            usage: so_far.to_vec(),
            usage_since_last: since.map(<[_]>::to_vec),
            total_cost_usd: Some(99.0),
            ..TurnResult::default()
        }
    }

    #[test]
    fn nothing_was_told() {
        check(vec![], 0, None, None);
        check(vec![result(&[], None)], 0, Some(99.0), None);
    }

    #[test]
    fn models_are_summed_and_the_busiest_is_named() {
        let both = [used("a", 1), used("b", 2)];
        check(vec![result(&both, None)], 3, Some(3.0), Some("b"));
    }

    #[test]
    fn growing_counts_are_not_added_twice() {
        let results = vec![
            result(&[used("a", 5)], None),
            result(&[used("a", 8), used("b", 2)], None),
            // A later result that leaves a model out does not undo it.
            result(&[used("b", 3)], None),
        ];
        check(results, 11, Some(11.0), Some("a"));
    }

    #[test]
    fn a_resumed_thread_counts_only_this_run() {
        let results = vec![
            result(&[used("a", 105)], Some(&[used("a", 5)])),
            result(&[used("a", 107)], Some(&[used("a", 2)])),
            result(&[used("a", 107)], Some(&[])),
        ];
        check(results, 7, Some(7.0), Some("a"));
    }

    #[test]
    fn models_are_bounded() {
        let mut tally = Tally::default();
        for number in 0..1_000 {
            let usage = vec![ModelUsage {
                model: number.to_string().into(),
                ..ModelUsage::default()
            }];
            tally.add(&TurnResult {
                usage,
                ..TurnResult::default()
            });
        }
        assert_eq!(tally.so_far.len(), MODELS);
    }
}
