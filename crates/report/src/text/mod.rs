//! Turns text into glyphs: fonts, shaping, line breaking and bidirectional order.

mod clean;
mod fonts;
mod paragraph;
mod shape;

pub use fonts::Fonts;

pub(crate) use clean::{Unseen, is_unseen, one_line, plain};
pub(crate) use fonts::Family;
pub(crate) use paragraph::{Base, Ink, Line, Span, layout};
pub(crate) use shape::{BOX_PADDING, Run, Shaper};
