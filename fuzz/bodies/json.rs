//! A JSON snapshot that a stranger brings: it is opened, scanned, read, and written in canonical form.

use report::{Bounds, Edition, Fonts, Format, Split};
use std::sync::LazyLock;
use sts_clearance::evidence::Receipt;

static FONTS: LazyLock<Fonts> = LazyLock::new(Fonts::embedded);

pub(crate) fn run(bytes: &[u8]) {
    if let Ok(Split { receipt: Some(receipt), .. }) = report::split(bytes) {
        let _ = Receipt::read(&receipt);
        // Without its receipt, the file is a body, and the template gives it again.
        let place = |key: &[u8]| bytes.windows(key.len()).position(|it| it == key).unwrap_or_default();
        let body = [&bytes[..place(b"\"proof\":")], &bytes[place(b"\"record\":")..]].concat();
        assert_eq!(report::with_receipt(Format::Json, &body, &receipt).ok().as_deref(), Some(bytes));
    }
    let Ok(opened) = report::open(bytes) else { return };
    assert!(opened.record.len() <= Bounds::STRANGER.record);
    if report::record::read(&opened.record).is_ok() {
        // What can be read can be drawn.
        let proof = opened.proof.as_deref();
        let drawn = report::render(Edition::CURRENT, &opened.record, proof, Format::Csv, &FONTS, &mut |_| ());
        assert!(drawn.is_ok(), "{:?}", drawn.err());
    }
}
