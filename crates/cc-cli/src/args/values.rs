//! Reads the numbers among the values of flags, with errors in words.

use std::str::FromStr;

pub(super) fn whole_number<T: FromStr>(text: &str) -> Result<T, &'static str> {
    text.parse()
        .map_err(|_| "expected a whole number, zero or above")
}

pub(super) fn number_of_days(text: &str) -> Result<u32, &'static str> {
    let days = text.parse().ok().filter(|days| *days > 0);
    days.ok_or("expected a whole number above zero")
}

pub(super) fn finding_number(text: &str) -> Result<usize, &'static str> {
    text.parse()
        .map_err(|_| "expected the numbers of findings, such as 1,3")
}
