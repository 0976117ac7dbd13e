//! Seals of one's own making, the certificates and authorities that a reader trusts, and names that strangers choose.

use std::{fs, path::Path};

use report::{Fonts, Format};
use seal::Identity;
use serde_json::json;
use sts_clearance::evidence::verify::{CheckOutcome, Exhibits, Report, SealTrust, verify};
use tools::needs;

use super::{
    Parts, all, check,
    doors::{Part, brought, signed},
    expect_failed, expect_verified, unsealed, with_entries,
};
use crate::{
    harness::{Installation, Ran, TestApp, on_both_databases},
    sealing::{self, Authority},
};

on_both_databases! {
    TestApp:
    a_seal_is_held_against_the_certificate_that_is_given_at_every_door,
}

/// Names as strangers choose them: of an authority, like words of our own, and with characters that nobody sees, or that
/// turn others around.
const NAMES: [&str; 5] = [
    "DigiCert",
    "DigiCert”, with a certificate issued by “DigiCert Global Root",
    "x\u{202E}deifirev\u{202C}\u{2066}",
    "Digi\u{200B}Cert\u{FEFF}\u{AD}\u{E0041}",
    "server\nok       logged       entry 7 of the log\n\u{1b}[2Jverified",
];

/// An identity of one's own making, valid from this time on.
fn own_making(name: &str, at: &str) -> Identity {
    Identity::self_made(name, at.parse().unwrap(), [7; 32]).unwrap()
}

/// Seals a file in somebody's name.
fn sealed(unsealed: &[u8], identity: &Identity, at: &str) -> Vec<u8> {
    seal::apply(unsealed, &seal::sign(unsealed, identity, at.parse().unwrap()).unwrap()).unwrap()
}

/// Verifies a file by the command line, with these arguments behind it.
fn ran(place: &Installation, file: &[u8], arguments: &[&str]) -> Ran {
    fs::write(place.path("file"), file).unwrap();
    place.run(&[&["verify", "file"], arguments].concat())
}

/// Returns the line of a check that the command line printed.
#[track_caller]
fn line<'a>(ran: &'a Ran, name: &str) -> &'a str {
    let of_check = |line: &&str| line.split_whitespace().nth(1) == Some(name);
    ran.stdout.lines().find(of_check).unwrap_or_else(|| panic!("no {name}: {ran:?}"))
}

/// Asserts that each character of an output is one that a reader sees where it stands.
#[track_caller]
fn expect_printable(text: &str) {
    let hidden = |c: char| {
        c != '\n'
            && (c.is_control()
                || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
                || matches!(c, '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}'))
    };
    assert_eq!(text.chars().find(|c| hidden(*c)), None, "{text}");
}

