//! What Claude Code said last of the limits of the user's account, kept for `usage`.

use cc_core::fs::{read_own, write_atomic};
use cc_core::{AccountLimit, DataDir, Time};
use serde::{Deserialize, Serialize};

/// The most that the file may hold, in bytes.
const LIMIT: u64 = 64 << 10;

/// A limit of the account, and when it was so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// When Claude Code said it.
    pub at: Time,
    /// The limit.
    #[serde(flatten)]
    pub limit: AccountLimit,
}

/// Keeps what a run was told. Best effort: no job fails by it.
pub(crate) fn keep(data: &DataDir, limit: &AccountLimit, now: Time) {
    let account = Account {
        at: now,
        limit: limit.clone(),
    };
    if let Ok(bytes) = serde_json::to_vec(&account) {
        let _ = write_atomic(&data.account(), &bytes);
    }
}

/// What was said last; `None` if nothing was, or the limit has been reset since.
#[must_use]
pub fn read(data: &DataDir, now: Time) -> Option<Account> {
    let bytes = read_own(&data.account(), LIMIT).ok()?;
    let account: Account = serde_json::from_slice(&bytes).ok()?;
    let is_over = account.limit.resets_at.is_some_and(|at| at < now);
    (!is_over).then_some(account)
}
