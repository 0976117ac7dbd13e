//! What we read of the PDF that is to be sealed, and its objects as they are with the field in them.
//!
//! It reads what our reports are: one cross-reference table, no form, and either no structure tree or one with a document
//! element at its top. What does not look so is refused, not guessed at.

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, FromBytes as _, ObjRef, String as Text};
use memchr::memmem;
use sha2::{Digest as _, Sha256};

use crate::fault::Fault;

/// The key that the next element gets in the structure tree's number tree.
const NEXT_KEY: &[u8] = b"/ParentTreeNextKey";

/// The objects that an update writes again, and what its trailer repeats.
pub(crate) struct Document {
    /// The numbers of the objects that are new.
    pub(crate) numbers: Numbers,
    /// The number of the first page.
    pub(crate) page: u32,
    /// The element that holds the whole document, and the key of the field in the structure tree.
    pub(crate) tags: Option<Tags>,
    /// Objects with the field in them, by their numbers.
    pub(crate) rewritten: Vec<(u32, Vec<u8>)>,
    /// What the trailer has beside its size: the root, the information, and both identifiers.
    pub(crate) trailer: Vec<u8>,
    /// Where the cross-reference table before this one stands.
    pub(crate) previous: usize,
}

/// The numbers of new objects: a tagged PDF gets an element too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    pub(crate) field: u32,
    pub(crate) element: u32,
    pub(crate) signature: u32,
}

/// Where the field's element hangs in the structure tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tags {
    pub(crate) top: u32,
    pub(crate) key: u32,
}

impl Document {
    /// Reads a file; `time` is the time of the seal, from which the identifier of the sealed version is made.
    pub(crate) fn read(bytes: &[u8], time: &str) -> Result<Self, Fault> {
        let end = End::read(bytes)?;
        let pdf = Pdf::new(bytes.to_vec()).map_err(|_| Fault::Unfit("it cannot be read as a PDF"))?;
        let xref = pdf.xref();
        if number(xref.root_id().into())? != end.root {
            return Err(Fault::Unfit("its trailer is damaged"));
        }
        let object = |number: u32| xref.get::<Dict<'_>>(ObjRef::new(number, 0).into());
        let catalog = object(end.root).ok_or(Fault::Unfit("it has no catalog"))?;
        if catalog.contains_key(b"AcroForm") {
            return Err(Fault::Unfit("it has a form or a seal already"));
        }
        let first = pdf.pages().first().ok_or(Fault::Unfit("it has no page"))?.raw();
        let page = number(first.obj_id().ok_or(Fault::Unfit("it has no page"))?.into())?;

        let structure = catalog.get_ref(b"StructTreeRoot").map(number).transpose()?;
        let elements = u32::from(structure.is_some());
        let numbers = Numbers { field: end.size, element: end.size + 1, signature: end.size + 1 + elements };
        let form = format!("/AcroForm<</Fields[{} 0 R]/SigFlags 3>>", numbers.field);
        let mut rewritten = vec![(end.root, edited(catalog.data(), vec![Edit::last(catalog.data(), form)])?)];
        // In a tagged file the annotations of a page are in the order of the structure (ISO 14289-1, 7.18.3).
        let order = if structure.is_some() && !first.contains_key(b"Tabs") { "/Tabs/S" } else { "" };
        rewritten.push((page, with_annotation(first, numbers.field, order)?));
        let tags = match structure {
            None => None,
            Some(root) => {
                let tree = object(root).ok_or(Fault::Unfit("its structure tree is missing"))?;
                let top = top_element(&tree).ok_or(Fault::Unfit("its structure tree has no top"))?;
                let (key, tree) = with_parent(&tree, numbers.element)?;
                let element = object(top).ok_or(Fault::Unfit("its structure tree has no top"))?;
                rewritten.push((root, tree));
                rewritten.push((top, with_kid(&element, numbers.element)?));
                Some(Tags { top, key })
            }
        };
        rewritten.sort_by_key(|&(number, _)| number);
        if rewritten.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(Fault::Unfit("one object has two parts in it"));
        }
        Ok(Self { numbers, page, tags, rewritten, trailer: end.trailer(time), previous: end.previous })
    }
}

