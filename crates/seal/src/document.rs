//! The PDF that is to be sealed, and those of its objects that an update writes again.
//!
//! This reads PDFs as our reports are: one cross-reference table, behind it at most the update that adds a receipt
//! ([`pdf::receipt_update`]), no form, and either no structure tree or one with a document element at its top. Anything
//! else is refused and not guessed at. Streams are not looked into: what one unpacks to has no limit, and none of these
//! objects is in one.

use memchr::memmem;
use pdf::{Tokens, XREF_ENTRY, entry, items, number, startxref, text};
use sha2::{Digest as _, Sha256};

use crate::fault::Fault;

const TRAILER: &[u8] = b"trailer";
const STRANGE: Fault = Fault::Unfit("its structure tree has another form than ours");

/// The objects that an update writes again, and what its trailer repeats.
pub(crate) struct Document {
    /// Numbers of the objects that are new.
    pub(crate) numbers: Numbers,
    /// Number of the first page's object.
    pub(crate) page: u32,
    /// The element above the field's own, and the field's key in the structure tree. `None` if the PDF is not tagged.
    pub(crate) tags: Option<Tags>,
    /// Changed objects and their numbers, in ascending order.
    pub(crate) rewritten: Vec<(u32, Vec<u8>)>,
    /// The trailer but for its size: the catalog, the information dictionary and both identifiers.
    pub(crate) trailer: Vec<u8>,
    /// Offset of the file's last cross-reference table, which the update's table points back to.
    pub(crate) previous: usize,
}

/// Numbers of the new objects. Only a tagged PDF uses the one for the element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    pub(crate) field: u32,
    pub(crate) element: u32,
    pub(crate) signature: u32,
}

/// The place of the field's element in the structure tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tags {
    pub(crate) top: u32,
    pub(crate) key: u32,
}

impl Document {
    /// Reads a file. `time` is the time of the seal, which the identifier of the sealed version is derived from.
    ///
    /// # Errors
    ///
    /// [`Fault::Unfit`], with the reason why this file cannot be sealed.
    pub(crate) fn read(bytes: &[u8], time: &str) -> Result<Self, Fault> {
        // A receipt's update holds one stream, and none of the objects that are written again here. So these are read
        // from the body, and the seal's update only follows on that of the receipt.
        let body = pdf::split_receipt(bytes).map_or(bytes, |(body, _)| body);
        let file = File::read(body)?;
        let (_, previous, trailer) = File::end(bytes).ok_or(Fault::Unfit("its trailer is damaged"))?;
        let root = reference(entry(file.trailer, b"/Root")?.ok_or(Fault::Unfit("it has no catalog"))?)?;
        let catalog = file.dictionary(root)?;
        // With a form there already, the field would have to be added to it, and an earlier signature might forbid
        // that.
        if entry(catalog, b"/AcroForm")?.is_some() {
            return Err(Fault::Unfit("it has a form or a seal already"));
        }
        let page = file.first_page(catalog)?;

        let structure = entry(catalog, b"/StructTreeRoot")?.map(reference).transpose()?;
        let elements = u32::from(structure.is_some());
        let numbers = Numbers { field: file.size, element: file.size + 1, signature: file.size + 1 + elements };
        let form = format!("/AcroForm<</Fields[{} 0 R]/SigFlags 3>>", numbers.field);
        let mut rewritten = vec![(root, edited(catalog, vec![Edit::last(catalog, form)])?)];
        let first = file.dictionary(page)?;
        // PDF/UA-1 demands that the annotations of a page are read in the order of the structure (ISO 14289-1, 7.18.3).
        let order = if structure.is_some() && entry(first, b"/Tabs")?.is_none() { "/Tabs/S" } else { "" };
        rewritten.push((page, with_annotation(first, numbers.field, order)?));
        let tags = match structure {
            None => None,
            Some(root) => {
                let tree = file.dictionary(root)?;
                let top = top_element(tree)?;
                let (key, with_parent) = with_parent(tree, numbers.element)?;
                rewritten.push((root, with_parent));
                rewritten.push((top, with_kid(file.dictionary(top)?, numbers.element)?));
                Some(Tags { top, key })
            }
        };
        rewritten.sort_by_key(|&(number, _)| number);
        // A page that is the catalog too, for example: the second text would hide the change in the first.
        if rewritten.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(Fault::Unfit("one object has two parts in it"));
        }
        // Two objects may overlap in a file that was made so, and each is copied with its content: then a small file
        // would need an update that is many times its size.
        if rewritten.iter().map(|(_, text)| text.len()).sum::<usize>() > bytes.len() {
            return Err(Fault::Unfit("its objects overlap"));
        }
        Ok(Self { numbers, page, tags, rewritten, trailer: next_trailer(trailer, time)?, previous })
    }
}

