//! How a record becomes a file: its formats, and what differs between the ways of drawing one record.

use sha2::{Digest as _, Sha256};

use crate::content::{Context, Proof};
use crate::edition::Edition;
use crate::error::ReportError;
use crate::format::Format;
use crate::hex::hex;
use crate::source::{Rendered, Source};
use crate::text::Fonts;
use crate::{csv, json, pdf, record};

/// A way of drawing records.
pub(crate) struct Drawing {
    pub(crate) edition: Edition,
    pub(crate) proof: Proof,
    /// Name of the renderer, as the file states it.
    pub(crate) renderer: String,
}

impl Drawing {
    /// Draws a record as a file of this format, and says how far it is.
    pub(crate) fn draw(
        self,
        record: &[u8],
        format: Format,
        fonts: &Fonts,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Rendered, ReportError> {
        let context = Context {
            edition: self.edition,
            record: record::read(record)?,
            sha256: hex(&Sha256::digest(record)),
            proof: self.proof,
            renderer: self.renderer,
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
}
