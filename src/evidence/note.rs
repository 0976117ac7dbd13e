//! Signed notes (C2SP `signed-note`): a text with a line for each signature. Signatures are by Ed25519, either of a text
//! as it is, or of a checkpoint together with the time at which a witness saw it (C2SP `tlog-cosignature`).

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ed25519_dalek::{SECRET_KEY_LENGTH, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

/// The bytes and the signatures that a note may have: it may come from anybody.
const MOST_BYTES: usize = 1_000_000;
const MOST_SIGNATURES: usize = 100;
/// What a line of a signature begins with: an em dash and a space.
const MARK: &str = "— ";

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The text of a note.
    Text = 1,
    /// A checkpoint, at a time: a witness has seen it then.
    Cosignature = 4,
}

/// A text that is no note, or no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Whether a name can stand in the line of a signature: one word, without a plus.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('+') && !name.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Returns the key's id: the first bytes of the SHA-256 of name and key, so that a reader finds the key before any
/// signature is checked.
fn id_of(name: &str, kind: Kind, key: &VerifyingKey) -> u32 {
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', kind as u8]).chain_update(key.as_bytes());
    let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
    u32::from_be_bytes([a, b, c, d])
}

/// Returns what a witness signs of a checkpoint that it saw at a time, in seconds since 1970.
fn cosigned(text: &str, time: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time}\n{text}").into_bytes()
}

/// The line of one signature. It says who has signed; whether it is so has not been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) name: String,
    pub(super) id: u32,
    bytes: Vec<u8>,
}

impl Signature {
    /// Reads a line, without its line feed.
    pub(super) fn read(line: &str) -> Result<Self, Malformed> {
        let (name, encoded) = line.strip_prefix(MARK).and_then(|line| line.split_once(' ')).ok_or(Malformed)?;
        // The decoder takes one form alone: with padding, and no bits left over.
        let bytes = BASE64_STANDARD.decode(encoded).map_err(|_| Malformed)?;
        match bytes.split_first_chunk() {
            Some((id, rest)) if is_name(name) && !rest.is_empty() => {
                Ok(Self { name: name.to_owned(), id: u32::from_be_bytes(*id), bytes: rest.to_vec() })
            }
            _ => Err(Malformed),
        }
    }

    /// Returns the key that is named: `name+hash`.
    pub(super) fn by(&self) -> String {
        named(&self.name, self.id)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.to_be_bytes(), self.bytes.as_slice()].concat();
        writeln!(f, "{MARK}{} {}", self.name, BASE64_STANDARD.encode(bytes))
    }
}

/// A note, read but not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// The text that is signed, with the line feed at its end.
    pub(super) text: String,
    pub(super) signatures: Vec<Signature>,
}

impl Note {
    /// Reads a note. One note has one form: what is read is written the same way again.
    pub(super) fn read(note: &str) -> Result<Self, Malformed> {
        if note.len() > MOST_BYTES || note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(Malformed);
        }
        // The text may have blank lines itself: the last one is before the signatures.
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(Malformed)?;
        let signatures: Vec<_> = signatures.strip_suffix('\n').ok_or(Malformed)?.split('\n').collect();
        if signatures.len() > MOST_SIGNATURES {
            return Err(Malformed);
        }
        let signatures: Result<_, _> = signatures.into_iter().map(Signature::read).collect();
        Ok(Self { text: format!("{text}\n"), signatures: signatures? })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| signature.fmt(f))
    }
}

/// A public key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Verifier {
    pub(super) name: String,
    pub(super) id: u32,
    pub(super) kind: Kind,
    key: VerifyingKey,
}

