//! Reports to seal, identities to seal with, and the tools of others.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use report::{Fonts, Format, sample};
use seal::{Authorities, Identity, Seal, timestamp};
use tempfile::TempDir;

/// A report that is short enough for tags.
pub(crate) static TAGGED: LazyLock<Vec<u8>> = LazyLock::new(|| report(3));
/// A report that is too long for tags.
pub(crate) static UNTAGGED: LazyLock<Vec<u8>> = LazyLock::new(|| report(2_100));
/// A short report that was drawn without a proof, with tags.
pub(crate) static BODY: LazyLock<Vec<u8>> = LazyLock::new(|| body(3));
/// The same report with its receipt.
pub(crate) static RECEIPTED: LazyLock<Vec<u8>> = LazyLock::new(|| with_receipt(&BODY));
/// A report that is too long for tags, without a proof.
pub(crate) static LONG_BODY: LazyLock<Vec<u8>> = LazyLock::new(|| body(2_100));
/// The authority of all tests, which makes identities and time stamps.
pub(crate) static AUTHORITY: LazyLock<Authority> = LazyLock::new(Authority::new);

fn report(entries: u64) -> Vec<u8> {
    let rendered = report::render(
        report::Edition::CURRENT,
        &sample::bytes(entries),
        None,
        Format::Pdf,
        &Fonts::embedded(),
        &mut |_| {},
    );
    rendered.expect("a sample renders").bytes
}

fn body(entries: u64) -> Vec<u8> {
    let (record, fonts) = (sample::bytes(entries), Fonts::embedded());
    let rendered = report::body(report::Edition::CURRENT, &record, Format::Pdf, &fonts, &mut |_| {});
    rendered.expect("a sample renders").bytes
}

/// Adds a receipt to a body.
pub(crate) fn with_receipt(body: &[u8]) -> Vec<u8> {
    report::with_receipt(Format::Pdf, body, sample::PROOF).expect("a body takes a receipt")
}

/// Returns the time an hour after the tests began, in whole seconds. Every certificate that they make is valid then.
pub(crate) fn now() -> Timestamp {
    let since = std::fs::metadata(AUTHORITY.path("tsa.pem")).and_then(|file| file.modified()).expect("there is a file");
    let seconds = since.duration_since(std::time::UNIX_EPOCH).expect("it is after 1970").as_secs();
    let seconds = i64::try_from(seconds).expect("it is before the end of time");
    Timestamp::from_second(seconds + 3_600).expect("it is a time")
}

/// Returns a self-made identity that is valid in the hour before [`now`], too.
pub(crate) fn self_made() -> Identity {
    let at = now() - jiff::SignedDuration::from_hours(1);
    Identity::self_made("sts.example", at, [7; 32]).expect("there is an identity")
}

/// Seals a file, and asserts that the seal is found again.
pub(crate) fn sealed(unsealed: &[u8], identity: &Identity) -> (Vec<u8>, Seal) {
    let made = seal::sign(unsealed, identity, now()).expect("it can be sealed");
    let bytes = seal::apply(unsealed, &made).expect("the seal fits");
    let (prefix, found) = seal::split(&bytes).expect("there is a seal");
    assert!(prefix == unsealed && found == made, "another seal is found");
    (bytes, made)
}

/// A certificate authority and a time-stamping authority, made with `openssl`.
pub(crate) struct Authority {
    dir: TempDir,
    serial: AtomicU64,
}

impl Authority {
    fn new() -> Self {
        let made = Self { dir: tempfile::tempdir().expect("there is room for files"), serial: AtomicU64::new(1_000) };
        let config = "[req]\ndistinguished_name=dn\n[dn]\n[root]\nbasicConstraints=critical,CA:TRUE\n\
            keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n[leaf]\nbasicConstraints=critical,CA:FALSE\n\
            keyUsage=critical,digitalSignature,nonRepudiation\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n\
            [unsigning]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign\n\
            [bound]\nbasicConstraints=critical,CA:TRUE\nnameConstraints=critical,permitted;DNS:example\n\
            [narrow]\nbasicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n\
            [cipher]\nkeyUsage=critical,keyEncipherment\n\
            [stamp]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
            extendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n\
            [tsa]\nserial=serial\ndefault_policy=1.2.3.4.1\ndigests=sha256\naccuracy=secs:1\nordering=yes\ntsa_name=yes\n\
            clock_precision_digits=3\ness_cert_id_chain=no\ness_cert_id_alg=sha256\n\
            [tsa_sha1]\nserial=serial\ndefault_policy=1.2.3.4.1\ndigests=sha256\ness_cert_id_alg=sha1\n\
            [tsa_strict]\nserial=serial\ndefault_policy=1.2.3.4.1\ndigests=sha512\ness_cert_id_alg=sha256\n";
        made.write("openssl.cnf", config.as_bytes());
        made.write("serial", b"01\n");
        made.key("root", "ec:P-256");
        made.openssl(
            "req -x509 -new -config openssl.cnf -extensions root -key root.key -subj /CN=Root -days 30 -out root.pem",
        );
        made.key("tsa", "rsa:2048");
        made.certify("tsa", "stamp", "/O=Test/CN=Time Authority");
        made
    }

