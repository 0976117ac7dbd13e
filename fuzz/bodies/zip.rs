//! A CSV snapshot that a stranger brings, as it is opened.

use report::{Bounds, Split};
use sts_clearance::evidence::Receipt;

pub(crate) fn run(bytes: &[u8]) {
    if let Ok(Split { receipt, body, .. }) = report::split(bytes) {
        let _ = receipt.map(|receipt| Receipt::read(&receipt));
        assert!(body.size < bytes.len() as u64, "the list of sums is one of several files");
    }
    if let Ok(opened) = report::open(bytes) {
        assert!(opened.record.len() <= Bounds::STRANGER.record);
        assert!(opened.bounds.scan(&opened.record).is_ok());
        let _ = report::record::read(&opened.record);
    }
}