impl Verifier {
    /// Reads `name+hash+key`.
    pub(super) fn read(text: &str) -> Result<Self, Malformed> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Malformed);
        };
        let key = BASE64_STANDARD.decode(key).map_err(|_| Malformed)?;
        let (kind, key) = key.split_first().ok_or(Malformed)?;
        let kind = [Kind::Text, Kind::Cosignature].into_iter().find(|it| *it as u8 == *kind).ok_or(Malformed)?;
        let key = VerifyingKey::from_bytes(key.try_into().map_err(|_| Malformed)?).map_err(|_| Malformed)?;
        let read = Self { name: name.to_owned(), id: id_of(name, kind, &key), kind, key };
        // A hash has one form: eight lower-case digits.
        if is_name(name) && read.to_string() == text { Ok(read) } else { Err(Malformed) }
    }

    /// Returns the key's name and hash: `name+hash`.
    pub(super) fn by(&self) -> String {
        named(&self.name, self.id)
    }

    /// Whether a line says that it is by this key.
    pub(super) fn is_named_in(&self, signature: &Signature) -> bool {
        (self.id, &*self.name) == (signature.id, &*signature.name)
    }

    /// Whether this key has made the signature over the text.
    pub(super) fn has_signed(&self, text: &str, signature: &Signature) -> bool {
        match self.kind {
            Kind::Text => self.holds(text.as_bytes(), &signature.bytes),
            Kind::Cosignature => self.cosigned_at(text, signature).is_some(),
        }
    }

    /// Returns when the witness that has this key saw the checkpoint, in seconds since 1970. `None` if the signature is
    /// not its cosignature of it.
    pub(super) fn cosigned_at(&self, text: &str, signature: &Signature) -> Option<u64> {
        let (time, rest) = signature.bytes.split_first_chunk()?;
        let time = u64::from_be_bytes(*time);
        (self.kind == Kind::Cosignature && self.holds(&cosigned(text, time), rest)).then_some(time)
    }

    fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        // Strictly: a key of small order, which anybody can make, would hold for any text.
        signature
            .try_into()
            .is_ok_and(|bytes| self.key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(bytes)).is_ok())
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind as u8], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id, BASE64_STANDARD.encode(key))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({self})")
    }
}

/// A private key.
pub(super) struct Signer {
    secret: SigningKey,
    pub(super) public: Verifier,
}

impl Signer {
    /// Returns the key of this name and secret.
    pub(super) fn new(name: &str, kind: Kind, secret: [u8; SECRET_KEY_LENGTH]) -> Result<Self, Malformed> {
        if !is_name(name) {
            return Err(Malformed);
        }
        let secret = SigningKey::from_bytes(&secret);
        let key = secret.verifying_key();
        let public = Verifier { name: name.to_owned(), id: id_of(name, kind, &key), kind, key };
        Ok(Self { secret, public })
    }

    /// Reads `PRIVATE+KEY+name+hash+key`, as [`Signer::private`] writes it.
    pub(super) fn read(text: &str, kind: Kind) -> Result<Self, Malformed> {
        let mut parts = text.strip_prefix("PRIVATE+KEY+").ok_or(Malformed)?.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Malformed);
        };
        let key = BASE64_STANDARD.decode(key).map_err(|_| Malformed)?;
        let secret = key.strip_prefix(&[kind as u8]).ok_or(Malformed)?;
        let signer = Self::new(name, kind, secret.try_into().map_err(|_| Malformed)?)?;
        if u32::from_str_radix(id, 16) == Ok(signer.public.id) && id.len() == 8 { Ok(signer) } else { Err(Malformed) }
    }

    /// Returns the text by which the key is kept. It is never logged or sent.
    pub(super) fn private(&self) -> String {
        let Verifier { name, id, kind, .. } = &self.public;
        let key = BASE64_STANDARD.encode([&[*kind as u8], self.secret.as_bytes().as_slice()].concat());
        format!("PRIVATE+KEY+{name}+{id:08x}+{key}")
    }

    /// Signs a text.
    pub(super) fn sign(&self, text: &str) -> Signature {
        self.signature(self.secret.sign(text.as_bytes()).to_bytes().to_vec())
    }

    /// Cosigns a checkpoint that was seen at a time, in seconds since 1970.
    pub(super) fn cosign(&self, text: &str, time: u64) -> Signature {
        let signed = self.secret.sign(&cosigned(text, time)).to_bytes();
        self.signature([time.to_be_bytes().as_slice(), signed.as_slice()].concat())
    }

    fn signature(&self, bytes: Vec<u8>) -> Signature {
        Signature { name: self.public.name.clone(), id: self.public.id, bytes }
    }
}

/// Returns a note of a text with these signatures. Fails if the text cannot be that of a note: it has control characters, or
/// no line feed at its end.
pub(super) fn note(text: &str, signatures: Vec<Signature>) -> Result<String, Malformed> {
    let note = Note { text: text.to_owned(), signatures };
    let written = note.to_string();
    if Note::read(&written)? == note { Ok(written) } else { Err(Malformed) }
}

fn named(name: &str, id: u32) -> String {
    format!("{name}+{id:08x}")
}
