//! The font set: faces from crates and from a directory, and which of them has which character.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use harfrust::ShaperData;
use krilla::Data;
use krilla::text::Font;
use sha2::{Digest as _, Sha256};
use skrifa::raw::types::Tag;
use skrifa::raw::{FileRef, FontRef, TableProvider as _};
use skrifa::{MetadataProvider as _, charmap::Charmap};

use super::clean;
use crate::error::FontError;
use crate::hex::hex;

/// Tables of colour and bitmap fonts, whose glyphs would not survive archiving as outlines.
const COLOUR_TABLES: [&[u8; 4]; 4] = [b"COLR", b"SVG ", b"CBDT", b"sbix"];

/// The depth to which the directory of fonts is searched.
const MAX_DEPTH: usize = 8;

/// The class of marks in a font's glyph definitions (OpenType, `GDEF`).
const MARK: u16 = 3;

type Bytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// The font set of a renderer. It is loaded once and shared by all renders.
pub struct Fonts {
    name: String,
    /// SHA-256 of the directory's files. All zeros if there are none.
    directory: [u8; 32],
    faces: Vec<Face>,
    orders: [Vec<usize>; 3],
    /// Names of the renderers that draw with this set, one for each edition. See [`crate::renderer`].
    renderers: OnceLock<Vec<OnceLock<String>>>,
}

/// The kind of face that is preferred for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Faces for body text.
    Regular,
    /// Faces for headings and labels.
    Bold,
    /// Faces for hashes and identifiers.
    Mono,
}

/// One face of a font file.
pub(crate) struct Face {
    data: Bytes,
    index: u32,
    kind: Family,
    font: OnceLock<Option<Font>>,
    shaper: OnceLock<ShaperData>,
}

impl Fonts {
    /// Returns the fonts that come with this crate: Latin, Greek, Cyrillic, Hebrew, Arabic and symbols.
    pub fn embedded() -> Self {
        Self::assemble("embedded".to_owned(), [0; 32], Vec::new())
    }

    /// Returns the embedded fonts, and behind them every `.ttf`, `.otf`, `.ttc` and `.otc` file of a directory and of
    /// those in it, in the order of their names.
    ///
    /// Faces whose licence forbids embedding, and colour faces, are left out.
    ///
    /// # Errors
    ///
    /// If the directory or a file cannot be read, or a file is no font.
    pub fn with_directory(dir: &Path) -> Result<Self, FontError> {
        let mut files = Vec::new();
        collect(dir, 0, &mut files)?;
        // The order in which a directory is listed differs between systems, and decides which face comes first.
        files.sort();
        let mut faces = Vec::new();
        let mut digest = Sha256::new();
        for path in &files {
            let data = fs::read(path).map_err(|source| FontError::Unreadable { path: path.clone(), source })?;
            // A digest of digests: the ends of files count, not only their bytes.
            digest.update(Sha256::digest(&data));
            // Shared by all faces of the file and by the PDF writer: a font for Chinese has 20 MB.
            let data: Bytes = Arc::new(data);
            faces.extend(read_faces(&data).ok_or_else(|| FontError::NotAFont { path: path.clone() })?);
        }
        if files.is_empty() {
            return Ok(Self::embedded());
        }
        let digest: [u8; 32] = digest.finalize().into();
        let noun = if files.len() == 1 { "font" } else { "fonts" };
        let name = format!("embedded + {} {noun}, sha256 {}", files.len(), &hex(&digest)[..8]);
        Ok(Self::assemble(name, digest, faces))
    }

    /// Returns the name of the set. A report prints it because its bytes depend on it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the SHA-256 of the directory's files, which the set's name has the first digits of. All zeros if there are
    /// none.
    pub(crate) fn directory(&self) -> [u8; 32] {
        self.directory
    }

    /// Returns where the names of the renderers that draw with this set are kept, one for each edition, once they are
    /// known.
    pub(crate) fn renderers(&self, editions: usize) -> &[OnceLock<String>] {
        self.renderers.get_or_init(|| vec![OnceLock::new(); editions])
    }

    /// Returns the first face in the order of `family` that has all of `chars`.
    pub(super) fn covering(&self, family: Family, chars: &[char]) -> Option<usize> {
        let mut order = self.orders[family as usize].iter().copied();
        order.find(|face| self.faces[*face].has_all(chars))
    }

    /// Returns the face at an index that [`Fonts::covering`] returned.
    pub(crate) fn face(&self, index: usize) -> &Face {
        &self.faces[index]
    }

