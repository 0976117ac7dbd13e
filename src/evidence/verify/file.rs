//! Checks of a file as bytes: its hash, its seal, and whether drawing it again gives the same bytes.

use jiff::{SignedDuration, Timestamp};
use report::{Body, Rendered};
use seal::{Authorities, Seal};
use sha2::{Digest as _, Sha256};

use super::{
    checks::{Fault, Said, exact, named},
    exhibits::SealTrust,
    own::FileSeal,
};
use crate::evidence::Hash;

/// How many of the certificates that were given are named.
const MOST_NAMED: usize = 5;

/// Returns the file's size and hash in words. Fails if another hash is expected.
pub(super) fn check_hash(bytes: &[u8], digest: Hash, expected: Option<Hash>) -> Said {
    let size_and_hash = format!("{} bytes, SHA-256 {}", bytes.len(), hex::encode(digest));
    match expected {
        None => Ok(size_and_hash),
        Some(expected) if expected == digest => Ok(format!("{size_and_hash}, as given")),
        Some(expected) => Err(format!("{size_and_hash}; the one given is {}", hex::encode(expected)).into()),
    }
}

/// Writes an instant for people, in UTC with seconds.
pub(super) fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A file, split into what was sealed and the seal that it may have.
pub(super) struct Sealed<'a> {
    /// The bytes before the seal was added. All of the file's bytes if it has no seal.
    pub(super) unsealed: &'a [u8],
    bytes: &'a [u8],
    seal: Option<Seal>,
    trust: SealTrust<'a>,
}

/// What the log and the record of a file say of its seal.
#[derive(Debug, Default)]
pub(super) struct Expected<'a> {
    /// The SHA-256 of the certificate that the log names.
    pub(super) certificate: Option<&'a str>,
    /// Why the file is not sealed, as the log says.
    pub(super) not_sealed: Option<&'a str>,
    /// When the snapshot was taken. `None` if the record cannot be read.
    pub(super) taken_at: Option<Timestamp>,
}

impl<'a> Sealed<'a> {
    /// Splits a file. Only a PDF has a seal; what looks like one in another format is left in the bytes.
    pub(super) fn split(bytes: &'a [u8], trust: SealTrust<'a>) -> Self {
        match seal::split(bytes).filter(|_| is_pdf(bytes)) {
            Some((unsealed, seal)) => Self { unsealed, bytes, seal: Some(seal), trust },
            None => Self { unsealed: bytes, bytes, seal: None, trust },
        }
    }

    /// Says that nothing is held against certificates that were given. `None` if none were, or if the file's format has a
    /// seal.
    pub(super) fn check_format(&self) -> Option<Said> {
        let is_asked = self.trust.certificates.is_some() && !is_pdf(self.bytes);
        let words = "only PDFs are sealed: nothing of this file was held against the certificate that was given";
        is_asked.then(|| Err(Fault::Skipped(words.to_owned())))
    }

    /// Checks the seal of a file that cannot be opened. `None` if the file's format has none.
    pub(super) fn check(&self) -> Option<Said> {
        self.check_of_earlier(false, None)
    }

    /// Checks the seal of a file of an earlier version. `None` if the file's format has none. Versions before 0.3 made
    /// neither proofs nor seals: that there is none contradicts nothing then.
    pub(super) fn check_of_earlier(&self, is_before_proofs: bool, taken_at: Option<Timestamp>) -> Option<Said> {
        is_pdf(self.bytes).then(|| {
            if is_before_proofs && self.seal.is_none() && self.trust.certificates.is_none() {
                let words = "the file carries no seal: it was made by a version before 0.3, which had none";
                return Err(Fault::Skipped(words.to_owned()));
            }
            let checked = self.checked()?;
            self.check_given(&checked)?;
            check_times(&checked, taken_at)?;
            Ok(self.words(&checked))
        })
    }

