//! No bit of a sealed file can be turned over unnoticed.

use std::ops::Range;

use seal::{Fault, Seal, apply, check, split};

use crate::harness::{AUTHORITY, TAGGED, sealed, self_made};

/// What a reader who is given a sealed file does.
fn notices(bytes: &[u8], original: &[u8]) -> bool {
    let Some((unsealed, seal)) = split(bytes) else { return true };
    if check(unsealed, &seal).is_err() {
        return true;
    }
    let holds = apply(unsealed, &seal).is_ok_and(|again| again == bytes);
    !holds || bytes == original
}

/// Turns bits over, each on its own, and demands that each is noticed.
fn turn_over(sealed: &[u8], bits: impl Iterator<Item = (usize, u8)>) {
    let bits: Vec<_> = bits.collect();
    std::thread::scope(|scope| {
        for part in bits.chunks(bits.len().div_ceil(2)) {
            scope.spawn(move || {
                let mut bytes = sealed.to_vec();
                for &(position, bit) in part {
                    bytes[position] ^= 1 << bit;
                    assert!(notices(&bytes, sealed), "bit {bit} of byte {position} is not noticed");
                    bytes[position] ^= 1 << bit;
                }
            });
        }
    });
}

/// The digits of the signature in a file, and those of the padding after it.
fn digits(bytes: &[u8], seal: &Seal) -> [Range<usize>; 2] {
    let start = bytes.windows(10).rposition(|window| window == b"/Contents<").expect("there is a signature") + 10;
    let middle = start + 2 * seal.cms.len();
    [start..middle, middle..start + 2 * seal::ROOM]
}

/// A bit for a position, each of the eight about as often.
fn any_bit(position: usize) -> (usize, u8) {
    (position, u8::try_from(position.wrapping_mul(0x9e37_79b9) >> 7 & 7).expect("it is below eight"))
}

fn tamper(sealed: &[u8], seal: &Seal) {
    let [cms, padding] = digits(sealed, seal);
    let around = (TAGGED.len()..cms.start).chain(padding.end..sealed.len());
    turn_over(sealed, around.map(any_bit));
    turn_over(sealed, cms.map(any_bit));
    turn_over(sealed, padding.step_by(97).map(any_bit));
    turn_over(sealed, (0..TAGGED.len()).step_by(997).map(any_bit));
}

#[test]
fn every_bit_of_a_seal_counts() {
    let (bytes, seal) = sealed(&TAGGED, &self_made());
    tamper(&bytes, &seal);
}

#[test]
fn every_bit_of_a_seal_with_a_chain_and_a_time_stamp_counts() {
    let (_, seal) = sealed(&TAGGED, &AUTHORITY.identity("tampered", "rsa:2048"));
    let stamped = AUTHORITY.stamp(&seal);
    assert_eq!(stamped.cms.windows(4).filter(|bytes| *bytes == b"Root").count(), 8, "the roots are in it");
    tamper(&apply(&TAGGED, &stamped).unwrap(), &stamped);
}

#[test]
fn bytes_cannot_be_put_in_or_taken_away() {
    let (bytes, seal) = sealed(&TAGGED, &self_made());
    let end = bytes.len();
    for (position, put) in [(end, "\n"), (end, "%"), (TAGGED.len(), "\n"), (end - 7, " "), (9, "%\n"), (0, " ")] {
        let longer = [&bytes[..position], put.as_bytes(), &bytes[position..]].concat();
        assert!(notices(&longer, &bytes), "{put:?} at {position}");
    }
    for shorter in [&bytes[..end - 1], &bytes[1..], &bytes[..TAGGED.len()]] {
        assert!(notices(shorter, &bytes));
    }
    let longer = Seal { cms: [&seal.cms[..], &[0]].concat(), ..seal };
    assert!(matches!(check(&TAGGED, &longer), Err(Fault::Unreadable(_))));
}

#[test]
fn the_words_name_the_fault() {
    let (_, seal) = sealed(&TAGGED, &self_made());
    let words = |cms: Vec<u8>| check(&TAGGED, &Seal { cms, at: seal.at }).unwrap_err().to_string();
    let turned = |mark: &[u8], after: usize| {
        let mut cms = seal.cms.clone();
        let at = cms.windows(mark.len()).position(|bytes| bytes == mark).expect("the mark is there") + after;
        cms[at] ^= 1;
        words(cms)
    };
    let other = sealed(&TAGGED, &AUTHORITY.identity("words", "ec:P-256")).1;
    assert_eq!(turned(b"sts.example", 0), "the certificate in the seal is not the one that was signed with");
    let last = seal.cms.len() - 1;
    assert_eq!(
        turned(&seal.cms[last - 3..], 3),
        "the seal's signature was not made with the key of its certificate, or was changed since"
    );
    assert_eq!(
        check(&TAGGED, &Seal { at: other.at + jiff::SignedDuration::from_secs(1), ..other }).unwrap_err(),
        Fault::OtherFile
    );
    assert_eq!(words(b"x".to_vec()), "the seal is damaged: its signature cannot be read (it is not DER)");
}
