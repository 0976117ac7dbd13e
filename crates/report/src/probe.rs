//! The name of the renderer of files that take a receipt: edition, and the hash of a report that the build draws once.
//!
//! Two builds of one version can draw differently: a dependency somewhere else in the program may switch another deflate
//! on. A file's name for its renderer tells them apart, so that a verifier which draws a body again knows beforehand
//! whether it can expect the same bytes.

use sha2::{Digest as _, Sha256};

use crate::content::Proof;
use crate::drawing::Drawing;
use crate::edition::Edition;
use crate::error::ReportError;
use crate::format::Format;
use crate::hex::hex;
use crate::sample::STORY;
use crate::text::Fonts;

/// The record of the probe. It never changes: with it, the names of all renderers would.
const RECORD: &[u8] = include_bytes!("probe.json");

/// Returns the name of the renderer that [`crate::body`] draws with, such as `sts-clearance-report 0.5.0+` and the
/// SHA-256 of the probe in hexadecimal digits.
///
/// The probe is drawn when the name is asked for first, once for each edition and font set.
///
/// # Errors
///
/// If the probe cannot be drawn.
pub fn renderer(edition: Edition, fonts: &Fonts) -> Result<&str, ReportError> {
    let names = fonts.renderers(Edition::ALL.len());
    let name = &names[edition as usize];
    if let Some(name) = name.get() {
        return Ok(name);
    }
    let probe = probe(edition, fonts)?;
    Ok(name.get_or_init(|| format!("{}+{}", edition.name(), hex(&probe))))
}

/// Returns the edition in which this build, with these fonts, draws what a renderer of this name drew. `None` if it
/// draws otherwise, or does not know the edition.
///
/// # Errors
///
/// If the probe cannot be drawn.
pub fn edition_of(name: &str, fonts: &Fonts) -> Result<Option<Edition>, ReportError> {
    let Some((edition, _)) = name.split_once('+') else { return Ok(None) };
    let Some(edition) = Edition::named(edition) else { return Ok(None) };
    Ok((renderer(edition, fonts)? == name).then_some(edition))
}

/// Draws the probe in every format, and returns the hash of their hashes and of the fonts' one.
fn probe(edition: Edition, fonts: &Fonts) -> Result<[u8; 32], ReportError> {
    // The probe uses few fonts of a directory or none, and the name of the set has eight digits only.
    let mut digest = Sha256::new_with_prefix(fonts.directory());
    // Editions that tell a story draw it in another record, which never changes either.
    let story = edition.rules().story.then_some((STORY, Format::Pdf));
    let formats = [Format::Pdf, Format::Json, Format::Csv].map(|format| (RECORD, format));
    for (record, format) in formats.into_iter().chain(story) {
        // In the probe itself, the name is that of the edition alone: its hash cannot be in it.
        let name = edition.name().to_owned();
        let drawing = Drawing { edition, proof: Proof::Receipt, renderer: name };
        let drawn = drawing.draw(record, format, fonts, &mut |_| {})?;
        digest.update(Sha256::digest(drawn.bytes));
    }
    Ok(digest.finalize().into())
}
