//! A PDF snapshot that a stranger brings: its seal is split from it and checked, and it is opened.

use report::Bounds;

pub(crate) fn run(bytes: &[u8]) {
    let mut unsealed = bytes;
    if let Some((before, seal)) = seal::split(bytes) {
        unsealed = before;
        let _ = seal::check(unsealed, &seal, &seal::Authorities::none());
        let _ = seal::apply(unsealed, &seal);
    }
    if let Ok(opened) = report::open(unsealed) {
        assert!(opened.record.len() <= Bounds::STRANGER.record);
        let _ = report::record::read(&opened.record);
    }
}
