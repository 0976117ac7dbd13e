//! The trusted authorities: which time stamps they vouch for, and which paths lead to them.

use seal::{Authorities, Fault, IdentityError, Seal, check, timestamp};

use crate::harness::{AUTHORITY, STAMPED, TAGGED, sealed, self_made};

const NOT_TRUSTED: Fault = Fault::TimeStamp("its authority is not one of those that are trusted");

fn trusted(name: &str) -> Authorities {
    Authorities::from_pem(&AUTHORITY.text(&format!("{name}.pem"))).expect("there is a certificate")
}

/// Returns a seal with the stamp of an authority. `more` are further options of `openssl ts -reply`.
fn stamped(signer: &str, more: &str, trusted: &Authorities) -> Result<Seal, Fault> {
    let (_, seal) = sealed(&TAGGED, &self_made());
    let how = format!("-section tsa -signer {signer}.pem -inkey {signer}.key -sha256 {more}");
    let answer = AUTHORITY.answer(&timestamp::request(&seal, 7)?, how.trim_end());
    timestamp::accept(&seal, 7, &answer, trusted)
}

fn vouched(seal: &Seal, trusted: &Authorities) -> bool {
    check(&TAGGED, seal, trusted).expect("the seal holds").trusted_time.expect("there is a time").vouched
}

fn holds(seal: &Seal, text: &str) -> bool {
    seal.cms.windows(text.len()).any(|bytes| bytes == text.as_bytes())
}

/// Makes an authority `{name}tsa` under an issuer `{name}` that is under the root.
fn below(name: &str, section: &str) -> String {
    let signer = format!("{name}tsa");
    AUTHORITY.key(name, "ec:P-256");
    AUTHORITY.certify(name, section, &format!("/CN=Issuer {name}"));
    AUTHORITY.key(&signer, "ec:P-256");
    AUTHORITY.certify_by(name, &signer, "stamp", &format!("/CN=Clock {name}"));
    signer
}

#[test]
fn an_authority_is_vouched_for_by_itself_and_by_its_issuer() {
    for name in ["tsa", "root"] {
        let trusted = trusted(name);
        let (_, seal) = sealed(&TAGGED, &self_made());
        let answer = AUTHORITY.answer(&timestamp::request(&seal, 7).unwrap(), STAMPED);
        let seal = timestamp::accept(&seal, 7, &answer, &trusted).unwrap();
        assert!(vouched(&seal, &trusted));
        assert!(!vouched(&seal, &Authorities::none()));
    }
}

#[test]
fn an_authority_that_is_not_trusted_is_refused_in_an_answer_and_told_in_a_check() {
    AUTHORITY.key("elsewhere", "ec:P-256");
    AUTHORITY.certify("elsewhere", "stamp", "/CN=Elsewhere");
    let elsewhere = trusted("elsewhere");
    assert_eq!(stamped("tsa", "", &elsewhere), Err(NOT_TRUSTED));
    let anybodys = stamped("tsa", "", &Authorities::none()).unwrap();
    assert!(!vouched(&anybodys, &elsewhere));
    assert!(!vouched(&anybodys, &Authorities::none()));
    // A root with the same name and another key.
    AUTHORITY.key("impostor", "ec:P-256");
    AUTHORITY.openssl(
        "req -x509 -new -config openssl.cnf -extensions root -key impostor.key -subj /CN=Root -out impostor.pem",
    );
    assert!(!vouched(&anybodys, &trusted("impostor")));
    // One trusted certificate among several is enough.
    let both = [AUTHORITY.text("elsewhere.pem"), AUTHORITY.text("root.pem")].concat();
    assert!(vouched(&anybodys, &Authorities::from_pem(&both).unwrap()));
}

#[test]
fn a_path_to_a_trusted_root_stays_in_the_seal() {
    let signer = below("between", "root");
    let (root, chain) = (trusted("root"), "-chain between.pem");
    let seal = stamped(&signer, chain, &root).unwrap();
    assert!(holds(&seal, "Clock between") && vouched(&seal, &root));
    assert!(!vouched(&seal, &Authorities::none()));
    assert!(vouched(&seal, &trusted("between")) && vouched(&seal, &trusted(&signer)));
    // Its certificate has the name as subject. The other two are the issuer in what it issued, and how the token names
    // that.
    let times = |seal: &Seal| seal.cms.windows(14).filter(|bytes| bytes == b"Issuer between").count();
    assert_eq!(times(&seal), 3);
    // Without the root its signature cannot be checked, so it is dropped.
    assert_eq!(times(&stamped(&signer, chain, &Authorities::none()).unwrap()), 2);
    // A root that only the token brings vouches for nothing.
    AUTHORITY.write("between.chain", [AUTHORITY.text("between.pem"), AUTHORITY.text("root.pem")].concat().as_bytes());
    let whole = stamped(&signer, "-chain between.chain", &Authorities::none()).unwrap();
    assert_eq!(times(&whole), 3);
    assert!(!vouched(&whole, &Authorities::none()) && !vouched(&whole, &trusted("tsa")) && vouched(&whole, &root));
    assert_eq!(stamped(&signer, "", &root), Err(NOT_TRUSTED), "the one between is not there");
}

