//! Proofs that a stranger brings: of an entry in a log, and that one log goes on from another.

use sts_clearance::evidence::{
    Checkpoint, CompactRange, ConsistencyProof, LogProof, Receipt, extends, holds, leaf_hash, read_leaf,
};

pub(crate) fn run(text: &str) {
    if let Ok(proof) = LogProof::read(text) {
        assert_eq!(proof.to_string(), text, "a proof is read only as it is written");
        let _ = read_leaf(&proof.leaf);
        let _ = CompactRange::from_path_of_next(proof.index, &proof.path);
        if let Ok(checkpoint) = Checkpoint::unchecked(&proof.checkpoint) {
            holds(&proof.path, checkpoint.size, checkpoint.root, proof.index, leaf_hash(&proof.leaf));
        }
    }
    if let Ok(receipt) = Receipt::read(text) {
        assert_eq!(receipt.to_string(), text, "a receipt is read only as it is written");
        let _ = read_leaf(&receipt.proof.leaf);
    }
    if let Ok(proof) = ConsistencyProof::read(text) {
        assert_eq!(proof.to_string(), text, "a proof is read only as it is written");
        if let Ok(to) = Checkpoint::unchecked(&proof.checkpoint) {
            extends(&proof.path, (to.size, to.root), (proof.from, [0; 32]));
        }
    }
}
