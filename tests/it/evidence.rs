//! Compares trees with the definitions of RFC 6962 §2.1, which are implemented here word for word, and notes,
//! checkpoints and proofs with the examples of their specifications.

use std::collections::HashMap;

use proptest::prelude::*;
use room::Leaf;
use serde_json::Value;
use sha2::{Digest, Sha256};

use sts_clearance::evidence::{
    Checkpoint, CompactRange, ConsistencyProof, Hash, LogKey, LogProof, Place, PublicKeys, Question, Witness,
    WitnessKey, extends, holds, leaf_hash, with_signatures,
};

/// The Merkle tree hash, `MTH` of RFC 6962 §2.1.
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

/// The audit path of an entry, `PATH` of RFC 6962 §2.1.1.
fn path(m: usize, entries: &[Vec<u8>]) -> Vec<Hash> {
    if entries.len() == 1 {
        return Vec::new();
    }
    let split = entries.len().next_power_of_two() / 2;
    let (left, right) = entries.split_at(split);
    let (mut path, other) =
        if m < split { (path(m, left), tree_head(right)) } else { (path(m - split, right), tree_head(left)) };
    path.push(other);
    path
}

/// The consistency proof of a subtree, `SUBPROOF` of RFC 6962 §2.1.2.
fn subproof(m: usize, entries: &[Vec<u8>], whole: bool) -> Vec<Hash> {
    if m == entries.len() {
        return if whole { Vec::new() } else { vec![tree_head(entries)] };
    }
    let split = entries.len().next_power_of_two() / 2;
    let (left, right) = entries.split_at(split);
    let (mut proof, other) = if m <= split {
        (subproof(m, left, whole), tree_head(right))
    } else {
        (subproof(m - split, right, false), tree_head(left))
    };
    proof.push(other);
    proof
}

/// Returns 257 entries, every node of the tree over them, and its compact range.
fn a_tree() -> (Vec<Vec<u8>>, HashMap<Place, Hash>, CompactRange) {
    let entries: Vec<Vec<u8>> = (0..257_u16).map(|i| i.to_be_bytes().to_vec()).collect();
    let (mut range, mut nodes) = (CompactRange::empty(), HashMap::new());
    for (index, entry) in entries.iter().enumerate() {
        let leaf = leaf_hash(entry);
        nodes.insert(Place { level: 0, index: index as u64 }, leaf);
        nodes.extend(range.push(leaf).into_iter().map(|node| (node.place, node.hash)));
    }
    (entries, nodes, range)
}

/// Answers a question from the nodes. Returns the answer and the number of nodes that were read.
fn ask(question: Question, nodes: &HashMap<Place, Hash>) -> (Vec<Hash>, usize) {
    let hashes: Vec<Hash> = question.places().iter().map(|place| nodes[place]).collect();
    (question.answer(&hashes).unwrap(), hashes.len())
}

#[test]
fn every_inclusion_proof_is_that_of_rfc_6962_from_few_nodes_and_proves_its_entry_alone() {
    let (entries, nodes, _) = a_tree();
    for size in 1..=entries.len() {
        let root = tree_head(&entries[..size]);
        for index in 0..size {
            let (proof, read) = ask(Question::Inclusion { index: index as u64, size: size as u64 }, &nodes);
            assert_eq!(proof, path(index, &entries[..size]), "{index} in {size}");
            assert!(read <= 2 * 9, "{read} nodes for {index} in {size}");
            let leaf = leaf_hash(&entries[index]);
            assert!(holds(&proof, size as u64, root, index as u64, leaf));
            let other = if index == 0 { 1 } else { index - 1 };
            assert!(!holds(&proof, size as u64, root, other as u64, leaf), "{index} in {size}, as {other}");
        }
    }
}

#[test]
fn every_consistency_proof_is_that_of_rfc_6962_and_tells_a_rewritten_tree() {
    let (entries, nodes, _) = a_tree();
    let heads: Vec<Hash> = (0..=entries.len()).map(|size| tree_head(&entries[..size])).collect();
    for to in 1..=entries.len() {
        for from in 1..=to {
            let (proof, read) = ask(Question::Consistency { from: from as u64, to: to as u64 }, &nodes);
            assert_eq!(proof, subproof(from, &entries[..to], true), "{from} to {to}");
            assert!(read <= 3 * 9, "{read} nodes for {from} to {to}");
            let (newer, older) = ((to as u64, heads[to]), (from as u64, heads[from]));
            assert!(extends(&proof, newer, older));
            let rewritten = leaf_hash(b"another");
            assert!(!extends(&proof, newer, (from as u64, rewritten)), "{from} to {to}");
            assert!(!extends(&proof, (to as u64, rewritten), older), "{from} to {to}");
        }
    }
}