/// The parts of a file by which its objects are found.
struct File<'a> {
    bytes: &'a [u8],
    table: &'a [u8],
    trailer: &'a [u8],
    size: u32,
}

impl<'a> File<'a> {
    /// Reads the end of a file, which must have one table of all objects and nothing that leads to other tables.
    fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        const DAMAGED: Fault = Fault::Unfit("its trailer is damaged");

        let (table, _, trailer) = Self::end(bytes).ok_or(DAMAGED)?;
        if entry(trailer, b"/Encrypt")?.is_some() {
            return Err(Fault::Unfit("it is encrypted"));
        }
        if entry(trailer, b"/Prev")?.is_some() || entry(trailer, b"/XRefStm")?.is_some() {
            return Err(Fault::Unfit("it has a seal or another update already"));
        }
        // Every object has to be in this one table: an object of an earlier table would be invisible here and visible
        // to others.
        let size = entry(trailer, b"/Size")?.and_then(number).ok_or(DAMAGED)?;
        let table = Self::lines(table, size).ok_or(Fault::Unfit("its cross-reference table is damaged"))?;
        let size = u32::try_from(size).ok().filter(|size| (1..u32::MAX - 3).contains(size)).ok_or(DAMAGED)?;
        Ok(Self { bytes, table, trailer, size })
    }

    /// Returns the bytes from the last table to the trailer, their offset, and the trailer.
    fn end(bytes: &'a [u8]) -> Option<(&'a [u8], usize, &'a [u8])> {
        let (before, table_at) = startxref(bytes)?;
        let trailer_at = memmem::rfind(before, TRAILER)?;
        let mut tokens = Tokens::new(before, trailer_at + TRAILER.len())?;
        let trailer = tokens.value().filter(|_| tokens.rest().is_empty())?;
        Some((before.get(table_at..trailer_at)?, table_at, trailer))
    }

    /// Returns the entries of a table that has all objects in one section.
    fn lines(table: &'a [u8], size: usize) -> Option<&'a [u8]> {
        let mut tokens = Tokens::new(table, 0)?;
        tokens.expect(b"xref")?;
        tokens.expect(b"0")?;
        tokens.expect(size.to_string().as_bytes())?;
        tokens.skip_white();
        let lines = tokens.take(size.checked_mul(XREF_ENTRY)?)?;
        tokens.rest().trim_ascii().is_empty().then_some(lines)
    }

    /// Returns the dictionary that is the whole of an object. A dictionary with a stream is refused.
    fn dictionary(&self, object: u32) -> Result<&'a [u8], Fault> {
        self.find(object).ok_or(Fault::Unfit("its objects are damaged"))
    }

    fn find(&self, object: u32) -> Option<&'a [u8]> {
        let start = usize::try_from(object).ok()?.checked_mul(XREF_ENTRY)?;
        let (offset, kind) = self.table.get(start..start.checked_add(XREF_ENTRY)?)?.split_at(10);
        if !kind.starts_with(b" 00000 n") {
            return None;
        }
        let mut tokens = Tokens::new(self.bytes, number(offset)?)?;
        tokens.expect(object.to_string().as_bytes())?;
        tokens.expect(b"0")?;
        tokens.expect(b"obj")?;
        let dictionary = tokens.value().filter(|value| value.starts_with(b"<<"))?;
        // `stream` in its place would make the dictionary that of a stream.
        tokens.expect(b"endobj")?;
        Some(dictionary)
    }

    /// Returns the number of the first page. In our files all pages hang at the root of the page tree.
    fn first_page(&self, catalog: &[u8]) -> Result<u32, Fault> {
        const NONE: Fault = Fault::Unfit("it has no page");

        let pages = self.dictionary(reference(entry(catalog, b"/Pages")?.ok_or(NONE)?)?)?;
        let page = reference(items(entry(pages, b"/Kids")?.ok_or(NONE)?).next().ok_or(NONE)?)?;
        if entry(self.dictionary(page)?, b"/Type")? == Some(b"/Page") { Ok(page) } else { Err(NONE) }
    }
}

