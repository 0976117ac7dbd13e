//! What we read of the PDF that is to be sealed, and its objects as they are with the field in them.
//!
//! It reads what our reports are: one cross-reference table at the end, no form, and either no structure tree or one with
//! a document element at its top. What does not look so is refused, not guessed at. No stream is looked into: what one
//! unpacks to has no limit, and none of these objects is in one.

use memchr::memmem;
use pdf::{Tokens, XREF_ENTRY, entry, items, number, startxref, text};
use sha2::{Digest as _, Sha256};

use crate::fault::Fault;

const TRAILER: &[u8] = b"trailer";
const STRANGE: Fault = Fault::Unfit("its structure tree has another form than ours");

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
        let file = File::read(bytes)?;
        let root = reference(entry(file.trailer, b"/Root")?.ok_or(Fault::Unfit("it has no catalog"))?)?;
        let catalog = file.dictionary(root)?;
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
        // In a tagged file the annotations of a page are in the order of the structure (ISO 14289-1, 7.18.3).
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
        if rewritten.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(Fault::Unfit("one object has two parts in it"));
        }
        // Objects that hold one another would make the update longer than the file.
        if rewritten.iter().map(|(_, text)| text.len()).sum::<usize>() > bytes.len() {
            return Err(Fault::Unfit("its objects overlap"));
        }
        Ok(Self { numbers, page, tags, rewritten, trailer: file.next_trailer(time)?, previous: file.table_at })
    }
}

/// The parts of a file by which its objects are found.
struct File<'a> {
    bytes: &'a [u8],
    table: &'a [u8],
    table_at: usize,
    trailer: &'a [u8],
    size: u32,
}

impl<'a> File<'a> {
    /// Reads the end of a file: one table of all objects, and nothing that leads to others.
    fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        const DAMAGED: Fault = Fault::Unfit("its trailer is damaged");

        let (table, table_at, trailer) = Self::end(bytes).ok_or(DAMAGED)?;
        if entry(trailer, b"/Encrypt")?.is_some() {
            return Err(Fault::Unfit("it is encrypted"));
        }
        if entry(trailer, b"/Prev")?.is_some() || entry(trailer, b"/XRefStm")?.is_some() {
            return Err(Fault::Unfit("it has a seal or another update already"));
        }
        let size = entry(trailer, b"/Size")?.and_then(number).ok_or(DAMAGED)?;
        let table = Self::lines(table, size).ok_or(Fault::Unfit("its cross-reference table is damaged"))?;
        let size = u32::try_from(size).ok().filter(|size| (1..u32::MAX - 3).contains(size)).ok_or(DAMAGED)?;
        Ok(Self { bytes, table, table_at, trailer, size })
    }

    /// What is from where the last table should begin up to the trailer, where that is, and the trailer.
    fn end(bytes: &'a [u8]) -> Option<(&'a [u8], usize, &'a [u8])> {
        let (before, table_at) = startxref(bytes)?;
        let trailer_at = memmem::rfind(before, TRAILER)?;
        let mut tokens = Tokens::new(before, trailer_at + TRAILER.len())?;
        let trailer = tokens.value().filter(|_| tokens.rest().is_empty())?;
        Some((before.get(table_at..trailer_at)?, table_at, trailer))
    }

    /// The lines of a table that has all objects in one section.
    fn lines(table: &'a [u8], size: usize) -> Option<&'a [u8]> {
        let mut tokens = Tokens::new(table, 0)?;
        tokens.expect(b"xref")?;
        tokens.expect(b"0")?;
        tokens.expect(size.to_string().as_bytes())?;
        tokens.skip_white();
        let lines = tokens.take(size.checked_mul(XREF_ENTRY)?)?;
        tokens.rest().trim_ascii().is_empty().then_some(lines)
    }

    /// The dictionary that is an object, and not one before a stream.
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
        tokens.expect(b"endobj")?;
        Some(dictionary)
    }

    /// The number of the first page; ours all hang at the root of the page tree.
    fn first_page(&self, catalog: &[u8]) -> Result<u32, Fault> {
        const NONE: Fault = Fault::Unfit("it has no page");

        let pages = self.dictionary(reference(entry(catalog, b"/Pages")?.ok_or(NONE)?)?)?;
        let page = reference(items(entry(pages, b"/Kids")?.ok_or(NONE)?).next().ok_or(NONE)?)?;
        if entry(self.dictionary(page)?, b"/Type")? == Some(b"/Page") { Ok(page) } else { Err(NONE) }
    }

    /// The first identifier stays and the second is new, as each version of a file has its own (ISO 32000-1, 14.4).
    fn next_trailer(&self, time: &str) -> Result<Vec<u8>, Fault> {
        const NONE: Fault = Fault::Unfit("it has no identifier");

        let mut id = items(entry(self.trailer, b"/ID")?.ok_or(NONE)?).map(text);
        let (Some(Some(first)), Some(Some(second)), None) = (id.next(), id.next(), id.next()) else {
            return Err(NONE);
        };
        let second = Sha256::new().chain_update(second).chain_update(time).finalize();
        let root = entry(self.trailer, b"/Root")?.map(reference).transpose()?;
        let info = entry(self.trailer, b"/Info")?.map(reference).transpose()?;
        let [root, info] = [("/Root", root), ("/Info", info)]
            .map(|(key, object)| object.map_or_else(String::new, |object| format!("{key} {object} 0 R")));
        Ok(format!("{root}{info}/ID[<{}><{}>]", hex(first.as_bytes()), hex(&second[..16])).into_bytes())
    }
}

/// The page with the field among its annotations, and their order at its end.
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

/// The number of the element that holds all others.
fn top_element(tree: &[u8]) -> Result<u32, Fault> {
    let top = entry(tree, b"/K")?.ok_or(STRANGE)?;
    reference(items(top).next().unwrap_or(top))
}

/// The root of the structure tree with the field's element in its number tree, and the key that it has there.
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

/// An element with one more in it, at the end.
fn with_kid(element: &[u8], kid: u32) -> Result<Vec<u8>, Fault> {
    let kids = entry(element, b"/K")?.ok_or(Fault::Unfit("its document element is empty"))?;
    let other = Fault::Unfit("its document element has another form than ours");
    edited(element, vec![Edit::within(element, kids, format!(" {kid} 0 R")).ok_or(other)?])
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

    /// Puts a text at the end of an array in the dictionary; none where the value is no array.
    fn within(dictionary: &[u8], array: &[u8], text: String) -> Option<Self> {
        let Self { end, .. } = Self::instead(dictionary, array, String::new())?;
        array.ends_with(b"]").then_some(Self { start: end - 1, end: end - 1, text })
    }

    /// Puts a text in the place of a value in the dictionary.
    fn instead(dictionary: &[u8], value: &[u8], text: String) -> Option<Self> {
        let start = value.as_ptr().addr().checked_sub(dictionary.as_ptr().addr())?;
        let end = start.checked_add(value.len()).filter(|&end| end <= dictionary.len())?;
        Some(Self { start, end, text })
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

/// The number of the object that a reference leads to; ours are all of the first generation.
fn reference(value: &[u8]) -> Result<u32, Fault> {
    let reference = pdf::reference(value).ok_or(Fault::Unfit("it has a value where ours have a reference"))?;
    if reference.generation > 0 {
        return Err(Fault::Unfit("it has objects of a later generation"));
    }
    Ok(reference.object)
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