    /// Checks the seal, which has to be made with the certificate that the log names, and not before the snapshot was
    /// taken. `None` if the file's format has none.
    pub(super) fn check_as_logged(&self, expected: &Expected<'_>) -> Option<Said> {
        is_pdf(self.bytes).then(|| {
            if self.seal.is_none() && expected.certificate.is_none() {
                return self.check_unsealed(expected.not_sealed);
            }
            let checked = self.checked()?;
            let certificate = hex::encode(checked.certificate_sha256);
            if expected.certificate != Some(&*certificate) {
                let logged = match (expected.certificate, expected.not_sealed) {
                    (Some(logged), _) => format!("the log names {}", exact(logged)),
                    (None, Some(why)) => format!("the log says that the file is not sealed: {}", named(why)),
                    (None, None) => "the log names none".to_owned(),
                };
                let words = format!(
                    "it is a seal of somebody else, {}: its certificate has the SHA-256 {certificate}, and {logged}",
                    named(&checked.signer)
                );
                return Err(words.into());
            }
            self.check_given(&checked)?;
            check_times(&checked, expected.taken_at)?;
            Ok(self.words(&checked))
        })
    }

    /// Returns the seal for the comparison with the one that the log tells of, if it fits the file. `named` is the
    /// certificate that the log names.
    pub(super) fn for_own_log(&self, named: Option<&str>) -> Option<FileSeal> {
        let (seal, checked) = (self.seal.as_ref()?, self.checked().ok()?);
        Some(FileSeal {
            sha256: Sha256::digest(&seal.cms).into(),
            unstamped_sha256: Sha256::digest(seal.without_time_stamp().ok()?.cms).into(),
            certificate_sha256: checked.certificate_sha256,
            is_named: named == Some(&*hex::encode(checked.certificate_sha256)),
            sealed_at: checked.signed_at,
        })
    }

    /// Returns the words about a file without a seal, for which the log names no certificate.
    fn check_unsealed(&self, why: Option<&str>) -> Said {
        let why = why
            .map_or_else(|| "the log does not say why".to_owned(), |why| format!("the log says why: {}", named(why)));
        if self.trust.certificates.is_some() {
            return Err(format!("it is not sealed, and has to be with a certificate that was given; {why}").into());
        }
        Err(Fault::Skipped(format!("it is not sealed; {why}")))
    }

    /// Checks that the seal is made with one of the certificates that were given, if any were.
    fn check_given(&self, checked: &seal::Checked) -> Result<(), Fault> {
        let Some(given) = self.trust.certificates.filter(|given| !given.contains(&checked.certificate_sha256)) else {
            return Ok(());
        };
        let given: Vec<_> = given.iter().take(MOST_NAMED).map(hex::encode).collect();
        Err(format!(
            "it is made with another certificate than was given, by {}: its certificate has the SHA-256 {}, and the one that \
             was given {}",
            named(&checked.signer),
            hex::encode(checked.certificate_sha256),
            given.join(", ")
        )
        .into())
    }

    /// Checks that the seal is there, fits the sealed bytes, and is added to them as this program adds seals.
    fn checked(&self) -> Result<seal::Checked, Fault> {
        let none = "the PDF ends without a seal of ours: it never had one, it was taken off, or something was changed or added there";
        let seal = self.seal.as_ref().ok_or_else(|| Fault::Failed(none.to_owned()))?;
        let nobody = Authorities::none();
        let trusted = self.trust.authorities.unwrap_or(&nobody);
        let checked = seal::check(self.unsealed, seal, trusted).map_err(|fault| fault.to_string())?;
        // What is signed is the update as it should be. The one in the file could show anything in place of the first
        // page.
        if seal::apply(self.unsealed, seal).is_ok_and(|again| again == self.bytes) {
            return Ok(checked);
        }
        Err("what was added with the seal is not what a seal adds: it was changed".to_owned().into())
    }

