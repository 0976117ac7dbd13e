//! How far a render has come.

/// Returns which fraction `done` is of `total`, from 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "only shown to a person")]
pub(crate) fn fraction(done: usize, total: usize) -> f32 {
    if total == 0 { 1.0 } else { done as f32 / total as f32 }
}
