//! Files that strangers might bring, mutated from the corpus that `cargo fuzz` grew: nothing panics, and the assertions
//! of the bodies hold. The bodies are those of `fuzz/`, whose targets are guided by coverage; here the mutations are
//! blind, and the same in every run. `STS_TEST_FUZZ_SECONDS=60` goes on for a minute per kind.

#[path = "../../fuzz/bodies/form.rs"]
mod form;
#[path = "../../fuzz/bodies/json.rs"]
mod json;
#[path = "../../fuzz/bodies/kinds.rs"]
mod kinds;
#[path = "../../fuzz/bodies/note.rs"]
mod note;
#[path = "../../fuzz/bodies/pdf.rs"]
mod pdf;
#[path = "../../fuzz/bodies/proof.rs"]
mod proof;
#[path = "../../fuzz/bodies/zip.rs"]
mod zip;

use std::{
    fs,
    io::{self, Write},
    path::Path,
    time::{Duration, Instant},
};

use proptest::{prelude::*, sample::Index, strategy::ValueTree, test_runner::TestRunner};

/// The least number of mutated inputs of each kind.
const INPUTS: usize = 500;

/// A change to a file. An `Index` is relative, so it fits a file of any length.
#[derive(Debug, Clone)]
enum Mutation {
    Flip {
        at: Index,
        bit: u8,
    },
    Put {
        at: Index,
        bytes: Vec<u8>,
    },
    Overwrite {
        at: Index,
        bytes: Vec<u8>,
    },
    Remove {
        at: Index,
        most: usize,
    },
    Repeat {
        at: Index,
        most: usize,
        times: usize,
    },
    End {
        at: Index,
    },
    /// Cuts the file off and goes on with another file of the corpus, from a place in it.
    Splice {
        at: Index,
        other: Index,
        from: Index,
    },
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    let telling = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..9),
        prop::sample::select(vec![
            &b"\xff\xff\xff\xff"[..],
            b"\0\0\0\0",
            b"18446744073709551615",
            b"-1",
            b"1e999",
            b"[[[[[[[[",
            b"{\"a\":",
            b"PK\x03\x04",
            b"PK\x01\x02",
            b"PK\x05\x06",
            b"endobj",
            b"stream\n",
            b"startxref",
            b"\n\n",
            "\u{2014}".as_bytes(),
        ])
        .prop_map(<[u8]>::to_vec),
    ]
    .boxed();
    prop_oneof![
        4 => (at(), 0..8_u8).prop_map(|(at, bit)| Mutation::Flip { at, bit }),
        2 => (at(), telling.clone()).prop_map(|(at, bytes)| Mutation::Put { at, bytes }),
        3 => (at(), telling).prop_map(|(at, bytes)| Mutation::Overwrite { at, bytes }),
        2 => (at(), 1..200_usize).prop_map(|(at, most)| Mutation::Remove { at, most }),
        1 => (at(), 1..100_usize, 1..40_usize).prop_map(|(at, most, times)| Mutation::Repeat { at, most, times }),
        1 => at().prop_map(|at| Mutation::End { at }),
        2 => (at(), at(), at()).prop_map(|(at, other, from)| Mutation::Splice { at, other, from }),
    ]
}

impl Mutation {
    fn apply(&self, file: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let place = |at: &Index, length: usize| at.index(length + 1);
        let length = file.len();
        match self {
            Self::Flip { at, bit } if length > 0 => file[at.index(length)] ^= 1 << bit,
            Self::Flip { .. } => {}
            Self::Put { at, bytes } => {
                let at = place(at, length);
                file.splice(at..at, bytes.iter().copied());
            }
            Self::Overwrite { at, bytes } => {
                let at = place(at, length);
                file.splice(at..length.min(at + bytes.len()), bytes.iter().copied());
            }
            Self::Remove { at, most } => {
                let at = place(at, length);
                file.drain(at..length.min(at + most));
            }
            Self::Repeat { at, most, times } => {
                let at = place(at, length);
                let part = file[at..length.min(at + most)].repeat(*times);
                file.splice(at..at, part);
            }
            Self::End { at } => file.truncate(place(at, length)),
            Self::Splice { at, other, from } => {
                let other = other.get(corpus);
                file.truncate(place(at, length));
                file.extend_from_slice(&other[place(from, other.len())..]);
            }
        }
    }
}

/// Runs the body on every file of the corpus as it is, and then on mutated ones.
fn feed(kind: &str, body: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(kind);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let corpus: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    for file in &corpus {
        body(file);
    }

    let (started, lasts) = (Instant::now(), goes_on());
    let mutated = (any::<Index>(), prop::collection::vec(mutation(), 1..6));
    let mut runner = TestRunner::deterministic();
    let mut inputs = 0;
    while inputs < INPUTS || started.elapsed() < lasts {
        let (first, mutations) = mutated.new_tree(&mut runner).unwrap().current();
        let mut file = first.get(&corpus).clone();
        for mutation in &mutations {
            mutation.apply(&mut file, &corpus);
        }
        body(&file);
        inputs += 1;
    }
    let _ = writeln!(io::stderr(), "{kind}: {} files and {inputs} mutations of them", corpus.len());
}

/// Returns the least time for which each kind is mutated, which is zero unless the environment says otherwise.
#[expect(clippy::disallowed_methods, reason = "a setting of the tests alone")]
fn goes_on() -> Duration {
    let seconds = std::env::var("STS_TEST_FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}

fn feed_text(kind: &str, body: impl Fn(&str)) {
    feed(kind, |bytes| body(&String::from_utf8_lossy(bytes)));
}

#[test]
fn a_zip_that_a_stranger_brings_panics_nothing() {
    feed("zip", zip::run);
}

#[test]
fn a_pdf_that_a_stranger_brings_panics_nothing() {
    feed("pdf", pdf::run);
}

#[test]
fn a_json_envelope_that_a_stranger_brings_can_be_drawn_where_it_can_be_read() {
    feed("json", json::run);
}

#[test]
fn keys_and_a_note_that_a_stranger_brings_are_read_alike_signed_or_not() {
    feed_text("note", note::run);
}

#[test]
fn a_proof_that_a_stranger_brings_is_read_only_as_it_is_written() {
    feed_text("proof", proof::run);
}

#[test]
fn a_form_that_a_stranger_sends_panics_nothing_however_it_is_cut() {
    feed("form", |bytes| {
        if let Some((size, bytes)) = bytes.split_first() {
            form::run(*size, bytes);
        }
    });
}

#[test]
fn the_kind_of_an_upload_is_the_same_however_its_bytes_are_cut() {
    feed("kinds", kinds::run);
}