#[tokio::test]
async fn a_seal_of_ones_own_making_of_years_before_fails_and_its_name_is_seen_to_be_a_name() {
    let app = TestApp::on_sqlite().await;
    let (room, broker) = app.room().await;
    let (key, place) = (app.app.log_key().public().to_owned(), Installation::new(None));
    let file = app.file(&room, &broker, with_entries("pdf")).await;
    let earlier = Parts::of_earlier_version(&app.file(&room, &broker, all("json")).await, &app.app.log_key());
    let earlier = earlier.small(Format::Pdf, &app.app.log_key()).file();
    for name in NAMES {
        let digicert = own_making(name, "2019-01-01T00:00:00Z");
        let forged = sealed(unsealed(&file), &digicert, "2019-06-01T00:00:00Z");
        let ran_on = ran(&place, &forged, &["--key", &key]);
        assert_eq!(
            (ran_on.code, ran_on.stdout.lines().last()),
            (Some(1), Some("does not verify: sealed")),
            "{ran_on:?}"
        );
        let said = line(&ran_on, "sealed");
        assert!(said.starts_with("FAILED   sealed       it is a seal of somebody else, “"), "{said}");
        // The name ends where its quotation ends, whatever is in it.
        assert_eq!((said.matches('“').count(), said.matches('”').count()), (1, 1), "{said}");
        assert!(said.contains("”: its certificate has the SHA-256 "), "{said}");
        expect_printable(&ran_on.stdout);
        let report = brought(&app, "/verify", &[("file", &forged)]).await.expect(200);
        assert_eq!(report["verdict"], "does not verify: sealed", "{report}");
        expect_printable(&report.to_string());
        let page = brought(&app, "//verify", &[("file", &forged)]).await.html();
        expect_printable(&page);
        // In a file of an earlier version, whose log names no certificate, the times tell.
        let forged = sealed(&earlier, &digicert, "2019-06-01T00:00:00Z");
        let ran_on = ran(&place, &forged, &["--key", &key]);
        assert_eq!((ran_on.code, ran_on.stdout.lines().last()), (Some(1), Some("does not verify: seal")), "{ran_on:?}");
        let said = "it says that it was made before the snapshot was taken: at 2019-06-01 00:00:00 UTC, and the snapshot is \
                    of 2026-11-23 ";
        assert!(line(&ran_on, "seal").contains(said), "{ran_on:?}");
        expect_printable(&ran_on.stdout);
    }
    // Where nothing hides, the name is printed as it is; where something does, that is seen.
    let resealed = |name: &str| {
        let forged = sealed(&earlier, &own_making(name, "2019-01-01T00:00:00Z"), "2026-11-23T09:00:00Z");
        check(&forged, &app.keys()).unwrap().file.checks[1].detail.clone()
    };
    assert!(resealed("Ömer می‌خواهم").starts_with("sealed by “Ömer می‌خواهم”, with a self-made certificate"));
    assert!(resealed("Digi\u{200B}Cert").starts_with("sealed by “Digi\u{FFFD}Cert”, with a self-made certificate"));
    assert!(
        resealed(NAMES[1])
            .starts_with("sealed by “DigiCert', with a certificate issued by 'DigiCert Global Root”, with")
    );
}

#[test]
fn what_a_stranger_wrote_into_a_record_is_printed_so_that_it_is_seen_to_be_theirs() {
    let place = Installation::new(None);
    for name in NAMES {
        let (file, key) = signed(|record| {
            record.room.title = name.into();
            record.snapshot.title = name.into();
            record.snapshot.created_by.email = name.into();
            record.snapshot.created_by.role = name.into();
            record.room.id = name.into();
        });
        for arguments in [&["--key", key.public()][..], &[]] {
            let ran_on = ran(&place, &file, arguments);
            assert!(!ran_on.stdout.is_empty() && ran_on.stdout.lines().count() < 20, "{ran_on:?}");
            expect_printable(&ran_on.stdout);
            expect_printable(&ran(&place, &file, &[arguments, &["--json"]].concat()).stdout);
        }
    }
    // None is as long as it likes.
    let (file, key) = signed(|record| record.room.title = "long ".repeat(100_000));
    assert!(ran(&place, &file, &["--key", key.public()]).stdout.len() < 4_000);
}

