//! Time stamps of an authority, for which `openssl ts` stands in.

use seal::{Authorities, Fault, Seal, check, timestamp};

use crate::harness::{AUTHORITY, STAMPED, TAGGED, now, sealed, self_made};

const NONCE: u64 = 0xfedc_ba98_7654_3210;

fn stamped(seal: &Seal, how: &str) -> Result<Seal, Fault> {
    let answer = AUTHORITY.answer(&timestamp::request(seal, NONCE)?, how);
    timestamp::accept(seal, NONCE, &answer, &Authorities::none())
}

#[test]
fn a_stamped_seal_tells_the_trusted_time_and_its_authority() {
    let (_, seal) = sealed(&TAGGED, &self_made());
    let stamped = stamped(&seal, STAMPED).unwrap();
    let checked = check(&TAGGED, &stamped, &Authorities::none()).unwrap();
    let trusted = checked.trusted_time.unwrap();
    assert_eq!(trusted.authority, "Time Authority");
    assert!((trusted.time - now()).as_secs().abs() < 7_200);
    assert_eq!(checked.signed_at, now());
    let bytes = seal::apply(&TAGGED, &stamped).unwrap();
    assert_eq!(seal::split(&bytes), Some((TAGGED.as_slice(), stamped)));
}

#[test]
fn authorities_sign_in_several_ways() {
    let (_, seal) = sealed(&TAGGED, &self_made());
    for (name, kind) in [("stamp256", "ec:P-256"), ("stamp384", "ec:P-384"), ("stamp4096", "rsa:4096")] {
        AUTHORITY.key(name, kind);
        AUTHORITY.certify(name, "stamp", &format!("/CN={name}"));
        for (section, digest) in [("tsa", "sha256"), ("tsa_sha1", "sha384"), ("tsa", "sha512")] {
            let how = format!("-section {section} -signer {name}.pem -inkey {name}.key -{digest}");
            let checked = check(&TAGGED, &stamped(&seal, &how).unwrap(), &Authorities::none()).unwrap();
            assert_eq!(checked.trusted_time.unwrap().authority, name);
        }
    }
}

#[test]
fn a_second_stamp_replaces_the_first() {
    let (_, seal) = sealed(&TAGGED, &self_made());
    let once = stamped(&seal, STAMPED).unwrap();
    let twice = stamped(&once, STAMPED).unwrap();
    assert!(once.cms.len().abs_diff(twice.cms.len()) < 16);
}

#[test]
fn an_answer_to_another_question_is_refused() {
    let (_, seal) = sealed(&TAGGED, &self_made());
    let answer = AUTHORITY.answer(&timestamp::request(&seal, NONCE).unwrap(), STAMPED);
    let refused = timestamp::accept(&seal, NONCE + 1, &answer, &Authorities::none()).unwrap_err();
    assert_eq!(refused, Fault::TimeStamp("it answers another request"));
    let other = seal::sign(&TAGGED, &self_made(), now() + jiff::SignedDuration::from_secs(1)).unwrap();
    let refused = timestamp::accept(&other, NONCE, &answer, &Authorities::none()).unwrap_err();
    assert_eq!(refused, Fault::TimeStamp("it is not over the signature of this seal"));
}

#[test]
fn a_refusal_is_told_in_the_authoritys_words() {
    let (_, seal) = sealed(&TAGGED, &self_made());
    let refused = stamped(&seal, "-section tsa_strict -signer tsa.pem -inkey tsa.key -sha256");
    let words = refused.unwrap_err().to_string();
    assert_eq!(words, "the time-stamping authority refused: Message digest algorithm is not supported.");
}

#[test]
fn what_is_no_answer_is_refused() {
    let (_, seal) = sealed(&TAGGED, &self_made());
    for bytes in [&b""[..], b"<html>", b"\x30\x00"] {
        assert!(matches!(timestamp::accept(&seal, NONCE, bytes, &Authorities::none()), Err(Fault::TimeStamp(_))));
    }
    let answer = AUTHORITY.answer(&timestamp::request(&seal, NONCE).unwrap(), STAMPED);
    assert!(timestamp::accept(&seal, NONCE, &answer[..answer.len() - 1], &Authorities::none()).is_err());
}
