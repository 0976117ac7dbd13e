//! A file that a party uploads: its kind is found out while its bytes go by, however they are cut.

use sts_clearance::domain::documents::Inspection;

pub(crate) fn run(bytes: &[u8]) {
    let kind = |size: usize| {
        let mut inspection = Inspection::default();
        bytes.chunks(size).for_each(|piece| inspection.look(piece));
        (inspection.kind(), inspection.unread())
    };
    let (whole, cut) = (kind(bytes.len().max(1)), kind(7));
    assert_eq!(whole, cut);
}