#[test]
fn the_root_of_every_size_is_told_from_few_nodes_and_a_size_without_sense_is_none() {
    let (entries, nodes, range) = a_tree();
    for size in 1..=entries.len() {
        let (root, read) = ask(Question::Root { size: size as u64 }, &nodes);
        assert_eq!(root, [tree_head(&entries[..size])]);
        assert_eq!(read, size.count_ones() as usize);
    }
    assert_eq!(range.size(), 257);
    for question in [
        Question::Inclusion { index: 5, size: 5 },
        Question::Inclusion { index: 0, size: 0 },
        Question::Consistency { from: 0, to: 5 },
        Question::Consistency { from: 6, to: 5 },
    ] {
        assert_eq!(question.places(), []);
        assert_eq!(question.answer(&[]), None, "{question:?}");
    }
}

#[test]
fn the_path_of_the_next_leaf_is_its_inclusion_proof_once_it_is_there_and_gives_the_tree_before() {
    let (entries, ..) = a_tree();
    let mut range = CompactRange::empty();
    for (index, entry) in entries.iter().enumerate() {
        let next = range.path_of_next();
        assert_eq!(next, path(index, &entries[..=index]));
        assert_eq!(CompactRange::from_path_of_next(index as u64, &next), Some(range.clone()));
        range.push(leaf_hash(entry));
    }
    assert_eq!(CompactRange::from_path_of_next(3, &[[0; 32]]), None);
}

/// The example of the documentation of Go's `note`, the origin of C2SP `signed-note`.
const NEUMANN: &str = "If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
";
const NEUMANNS_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

/// The example of C2SP `tlog-checkpoint`.
const BEHIND_THE_SOFA: &str = "example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
";

#[test]
fn a_note_signed_elsewhere_is_verified_and_is_no_checkpoint() {
    let keys = PublicKeys::read(NEUMANNS_KEY).unwrap();
    let said = Checkpoint::open(NEUMANN, &keys).unwrap_err().to_string();
    assert_eq!(said, "it is no signed checkpoint", "its signature is right, but it is no checkpoint");
    let said = Checkpoint::open(&NEUMANN.replace("problem is", "problem was"), &keys).unwrap_err().to_string();
    assert!(said.contains("the signature of the key `PeterNeumann+c74f20a3` does not fit"), "{said}");
}

#[test]
fn the_checkpoint_of_the_specification_is_read_and_its_unknown_signer_named() {
    let checkpoint = Checkpoint::unchecked(BEHIND_THE_SOFA).unwrap();
    assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(hex::encode(checkpoint.root), "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62");
    let known = LogKey::new("example.com/behind-the-sofa", [7; 32]).unwrap();
    let said = Checkpoint::open(BEHIND_THE_SOFA, &PublicKeys::read(known.public()).unwrap()).unwrap_err().to_string();
    assert!(said.starts_with("it is signed by example.com/behind-the-sofa+033de0ae, not by"), "{said}");
}

/// The proof of C2SP `tlog-proof`, whose checkpoint is the one above.
fn proof_of_the_specification() -> String {
    format!(
        "c2sp.org/tlog-proof@v1
extra dGVzdA==
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

{BEHIND_THE_SOFA}"
    )
}

#[test]
fn the_proof_of_the_specification_is_read_and_written_as_it_stands_there() {
    let text = proof_of_the_specification();
    let proof = LogProof::read(&text).unwrap();
    assert_eq!((proof.index, proof.path.len(), &*proof.leaf), (73_894, 5, b"test".as_slice()));
    assert_eq!(proof.checkpoint, BEHIND_THE_SOFA);
    assert_eq!(proof.to_string(), text);
    for (from, to) in [
        ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2"),
        ("index 73894", "index 073894"),
        ("index 73894", "index -1"),
        ("extra dGVzdA==", "extra dGVzdB=="),
        ("extra dGVzdA==\n", ""),
        ("gSKy", "gSK"),
        ("\n\n", "\n"),
    ] {
        assert!(LogProof::read(&text.replacen(from, to, 1)).is_err(), "{from} as {to}");
    }
}