/// What stands at the end of a file.
struct End {
    size: u32,
    root: u32,
    info: Option<u32>,
    id: [Vec<u8>; 2],
    previous: usize,
}

impl End {
    fn read(bytes: &[u8]) -> Result<Self, Fault> {
        const DAMAGED: Fault = Fault::Unfit("its trailer is damaged");

        let start = memmem::rfind(bytes, b"startxref").ok_or(DAMAGED)?;
        let digits = bytes[start + 9..].trim_ascii_start().split(|byte| !byte.is_ascii_digit()).next();
        let previous: usize = digits.and_then(|digits| str::from_utf8(digits).ok()?.parse().ok()).ok_or(DAMAGED)?;
        if !bytes.get(previous..).is_some_and(|table| table.starts_with(b"xref")) {
            return Err(Fault::Unfit("it has no cross-reference table where it says"));
        }
        let trailer = memmem::rfind(&bytes[..start], b"trailer").ok_or(DAMAGED)?;
        let trailer = Dict::from_bytes(bytes[trailer + 7..start].trim_ascii_start()).ok_or(DAMAGED)?;
        if trailer.contains_key(b"Encrypt") {
            return Err(Fault::Unfit("it is encrypted"));
        }
        let id = trailer.get::<Array<'_>>(b"ID").ok_or(Fault::Unfit("it has no identifier"))?;
        let mut id = id.iter::<Text<'_>>();
        let (Some(first), Some(second)) = (id.next(), id.next()) else {
            return Err(Fault::Unfit("it has no identifier"));
        };
        let size = trailer.get::<u32>(b"Size").filter(|size| (1..u32::MAX - 3).contains(size)).ok_or(DAMAGED)?;
        Ok(Self {
            size,
            root: number(trailer.get_ref(b"Root").ok_or(DAMAGED)?)?,
            info: trailer.get_ref(b"Info").map(number).transpose()?,
            id: [first.as_bytes().to_vec(), second.as_bytes().to_vec()],
            previous,
        })
    }

    /// The first identifier stays and the second is new, as each version of a file has its own (ISO 32000-1, 14.4).
    fn trailer(&self, time: &str) -> Vec<u8> {
        let second = Sha256::new().chain_update(&self.id[1]).chain_update(time).finalize();
        let info = self.info.map_or_else(String::new, |info| format!("/Info {info} 0 R"));
        format!("/Root {} 0 R{info}/ID[<{}><{}>]", self.root, hex(&self.id[0]), hex(&second[..16])).into_bytes()
    }
}

/// The page with the field among its annotations, and their order at its end.
fn with_annotation(page: &Dict<'_>, field: u32, order: &str) -> Result<Vec<u8>, Fault> {
    let data = page.data();
    let mut edits = match page.get_raw::<Array<'_>>(b"Annots").filter(|raw| raw.as_obj_ref().is_none()) {
        Some(_) => {
            let annotations = page.get::<Array<'_>>(b"Annots").ok_or(Fault::Unfit("its first page is damaged"))?;
            vec![Edit::after(data, annotations.data(), format!(" {field} 0 R"))?]
        }
        None if page.contains_key(b"Annots") => {
            return Err(Fault::Unfit("its first page has a list of annotations apart"));
        }
        None => vec![Edit::last(data, format!("/Annots[{field} 0 R]"))],
    };
    edits.push(Edit::last(data, order.to_owned()));
    edited(data, edits)
}

/// The number of the element that holds all others.
fn top_element(tree: &Dict<'_>) -> Option<u32> {
    let top = match tree.get_ref(b"K") {
        Some(top) => top,
        None => tree.get::<Array<'_>>(b"K")?.raw_iter().next()?.as_obj_ref()?,
    };
    number(top).ok()
}