/// Returns the rest of the update's trailer. The first identifier stays and the second is new, as every version of
/// a file has its own (ISO 32000-1, 14.4).
fn next_trailer(trailer: &[u8], time: &str) -> Result<Vec<u8>, Fault> {
    const NONE: Fault = Fault::Unfit("it has no identifier");

    let mut id = items(entry(trailer, b"/ID")?.ok_or(NONE)?).map(text);
    let (Some(Some(first)), Some(Some(second)), None) = (id.next(), id.next(), id.next()) else {
        return Err(NONE);
    };
    let second = Sha256::new().chain_update(second).chain_update(time).finalize();
    let root = entry(trailer, b"/Root")?.map(reference).transpose()?;
    let info = entry(trailer, b"/Info")?.map(reference).transpose()?;
    let [root, info] = [("/Root", root), ("/Info", info)]
        .map(|(key, object)| object.map_or_else(String::new, |object| format!("{key} {object} 0 R")));
    Ok(format!("{root}{info}/ID[<{}><{}>]", hex(first.as_bytes()), hex(&second[..16])).into_bytes())
}

/// Returns the page with the field among its annotations, and with `order` at its end.
fn with_annotation(page: &[u8], field: u32, order: &str) -> Result<Vec<u8>, Fault> {
    let edit = match entry(page, b"/Annots")? {
        Some(annotations) => {
            let apart = Fault::Unfit("its first page has a list of annotations apart");
            Edit::within(page, annotations, format!(" {field} 0 R")).ok_or(apart)?
        }
        None => Edit::last(page, format!("/Annots[{field} 0 R]")),
    };
    edited(page, vec![edit, Edit::last(page, order.to_owned())])
}

/// Returns the number of the element that holds all others.
fn top_element(tree: &[u8]) -> Result<u32, Fault> {
    let top = entry(tree, b"/K")?.ok_or(STRANGE)?;
    reference(items(top).next().unwrap_or(top))
}

/// Returns the field's key in the number tree of the structure tree, and the root of the structure tree with that key
/// in it (ISO 32000-1, 14.7.4.4).
fn with_parent(tree: &[u8], element: u32) -> Result<(u32, Vec<u8>), Fault> {
    let next = entry(tree, b"/ParentTreeNextKey")?.ok_or(STRANGE)?;
    let key = number(next).and_then(|key| u32::try_from(key).ok()).filter(|&key| key < u32::MAX).ok_or(STRANGE)?;
    let parents = entry(tree, b"/ParentTree")?.filter(|parents| parents.starts_with(b"<<")).ok_or(STRANGE)?;
    let list = entry(parents, b"/Nums")?.ok_or(STRANGE)?;
    let edits = vec![
        Edit::within(tree, list, format!(" {key} {element} 0 R")).ok_or(STRANGE)?,
        Edit::instead(tree, next, (key + 1).to_string()).ok_or(STRANGE)?,
    ];
    Ok((key, edited(tree, edits)?))
}

/// Returns a structure element with one more child at its end.
fn with_kid(element: &[u8], kid: u32) -> Result<Vec<u8>, Fault> {
    let kids = entry(element, b"/K")?.ok_or(Fault::Unfit("its document element is empty"))?;
    let other = Fault::Unfit("its document element has another form than ours");
    edited(element, vec![Edit::within(element, kids, format!(" {kid} 0 R")).ok_or(other)?])
}

/// A change in the text of an object: what replaces the bytes from `start` to `end`.
struct Edit {
    start: usize,
    end: usize,
    text: String,
}

impl Edit {
    /// Puts a text at the end of a dictionary, before its `>>`.
    fn last(dictionary: &[u8], text: String) -> Self {
        let end = dictionary.len().saturating_sub(2);
        Self { start: end, end, text }
    }

    /// Puts a text at the end of an array in the dictionary. `None` if the value is no array.
    fn within(dictionary: &[u8], array: &[u8], text: String) -> Option<Self> {
        let Self { end, .. } = Self::instead(dictionary, array, String::new())?;
        array.ends_with(b"]").then_some(Self { start: end - 1, end: end - 1, text })
    }

    /// Puts a text in the place of a value in the dictionary.
    fn instead(dictionary: &[u8], value: &[u8], text: String) -> Option<Self> {
        // The value is a slice of the dictionary (see `pdf::entry`), so the difference of their addresses is its
        // offset.
        let start = value.as_ptr().addr().checked_sub(dictionary.as_ptr().addr())?;
        let end = start.checked_add(value.len()).filter(|&end| end <= dictionary.len())?;
        Some(Self { start, end, text })
    }
}

/// Returns the text of a dictionary with the changes made.
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

/// Returns the number of the object that a reference leads to. In our files all objects are of the first generation.
fn reference(value: &[u8]) -> Result<u32, Fault> {
    let reference = pdf::reference(value).ok_or(Fault::Unfit("it has a value where ours have a reference"))?;
    if reference.generation > 0 {
        return Err(Fault::Unfit("it has objects of a later generation"));
    }
    Ok(reference.object)
}

/// Returns bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