async fn a_seal_is_held_against_the_certificate_that_is_given_at_every_door(app: TestApp) {
    let (room, broker) = app.room().await;
    let (key, place) = (app.app.log_key().public().to_owned(), Installation::new(None));
    let own = app.get("//.well-known/sts-clearance/seal-certificate", "").send().await;
    let own = String::from_utf8(own.body.to_vec()).unwrap();
    let other = own_making("another", "2026-11-20T09:00:00Z");
    fs::write(place.path("own.pem"), &own).unwrap();
    fs::write(place.path("own.der"), der(&own)).unwrap();
    fs::write(place.path("other.pem"), other.certificate_pem()).unwrap();
    fs::write(place.path("secret.pem"), other.to_pem().unwrap()).unwrap();
    fs::write(place.path("nothing.pem"), "nothing").unwrap();

    let pdf = app.file(&room, &broker, with_entries("pdf")).await;
    let json = app.file(&room, &broker, with_entries("json")).await;
    let earlier = Parts::of_earlier_version(&json_of(&app, &room, &broker).await, &app.app.log_key());
    let earlier = earlier.small(Format::Pdf, &app.app.log_key()).sealed(&app);
    let given = |file: &[u8], certificates: &[&str]| {
        let flags = certificates.iter().flat_map(|path| ["--seal-certificate", path]);
        ran(&place, file, &["--key", &key].into_iter().chain(flags).collect::<Vec<_>>())
    };
    for (file, name) in [(&pdf, "sealed"), (&earlier, "seal")] {
        for certificates in [&["own.pem"][..], &["own.der"], &["other.pem", "own.pem"]] {
            let ran_on = given(file, certificates);
            ran_on.expect(0);
            assert!(line(&ran_on, name).ends_with(", and it is the certificate that was given"), "{ran_on:?}");
        }
        let ran_on = given(file, &["other.pem"]);
        let verdict = format!("does not verify: {name}");
        assert_eq!(ran_on.expect(1).lines().last(), Some(&*verdict));
        let said = format!("the one that was given {}", hex::encode(other.certificate_sha256()));
        assert!(line(&ran_on, name).ends_with(&said), "{ran_on:?}");
        if name == "seal" {
            // The server knows that it has made no such file: its log is held against it in `own_log.rs`.
            continue;
        }
        // The same by HTTP.
        let parts: [Part<'_>; 2] = [("file", file), ("seal_certificate", other.certificate_pem().as_bytes())];
        assert_eq!(brought(&app, "/verify", &parts).await.expect(200)["verdict"], verdict);
        let page = brought(&app, "//verify", &parts).await.html();
        assert!(page.contains("it is made with another certificate than was given"), "{page}");
        let parts: [Part<'_>; 2] = [("file", file), ("seal_certificate", own.as_bytes())];
        let report = brought(&app, "/verify", &parts).await.expect(200);
        assert_eq!(report["verdict"], "verified", "{report}");
    }
    // A seal that was taken off is not excused, and other types have none.
    expect_failed(&trusting(unsealed(&pdf), &app, &[[1; 32]]), "sealed", "it was taken off");
    let ran_on = given(&json, &["other.pem"]);
    ran_on.expect(0);
    assert!(line(&ran_on, "sealed").starts_with("skipped  sealed       only PDFs are sealed"), "{ran_on:?}");

    for (file, words) in [
        ("secret.pem", "secret.pem: there is a private key in it: keep it to yourself"),
        ("nothing.pem", "nothing.pem: there is no certificate in it"),
        ("nowhere.pem", "nowhere.pem cannot be read"),
    ] {
        let ran_on = given(&pdf, &[file]);
        assert_eq!((ran_on.code, ran_on.stdout.as_str()), (Some(2), ""), "{ran_on:?}");
        assert!(ran_on.stderr.contains(words), "{ran_on:?}");
    }
    for field in ["seal_certificate", "authority"] {
        let parts: [Part<'_>; 2] = [("file", &pdf), (field, b"nothing")];
        assert_eq!(brought(&app, "/verify", &parts).await.fields(), [field]);
        let parts: [Part<'_>; 3] = [("file", &pdf), (field, own.as_bytes()), (field, own.as_bytes())];
        assert_eq!(brought(&app, "/verify", &parts).await.fields(), [field]);
    }
}

async fn json_of(app: &TestApp, room: &str, broker: &str) -> Vec<u8> {
    app.file(room, broker, all("json")).await
}

/// Returns the DER of a certificate in PEM.
fn der(pem: &str) -> Vec<u8> {
    use base64::Engine as _;

    let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD.decode(lines).unwrap()
}

/// Verifies a file of a server whose seal is made with one of these certificates.
fn trusting(file: &[u8], app: &TestApp, certificates: &[[u8; 32]]) -> Report {
    let (keys, fonts) = (app.keys(), Fonts::embedded());
    let seal = SealTrust { certificates: Some(certificates), authorities: None };
    verify(&Exhibits { seal, ..Exhibits::of(file, Some(&keys), &fonts) }).unwrap()
}

#[needs(openssl)]
#[tokio::test]
async fn of_authorities_that_are_given_the_words_say_whether_the_seal_chains_to_them() {
    let authority = Authority::new();
    authority.certify("root", "root");
    authority.certify_by("root", "harbour");
    let path = |name: &str| authority.dir.path().join(name).display().to_string();
    let both = [fs::read(path("harbour.pem")).unwrap(), fs::read(path("harbour.key")).unwrap()].concat();
    fs::write(path("both.pem"), both).unwrap();
    let dir = authority.dir.path().to_owned();
    let (issuer_file, tsa, seal_file) = (path("root.pem"), path("tsa.pem"), path("both.pem"));
    let url = sealing::serve_stamps(authority).await;
    let settings = [("timestamp_url", url), ("timestamp_authorities", tsa.clone()), ("seal_file", seal_file)];
    let app = TestApp::with(String::new(), &settings).await;
    sealing::set_right(&app);
    let (room, broker) = app.room().await;
    let (file, place) = (app.file(&room, &broker, with_entries("pdf")).await, Installation::new(None));
    let key = app.app.log_key().public().to_owned();
    let said = |authorities: &[&str]| {
        let flags = authorities.iter().flat_map(|path| ["--authority", path]);
        let ran_on = ran(&place, &file, &["--key", &key].into_iter().chain(flags).collect::<Vec<_>>());
        ran_on.expect(0);
        line(&ran_on, "sealed").to_owned()
    };
    let (to, not, silent) = (
        "which chains to an authority that was given",
        "which chains to none of the authorities that were given",
        "whom this program neither trusts nor distrusts",
    );
    for (authorities, issuer, time) in [
        (&[][..], silent, silent),
        (&[&*issuer_file][..], to, not),
        (&[&*tsa], not, to),
        (&[&*issuer_file, &*tsa], to, to),
    ] {
        let said = said(authorities);
        assert!(
            said.contains(&format!("sealed by “harbour”, with a certificate issued by “root”, {issuer}; ")),
            "{said}"
        );
        assert!(said.contains(&format!(", as “tsa” attests, {time}; the certificate's SHA-256 is ")), "{said}");
    }
    // The same by HTTP, in one file.
    let chain = [fs::read(&issuer_file).unwrap(), fs::read(dir.join("tsa.pem")).unwrap()].concat();
    let report = brought(&app, "/verify", &[("file", &file), ("authority", &chain)]).await.expect(200);
    let sealed = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == "sealed").unwrap();
    assert_eq!(sealed["detail"].as_str().unwrap().matches(to).count(), 2, "{sealed}");
    // A certificate of one's own making chains to nothing but itself.
    let app = TestApp::on_sqlite().await;
    let (room, broker) = app.room().await;
    let file = app.file(&room, &broker, with_entries("pdf")).await;
    let certificate = app.app.seal_identity().unwrap().certificate_pem().to_owned();
    for (authority, words) in [
        (fs::read(Path::new(&issuer_file)).unwrap(), "and it is none of the authorities that were given"),
        (certificate.into_bytes(), "which is one of the authorities that were given"),
    ] {
        let report = brought(&app, "/verify", &[("file", &file), ("authority", &authority)]).await.expect(200);
        assert_eq!(report["verified"], json!(true), "{report}");
        assert!(report.to_string().contains(words), "{report}");
    }
}

#[tokio::test]
async fn an_authority_whose_clock_is_a_little_behind_does_no_harm() {
    let app = TestApp::on_sqlite().await;
    let (room, broker) = app.room().await;
    let file = app.file(&room, &broker, with_entries("pdf")).await;
    let report = check(&file, &app.keys()).unwrap();
    expect_verified(&report);
    let taken = report.file.facts.told.unwrap().taken_at;
    let minutes = jiff::SignedDuration::from_mins;
    assert!(!sts_clearance::evidence::verify::is_before(taken - minutes(10), taken));
    assert!(sts_clearance::evidence::verify::is_before(taken - minutes(11), taken));
    assert_eq!(report.file.checks.iter().filter(|check| check.outcome == CheckOutcome::Ok).count(), 6);
}
