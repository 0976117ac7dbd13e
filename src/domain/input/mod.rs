//! Checking what callers give: texts and numbers field by field, JSON objects, and changes of what is stored, with what
//! they start from.
//!
//! Everything else in `domain`, and the doors, may use this folder; it uses nothing of `domain`.

pub mod basis;
pub mod fields;
pub mod object;

pub use basis::{Basis, Tag};
pub use fields::{Fields, is_email, is_legible};
pub use object::{Change, Object, objects, read_object, unacceptable};
