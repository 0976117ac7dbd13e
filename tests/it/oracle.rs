//! Holds notes, checkpoints and proofs of ours against other people's programs: the crates `signed_note` and `tlog_tiles`,
//! which are ports of Go's.

use proptest::prelude::*;
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};
use sts_clearance::evidence::{
    Checkpoint, CompactRange, Hash, LogKey, Place, PublicKeys, Question, extends, holds, leaf_hash,
};
use tlog_tiles::{checkpoint, tlog};

/// The nodes of the tree over as many leaves as anything here has.
struct Nodes(std::collections::HashMap<Place, Hash>);

impl Nodes {
    fn new(size: u64) -> Self {
        let (mut range, mut nodes) = (CompactRange::empty(), std::collections::HashMap::new());
        for index in 0..size {
            let leaf = leaf_hash(&index.to_be_bytes());
            nodes.insert(Place { level: 0, index }, leaf);
            nodes.extend(range.push(leaf).into_iter().map(|node| (node.place, node.hash)));
        }
        Self(nodes)
    }

    fn answer(&self, question: Question) -> Vec<Hash> {
        let hashes: Vec<Hash> = question.places().iter().map(|place| self.0[place]).collect();
        question.answer(&hashes).unwrap()
    }
}

impl tlog::HashReader for Nodes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        let hash = |index: &u64| {
            let (level, index) = tlog::split_stored_hash_index(*index);
            tlog::Hash(self.0[&Place { level, index }])
        };
        Ok(indexes.iter().map(hash).collect())
    }
}

fn theirs(proof: &[Hash]) -> Vec<tlog::Hash> {
    proof.iter().copied().map(tlog::Hash).collect()
}

fn ours(proof: Vec<tlog::Hash>) -> Vec<Hash> {
    proof.into_iter().map(|hash| hash.0).collect()
}

/// Ways to make a proof another.
#[derive(Debug, Clone)]
enum Change {
    None,
    Flip(usize, u8),
    Drop(usize),
    Double(usize),
    Swap(usize, usize),
}

impl Change {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            Just(Self::None),
            (any::<usize>(), 0..=255_u8).prop_map(|(at, bit)| Self::Flip(at, bit)),
            any::<usize>().prop_map(Self::Drop),
            any::<usize>().prop_map(Self::Double),
            (any::<usize>(), any::<usize>()).prop_map(|(one, other)| Self::Swap(one, other)),
        ]
    }

    fn make(&self, mut proof: Vec<Hash>) -> Vec<Hash> {
        let length = proof.len();
        match *self {
            _ if length == 0 => {}
            Self::None => {}
            Self::Flip(at, bit) => proof[at % length][usize::from(bit / 8)] ^= 1 << (bit % 8),
            Self::Drop(at) => drop(proof.remove(at % length)),
            Self::Double(at) => proof.insert(at % length, proof[at % length]),
            Self::Swap(one, other) => proof.swap(one % length, other % length),
        }
        proof
    }
}

proptest! {
    #[test]
    fn a_proof_of_an_entry_is_made_and_judged_as_others_do(
        (size, index) in (1..600_u64).prop_flat_map(|size| (Just(size), 0..size)),
        (told_size, told_index) in (0..600_u64, 0..600_u64),
        is_told in any::<bool>(),
        change in Change::any(),
    ) {
        let nodes = Nodes::new(size);
        let proof = nodes.answer(Question::Inclusion { index, size });
        prop_assert_eq!(&proof, &ours(tlog::prove_record(size, index, &nodes).unwrap()));
        let root = nodes.answer(Question::Root { size })[0];
        prop_assert_eq!(root, tlog::tree_hash(size, &nodes).unwrap().0);
        let (size, index) = if is_told { (told_size, told_index) } else { (size, index) };
        let (proof, leaf) = (change.make(proof), leaf_hash(&index.to_be_bytes()));
        let theirs = tlog::check_record(&theirs(&proof), size, tlog::Hash(root), index, tlog::Hash(leaf)).is_ok();
        prop_assert_eq!(holds(&proof, size, root, index, leaf), theirs);
    }

    #[test]
    fn a_proof_that_a_tree_extends_another_is_made_and_judged_as_others_do(
        (to, from) in (1..600_u64).prop_flat_map(|to| (Just(to), 1..=to)),
        (told_to, told_from) in (0..600_u64, 0..600_u64),
        is_told in any::<bool>(),
        change in Change::any(),
    ) {
        let nodes = Nodes::new(to);
        let proof = nodes.answer(Question::Consistency { from, to });
        prop_assert_eq!(&proof, &ours(tlog::prove_tree(to, from, &nodes).unwrap()));
        let roots = [to, from].map(|size| nodes.answer(Question::Root { size })[0]);
        let (to, from) = if is_told { (told_to, told_from) } else { (to, from) };
        let proof = change.make(proof);
        let [newer, older] = roots.map(tlog::Hash);
        let theirs = tlog::check_tree(&theirs(&proof), to, newer, from, older).is_ok();
        prop_assert_eq!(extends(&proof, (to, roots[0]), (from, roots[1])), theirs);
    }

    #[test]
    fn a_checkpoint_is_signed_byte_for_byte_as_by_others_and_theirs_are_opened(
        secret in any::<[u8; 32]>(),
        size in any::<u64>(),
        root in any::<[u8; 32]>(),
        extension in prop_oneof![Just(""), Just("an extension\n"), Just("two\nlines\n")],
        (at, byte) in (any::<usize>(), any::<u8>()),
    ) {
        let key = LogKey::new("clearance.example.com", secret).unwrap();
        let origin = "clearance.example.com/platform";
        let checkpoint = Checkpoint { origin: origin.into(), size, root };
        let theirs = |extension: &str| {
            let body = checkpoint::Checkpoint::new(origin, size, tlog::Hash(root), extension).unwrap();
            let mut note = Note::new(&body.to_bytes(), &[]).unwrap();
            note.add_sigs(&[&StandardSigner::new(&key.private()).unwrap()]).unwrap();
            String::from_utf8(note.to_bytes()).unwrap()
        };
        prop_assert_eq!(checkpoint.signed(&key).unwrap(), theirs(""));
        let keys = PublicKeys::read(key.public()).unwrap();
        let note = theirs(extension);
        prop_assert_eq!(&Checkpoint::open(&note, &keys).unwrap().0, &checkpoint);
        // Any change to any byte is judged as by them.
        let mut changed = note.into_bytes();
        let length = changed.len();
        changed[at % length] = byte;
        let Ok(changed) = String::from_utf8(changed) else { return Ok(()) };
        let verifiers = VerifierList::new(vec![Box::new(StandardVerifier::new(key.public()).unwrap())]);
        let theirs = Note::from_bytes(changed.as_bytes()).ok().filter(|note| note.to_bytes() == changed.as_bytes());
        let theirs = theirs.filter(|note| note.verify(&verifiers).is_ok());
        let theirs = theirs.and_then(|note| checkpoint::Checkpoint::from_bytes(note.text()).ok());
        prop_assert_eq!(Checkpoint::open(&changed, &keys).is_ok(), theirs.is_some(), "{}", changed);
    }
}
