//! Witnesses of logs: servers of others that sign each head of a log once they have seen that it goes on from the last
//! one (C2SP `tlog-cosignature`).

use std::fmt;

use super::{
    Checkpoint, CheckpointError, KeyError, PublicKeys,
    note::{self, Kind, Malformed, Note, Signature, Signer, Verifier},
};

/// The key that a witness cosigns with.
pub struct WitnessKey {
    signer: Signer,
}

impl WitnessKey {
    /// Returns the key that has this name and this Ed25519 secret.
    pub fn new(name: &str, secret: [u8; 32]) -> Result<Self, KeyError> {
        let signer = Signer::new(name, Kind::Cosignature, secret);
        Ok(Self { signer: signer.map_err(|Malformed| KeyError::Name(name.to_owned()))? })
    }

    /// Reads the text that [`WitnessKey::private`] returns.
    pub fn read(text: &str) -> Result<Self, KeyError> {
        let signer = Signer::read(text.trim(), Kind::Cosignature);
        Ok(Self { signer: signer.map_err(|Malformed| KeyError::Private)? })
    }

    /// Returns the private key as it is kept in a file. It is never logged or sent.
    pub fn private(&self) -> String {
        self.signer.private()
    }

    /// Returns the public key: `name+hash+key`.
    pub fn public(&self) -> Witness {
        Witness(self.signer.public.clone())
    }

    /// Returns the line with which the witness says that it saw the checkpoint of this note at a time, in seconds since
    /// 1970. Whether the checkpoint goes on from the last one is for the caller to have checked.
    pub fn cosign(&self, note: &str, time: u64) -> Result<String, CheckpointError> {
        Checkpoint::unchecked(note)?;
        Ok(self.signer.cosign(&Note::read(note)?.text, time).to_string())
    }
}

/// Only the public key: a derived `Debug` would write the secret into logs.
impl fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WitnessKey({})", self.public())
    }
}

/// A witness, by its public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness(Verifier);

impl Witness {
    /// Reads a public key, `name+hash+key`, which has to be one for cosignatures.
    pub fn read(text: &str) -> Result<Self, KeyError> {
        if text.starts_with("PRIVATE+KEY+") {
            return Err(KeyError::Secret);
        }
        let key = Verifier::read(text).ok().filter(|key| key.kind == Kind::Cosignature);
        key.map(Self).ok_or(KeyError::Witness)
    }

    /// Returns the name of its key.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns those of the lines of signatures, as a witness answers them, that are by its key and cosign the checkpoint
    /// of this note. Lines of other keys are left out.
    ///
    /// # Errors
    ///
    /// Fails if something else than lines of signatures was answered, if one by its key does not fit, or if there is none.
    pub fn own_lines(&self, note: &str, lines: &str) -> Result<String, CheckpointError> {
        Checkpoint::unchecked(note)?;
        let text = Note::read(note)?.text;
        let Note { text: read, mut signatures } = Note::read(&format!("{text}\n{lines}"))?;
        // The lines may have had a text of their own among them.
        if read != text {
            return Err(CheckpointError::Malformed);
        }
        let signers: Vec<_> = signatures.iter().map(Signature::by).collect();
        signatures.retain(|signature| self.0.is_named_in(signature));
        if signatures.is_empty() {
            return Err(CheckpointError::Stranger { signers: signers.join(", "), known: self.0.by() });
        }
        if !signatures.iter().all(|signature| self.0.has_signed(&text, signature)) {
            return Err(CheckpointError::Invalid(self.0.by()));
        }
        Ok(signatures.iter().map(ToString::to_string).collect())
    }

    /// Returns when the witness saw the checkpoint of this note, in seconds since 1970. `None` if the note has no
    /// signature of it.
    ///
    /// # Errors
    ///
    /// Fails if the note is none, or has a signature of the witness that does not fit.
    pub fn saw(&self, note: &str) -> Result<Option<u64>, CheckpointError> {
        let note = Note::read(note)?;
        let mut signatures = note.signatures.iter().filter(|signature| self.0.is_named_in(signature));
        let Some(signature) = signatures.next() else { return Ok(None) };
        let time = self.0.cosigned_at(&note.text, signature);
        time.map(Some).ok_or_else(|| CheckpointError::Invalid(self.0.by()))
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Opens a checkpoint as [`Checkpoint::open`] does, and returns it with its note, of which the signatures of others than
/// these keys are left out: anybody can add such lines.
pub fn signed_alone(note: &str, keys: &PublicKeys) -> Result<(Checkpoint, String), CheckpointError> {
    let (checkpoint, _) = Checkpoint::open(note, keys)?;
    let Note { text, mut signatures } = Note::read(note)?;
    signatures.retain(|signature| keys.verifiers().iter().any(|key| key.is_named_in(signature)));
    Ok((checkpoint, note::note(&text, signatures)?))
}

/// Returns a note with further lines of signatures, as a witness answers them. A line that the note has already is not
/// added again.
pub fn with_signatures(note: &str, lines: &str) -> Result<String, CheckpointError> {
    let Note { text, mut signatures } = Note::read(note)?;
    for line in lines.lines() {
        let signature = Signature::read(line)?;
        if !signatures.contains(&signature) {
            signatures.push(signature);
        }
    }
    Ok(note::note(&text, signatures)?)
}
