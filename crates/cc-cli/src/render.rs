//! How jobs and results look.

pub(crate) mod html;
pub(crate) mod sarif;
pub(crate) mod table;
