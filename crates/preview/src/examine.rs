//! What a file says of itself that its first bytes do not show: which kind of Office file it is, and what its reader
//! will not see.

use hayro::hayro_syntax::{
    DecryptionError, LoadPdfError, Pdf,
    object::{Array, Dict, Name, Number, Object, Stream},
};
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

/// What is to be known of a PDF before it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// It opens only with a password.
    NeedsPassword,
    /// It is a form with values of which it has no appearance: readers that compute none show empty fields.
    ValuesNotDrawn,
}

/// How many fields of a form are looked at.
const MOST_FIELDS: usize = 100_000;

/// Examines a PDF. `None` if there is nothing to know, or it cannot be read.
pub fn examine_pdf(file: Vec<u8>) -> Option<Notice> {
    let pdf = match Pdf::new(file) {
        Ok(pdf) => pdf,
        Err(LoadPdfError::Decryption(DecryptionError::PasswordProtected)) => return Some(Notice::NeedsPassword),
        Err(_) => return None,
    };
    let root: Dict<'_> = pdf.xref().get(pdf.xref().root_id())?;
    let fields: Array<'_> = root.get::<Dict<'_>>("AcroForm")?.get("Fields")?;
    has_undrawn(&fields).then_some(Notice::ValuesNotDrawn)
}

/// Returns whether a field has a value, and a place on a page without an appearance (ISO 32000-1 §12.7.3).
fn has_undrawn(fields: &Array<'_>) -> bool {
    // What a field does not have itself it has from the field above it.
    let mut waiting: Vec<(Dict<'_>, bool, bool)> =
        fields.iter::<Dict<'_>>().map(|field| (field, false, false)).collect();
    let mut seen = 0;
    while let Some((field, mut is_shown_as_text, mut has_value)) = waiting.pop() {
        seen += 1;
        if seen > MOST_FIELDS {
            return false;
        }
        // A signature is a value without a text.
        if let Some(kind) = field.get::<Name<'_>>("FT") {
            is_shown_as_text = [&b"Tx"[..], b"Btn", b"Ch"].contains(&&*kind);
        }
        if let Some(value) = field.get::<Object<'_>>("V") {
            has_value = is_value(&value);
        }
        if let Some(kids) = field.get::<Array<'_>>("Kids") {
            waiting.extend(kids.iter::<Dict<'_>>().take(MOST_FIELDS).map(|kid| (kid, is_shown_as_text, has_value)));
        } else if is_shown_as_text && has_value && !is_hidden(&field) && !has_appearance(&field) {
            return true;
        }
    }
    false
}

fn is_value(value: &Object<'_>) -> bool {
    match value {
        Object::String(text) => !text.as_bytes().is_empty(),
        Object::Name(name) => **name != b"Off"[..],
        Object::Array(chosen) => chosen.raw_iter().next().is_some(),
        Object::Stream(_) => true,
        _ => false,
    }
}

/// Returns whether an annotation is not to be seen: hidden, or not for the screen (ISO 32000-1 §12.5.3).
fn is_hidden(widget: &Dict<'_>) -> bool {
    widget.get::<Number>("F").is_some_and(|flags| flags.as_i64() & 0b10_0010 != 0)
}

fn has_appearance(widget: &Dict<'_>) -> bool {
    let normal = widget.get::<Dict<'_>>("AP").and_then(|appearances| appearances.get::<Object<'_>>("N"));
    match normal {
        Some(Object::Stream(stream)) => is_drawing(&stream),
        Some(Object::Dict(states)) => !states.is_empty(),
        _ => false,
    }
}

/// Returns whether an appearance draws anything. Programs that leave it to the reader write an empty one.
fn is_drawing(stream: &Stream<'_>) -> bool {
    stream.decoded().is_ok_and(|content| !content.trim_ascii().is_empty())
}

