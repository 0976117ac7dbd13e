//! A CSV snapshot that a stranger brings, as it is opened.

use report::Bounds;

pub(crate) fn run(bytes: &[u8]) {
    if let Ok(opened) = report::open(bytes) {
        assert!(opened.record.len() <= Bounds::STRANGER.record);
        assert!(opened.bounds.scan(&opened.record).is_ok());
        let _ = report::record::read(&opened.record);
    }
}
