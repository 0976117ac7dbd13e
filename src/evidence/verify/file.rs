//! Checks of a file as bytes: its hash, its seal, and whether drawing it again gives the same bytes.

use jiff::Timestamp;
use report::{Body, Rendered};
use seal::{Authorities, Seal};

use super::checks::{Fault, Said};
use crate::evidence::Hash;

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
    seal: Option<Seal>,
}

impl<'a> Sealed<'a> {
    /// Splits a file. Only a PDF has a seal; what looks like one in another format is left in the bytes.
    pub(super) fn split(bytes: &'a [u8]) -> Self {
        match seal::split(bytes).filter(|_| is_pdf(bytes)) {
            Some((unsealed, seal)) => Self { unsealed, seal: Some(seal) },
            None => Self { unsealed: bytes, seal: None },
        }
    }

    /// Checks the seal. `None` if the file's format has none.
    pub(super) fn check(&self, bytes: &[u8]) -> Option<Said> {
        is_pdf(bytes).then(|| self.checked(bytes).map(|checked| words(&checked)))
    }

    /// Checks the seal of a file of an earlier version. `None` if the file's format has none. Versions before 0.3 made
    /// neither proofs nor seals: that there is none contradicts nothing then.
    pub(super) fn check_of_earlier(&self, bytes: &[u8], is_before_proofs: bool) -> Option<Said> {
        if is_pdf(bytes) && self.seal.is_none() && is_before_proofs {
            let words = "the file carries no seal: it was made by a version before 0.3, which had none";
            return Some(Err(Fault::Skipped(words.to_owned())));
        }
        self.check(bytes)
    }

    /// Checks the seal, which has to be made with the certificate that the log names, and not before the snapshot was
    /// taken. `None` if the file's format has none.
    pub(super) fn check_as_logged(
        &self,
        bytes: &[u8],
        named: Option<&str>,
        taken_at: Option<Timestamp>,
    ) -> Option<Said> {
        is_pdf(bytes).then(|| {
            let checked = self.checked(bytes)?;
            let certificate = hex::encode(checked.certificate_sha256);
            if named != Some(&*certificate) {
                let named = named.unwrap_or("none");
                let words = format!(
                    "it is a seal of somebody else, {}: its certificate has the SHA-256 {certificate}, and the log names \
                     {named}",
                    checked.signer
                );
                return Err(words.into());
            }
            // Seals have whole seconds.
            let times = [Some(checked.signed_at), checked.trusted_time.as_ref().map(|trusted| trusted.time)];
            let earliest = times.into_iter().flatten().min().map(Timestamp::as_second);
            if earliest.zip(taken_at).is_some_and(|(earliest, taken)| earliest < taken.as_second()) {
                return Err("it says that it was made before the snapshot was taken".to_owned().into());
            }
            Ok(words(&checked))
        })
    }

    /// Checks that the seal is there, fits the sealed bytes, and is added to them as this program adds seals.
    fn checked(&self, bytes: &[u8]) -> Result<seal::Checked, Fault> {
        let none = "the PDF ends without a seal of ours: it was taken off, or something was changed or added there";
        let seal = self.seal.as_ref().ok_or_else(|| Fault::Failed(none.to_owned()))?;
        // No authorities: which of them to trust is not for this program to decide, so it only names them.
        let checked = seal::check(self.unsealed, seal, &Authorities::none()).map_err(|fault| fault.to_string())?;
        // What is signed is the update as it should be. The one in the file could show anything in place of the first
        // page.
        if seal::apply(self.unsealed, seal).is_ok_and(|again| again == bytes) {
            return Ok(checked);
        }
        Err("what was added with the seal is not what a seal adds: it was changed".to_owned().into())
    }

    /// Compares the file with what was drawn again, byte by byte.
    ///
    /// The seal depends on a secret and a time, and cannot be made again. So the file's own seal is put on the drawing.
    pub(super) fn compare(&self, bytes: &[u8], again: Rendered) -> Said {
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

/// Returns what a seal says.
fn words(checked: &seal::Checked) -> String {
    let vouched = if checked.self_made {
        "a self-made certificate: nobody else vouches for that name".to_owned()
    } else {
        format!("a certificate issued by {}, whom this program neither trusts nor distrusts", checked.issuer)
    };
    let time = checked.trusted_time.as_ref().map_or_else(
        || format!("no trusted time: that it was sealed at {} is its word", utc(checked.signed_at)),
        |trusted| {
            let (at, by) = (utc(trusted.time), &trusted.authority);
            format!("it existed at {at}, as {by} attests, whom this program neither trusts nor distrusts")
        },
    );
    let certificate = hex::encode(checked.certificate_sha256);
    format!("sealed by {}, with {vouched}; {time}; the certificate's SHA-256 is {certificate}", checked.signer)
}

/// Returns whether the bytes begin as a PDF does.
fn is_pdf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"%PDF-")
}
