//! Renders a room's record as a report (PDF, JSON or CSV), and opens such reports again.
//!
//! Rendering is a pure function of four things: the record's bytes, its proof, the font set and the edition. It reads
//! no clock, no environment and no system font, so that a report can be made again, anywhere, and comes out the same
//! byte for byte.
//!
//! There are two kinds of files. Old ones are drawn by [`render`] with their proof inside, so a proof rests on drawing
//! the file again. New ones are a [`body`], whose hash the room's log states, to which [`with_receipt`] adds the receipt
//! for that hash; [`split`] takes it off again, and needs neither renderer nor fonts.

mod bounds;
mod content;
mod csv;
mod drawing;
mod edition;
mod error;
pub mod folded;
mod format;
mod hex;
mod json;
mod names;
mod open;
mod pdf;
mod probe;
mod progress;
mod receipt;
pub mod record;
pub mod sample;
mod schema;
mod source;
mod stored;
mod text;
mod words;

pub use self::pdf::paper;
pub use bounds::{Bounds, Exceeded};
pub use edition::{Edition, RENDERER};
pub use error::{FontError, OpenError, ReceiptError, ReportError};
pub use format::Format;
pub use open::{Body, Opened, open, open_as};
pub use probe::{edition_of, renderer};
pub use receipt::{Split, split, with_receipt};
pub use source::Rendered;
pub use text::Fonts;
pub use words::adoption;

use content::Proof;
use drawing::Drawing;

/// Renders `record`, the canonical bytes (RFC 8785) of a [`record::Record`], as `format` in an edition, with its proof.
///
/// `proof` is a C2SP tlog-proof that the room's log holds the snapshot; `None` for snapshots from before there were
/// proofs. `progress` is called now and then with the fraction that is done, from 0 to 1.
///
/// # Errors
///
/// If the bytes are no record of a known schema, or if the file cannot be written. No text of a record makes rendering
/// fail.
pub fn render(
    edition: Edition,
    record: &[u8],
    proof: Option<&str>,
    format: Format,
    fonts: &Fonts,
    progress: &mut dyn FnMut(f32),
) -> Result<Rendered, ReportError> {
    let proof = proof.map_or(Proof::None, |proof| Proof::Inside(proof.to_owned()));
    let drawing = Drawing { edition, proof, renderer: edition.name().to_owned() };
    drawing.draw(record, format, fonts, progress)
}

/// Draws `record` as a body of `format`, which takes a receipt: see [`with_receipt`]. Otherwise as [`render`].
///
/// Nothing in a body depends on a proof, so that the log can state its hash before there is one. Its renderer has the
/// name that [`renderer`] returns.
///
/// # Errors
///
/// As [`render`], and if the probe that names the renderer cannot be drawn.
pub fn body(
    edition: Edition,
    record: &[u8],
    format: Format,
    fonts: &Fonts,
    progress: &mut dyn FnMut(f32),
) -> Result<Rendered, ReportError> {
    let renderer = renderer(edition, fonts)?.to_owned();
    Drawing { edition, proof: Proof::Receipt, renderer }.draw(record, format, fonts, progress)
}
