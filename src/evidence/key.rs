//! The key that signs checkpoints, and the public keys that they are checked with (C2SP `signed-note`).

use std::{borrow::Borrow, fmt};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ed25519_dalek::SigningKey;
use signed_note::{Note, NoteError, Signer, StandardSigner, StandardVerifier, Verifier, VerifierList};

/// How many keys a verifier looks at, and in how many bytes they come: reading one takes some work.
const MOST_KEYS: usize = 64;
const MOST_KEY_BYTES: usize = 64 * 1024;

/// The byte that stands for Ed25519 in an encoded key.
const ED25519: u8 = 1;

/// A key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Its name would break a note.
    #[error("a key's name must be one word without `+`, not `{0}`")]
    Name(String),
    /// It is no private key of a note.
    #[error("it is no signing key (`PRIVATE+KEY+…`): {0}")]
    Private(String),
    /// It is no public key of a note. What stands there is not told: it may be a secret.
    #[error("line {0} is no public key (`name+hash+key`)")]
    Public(usize),
    /// It is the key that nobody is to see.
    #[error("this is a private key: keep it to yourself, and give the public one")]
    Secret,
    /// There is none.
    #[error("no public key is given")]
    None,
    /// There are more than anybody trusts.
    #[error("there are more than the {MOST_KEYS} keys, or {MOST_KEY_BYTES} bytes, that are looked at")]
    TooMany,
}

/// The Ed25519 key that signs the checkpoints of all logs of a server.
pub struct LogKey {
    signer: StandardSigner,
    private: String,
    public: String,
}

impl LogKey {
    /// The key of this name with this secret.
    pub fn new(name: &str, secret: [u8; 32]) -> Result<Self, KeyError> {
        if !signed_note::is_key_name_valid(name) || name.chars().any(char::is_control) {
            return Err(KeyError::Name(name.to_owned()));
        }
        let public = SigningKey::from_bytes(&secret).verifying_key();
        let encoded = [&[ED25519], public.as_bytes().as_slice()].concat();
        let id = signed_note::key_id(name, &encoded);
        let secret = BASE64_STANDARD.encode([&[ED25519], secret.as_slice()].concat());
        Self::read(&format!("PRIVATE+KEY+{name}+{id:08x}+{secret}"))
    }

    /// Reads the text that [`LogKey::private`] gives: `PRIVATE+KEY+name+hash+key`.
    pub fn read(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let said = |error: &dyn fmt::Display| KeyError::Private(error.to_string());
        let signer = StandardSigner::new(text).map_err(|error| said(&error))?;
        // The key itself may have a plus in it.
        let secret = text.splitn(5, '+').nth(4).and_then(|key| BASE64_STANDARD.decode(key).ok());
        let secret: [u8; 32] = secret
            .and_then(|key| key.get(1..)?.try_into().ok())
            .ok_or_else(|| said(&"its secret is not of 32 bytes"))?;
        let public = SigningKey::from_bytes(&secret).verifying_key();
        let public = signed_note::new_ed25519_verifier_key(signer.name(), &public);
        Ok(Self { signer, private: text.to_owned(), public })
    }

    /// The text that is kept, and shown to nobody.
    pub fn private(&self) -> &str {
        &self.private
    }

    /// The public key: `name+hash+key`.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.signer.name()
    }

    /// The note: the text with a signature line.
    pub(super) fn sign(&self, text: &str) -> Result<String, NoteError> {
        let mut note = Note::new(text.as_bytes(), &[])?;
        note.add_sigs(&[&self.signer])?;
        String::from_utf8(note.to_bytes()).map_err(|_| NoteError::MalformedNote)
    }
}

/// What a key says when it follows another.
fn succession_of(from: &str, to: &str) -> String {
    format!("sts-clearance: one key of a log follows another\n{from}\n{to}\n")
}

/// The note that says that one key follows another, signed by both.
pub fn succession(from: &LogKey, to: &LogKey) -> Result<String, NoteError> {
    let mut note = Note::new(succession_of(from.public(), to.public()).as_bytes(), &[])?;
    note.add_sigs(&[&from.signer, &to.signer])?;
    String::from_utf8(note.to_bytes()).map_err(|_| NoteError::MalformedNote)
}

/// Whether a trusted key, one of the two, says in the note that the one follows the other.
pub fn vouches(trusted: &str, note: &str, from: &str, to: &str) -> bool {
    let Ok(keys) = PublicKeys::read(trusted) else { return false };
    let Ok(note) = Note::from_bytes(note.as_bytes()) else { return false };
    [from, to].contains(&trusted)
        && note.text() == succession_of(from, to).as_bytes()
        && note.verify(&keys.verifiers()).is_ok()
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({})", self.public)
    }
}

/// The public keys that a verifier trusts.
#[derive(Clone)]
pub struct PublicKeys {
    keys: Vec<StandardVerifier>,
}

impl PublicKeys {
    /// Reads keys, one a line; blank lines and those that begin with `#` are none.
    pub fn read(text: &str) -> Result<Self, KeyError> {
        if text.len() > MOST_KEY_BYTES {
            return Err(KeyError::TooMany);
        }
        let mut keys: Vec<StandardVerifier> = Vec::new();
        let mut read = 0;
        for (number, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.starts_with("PRIVATE+KEY+") {
                return Err(KeyError::Secret);
            }
            read += 1;
            if read > MOST_KEYS {
                return Err(KeyError::TooMany);
            }
            let key = StandardVerifier::new(line).map_err(|_| KeyError::Public(number + 1))?;
            let known = |other: &StandardVerifier| (other.name(), other.key_id()) == (key.name(), key.key_id());
            if !keys.iter().any(known) {
                keys.push(key);
            }
        }
        if keys.is_empty() { Err(KeyError::None) } else { Ok(Self { keys }) }
    }

    /// Reads keys of one's own, one each, of which there may be any number.
    pub fn trusted<S: Borrow<str>>(lines: &[S]) -> Result<Self, KeyError> {
        let keys: Result<Vec<_>, _> = lines.chunks(MOST_KEYS).map(|some| Self::read(&some.join("\n"))).collect();
        let keys: Vec<_> = keys?.into_iter().flat_map(|read| read.keys).collect();
        if keys.is_empty() { Err(KeyError::None) } else { Ok(Self { keys }) }
    }

    /// The names and hashes of the keys: `name+hash`.
    pub fn names(&self) -> Vec<String> {
        self.keys.iter().map(|key| format!("{}+{:08x}", key.name(), key.key_id())).collect()
    }

    pub(super) fn verifiers(&self) -> VerifierList {
        VerifierList::new(self.keys.iter().map(|key| Box::new(key.clone()) as Box<dyn Verifier>).collect())
    }
}