#[test]
fn every_byte_of_a_path_counts() {
    let signer = below("counted", "root");
    let seal = stamped(&signer, "-chain counted.pem", &trusted("root")).unwrap();
    // Every eleventh byte: a check takes some milliseconds, and 11 is prime to the lengths of the structure.
    for position in (0..seal.cms.len()).step_by(11) {
        let mut cms = seal.cms.clone();
        cms[position] ^= 1;
        let changed = Seal { cms, at: seal.at };
        assert!(check(&TAGGED, &changed, &Authorities::none()).is_err(), "byte {position}");
    }
}

#[test]
fn only_issuers_are_on_the_path() {
    let root = trusted("root");
    for (name, section) in [("noissuer", "leaf"), ("nosigner", "unsigning"), ("bound", "bound")] {
        let signer = below(name, section);
        assert_eq!(stamped(&signer, &format!("-chain {name}.pem"), &root), Err(NOT_TRUSTED), "{name}");
        // Trusting it does not help, if its own certificate says that it does not issue.
        assert_eq!(stamped(&signer, "", &trusted(name)), Err(NOT_TRUSTED), "{name}");
    }
}

#[test]
fn a_path_is_no_longer_than_its_issuers_allow() {
    AUTHORITY.key("narrow", "ec:P-256");
    AUTHORITY.certify("narrow", "narrow", "/CN=Narrow");
    AUTHORITY.key("under", "ec:P-256");
    AUTHORITY.certify_by("narrow", "under", "root", "/CN=Under");
    for (issuer, signer) in [("narrow", "first"), ("under", "second")] {
        AUTHORITY.key(signer, "ec:P-256");
        AUTHORITY.certify_by(issuer, signer, "stamp", &format!("/CN={signer}"));
    }
    AUTHORITY.write("under.chain", [AUTHORITY.text("under.pem"), AUTHORITY.text("narrow.pem")].concat().as_bytes());
    let root = trusted("root");
    assert!(vouched(&stamped("first", "-chain narrow.pem", &root).unwrap(), &root));
    assert_eq!(stamped("second", "-chain under.chain", &root), Err(NOT_TRUSTED));
}

#[test]
fn an_issuer_whose_time_is_over_vouches_for_nothing() {
    let signer = below("past", "root");
    assert!(stamped(&signer, "-chain past.pem", &trusted("root")).is_ok());
    AUTHORITY.write("past.index", b"");
    AUTHORITY.write("past.serial", b"7001\n");
    AUTHORITY.write(
        "past.cnf",
        b"[ca]\ndefault_ca=past\n[past]\ndatabase=past.index\nserial=past.serial\nnew_certs_dir=.\ndefault_md=sha256\n\
          policy=any\n[any]\ncommonName=supplied\n",
    );
    AUTHORITY.openssl(
        "ca -batch -notext -config past.cnf -cert root.pem -keyfile root.key -in past.csr -extfile openssl.cnf \
         -extensions root -startdate 20200101000000Z -enddate 20210101000000Z -out past.pem",
    );
    assert_eq!(stamped(&signer, "-chain past.pem", &trusted("root")), Err(NOT_TRUSTED));
    assert_eq!(stamped(&signer, "", &trusted("past")), Err(NOT_TRUSTED));
}

#[test]
fn a_token_with_very_many_certificates_is_refused() {
    let names: Vec<_> = (0..16).map(|one| format!("many{one}")).collect();
    AUTHORITY.key("many", "ec:P-256");
    for name in &names {
        // One key for all: sixteen certificates differ in their serial numbers.
        AUTHORITY.write(&format!("{name}.key"), AUTHORITY.text("many.key").as_bytes());
        AUTHORITY.certify(name, "root", "/CN=Many");
    }
    let chain = |names: &[String]| names.iter().map(|name| AUTHORITY.text(&format!("{name}.pem"))).collect::<String>();
    AUTHORITY.write("few.chain", chain(&names[1..]).as_bytes());
    AUTHORITY.write("many.chain", chain(&names).as_bytes());
    assert!(stamped("tsa", "-chain few.chain", &trusted("root")).is_ok());
    let refused = stamped("tsa", "-chain many.chain", &trusted("root")).unwrap_err();
    assert_eq!(refused, Fault::TimeStamp("there are more certificates in it than are looked at"));
}

#[test]
fn what_holds_no_certificates_is_refused() {
    assert!(Authorities::none().is_empty() && !trusted("root").is_empty());
    for text in [String::new(), "nothing".to_owned(), AUTHORITY.text("tsa.key")] {
        assert_eq!(Authorities::from_pem(&text).unwrap_err(), IdentityError::NoCertificate);
    }
    let broken = AUTHORITY.text("root.pem").replace("END", "ENDE");
    assert!(matches!(Authorities::from_pem(&broken).unwrap_err(), IdentityError::Pem(_)));
}
