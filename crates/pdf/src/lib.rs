//! A strict tokenizer of PDF objects (ISO 32000-1, 7.2 and 7.3), and the update that puts a receipt into a PDF.
//!
//! Two crates use it: `report` reads the attachments back out of a PDF that it wrote, and `seal` finds the objects that a
//! signature has to change. Both read files that a stranger may have made, and both need only what our own writer
//! produces. So this is not a reader of every PDF:
//!
//! - A value is the slice of its bytes. Nothing is copied and no function calls itself, so no input takes more memory than
//!   it has itself, however deeply its arrays are nested.
//! - Streams are not looked into. What a stream unpacks to has no limit, and our writer puts no object into one.
//! - What can be read in two ways is refused. Other readers may take the first of two equal keys or the last, and a `#`
//!   in a name may be another way of writing a key (7.3.5): a file that two programs understand differently must not be
//!   signed, and need not be opened.

mod file;
mod receipt;
mod tokens;
mod values;

pub use file::{Embedded, File, Unlisted, XREF_ENTRY};
pub use receipt::{PLACEHOLDER, RECEIPT_FILE, receipt_update, split_receipt, takes_receipt};
pub use tokens::{Tokens, number};
pub use values::{Malformed, Reference, entry, items, reference, startxref, text};
