//! The effect of sealing on a file, and what the seal says.

use jiff::{SignedDuration, Timestamp};
use seal::{Authorities, Fault, Seal, check, split};

use crate::harness::{AUTHORITY, TAGGED, UNTAGGED, now, sealed, self_made};

#[test]
fn the_unsealed_file_stays_as_it_is_and_the_seal_comes_after_it() {
    for unsealed in [&*TAGGED, &*UNTAGGED] {
        let (bytes, _) = sealed(unsealed, &self_made());
        assert!(bytes.starts_with(unsealed));
        assert!((32_768..40_000).contains(&(bytes.len() - unsealed.len())));
    }
}

#[test]
fn a_seal_says_who_and_when() {
    let (_, seal) = sealed(&TAGGED, &self_made());
    let checked = check(&TAGGED, &seal, &Authorities::none()).unwrap();
    assert_eq!((checked.signer.as_str(), checked.issuer.as_str()), ("sts.example", "sts.example"));
    assert!(checked.self_made);
    assert_eq!(checked.signed_at, now());
    assert_eq!(checked.trusted_time, None);
    assert!(checked.not_before < checked.signed_at && checked.signed_at < checked.not_after);
}

#[test]
fn a_seal_with_a_certificate_of_an_authority_names_it() {
    for (name, kind) in [("curve", "ec:P-256"), ("rsa", "rsa:3072")] {
        let (_, seal) = sealed(&TAGGED, &AUTHORITY.identity(name, kind));
        let checked = check(&TAGGED, &seal, &Authorities::none()).unwrap();
        assert_eq!((checked.signer, checked.issuer.as_str()), (format!("Signer {name}"), "Root"));
        assert!(!checked.self_made);
    }
}

#[test]
fn the_same_file_identity_and_time_make_the_same_seal() {
    for identity in [self_made(), AUTHORITY.identity("again", "rsa:2048")] {
        assert_eq!(sealed(&TAGGED, &identity), sealed(&TAGGED, &identity));
    }
    let later = now() + SignedDuration::from_secs(1);
    let seals = [now(), later].map(|at| seal::sign(&TAGGED, &self_made(), at).unwrap());
    assert_ne!(seals[0].cms, seals[1].cms);
}

#[test]
fn a_time_is_cut_to_seconds() {
    let seal = seal::sign(&TAGGED, &self_made(), now() + SignedDuration::from_millis(999)).unwrap();
    assert_eq!(seal.at, now());
    assert!(check(&TAGGED, &seal, &Authorities::none()).is_ok());
}

#[test]
fn nothing_is_sealed_when_the_certificate_is_not_good() {
    let identity = self_made();
    let (from, until) = identity.validity();
    let sign = |at| seal::sign(&TAGGED, &identity, at).map(|seal| check(&TAGGED, &seal, &Authorities::none()));
    assert!(matches!(sign(from), Ok(Ok(_))));
    assert!(matches!(sign(until), Ok(Ok(_))));
    let (early, late) = (from - SignedDuration::from_secs(1), until + SignedDuration::from_secs(1));
    assert_eq!(sign(early), Err(Fault::NotYetValid { at: early, from }));
    assert_eq!(sign(late), Err(Fault::Expired { at: late, until }));
    assert!(matches!(sign(Timestamp::MIN), Err(Fault::NotYetValid { .. })));
}

#[test]
fn a_file_is_sealed_once() {
    let (bytes, _) = sealed(&TAGGED, &self_made());
    let again = seal::sign(&bytes, &self_made(), now());
    assert_eq!(
        again.unwrap_err().to_string(),
        "this PDF cannot carry the seal: it has a seal or another update already"
    );
}

#[test]
fn what_is_no_pdf_of_ours_is_refused_and_has_no_seal() {
    let cut = &TAGGED[..TAGGED.len() / 2];
    for bytes in [
        &b""[..],
        b"%PDF-1.7",
        b"\n%%EOF\n",
        b"startxref\n0\n%%EOF\n",
        b"xref\ntrailer\n<<>>startxref\n0\n%%EOF\n",
        cut,
    ] {
        assert!(matches!(seal::sign(bytes, &self_made(), now()), Err(Fault::Unfit(_))));
        assert_eq!(split(bytes), None);
    }
    assert_eq!(split(&TAGGED), None);
}

#[test]
fn a_seal_of_another_file_does_not_hold() {
    let (_, seal) = sealed(&TAGGED, &self_made());
    assert_eq!(check(&UNTAGGED, &seal, &Authorities::none()), Err(Fault::OtherFile));
}

#[test]
fn a_seal_that_is_too_large_is_not_put_in() {
    let seal = Seal { at: now(), cms: vec![0; seal::ROOM + 1] };
    assert_eq!(seal::apply(&TAGGED, &seal), Err(Fault::TooLarge { size: seal::ROOM + 1, room: seal::ROOM }));
}
