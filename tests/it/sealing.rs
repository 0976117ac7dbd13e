//! Seals of PDFs: the signer, the trusted time of an authority, and the note if there is none.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Bytes, http::StatusCode, response::IntoResponse, routing::post};
use room::Time;
use serde_json::{Value, json};

use sts_clearance::{
    db::{
        self,
        seals::{SealSays, StoredSeal},
    },
    http,
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tools::needs;

use crate::harness::{Installation, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_pdf_is_sealed_and_its_snapshot_and_the_log_say_by_whom,
    a_lost_file_is_made_again_with_the_seal_that_it_had,
    a_seal_that_was_kept_for_other_bytes_is_made_anew,
}

impl TestApp {
    /// Takes a PDF snapshot in a new room, and returns it with its sealed file.
    async fn sealed(&self) -> (Value, Vec<u8>) {
        let (room, broker) = self.room().await;
        let snapshot = self.snapshot(&room, &broker, json!({ "title": "Sealed" })).await;
        assert_eq!(snapshot["status"], "completed", "{snapshot}");
        let url = snapshot["download_url"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
        let file = self.get(url, &broker).send().await.body.to_vec();
        (snapshot, file)
    }
}

async fn a_pdf_is_sealed_and_its_snapshot_and_the_log_say_by_whom(app: TestApp) {
    let (snapshot, file) = app.sealed().await;
    let name = app.app.log_key().name().to_owned();
    let seal = &snapshot["seal"];
    assert_eq!((&seal["signer"], &seal["self_made"]), (&json!(name), &json!(true)));
    assert_eq!(seal["trusted_time"], Value::Null);
    assert!(seal["note"].as_str().unwrap().contains("no time-stamp authority is set up"), "{seal}");
    let (unsealed, found) = seal::split(&file).unwrap();
    let checked = seal::check(unsealed, &found, &seal::Authorities::none()).unwrap();
    assert_eq!((checked.signer.as_str(), checked.self_made), (&*name, true));
    let (room, broker) = (snapshot["room_id"].as_str().unwrap(), app.sign_in("broker@example.com").await);
    let path = format!("/rooms/{room}/activities?action=snapshot_generated");
    let entries = app.get(&path, &broker).send().await.expect(200);
    assert_eq!(entries[0]["meta"]["seal"]["signer"], name);
    let csv = app.snapshot(room, &broker, json!({ "snapshot_type": "csv" })).await;
    assert_eq!(csv["seal"], Value::Null);
}

async fn a_lost_file_is_made_again_with_the_seal_that_it_had(app: TestApp) {
    let (room, broker) = app.room().await;
    let (taken, path) = app.take(&room, &broker, json!({})).await;
    let file = app.snapshot_file(&room, taken["id"].as_str().unwrap(), "pdf");
    // As if the server had ended between sealing and completing the job; the job runs again much later.
    app.work_in_vain().await;
    let bytes = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    app.later(Duration::from_hours(20));
    assert_eq!(app.work().await, 1);
    let broker = app.sign_in("broker@example.com").await;
    assert_ne!(app.get(&path, &broker).send().await.expect(200)["seal"], Value::Null);
    assert!(std::fs::read(&file).unwrap() == bytes, "the file has other bytes");
}

async fn a_seal_that_was_kept_for_other_bytes_is_made_anew(app: TestApp) {
    let (room, broker) = app.room().await;
    let (snapshot, path) = app.take(&room, &broker, json!({})).await;
    // As if a server with other fonts had drawn and sealed the file, and had ended before storing it.
    let at = app.app.now();
    let other = report::render(
        report::Edition::CURRENT,
        &report::sample::bytes(1),
        None,
        report::Format::Pdf,
        &report::Fonts::embedded(),
        &mut |_| {},
    );
    let made = seal::sign(&other.unwrap().bytes, &app.app.seal_identity().unwrap(), at.into()).unwrap();
    let says = SealSays { sealed_at: at, signer: "x".into(), self_made: true, trusted_time: None, note: None };
    let (kept, id) = (StoredSeal { says, cms: made.cms }, snapshot["id"].as_str().unwrap().parse().unwrap());
    app.app.db.write(async move |tx| db::seals::keep(tx, id, &kept).await).await.unwrap();
    app.work().await;
    let snapshot = app.get(&path, &broker).send().await.expect(200);
    assert_eq!(snapshot["seal"]["signer"], app.app.log_key().name());
    let file = app.get(&format!("{path}/download"), &broker).send().await.body;
    let (unsealed, found) = seal::split(&file).unwrap();
    seal::check(unsealed, &found, &seal::Authorities::none()).unwrap();
}

/// A time-stamp and certificate authority that runs `openssl`.
pub(crate) struct Authority {
    pub(crate) dir: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let made = Self { dir: TempDir::new().unwrap() };
        let config = "[req]\ndistinguished_name=dn\n[dn]\n[stamp]\nbasicConstraints=critical,CA:FALSE\n\
            keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n\
            [root]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n\
            [leaf]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
            [tsa]\nserial=serial\ndefault_policy=1.2.3.4.1\ndigests=sha256\ness_cert_id_alg=sha256\n";
        std::fs::write(made.dir.path().join("cnf"), config).unwrap();
        std::fs::write(made.dir.path().join("serial"), "01\n").unwrap();
        made.certify("tsa", "stamp");
        made
    }

    fn openssl(&self, line: &str) {
        let output = Command::new("openssl").args(line.split(' ')).current_dir(self.dir.path()).output().unwrap();
        assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn certify(&self, name: &str, section: &str) {
        self.openssl(&format!(
            "req -x509 -newkey rsa:2048 -nodes -config cnf -extensions {section} -subj /CN={name} -days 9 \
             -keyout {name}.key -out {name}.pem"
        ));
    }

    /// Makes a certificate for signatures that one with this name has issued.
    pub(crate) fn certify_by(&self, issuer: &str, name: &str) {
        self.openssl(&format!(
            "req -new -newkey rsa:2048 -nodes -config cnf -subj /CN={name} -keyout {name}.key -out {name}.csr"
        ));
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial -extfile cnf -extensions leaf \
             -days 9 -out {name}.pem"
        ));
    }

    /// Converts a PKCS#12 file to PEM, with the command that a server without PKCS#12 support prints.
    fn pem_of(&self, name: &str) -> PathBuf {
        let place = Installation::new(None);
        let mut serve = place.command(&["serve", "--listen", "127.0.0.1:0"]);
        let ran = crate::harness::Ran::of(serve.env("STS_SEAL_FILE", self.dir.path().join(name)), "");
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let line = ran.stderr.split('`').find(|part| part.starts_with("openssl ")).expect("there is a line to run");
        // Without this, `openssl` would ask for the password.
        let line = format!("{line} -passin pass:sesame");
        let output = Command::new("sh").args(["-c", &line]).current_dir(self.dir.path()).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        self.dir.path().join("seal.pem")
    }

    pub(crate) fn answer(&self, question: &[u8]) -> Vec<u8> {
        std::fs::write(self.dir.path().join("query"), question).unwrap();
        self.openssl(
            "ts -reply -config cnf -section tsa -queryfile query -signer tsa.pem -inkey tsa.key -sha256 -out reply",
        );
        std::fs::read(self.dir.path().join("reply")).unwrap()
    }
}

