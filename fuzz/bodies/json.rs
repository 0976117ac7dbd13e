//! A JSON snapshot that a stranger brings: it is opened, scanned, read, and written in canonical form.

use report::{Bounds, Edition, Fonts, Format};
use std::sync::LazyLock;

static FONTS: LazyLock<Fonts> = LazyLock::new(Fonts::embedded);

pub(crate) fn run(bytes: &[u8]) {
    let Ok(opened) = report::open(bytes) else { return };
    assert!(opened.record.len() <= Bounds::STRANGER.record);
    if report::record::read(&opened.record).is_ok() {
        // What can be read can be drawn.
        let proof = opened.proof.as_deref();
        let drawn = report::render(Edition::CURRENT, &opened.record, proof, Format::Csv, &FONTS, &mut |_| ());
        assert!(drawn.is_ok(), "{:?}", drawn.err());
    }
}
