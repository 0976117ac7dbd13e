//! The identities that can be sealed with, and the errors of those that cannot.

use jiff::{SignedDuration, Timestamp};
use seal::{Authorities, Identity, IdentityError, check};

use crate::harness::{AUTHORITY, TAGGED, now, sealed, self_made};

fn from_files(names: &[&str]) -> Result<Identity, IdentityError> {
    let texts: Vec<_> = names.iter().map(|name| AUTHORITY.text(name)).collect();
    Identity::from_pem(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Makes a key and its certificate, without reading them.
fn files(name: &str, kind: &str) {
    AUTHORITY.key(name, kind);
    AUTHORITY.certify(name, "leaf", "/CN=Someone");
}

#[test]
fn a_self_made_identity_follows_from_its_arguments() {
    let make = |name: &str, secret| Identity::self_made(name, now(), [secret; 32]).unwrap().to_pem().unwrap();
    assert_eq!(make("a", 1), make("a", 1));
    assert_ne!(make("a", 1), make("b", 1));
    assert_ne!(make("a", 1), make("a", 2));
    let later = Identity::self_made("a", now() + SignedDuration::from_secs(1), [1; 32]).unwrap();
    assert_ne!(make("a", 1), later.to_pem().unwrap());
}

#[test]
fn a_self_made_certificate_says_so() {
    let begin = now() - SignedDuration::from_hours(1);
    let made = Identity::self_made("Ünïted/Port, CN=x", begin, [3; 32]).unwrap();
    AUTHORITY.write("self.pem", made.to_pem().unwrap().as_bytes());
    AUTHORITY.openssl("x509 -in self.pem -noout -text -out self.txt");
    let text = AUTHORITY.text("self.txt");
    assert!(text.contains("OU = self-made seal of STS Clearance"), "{text}");
    assert!(text.contains("Digital Signature, Non Repudiation"), "{text}");
    AUTHORITY.openssl("verify -CAfile self.pem self.pem");
    let identity = from_files(&["self.pem"]).unwrap();
    assert_eq!(identity.common_name(), "Ünïted/Port, CN=x");
    assert!(identity.is_self_made());
    let (from, until) = identity.validity();
    assert_eq!(from, begin);
    assert!((10_957..=10_958).contains(&((until - from).as_hours() / 24)), "from {from} until {until}");
}

#[test]
fn a_name_is_short_and_there() {
    for name in [String::new(), "x".repeat(65)] {
        assert_eq!(Identity::self_made(&name, now(), [0; 32]).unwrap_err(), IdentityError::Name);
    }
    assert!(Identity::self_made(&"é".repeat(64), now(), [0; 32]).is_ok());
}

#[test]
fn an_identity_is_the_same_after_it_was_written() {
    for identity in [self_made(), AUTHORITY.identity("written", "rsa:2048")] {
        let again = Identity::from_pem(&[&identity.to_pem().unwrap()]).unwrap();
        assert_eq!(again.to_pem().unwrap(), identity.to_pem().unwrap());
        assert_eq!(again.is_self_made(), identity.is_self_made());
        assert_eq!(sealed(&TAGGED, &again), sealed(&TAGGED, &identity));
    }
}

#[test]
fn keys_come_in_their_older_forms_too() {
    files("sec1", "ec:P-256");
    AUTHORITY.openssl("ec -in sec1.key -out sec1.old");
    files("pkcs1", "rsa:2048");
    AUTHORITY.openssl("rsa -in pkcs1.key -traditional -out pkcs1.old");
    for name in ["sec1", "pkcs1"] {
        assert!(AUTHORITY.text(&format!("{name}.old")).contains(" PRIVATE KEY-----"));
        let identity = from_files(&[&format!("{name}.pem"), &format!("{name}.old")]).unwrap();
        let (_, seal) = sealed(&TAGGED, &identity);
        assert_eq!(check(&TAGGED, &seal, &Authorities::none()).unwrap().signer, "Someone");
    }
}

#[test]
fn the_order_in_the_text_does_not_matter_and_strangers_are_left_out() {
    files("order", "ec:P-256");
    files("stranger", "ec:P-256");
    let orders: [&[&str]; 2] =
        [&["order.key", "root.pem", "stranger.pem", "order.pem"], &["order.pem", "order.key", "root.pem"]];
    let texts = orders.map(|names| from_files(names).unwrap().to_pem().unwrap());
    assert_eq!(texts[0], texts[1]);
    assert_eq!(texts[0].matches("BEGIN CERTIFICATE").count(), 2);
}

/// Exports the identity of that name and the root as PKCS#12, as `openssl` does today and as it did before version 3.
fn exports(name: &str) -> [String; 2] {
    let old = " -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1";
    [("new", ""), ("old", old)].map(|(kind, how)| {
        let file = format!("{name}.{kind}.p12");
        let from = format!("-in {name}.pem -inkey {name}.key -certfile root.pem -passout pass:wörd{how}");
        AUTHORITY.openssl(&format!("pkcs12 -export {from} -out {file}"));
        file
    })
}

#[test]
fn openssl_makes_pem_of_a_pkcs12_file_which_holds_the_chain() {
    let identity = AUTHORITY.identity("turned", "rsa:2048");
    for file in exports("turned") {
        // As the server's error says, with the password that `openssl` asks for.
        AUTHORITY.openssl(&format!("pkcs12 -in {file} -out seal.pem -nodes -passin pass:wörd"));
        let read = from_files(&["seal.pem"]).unwrap();
        assert_eq!(read.to_pem().unwrap(), identity.to_pem().unwrap());
        assert_eq!(read.to_pem().unwrap().matches("BEGIN CERTIFICATE").count(), 2, "the root is in it");
    }
}

#[cfg(feature = "pkcs12")]
#[test]
fn a_pkcs12_file_opens_with_its_password() {
    let identity = AUTHORITY.identity("p12", "rsa:2048");
    for file in exports("p12") {
        let file = &file;
        let opened = Identity::from_pkcs12(&AUTHORITY.bytes(file), "wörd").unwrap();
        assert_eq!(opened.to_pem().unwrap(), identity.to_pem().unwrap());
        let wrong = Identity::from_pkcs12(&AUTHORITY.bytes(file), "word").unwrap_err();
        assert_eq!(wrong, IdentityError::WrongPassword);
    }
    assert!(matches!(Identity::from_pkcs12(b"no file", "").unwrap_err(), IdentityError::Pkcs12(_)));
}

#[test]
fn what_cannot_seal_is_refused_in_words() {
    files("one", "ec:P-256");
    files("two", "ec:P-256");
    assert_eq!(from_files(&["one.pem", "two.key"]).unwrap_err(), IdentityError::Mismatch);
    assert_eq!(from_files(&["one.pem"]).unwrap_err(), IdentityError::NoKey);
    assert_eq!(from_files(&["one.key"]).unwrap_err(), IdentityError::NoCertificate);
    assert_eq!(from_files(&["one.pem", "one.key", "two.key"]).unwrap_err(), IdentityError::SeveralKeys);
    AUTHORITY.openssl("pkey -in one.key -aes256 -passout pass:x -out secret.key");
    assert_eq!(from_files(&["one.pem", "secret.key"]).unwrap_err(), IdentityError::EncryptedKey);
    let broken = AUTHORITY.text("one.pem").replace("END", "ENDE");
    assert!(matches!(Identity::from_pem(&[&broken]).unwrap_err(), IdentityError::Pem(_)));
    AUTHORITY.certify("one", "cipher", "/CN=For ciphers");
    assert_eq!(from_files(&["one.pem", "one.key"]).unwrap_err(), IdentityError::NotForSigning);
}

#[test]
fn keys_of_other_kinds_are_refused_by_their_name() {
    let kinds = [
        ("ed", "ed25519", "Ed25519"),
        ("p384", "ec:P-384", "ECDSA on P-384"),
        ("short", "rsa:1024", "RSA of 1024 bits"),
    ];
    for (name, kind, words) in kinds {
        files(name, kind);
        let error = from_files(&[&format!("{name}.pem"), &format!("{name}.key")]).unwrap_err();
        assert_eq!(error, IdentityError::UnsupportedKey(words.to_owned()));
    }
}

#[test]
fn a_certificate_may_never_end() {
    AUTHORITY.key("endless", "ec:P-256");
    // On the last day of the year 9999, or an hour before it, as far as every version of `openssl` goes.
    let days = (253_402_300_799 - now().as_second()) / 86_400;
    AUTHORITY.openssl(&format!(
        "req -x509 -new -config openssl.cnf -extensions leaf -key endless.key -subj /CN=Endless -days {days} \
         -out endless.pem"
    ));
    let identity = from_files(&["endless.pem", "endless.key"]).unwrap();
    assert_eq!(identity.validity().1, Timestamp::MAX);
    let (_, seal) = sealed(&TAGGED, &identity);
    assert_eq!(check(&TAGGED, &seal, &Authorities::none()).unwrap().not_after, Timestamp::MAX);
}

#[test]
fn the_certificate_is_told_without_its_key() {
    let identity = AUTHORITY.identity("told", "ec:P-256");
    assert_eq!(identity.certificate_pem(), AUTHORITY.text("told.pem"));
    AUTHORITY.openssl("x509 -in told.pem -outform DER -out told.der");
    AUTHORITY.openssl("dgst -sha256 -binary -out told.sha256 told.der");
    assert_eq!(identity.certificate_sha256().to_vec(), AUTHORITY.bytes("told.sha256"));
    let checked = check(&TAGGED, &sealed(&TAGGED, &identity).1, &Authorities::none()).unwrap();
    assert_eq!(checked.certificate_sha256, identity.certificate_sha256());
}

#[test]
fn debug_does_not_tell_the_key() {
    assert_eq!(format!("{:?}", self_made()), r#"Identity { common_name: "sts.example", certificates: 1, .. }"#);
}