    /// Returns the path of one of its files.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Returns the text of one of its files.
    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("there is such a file")
    }

    /// Returns the bytes of one of its files.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("there is such a file")
    }

    /// Writes a file where [`Authority::openssl`] finds it.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("there is room for a file");
    }

    /// Runs `openssl` with the arguments in a line.
    pub(crate) fn openssl(&self, line: &str) {
        // A subject may have blanks in it: it goes on up to the next option, as in `/O=A/CN=B C`.
        let mut words: Vec<String> = Vec::new();
        for word in line.split(' ') {
            match words.last_mut() {
                Some(last) if last.starts_with('/') && !word.starts_with('-') => last.extend([" ", word]),
                _ => words.push(word.to_owned()),
            }
        }
        let output = Command::new("openssl").args(&words).current_dir(self.dir.path()).output();
        let output = output.expect("these tests need `openssl` (Debian: openssl)");
        assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Makes a key in `name.key`, of a kind like `rsa:2048`, `ec:P-256` or `ed25519`.
    pub(crate) fn key(&self, name: &str, kind: &str) {
        let how = match kind.split_once(':') {
            Some(("rsa", bits)) => format!("RSA -pkeyopt rsa_keygen_bits:{bits}"),
            Some((_, curve)) => format!("EC -pkeyopt ec_paramgen_curve:{curve}"),
            None => kind.to_owned(),
        };
        self.openssl(&format!("genpkey -algorithm {how} -out {name}.key"));
    }

    /// Makes a certificate in `name.pem` for the key in `name.key`.
    pub(crate) fn certify(&self, name: &str, section: &str, subject: &str) {
        self.certify_by("root", name, section, subject);
    }

    /// Makes a certificate in `name.pem` for the key in `name.key`, issued by another one.
    pub(crate) fn certify_by(&self, issuer: &str, name: &str, section: &str, subject: &str) {
        self.openssl(&format!("req -new -config openssl.cnf -key {name}.key -subj {subject} -out {name}.csr"));
        // No `-CAcreateserial`: its file would be shared by tests that run at once.
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -set_serial {serial} -days 20 -extfile openssl.cnf \
             -extensions {section} -out {name}.pem"
        ));
    }

    /// Returns an identity with a key of that kind, issued by the root.
    pub(crate) fn identity(&self, name: &str, kind: &str) -> Identity {
        self.key(name, kind);
        self.certify(name, "leaf", &format!("/CN=Signer {name}"));
        let texts = [self.text(&format!("{name}.pem")), self.text("root.pem"), self.text(&format!("{name}.key"))];
        Identity::from_pem(&texts.each_ref().map(String::as_str)).expect("there is an identity")
    }

    /// Returns a seal with the time authority's stamp.
    pub(crate) fn stamp(&self, seal: &Seal) -> Seal {
        let answer = self.answer(&timestamp::request(seal, 7).expect("it is a seal"), STAMPED);
        timestamp::accept(seal, 7, &answer, &Authorities::none()).expect("it is an answer")
    }

    /// Returns the authority's response to a request. `more` are further options of `openssl ts -reply`.
    pub(crate) fn answer(&self, request: &[u8], more: &str) -> Vec<u8> {
        let dir = tempfile::tempdir_in(self.dir.path()).expect("there is room for files");
        let name = dir.path().file_name().and_then(|name| name.to_str()).expect("it has a plain name").to_owned();
        self.write(&format!("{name}/query"), request);
        // Each response has a serial file of its own, since tests run at once.
        let config = self.text("openssl.cnf").replace("serial=serial", &format!("serial={name}/serial"));
        self.write(&format!("{name}/cnf"), config.as_bytes());
        self.write(&format!("{name}/serial"), b"01\n");
        self.openssl(&format!("ts -reply -queryfile {name}/query -config {name}/cnf -out {name}/reply {more}"));
        self.bytes(&format!("{name}/reply"))
    }
}

/// The options with which the authority of the tests makes time stamps.
pub(crate) const STAMPED: &str = "-section tsa -signer tsa.pem -inkey tsa.key -chain root.pem -sha512";

/// Returns whether a tool of others succeeds on a file, and what it prints.
pub(crate) fn ask(tool: &Path, args: &[&str], file: &[u8]) -> (bool, String) {
    let dir = tempfile::tempdir().expect("there is room for files");
    let path = dir.path().join("file.pdf");
    std::fs::write(&path, file).expect("there is room for a file");
    let output =
        Command::new(tool).args(args).arg(&path).output().expect("the tool is installed where a test needs it");
    let words = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&words).into_owned())
}

/// Returns what a Python program prints about a file, which is its last argument.
pub(crate) fn ask_python(program: &str, args: &[&str], file: &[u8]) -> String {
    // There is no default: a guessed path may be one that anybody can write to.
    let python = std::env::var_os("STS_TEST_PYTHON").expect("STS_TEST_PYTHON is set where a test needs it");
    let (done, words) = ask(Path::new(&python), &[&["-c", program], args].concat(), file);
    assert!(done, "{words}");
    words
}