/// The root of the structure tree with the field's element in its number tree, and the key that it has there.
fn with_parent(tree: &Dict<'_>, element: u32) -> Result<(u32, Vec<u8>), Fault> {
    const STRANGE: Fault = Fault::Unfit("its structure tree has another form than ours");

    let data = tree.data();
    let key = tree.get::<u32>(b"ParentTreeNextKey").filter(|&key| key < u32::MAX).ok_or(STRANGE)?;
    if tree.get_ref(b"ParentTree").is_some() {
        return Err(STRANGE);
    }
    let parents = tree.get::<Dict<'_>>(b"ParentTree").ok_or(STRANGE)?;
    if parents.get_ref(b"Nums").is_some() {
        return Err(STRANGE);
    }
    let list = parents.get::<Array<'_>>(b"Nums").ok_or(STRANGE)?;
    let mut found = memmem::find_iter(data, NEXT_KEY);
    let (Some(next), None) = (found.next(), found.next()) else { return Err(STRANGE) };
    let digits = next + NEXT_KEY.len()..next + NEXT_KEY.len() + 1 + key.to_string().len();
    if data.get(digits.clone()) != Some(format!(" {key}").as_bytes()) {
        return Err(STRANGE);
    }
    let edits = vec![
        Edit::after(data, list.data(), format!(" {key} {element} 0 R"))?,
        Edit { start: digits.start, end: digits.end, text: format!(" {}", key + 1) },
    ];
    Ok((key, edited(data, edits)?))
}

/// An element with one more in it, at the end.
fn with_kid(element: &Dict<'_>, kid: u32) -> Result<Vec<u8>, Fault> {
    if element.get_ref(b"K").is_some() {
        return Err(Fault::Unfit("its document element has another form than ours"));
    }
    let kids = element.get::<Array<'_>>(b"K").ok_or(Fault::Unfit("its document element is empty"))?;
    edited(element.data(), vec![Edit::after(element.data(), kids.data(), format!(" {kid} 0 R"))?])
}

/// A change in the text of an object.
struct Edit {
    start: usize,
    end: usize,
    text: String,
}

impl Edit {
    /// Puts a text at the end of a dictionary.
    fn last(dictionary: &[u8], text: String) -> Self {
        let end = dictionary.len().saturating_sub(2);
        Self { start: end, end, text }
    }

    /// Puts a text after a part of the dictionary.
    fn after(dictionary: &[u8], part: &[u8], text: String) -> Result<Self, Fault> {
        let start = part.as_ptr().addr().checked_sub(dictionary.as_ptr().addr()).map(|start| start + part.len());
        let end = start.filter(|&end| end <= dictionary.len()).ok_or(Fault::Unfit("its objects are damaged"))?;
        Ok(Self { start: end, end, text })
    }
}

/// The text of a dictionary with the changes made, in the order of their places.
fn edited(dictionary: &[u8], mut edits: Vec<Edit>) -> Result<Vec<u8>, Fault> {
    if !(dictionary.starts_with(b"<<") && dictionary.ends_with(b">>")) {
        return Err(Fault::Unfit("its objects are damaged"));
    }
    edits.sort_by_key(|edit| edit.start);
    let mut text = Vec::with_capacity(dictionary.len() + 64);
    let mut done = 0;
    for edit in edits {
        text.extend_from_slice(dictionary.get(done..edit.start).ok_or(Fault::Unfit("its objects are damaged"))?);
        text.extend_from_slice(edit.text.as_bytes());
        done = edit.end;
    }
    text.extend_from_slice(&dictionary[done..]);
    Ok(text)
}

/// The number of an object; ours are all of the first generation.
fn number(reference: ObjRef) -> Result<u32, Fault> {
    if reference.gen_number == 0 {
        Ok(reference.obj_number)
    } else {
        Err(Fault::Unfit("it has objects of a later generation"))
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
