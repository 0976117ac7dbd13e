//! Checks what callers give: field by field, and as changes of what is there.
//!
//! Everything else in `domain` may use this folder; it uses nothing of `domain`.

pub mod fields;
pub mod object;

pub use fields::{Fields, is_email, is_legible};
pub use object::{Change, Object, differences, objects, read as read_object, unacceptable};
