//! The CSV snapshot: the record and the proof out of the zip.

use std::io::Cursor;

use zip::ZipArchive;
use zip::result::ZipError;

use super::{Opened, read_bounded, utf8};
use crate::{Format, OpenError, PROOF_FILE, RECORD_FILE, csv};

/// Reads a zip.
pub(super) fn open(bytes: &[u8]) -> Result<Opened, OpenError> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(OpenError::Zip)?;
    if zip.has_duplicate_names() {
        return Err(OpenError::TwiceInZip);
    }
    let record = member(&mut zip, RECORD_FILE)?.ok_or(OpenError::Missing { from: "zip" })?;
    let proof = member(&mut zip, PROOF_FILE)?.map(|bytes| utf8(bytes, PROOF_FILE)).transpose()?;
    let readme = member(&mut zip, csv::README_FILE)?.map(|bytes| utf8(bytes, csv::README_FILE)).transpose()?;
    let renderer = readme.as_deref().and_then(|text| text.lines().find_map(|line| line.strip_prefix(csv::RENDERED)));
    Ok(Opened { format: Format::Csv, record, proof, renderer: renderer.map(str::to_owned), fonts: None })
}

/// The content of the file of this name, if it is there.
fn member(zip: &mut ZipArchive<Cursor<&[u8]>>, name: &'static str) -> Result<Option<Vec<u8>>, OpenError> {
    match zip.by_name(name) {
        Ok(file) => read_bounded(file, name).map(Some),
        Err(ZipError::FileNotFound) => Ok(None),
        Err(error) => Err(OpenError::Zip(error)),
    }
}
