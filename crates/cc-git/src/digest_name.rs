//! Names of files that are kept for something.

use sha2::{Digest as _, Sha256};

/// A file name of 32 characters for these parts, in this order.
pub(crate) fn digest_name(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize()[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
