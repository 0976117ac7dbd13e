//! A PDF snapshot that a stranger brings: its seal and its receipt are split from it, and it is opened.

use report::{Bounds, Format, Split};
use sts_clearance::evidence::Receipt;

pub(crate) fn run(bytes: &[u8]) {
    let mut unsealed = bytes;
    if let Some((before, seal)) = seal::split(bytes) {
        unsealed = before;
        let _ = seal::check(unsealed, &seal, &seal::Authorities::none());
        let _ = seal::apply(unsealed, &seal);
    }
    if let Ok(Split { receipt: Some(receipt), body, .. }) = report::split(unsealed) {
        let _ = Receipt::read(&receipt);
        // The body is the beginning of the file, and the template gives the rest again.
        let body = usize::try_from(body.size).ok().and_then(|size| unsealed.get(..size)).unwrap_or_default();
        assert_eq!(report::with_receipt(Format::Pdf, body, &receipt).ok().as_deref(), Some(unsealed));
    }
    if let Ok(opened) = report::open(unsealed) {
        assert!(opened.record.len() <= Bounds::STRANGER.record);
        let _ = report::record::read(&opened.record);
    }
}
