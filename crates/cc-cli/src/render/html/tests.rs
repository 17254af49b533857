//! The page as a whole.

use sha2::{Digest, Sha256};

use super::*;

/// As in RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let number = part
            .iter()
            .fold(0_u32, |all, &byte| all << 8 | u32::from(byte))
            << (8 * (3 - part.len()));
        for place in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * place) & 63) as usize];
            text.push(if place > part.len() {
                '='
            } else {
                char::from(digit)
            });
        }
    }
    text
}

#[test]
fn the_page_allows_its_own_style_and_no_other() {
    assert_eq!(base64(b"Man"), "TWFu");
    assert_eq!(base64(b"Ma"), "TWE=");
    let digest = format!("sha256-{}", base64(&Sha256::digest(STYLE)));
    assert_eq!(
        STYLE_DIGEST, digest,
        "the style changed: put its digest here"
    );
}