    /// Returns what a seal says.
    fn words(&self, checked: &seal::Checked) -> String {
        let SealTrust { certificates, authorities } = self.trust;
        let own = "a self-made certificate: nobody else vouches for that name";
        let vouched = match (checked.self_made, authorities.map(|_| checked.vouched)) {
            (true, None) => own.to_owned(),
            (true, Some(true)) => "a self-made certificate, which is one of the authorities that were given".to_owned(),
            (true, Some(false)) => format!("{own}, and it is none of the authorities that were given"),
            (false, vouched) => format!("a certificate issued by {}, {}", named(&checked.issuer), chains(vouched)),
        };
        let time = checked.trusted_time.as_ref().map_or_else(
            || format!("no trusted time: that it was sealed at {} is its word", utc(checked.signed_at)),
            |trusted| {
                let (at, by) = (utc(trusted.time), named(&trusted.authority));
                format!("it existed at {at}, as {by} attests, {}", chains(authorities.map(|_| trusted.vouched)))
            },
        );
        let (signer, certificate) = (named(&checked.signer), hex::encode(checked.certificate_sha256));
        let given = if certificates.is_some() { ", and it is the certificate that was given" } else { "" };
        format!("sealed by {signer}, with {vouched}; {time}; the certificate's SHA-256 is {certificate}{given}")
    }

    /// Compares the file with what was drawn again, byte by byte.
    ///
    /// The seal depends on a secret and a time, and cannot be made again. So the file's own seal is put on the drawing.
    pub(super) fn compare(&self, again: Rendered) -> Said {
        let bytes = self.bytes;
        let again = match &self.seal {
            None => again.bytes,
            // If the seal does not fit onto the drawing, the comparison below fails and says from where on.
            Some(seal) => seal::apply(&again.bytes, seal).unwrap_or(again.bytes),
        };
        if again == bytes {
            return Ok(format!("drawn again, it has the same {} bytes", bytes.len()));
        }
        let offset = again.iter().zip(bytes).take_while(|(one, other)| one == other).count();
        let part = if offset < self.unsealed.len() { "" } else { ", in the seal" };
        Err(format!("drawn again, it has other bytes from offset {offset} on{part}: the file was changed").into())
    }
}

/// Compares the body of the file, which is the beginning of a PDF, with what was drawn again.
pub(super) fn compare_body(body: &Body, again: &Rendered) -> Said {
    match report::split(&again.bytes) {
        Ok(split) if split.body == *body => Ok("drawn again, its pages and tables are the same".to_owned()),
        Ok(_) => Err("drawn again, its body has other bytes".to_owned().into()),
        Err(error) => Err(format!("drawn again, it has no body: {error}").into()),
    }
}

/// Checks that neither the seal's own time nor that of an authority is of before the snapshot was taken.
fn check_times(checked: &seal::Checked, taken_at: Option<Timestamp>) -> Result<(), Fault> {
    let Some(taken) = taken_at else { return Ok(()) };
    let of = |at: Timestamp| format!(": at {}, and the snapshot is of {}", utc(at), utc(taken));
    // Seals have whole seconds.
    if checked.signed_at.as_second() < taken.as_second() {
        return Err(format!("it says that it was made before the snapshot was taken{}", of(checked.signed_at)).into());
    }
    match &checked.trusted_time {
        Some(trusted) if is_before(trusted.time, taken) => {
            Err(format!("its time stamp is of before the snapshot was taken{}", of(trusted.time)).into())
        }
        _ => Ok(()),
    }
}

/// How far the clock of an authority may be behind that of the server.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(10);

/// Returns whether the time of an authority is before that of a server, by more than their clocks may be apart.
pub fn is_before(authority: Timestamp, server: Timestamp) -> bool {
    server.duration_since(authority) > CLOCKS_APART
}

/// Returns whether somebody chains to the authorities that were given. `None` if none were.
fn chains(vouched: Option<bool>) -> &'static str {
    match vouched {
        None => "whom this program neither trusts nor distrusts",
        Some(true) => "which chains to an authority that was given",
        Some(false) => "which chains to none of the authorities that were given",
    }
}

/// Returns whether the bytes begin as a PDF does.
fn is_pdf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"%PDF-")
}