#[test]
fn a_consistency_proof_is_read_as_it_is_written() {
    let proof = ConsistencyProof { from: 5, path: vec![[3; 32], [4; 32]], checkpoint: BEHIND_THE_SOFA.into() };
    assert_eq!(ConsistencyProof::read(&proof.to_string()).unwrap(), proof);
    assert!(ConsistencyProof::read(&proof.to_string().replacen("old 5", "old 05", 1)).is_err());
}

#[test]
fn a_key_is_read_as_it_was_kept_shows_no_secret_and_refuses_a_name_that_would_break_a_note() {
    for i in 0..=255 {
        let key = LogKey::new("clearance.example.com", [i; 32]).unwrap();
        let read = LogKey::read(&key.private()).unwrap();
        assert_eq!((read.public(), read.name()), (key.public(), "clearance.example.com"));
        assert!(!format!("{key:?}").contains("PRIVATE"));
        let checkpoint = Checkpoint { origin: "clearance.example.com/rooms/1".into(), size: 3, root: [i; 32] };
        let note = checkpoint.signed(&key).unwrap();
        let (opened, by) = Checkpoint::open(&note, &PublicKeys::read(key.public()).unwrap()).unwrap();
        assert_eq!(opened, checkpoint);
        assert!(key.public().starts_with(&by));
    }
    for name in ["", "two words", "a+b", "tab\t", "line\n"] {
        assert!(LogKey::new(name, [1; 32]).is_err(), "{name:?}");
    }
    for text in ["", "PRIVATE+KEY+name+00000000+AAAA", NEUMANNS_KEY] {
        assert!(LogKey::read(text).is_err(), "{text}");
    }
    assert!(PublicKeys::read("\n# a comment\n").is_err());
    let twice = PublicKeys::read(&format!("{NEUMANNS_KEY}\n{NEUMANNS_KEY}\n")).unwrap();
    assert_eq!(twice.names(), ["PeterNeumann+c74f20a3"]);
    let secret = LogKey::new("clearance.example.com", [1; 32]).unwrap();
    for text in [secret.private(), format!("{NEUMANNS_KEY}\nword {}", secret.private())] {
        let said = PublicKeys::read(&text).err().unwrap().to_string();
        assert!(!said.contains("PRIVATE"), "{said}");
    }
    assert_eq!(PublicKeys::read(&format!("# old\n{NEUMANNS_KEY}\n")).unwrap().names(), ["PeterNeumann+c74f20a3"]);
}

#[test]
fn a_witness_says_when_it_saw_a_checkpoint_and_nobody_else_can() {
    let log = LogKey::new("clearance.example.com", [1; 32]).unwrap();
    let [witness, other] = [[2; 32], [3; 32]].map(|secret| WitnessKey::new("witness.example.net", secret).unwrap());
    let checkpoint = Checkpoint { origin: "clearance.example.com/heads".into(), size: 3, root: [7; 32] };
    let note = checkpoint.signed(&log).unwrap();
    assert_eq!(witness.public().saw(&note).unwrap(), None);
    let cosigned = with_signatures(&note, &witness.cosign(&note, 1_790_000_000).unwrap()).unwrap();
    assert_eq!(witness.public().saw(&cosigned).unwrap(), Some(1_790_000_000));
    assert_eq!(other.public().saw(&cosigned).unwrap(), None, "it has the same name, and another key");
    // The log's own signature still counts, and a signature of a key that is not known does not stand in its way.
    assert_eq!(Checkpoint::open(&cosigned, &PublicKeys::read(log.public()).unwrap()).unwrap().0, checkpoint);
    let same = with_signatures(&cosigned, &witness.cosign(&note, 1_790_000_000).unwrap()).unwrap();
    assert_eq!(same, cosigned, "a line is not added twice");
    let moved = cosigned.replacen("\n3\n", "\n4\n", 1);
    let said = witness.public().saw(&moved).unwrap_err().to_string();
    assert!(said.starts_with("the signature of the key `witness.example.net+"), "{said}");
    // A signature over the text alone is none over text and time, by the same secret too.
    let plain = LogKey::new("witness.example.net", [2; 32]).unwrap();
    let signed = checkpoint.signed(&plain).unwrap();
    assert_eq!(witness.public().saw(&signed).unwrap(), None);
    for text in [plain.public().to_owned(), witness.private(), "witness".into()] {
        let said = Witness::read(&text).unwrap_err().to_string();
        assert!(!said.contains("PRIVATE+KEY+witness"), "{said}");
    }
    assert_eq!(Witness::read(&witness.public().to_string()).unwrap(), witness.public());
    assert!(PublicKeys::read(&witness.public().to_string()).is_err(), "a witness signs no log");
    assert_eq!(WitnessKey::read(&witness.private()).unwrap().public(), witness.public());
}