/// Sets the test's clock to that of the machine, which `openssl` uses.
pub(crate) fn set_right(app: &TestApp) {
    let written = tempfile::tempfile().unwrap().metadata().unwrap().modified().unwrap();
    let since = written.duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
    let now = Time::from_microsecond(i64::try_from(since).unwrap()).unwrap();
    app.later(now.since(app.app.now()));
}

/// Serves a time-stamp authority on a port of its own and returns its URL.
async fn serve(answer: impl Fn(&[u8]) -> (StatusCode, Vec<u8>) + Send + Sync + 'static) -> String {
    let answer = Arc::new(answer);
    let handler = post(async move |question: Bytes| {
        let (status, bytes) = answer(&question);
        (status, [("content-type", "application/timestamp-reply")], bytes).into_response()
    });
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/stamp", handler);
    tokio::spawn(http::serve(listener, router, http::Limits::default(), CancellationToken::new()));
    format!("http://{address}/stamp")
}

/// Serves the time stamps of an authority on a port of its own and returns its URL.
pub(crate) async fn serve_stamps(authority: Authority) -> String {
    serve(move |question| (StatusCode::OK, authority.answer(question))).await
}

#[needs(openssl)]
#[tokio::test]
async fn with_an_authority_the_seal_has_its_time() {
    let authority = Authority::new();
    let root = authority.dir.path().join("tsa.pem").display().to_string();
    let url = serve(move |question| (StatusCode::OK, authority.answer(question))).await;
    let app = TestApp::with(String::new(), &[("timestamp_url", url), ("timestamp_authorities", root)]).await;
    set_right(&app);
    let (snapshot, file) = app.sealed().await;
    assert_eq!(snapshot["seal"]["note"], Value::Null);
    let trusted: jiff::Timestamp = snapshot["seal"]["trusted_time"].as_str().unwrap().parse().unwrap();
    let (unsealed, seal) = seal::split(&file).unwrap();
    let checked = seal::check(unsealed, &seal, &seal::Authorities::none()).unwrap();
    assert_eq!(checked.trusted_time.as_ref().map(|trusted| trusted.time), Some(trusted));
    assert_eq!(checked.trusted_time.unwrap().authority, "tsa");
}