    fn assemble(name: String, directory: [u8; 32], further: Vec<Face>) -> Self {
        let embedded = [
            (notosans::REGULAR_TTF, Family::Regular),
            (notosans::BOLD_TTF, Family::Bold),
            (dejavu::sans_mono::regular(), Family::Mono),
            (dejavu::sans::regular(), Family::Regular),
            (dejavu::sans::bold(), Family::Bold),
        ];
        let mut faces: Vec<Face> =
            embedded.into_iter().map(|(data, kind)| Face::new(Arc::new(data), 0, kind)).collect();
        faces.extend(further);
        let orders = [Family::Regular, Family::Bold, Family::Mono].map(|family| {
            let mut order: Vec<usize> = (0..faces.len()).collect();
            // A stable sort: faces of one rank stay in the order of the set.
            order.sort_by_key(|face| faces[*face].kind.distance(family));
            order
        });
        Self { name, directory, faces, orders, renderers: OnceLock::new() }
    }
}

impl fmt::Debug for Fonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fonts").field(&self.name).finish()
    }
}

impl Family {
    /// Returns the rank of this kind of face for text of the family `wanted`, from 0.
    fn distance(self, wanted: Self) -> u8 {
        match (self, wanted) {
            _ if self == wanted => 0,
            (Self::Regular, _) => 1,
            (Self::Bold, _) => 2,
            (Self::Mono, _) => 3,
        }
    }
}

impl Face {
    fn new(data: Bytes, index: u32, kind: Family) -> Self {
        Self { data, index, kind, font: OnceLock::new(), shaper: OnceLock::new() }
    }

    /// Returns the parsed face. Parsing reads a few dozen bytes, so it is not kept.
    pub(super) fn font_ref(&self) -> Option<FontRef<'_>> {
        FontRef::from_index((*self.data).as_ref(), self.index).ok()
    }

    /// Returns the tables that shaping needs, which are prepared once.
    pub(super) fn shaper_data(&self, font: &FontRef<'_>) -> &ShaperData {
        self.shaper.get_or_init(|| ShaperData::new(font))
    }

    /// Returns the face as the PDF writer wants it.
    pub(crate) fn font(&self) -> Option<Font> {
        self.font.get_or_init(|| Font::new(Data::from(self.data.clone()), self.index)).clone()
    }

    fn has_all(&self, chars: &[char]) -> bool {
        self.font_ref().is_some_and(|font| {
            let charmap: Charmap<'_> = font.charmap();
            let classes = font.gdef().ok().and_then(|gdef| gdef.glyph_class_def()?.ok());
            chars.iter().all(|c| {
                charmap.map(*c).is_some_and(|glyph| {
                    // Noto Sans has the grave accent of ASCII as a mark, which would sit on the next letter.
                    let mark = classes.as_ref().is_some_and(|classes| classes.get(glyph) == MARK);
                    // Glyph 0 stands for missing characters (OpenType, `cmap`).
                    glyph.to_u32() != 0 && (!mark || clean::extends(*c))
                })
            })
        })
    }
}

/// Returns the usable faces of a file. `None` if it is not a font at all.
fn read_faces(data: &Bytes) -> Option<Vec<Face>> {
    let count = match FileRef::new((**data).as_ref()).ok()? {
        FileRef::Font(_) => 1,
        FileRef::Collection(collection) => collection.len(),
    };
    let mut faces = Vec::new();
    for index in 0..count {
        let font = FontRef::from_index((**data).as_ref(), index).ok()?;
        if is_usable(&font) {
            let bold = font.attributes().weight.value() >= 600.0;
            let kind = if bold { Family::Bold } else { Family::Regular };
            faces.push(Face::new(data.clone(), index, kind));
        }
    }
    Some(faces)
}

/// Whether a face has outlines, may be embedded, and needs no colour.
fn is_usable(font: &FontRef<'_>) -> bool {
    let outlines = font.glyf().is_ok() || font.cff().is_ok() || font.cff2().is_ok();
    // `fsType` 2 is a licence that forbids embedding (OpenType, `OS/2`).
    let restricted = font.os2().is_ok_and(|os2| os2.fs_type() & 0xF == 2);
    let coloured = COLOUR_TABLES.iter().any(|tag| font.table_data(Tag::new(tag)).is_some());
    outlines && !restricted && !coloured && font.head().is_ok_and(|head| head.units_per_em() > 0)
}

/// Adds the font files under `dir` to `files`. Links to directories are not followed.
fn collect(dir: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), FontError> {
    let unreadable = |source| FontError::Unreadable { path: dir.to_owned(), source };
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        if entry.file_type().map_err(unreadable)?.is_dir() {
            if depth < MAX_DEPTH {
                collect(&path, depth + 1, files)?;
            }
        } else if path.is_file() && has_font_extension(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn has_font_extension(path: &Path) -> bool {
    let extension = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    extension.is_some_and(|ext| ["ttf", "otf", "ttc", "otc"].iter().any(|known| ext == *known))
}