#[test]
fn a_note_of_more_signatures_or_bytes_than_are_read_is_none() {
    let key = LogKey::new("clearance.example.com", [1; 32]).unwrap();
    let keys = PublicKeys::read(key.public()).unwrap();
    let checkpoint = Checkpoint { origin: "clearance.example.com/platform".into(), size: 3, root: [7; 32] };
    let note = checkpoint.signed(&key).unwrap();
    let line = note.lines().last().unwrap();
    let with = |count: usize| format!("{note}{}", format!("{line}\n").repeat(count));
    assert!(Checkpoint::open(&with(99), &keys).is_ok());
    assert_eq!(Checkpoint::open(&with(999), &keys).unwrap_err().to_string(), "it is no signed checkpoint");
    let long = note.replacen("\n\n", &format!("\n{}\n\n", "e".repeat(1_000_000)), 1);
    assert_eq!(Checkpoint::open(&long, &keys).unwrap_err().to_string(), "it is no signed checkpoint");
}

#[test]
fn a_leaf_is_read_in_its_canonical_form_alone() {
    let canonical = br#"{"action":"room_created","actor":"system","id":"1","meta":{"a":1},"room_id":null,"seq":0,"timestamp":"2026-11-23T08:00:00Z"}"#;
    let leaf = sts_clearance::evidence::read_leaf(canonical).unwrap();
    assert_eq!(leaf.canonical().unwrap(), canonical);
    let written = |from: &str, to: &str| {
        sts_clearance::evidence::read_leaf(str::from_utf8(canonical).unwrap().replace(from, to).as_bytes())
    };
    for (from, to) in [
        (r#""seq":0"#, r#""seq": 0"#),
        (r#""id":"1","meta":{"a":1}"#, r#""meta":{"a":1},"id":"1""#),
        ("system", r"\u0073ystem"),
        ("08:00:00Z", "08:00:00.0Z"),
    ] {
        let refused = written(from, to).unwrap_err().to_string();
        assert_eq!(refused, "it is not in canonical form (RFC 8785)", "{to}");
    }
    assert!(sts_clearance::evidence::read_leaf(b"{}").is_err());
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

/// Any JSON, with what RFC 8785 writes in its own way among it: fractions, large numbers, and names whose order as UTF-16
/// is not that of their bytes.
fn any_json() -> impl Strategy<Value = Value> {
    let most_exact = 1_i64 << 53;
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-2..=2_i64).prop_flat_map(move |by| {
            prop_oneof![Just(by), Just(most_exact + by), Just(by - most_exact)].prop_map(Value::from)
        }),
    ];
    let text = prop_oneof![any::<String>(), "[\\x00-\\x7f]{0,8}"];
    let single =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number, text.prop_map(Value::from)];
    let name = prop_oneof!["[a-c]{0,2}", "[a\u{e000}-\u{e002}\u{10000}-\u{10002}]{0,2}", any::<String>()];
    single.prop_recursive(3, 32, 5, move |inner| {
        let fields = prop::collection::btree_map(name.clone(), inner.clone(), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::from),
            fields.prop_map(|fields| fields.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn a_leaf_is_written_as_rfc_8785_has_it(meta in any_json(), actor in any::<String>(), seq in any::<u64>()) {
        let (action, id, timestamp) = ("room_created".to_owned(), "1".to_owned(), "2026-11-23T08:00:00.5Z".parse().unwrap());
        let leaf = Leaf { action, actor, id, meta, room_id: None, seq, timestamp };
        prop_assert_eq!(leaf.canonical().unwrap(), serde_json_canonicalizer::to_vec(&leaf).unwrap());
    }

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