#[needs(openssl)]
#[tokio::test]
async fn a_time_of_somebody_else_or_of_another_day_does_not_pass_for_the_authoritys() {
    let (authority, other) = (Authority::new(), Authority::new());
    let root = other.dir.path().join("tsa.pem").display().to_string();
    let url = serve(move |question| (StatusCode::OK, authority.answer(question))).await;
    let settings = [("timestamp_url", url.clone()), ("timestamp_authorities", root)];
    let app = TestApp::with(String::new(), &settings).await;
    set_right(&app);
    let (snapshot, _) = app.sealed().await;
    assert_eq!(snapshot["seal"]["trusted_time"], Value::Null);
    let note = snapshot["seal"]["note"].as_str().unwrap();
    assert!(note.contains("its authority is not one of those that are trusted"), "{note}");
    let app = TestApp::with(String::new(), &[("timestamp_url", url)]).await;
    let (snapshot, _) = app.sealed().await;
    assert!(snapshot["seal"]["note"].as_str().unwrap().starts_with("the authority's clock said "), "{snapshot}");
}

#[needs(openssl)]
#[tokio::test]
async fn a_time_of_before_the_snapshot_is_left_out_unless_clocks_may_be_that_far_apart() {
    for (ahead, has_time) in [(5, true), (60, false)] {
        let app = TestApp::with(String::new(), &[("timestamp_url", serve_stamps(Authority::new()).await)]).await;
        set_right(&app);
        app.later(Duration::from_mins(ahead));
        let (snapshot, file) = app.sealed().await;
        assert_eq!(snapshot["seal"]["trusted_time"].is_string(), has_time, "{snapshot}");
        if !has_time {
            let note = snapshot["seal"]["note"].as_str().unwrap();
            assert!(note.starts_with("no trusted time: the authority's clock said "), "{note}");
        }
        let mut form = crate::harness::Form::new();
        form.file("file", "a", &file);
        let report = app.post("/verify", "").form(form).send().await.expect(200);
        assert_eq!(report["verdict"], "verified", "{report}");
    }
}

#[needs(openssl)]
#[tokio::test]
async fn where_the_authority_does_not_answer_rightly_the_snapshot_completes_and_says_so() {
    let other = Authority::new();
    let stale = Authority::new().answer(&question_of_another());
    let unheard = serve(|_| (StatusCode::OK, Vec::new())).await.replace("/stamp", "/elsewhere");
    for (url, says) in [
        ("http://127.0.0.1:9/".to_owned(), "the authority cannot be reached"),
        (unheard, "the authority answered 404"),
        (serve(|_| (StatusCode::INTERNAL_SERVER_ERROR, Vec::new())).await, "the authority answered 500"),
        (serve(|_| (StatusCode::OK, b"no stamp".to_vec())).await, "time"),
        (serve(move |_| (StatusCode::OK, stale.clone())).await, "it answers another request"),
        (serve(|_| (StatusCode::OK, vec![0; 1024 * 1024])).await, "is too long"),
    ] {
        let app = TestApp::with(String::new(), &[("timestamp_url", url.clone())]).await;
        let (snapshot, file) = app.sealed().await;
        let note = snapshot["seal"]["note"].as_str().unwrap();
        assert!(note.starts_with("no trusted time: ") && note.contains(says), "{url}: {note}");
        assert_eq!(snapshot["seal"]["trusted_time"], Value::Null);
        let (unsealed, seal) = seal::split(&file).unwrap();
        assert_eq!(seal::check(unsealed, &seal, &seal::Authorities::none()).unwrap().trusted_time, None);
    }
    drop(other);
}

