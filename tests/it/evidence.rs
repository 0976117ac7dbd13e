//! The compact range against the definition of RFC 6962 §2.1, written down as it stands there.

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use sts_clearance::evidence::{CompactRange, Hash, leaf_hash};

/// MTH of RFC 6962 §2.1.
fn tree_head(entries: &[Vec<u8>]) -> Hash {
    match entries {
        [] => Sha256::digest([]).into(),
        [entry] => Sha256::new().chain_update([0]).chain_update(entry).finalize().into(),
        _ => {
            let split = entries.len().next_power_of_two() / 2;
            let (left, right) = (tree_head(&entries[..split]), tree_head(&entries[split..]));
            Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
        }
    }
}

#[test]
fn the_root_is_that_of_rfc_6962_for_every_size_up_to_257() {
    let entries: Vec<Vec<u8>> = (0..257_u16).map(|i| i.to_be_bytes().to_vec()).collect();
    let mut range = CompactRange::empty();
    assert_eq!(range.root(), tree_head(&[]));
    for size in 1..=entries.len() {
        range.push(leaf_hash(&entries[size - 1]));
        assert_eq!(range.root(), tree_head(&entries[..size]), "size {size}");
    }
}

proptest! {
    #[test]
    fn a_range_stored_and_read_back_goes_on_as_if_it_had_not_been(
        entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..8), 0..80),
        cut in any::<prop::sample::Index>(),
    ) {
        let cut = cut.index(entries.len() + 1);
        let mut range = CompactRange::empty();
        for (i, entry) in entries.iter().enumerate() {
            if i == cut {
                range = CompactRange::from_parts(range.size(), &range.frontier()).unwrap();
            }
            range.push(leaf_hash(entry));
        }
        prop_assert_eq!(range.root(), tree_head(&entries));
        prop_assert_eq!(range.size(), entries.len() as u64);
    }

    #[test]
    fn a_frontier_of_another_size_is_refused(size in 0_u64..2000, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let fits = bytes.len() == size.count_ones() as usize * 32;
        prop_assert_eq!(CompactRange::from_parts(size, &bytes).is_some(), fits);
    }
}
