//! Receipts: adds one to a body that was drawn without it, and takes it off again.
//!
//! Each format has a template for this, which docs/format.md prints. Taking a receipt off fills the template again and
//! compares every byte, so that a file is exactly one body with exactly one receipt.

use crate::bounds::is_receipt;
use crate::error::{OpenError, ReceiptError};
use crate::format::Format;
use crate::json;
use crate::names::PROOF_FILE;
use crate::open::{self, Body};
use crate::stored;

/// A file without its seal, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Format of the file.
    pub format: Format,
    /// What the log states of the file: hash and size of its body.
    pub body: Body,
    /// Receipt in the file, a C2SP tlog-proof. `None` if none was added yet, or if it was taken off.
    pub receipt: Option<String>,
}

/// Returns the unsealed file: a body as [`crate::body`] drew it, with its receipt. The same arguments give the same
/// bytes.
///
/// # Errors
///
/// If the text cannot be a receipt, or if `body` is no body of that format without a receipt.
pub fn with_receipt(format: Format, body: &[u8], receipt: &str) -> Result<Vec<u8>, ReceiptError> {
    if !is_receipt(receipt) {
        return Err(ReceiptError::Text);
    }
    let found = split(body)?;
    if found.format != format || found.receipt.is_some() {
        return Err(ReceiptError::Unfit);
    }
    let file = match format {
        Format::Pdf => ::pdf::receipt_update(body, receipt.as_bytes()).map(|update| [body, &update].concat()),
        Format::Json => json::with_receipt(body, receipt),
        Format::Csv => {
            let members = open::members_of(body)?;
            stored::zip(members.into_iter().chain([(PROOF_FILE, receipt.as_bytes())]))
        }
    };
    file.ok_or(ReceiptError::Unfit)
}

/// Takes an unsealed file apart into its body and its receipt.
///
/// The receipt is not checked: whoever calls this checks that it is for a body of this hash and size. But nothing else
/// is in the file: [`with_receipt`] gives the same bytes again.
///
/// # Errors
///
/// If the file is none that takes a receipt, or differs from the template of its format in any byte.
pub fn split(file: &[u8]) -> Result<Split, OpenError> {
    let (format, receipt, body) = open::receipt_and_body(file)?;
    Ok(Split { format, body: body.ok_or(OpenError::NoBody)?, receipt })
}
