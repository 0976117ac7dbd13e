//! No bit of a sealed file can be changed unnoticed.

use std::ops::Range;

use jiff::SignedDuration;
use p256::ecdsa::Signature;
use seal::{Authorities, Fault, Seal, apply, check, split};

use crate::harness::{AUTHORITY, TAGGED, now, sealed, self_made};

/// Checks a sealed file as a reader does, and returns whether a difference from the original shows.
fn notices(bytes: &[u8], original: &[u8]) -> bool {
    let Some((unsealed, seal)) = split(bytes) else { return true };
    if check(unsealed, &seal, &Authorities::none()).is_err() {
        return true;
    }
    let holds = apply(unsealed, &seal).is_ok_and(|again| again == bytes);
    !holds || bytes == original
}

/// Flips bits one at a time, and asserts that each is noticed.
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

/// Returns the ranges of the signature's digits and of the padding behind them.
fn digits(bytes: &[u8], seal: &Seal) -> [Range<usize>; 2] {
    let start = bytes.windows(10).rposition(|window| window == b"/Contents<").expect("there is a signature") + 10;
    let middle = start + 2 * seal.cms.len();
    [start..middle, middle..start + 2 * seal::ROOM]
}

/// Returns a bit for a position. All eight occur about equally often.
fn any_bit(position: usize) -> (usize, u8) {
    (position, u8::try_from(position.wrapping_mul(0x9e37_79b9) >> 7 & 7).expect("it is below eight"))
}

fn tamper(sealed: &[u8], seal: &Seal) {
    let [cms, padding] = digits(sealed, seal);
    let around = (TAGGED.len()..cms.start).chain(padding.end..sealed.len());
    turn_over(sealed, around.map(any_bit));
    turn_over(sealed, cms.map(any_bit));
    // The padding and the file before the seal are long and uniform: samples of them have to do.
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
    assert!(matches!(check(&TAGGED, &longer, &Authorities::none()), Err(Fault::Unreadable(_))));
}

/// Returns where the content begins of each DER value that reaches to the end.
fn last_values(der: &[u8]) -> Vec<usize> {
    let header = |at: usize| match der[at + 1..] {
        [0x82, high, low, ..] => (at + 4, usize::from(u16::from_be_bytes([high, low]))),
        [0x81, low, ..] => (at + 3, usize::from(low)),
        [low, ..] => (at + 2, usize::from(low)),
        [] => panic!("a value has a length"),
    };
    let (mut at, mut found) = (0, Vec::new());
    loop {
        let (content, length) = header(at);
        if content + length < der.len() {
            at = content + length;
            continue;
        }
        found.push(content);
        // An octet string has no values in it.
        if der[at] == 4 {
            return found;
        }
        at = content;
    }
}

#[test]
fn the_other_signature_that_ecdsa_allows_is_refused() {
    for second in 0..4 {
        let mut seal = seal::sign(&TAGGED, &self_made(), now() + SignedDuration::from_secs(second)).unwrap();
        let values = last_values(&seal.cms);
        let start = *values.last().expect("the signature is the last value");
        let low = Signature::from_der(&seal.cms[start..]).unwrap();
        assert_eq!(low.normalize_s(), low);
        // `-s` is `n - s`, which verifies as well.
        let high = Signature::from_scalars(low.r(), -low.s()).unwrap().to_der();
        let longer = u8::try_from(high.as_bytes().len() - (seal.cms.len() - start)).expect("it is a byte");
        for content in values {
            // The lengths of all values around the signature change with its own.
            seal.cms[content - 1] += longer;
        }
        seal.cms.splice(start.., high.as_bytes().iter().copied());
        let words = check(&TAGGED, &seal, &Authorities::none()).unwrap_err().to_string();
        assert!(words.ends_with("(of two signatures that say the same, it has the other)"), "{words}");
    }
}

#[test]
fn the_words_name_the_fault() {
    let (_, seal) = sealed(&TAGGED, &self_made());
    let words =
        |cms: Vec<u8>| check(&TAGGED, &Seal { cms, at: seal.at }, &Authorities::none()).unwrap_err().to_string();
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
        check(&TAGGED, &Seal { at: other.at + jiff::SignedDuration::from_secs(1), ..other }, &Authorities::none())
            .unwrap_err(),
        Fault::OtherFile
    );
    assert_eq!(words(b"x".to_vec()), "the seal is damaged: its signature cannot be read (it is not DER)");
}
