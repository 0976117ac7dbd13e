//! A CSV snapshot that a stranger brings, as it is opened.
#![no_main]

use libfuzzer_sys::fuzz_target;
use report::Bounds;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(opened) = report::open(bytes) {
        assert!(opened.record.len() <= Bounds::STRANGER.record);
        assert!(opened.bounds.scan(&opened.record).is_ok());
        let _ = report::record::read(&opened.record);
    }
});