/// Returns a time-stamp request for the seal of another file.
fn question_of_another() -> Vec<u8> {
    let at = "2026-11-23T08:00:00Z".parse().unwrap();
    let identity = seal::Identity::self_made("another", at, [1; 32]).unwrap();
    let record = report::sample::bytes(1);
    let unsealed = report::render(
        report::Edition::CURRENT,
        &record,
        None,
        report::Format::Pdf,
        &report::Fonts::embedded(),
        &mut |_| {},
    )
    .unwrap()
    .bytes;
    seal::timestamp::request(&seal::sign(&unsealed, &identity, at).unwrap(), 1).unwrap()
}

#[needs(openssl)]
#[tokio::test]
async fn a_given_certificate_seals_as_pem_and_as_pkcs_12() {
    let authority = Authority::new();
    authority.certify("signer", "leaf");
    let path = |name: &str| authority.dir.path().join(name);
    let both = [std::fs::read(path("signer.pem")).unwrap(), std::fs::read(path("signer.key")).unwrap()].concat();
    std::fs::write(path("both.pem"), both).unwrap();
    authority.openssl("pkcs12 -export -in signer.pem -inkey signer.key -out signer.p12 -passout pass:sesame");
    let pkcs12 = if cfg!(feature = "pkcs12") { path("signer.p12") } else { authority.pem_of("signer.p12") };
    let at = |file: &Path| ("seal_file", file.display().to_string());
    for settings in [vec![at(&path("both.pem"))], vec![at(&pkcs12), ("seal_password", "sesame".into())]] {
        let app = TestApp::with(String::new(), &settings).await;
        // `openssl` made the certificate valid from the machine's time on.
        set_right(&app);
        let (snapshot, _) = app.sealed().await;
        assert_eq!(snapshot["seal"]["signer"], "signer", "{snapshot}");
    }
}

/// Part of the error message about a file that is neither PEM nor PKCS#12.
const NO_SEAL: &str =
    if cfg!(feature = "pkcs12") { "the PKCS#12 file cannot be read" } else { "there is no private key in it" };

#[needs(openssl)]
#[test]
fn a_server_that_cannot_seal_as_it_is_told_does_not_start_and_says_why() {
    let place = Installation::new(None);
    let authority = Authority::new();
    authority.certify("signer", "leaf");
    authority.openssl("pkcs12 -export -in signer.pem -inkey signer.key -out signer.p12 -passout pass:sesame");
    let path = |name: &str| authority.dir.path().join(name).display().to_string();
    for (settings, says) in [
        ([("STS_SEAL_FILE", path("nowhere.pem")), ("STS_SEAL_PASSWORD", String::new())], "cannot be read"),
        (
            [("STS_SEAL_FILE", path("signer.pem")), ("STS_SEAL_PASSWORD", String::new())],
            "there is no private key in it",
        ),
        ([("STS_SEAL_FILE", path("serial")), ("STS_SEAL_PASSWORD", String::new())], NO_SEAL),
        (
            [("STS_SEAL_FILE", path("signer.p12")), ("STS_SEAL_PASSWORD", "wrong".into())],
            if cfg!(feature = "pkcs12") { "the password does not open" } else { "it is a PKCS#12 file" },
        ),
        ([("STS_TIMESTAMP_URL", "https://tsa.example".into()), ("STS_SEAL_FILE", String::new())], "over `http://`"),
        ([("STS_TIMESTAMP_URL", "tsa.example".into()), ("STS_SEAL_FILE", String::new())], "is no `http://` URL"),
    ] {
        let mut serve = place.command(&["serve", "--listen", "127.0.0.1:0"]);
        let ran = crate::harness::Ran::of(serve.envs(settings), "");
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let said = ran.stderr.lines().last().unwrap();
        assert!(said.contains(says), "{said}");
        assert!(!ran.stderr.contains("sesame") && !ran.stderr.contains("wrong"), "{ran:?}");
    }
}
