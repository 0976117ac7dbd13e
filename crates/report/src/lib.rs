//! A room's record in, the bytes of its report out: PDF, JSON or CSV; and back again.
//!
//! Rendering is a pure function of four things: the record's bytes, its proof, the font set and the
//! edition. It reads no clock, no environment and no system font, so that a report can be
//! made again, anywhere, and come out the same byte for byte.

mod bounds;
mod content;
mod csv;
mod edition;
mod error;
mod format;
mod json;
mod open;
mod pdf;
pub mod record;
pub mod sample;
mod text;
mod words;

use sha2::{Digest as _, Sha256};

pub use self::pdf::paper;
pub use bounds::{Bounds, Exceeded};
pub use edition::Edition;
pub use error::{FontError, OpenError, ReportError};
pub use format::Format;
pub use open::{Opened, open, open_as};
pub use text::Fonts;

/// The renderer's name in the current edition, as every new report prints it.
pub const RENDERER: &str = Edition::CURRENT.name();

/// The record's name beside or in a report.
const RECORD_FILE: &str = "record.json";

/// The proof's name beside or in a report.
const PROOF_FILE: &str = "proof.tlog";

/// A finished report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The file.
    pub bytes: Vec<u8>,
    /// The characters that were printed as their code point, sorted and distinct; PDF only.
    pub uncovered: Vec<char>,
}

/// What every format needs to know about the record it draws.
struct Source<'a> {
    bytes: &'a [u8],
    context: content::Context,
}

/// Renders `record`, the canonical bytes (RFC 8785) of a [`record::Record`], as `format` in an edition.
///
/// `proof` is a C2SP tlog-proof that the room's log holds the snapshot; none for a snapshot from
/// before there were proofs. `progress` is called now and then with the fraction that is done, from 0 to 1.
pub fn render(
    edition: Edition,
    record: &[u8],
    proof: Option<&str>,
    format: Format,
    fonts: &Fonts,
    progress: &mut dyn FnMut(f32),
) -> Result<Rendered, ReportError> {
    let context = content::Context {
        edition,
        record: record::read(record)?,
        sha256: hex(&Sha256::digest(record)),
        proof: proof.map(str::to_owned),
        fonts: fonts.name().to_owned(),
    };
    let source = Source { bytes: record, context };
    progress(0.0);
    let rendered = match format {
        Format::Pdf => pdf::render(&source, fonts, progress)?,
        Format::Json => Rendered { bytes: json::render(&source)?, uncovered: Vec::new() },
        Format::Csv => Rendered { bytes: csv::render(&source, progress)?, uncovered: Vec::new() },
    };
    progress(1.0);
    Ok(rendered)
}

/// Lower-case hexadecimal digits of `bytes`.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|nibble| char::from(DIGITS[usize::from(nibble)])).collect()
}

/// How far `done` of `total` is, from 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "only shown to a person")]
fn fraction(done: usize, total: usize) -> f32 {
    if total == 0 { 1.0 } else { done as f32 / total as f32 }
}