/// The main part of an Office file.
#[derive(Debug, PartialEq, Eq)]
pub struct MainPart {
    /// The media type that `[Content_Types].xml` gives it, which says of which kind the file is.
    pub content_type: String,
    /// Its name in the zip, without a slash at the beginning.
    pub name: String,
}

/// The largest part that is read, in bytes.
const MOST_PART: usize = 1024 * 1024;
/// The end of the type of the relationship that leads to the main part (ECMA-376 part 1 §9; transitional and strict).
const MAIN_PART: [&str; 2] = [
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument",
    "http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument",
];

/// A file of a zip.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The bytes of the zip from the file's local header on, with anything behind the file.
    pub bytes: &'a [u8],
    /// How many bytes the file has as it is packed.
    pub size: usize,
}

/// Finds the main part of an Office file by two files of its zip, `[Content_Types].xml` and `_rels/.rels`. `None` if it
/// has none, or more than one.
pub fn examine_office(content_types: Entry<'_>, relationships: Entry<'_>) -> Option<MainPart> {
    let (content_types, relationships) = (text(content_types)?, text(relationships)?);
    let mut mains = Vec::new();
    for_each_element(&relationships, |element, attribute| {
        let is_main = attribute("Type").is_some_and(|kind| MAIN_PART.contains(&&*kind));
        let is_inside = attribute("TargetMode").is_none_or(|mode| mode != "External");
        if element == "Relationship" && is_main && is_inside {
            mains.extend(attribute("Target"));
        }
    })?;
    let [main] = &mains[..] else { return None };
    let name = main.trim_start_matches("./").trim_start_matches('/').to_owned();
    let (mut named, mut by_extension) = (None, None);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    for_each_element(&content_types, |element, attribute| {
        let is = |of: &str, wanted: &str| attribute(of).is_some_and(|given| given.eq_ignore_ascii_case(wanted));
        if element == "Override" && is("PartName", &format!("/{name}")) {
            named = attribute("ContentType");
        } else if element == "Default" && is("Extension", extension) {
            by_extension = attribute("ContentType");
        }
    })?;
    Some(MainPart { content_type: named.or(by_extension)?, name })
}

/// Calls this with the name and the attributes of each element, without their prefixes. `None` if it is no XML.
fn for_each_element(xml: &str, mut call: impl FnMut(&str, &dyn Fn(&str) -> Option<String>)) -> Option<()> {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) | Event::Empty(element) => {
                call(str::from_utf8(element.local_name().as_ref()).ok()?, &|name| attribute(&element, name));
            }
            Event::Eof => return Some(()),
            _ => {}
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|attribute| attribute.key.as_ref() == name.as_bytes())?;
    let value = str::from_utf8(&found.value).ok()?;
    quick_xml::escape::unescape(value).ok().map(std::borrow::Cow::into_owned)
}

/// Returns the text of a file of a zip: in UTF-8 or UTF-16, which are those that the format allows.
fn text(entry: Entry<'_>) -> Option<String> {
    let bytes = unpacked(entry)?;
    let wide = |of: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].as_chunks().0.iter().map(|pair| of(*pair)).collect();
        String::from_utf16(&units).ok()
    };
    match bytes[..] {
        [0xFF, 0xFE, ..] => wide(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => wide(u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, ..] => String::from_utf8(bytes[3..].to_vec()).ok(),
        _ => String::from_utf8(bytes).ok(),
    }
}

/// Unpacks a file of a zip (APPNOTE.TXT 4.3.7).
fn unpacked(Entry { bytes, size }: Entry<'_>) -> Option<Vec<u8>> {
    let short = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    if !bytes.starts_with(b"PK\x03\x04") {
        return None;
    }
    let data = bytes.get(30 + usize::from(short(26)?) + usize::from(short(28)?)..)?.get(..size)?;
    match short(8)? {
        0 if size <= MOST_PART => Some(data.to_vec()),
        8 => decompress_to_vec_with_limit(data, MOST_PART).ok(),
        _ => None,
    }
}
