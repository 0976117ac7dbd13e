//! The key that signs checkpoints, and the public keys that checkpoints are checked with (C2SP `signed-note`).

use std::{borrow::Borrow, collections::BTreeSet, fmt};

use super::note::{self, Kind, Malformed, Note, Signer, Verifier};

/// The number of keys that a list may have, and its length in bytes. Each key is a curve point that has to be decoded,
/// and the list may come from a stranger.
const MOST_KEYS: usize = 64;
const MOST_KEY_BYTES: usize = 64 * 1024;

/// Why a key, or a list of keys, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Its name would break the lines of a note.
    #[error("a key's name must be one word without `+`, not `{0}`")]
    Name(String),
    /// The text is not a private key as notes have them.
    #[error("it is no signing key (`PRIVATE+KEY+name+hash+key`)")]
    Private,
    /// The line is not a public key as notes have them. The message does not repeat it: it may be a secret.
    #[error("line {0} is no public key (`name+hash+key`)")]
    Public(usize),
    /// The text is not the public key of a witness.
    #[error("it is no public key of a witness (`name+hash+key`, for cosignatures)")]
    Witness,
    /// It is a private key, which must not be passed on.
    #[error("this is a private key: keep it to yourself, and give the public one")]
    Secret,
    /// The list has no key.
    #[error("no public key is given")]
    None,
    /// The list has more keys or bytes than are read.
    #[error("there are more than the {MOST_KEYS} keys, or {MOST_KEY_BYTES} bytes, that are looked at")]
    TooMany,
}

/// The Ed25519 key that signs the checkpoints of all logs of a server.
pub struct LogKey {
    signer: Signer,
    public: String,
}

impl LogKey {
    /// Returns the key that has this name and this Ed25519 secret.
    pub fn new(name: &str, secret: [u8; 32]) -> Result<Self, KeyError> {
        let signer = Signer::new(name, Kind::Text, secret).map_err(|Malformed| KeyError::Name(name.to_owned()))?;
        Ok(Self { public: signer.public.to_string(), signer })
    }

    /// Reads the text that [`LogKey::private`] returns: `PRIVATE+KEY+name+hash+key`.
    pub fn read(text: &str) -> Result<Self, KeyError> {
        let signer = Signer::read(text.trim(), Kind::Text).map_err(|Malformed| KeyError::Private)?;
        Ok(Self { public: signer.public.to_string(), signer })
    }

    /// Returns the private key as it is kept in the key file. It is never logged or sent.
    pub fn private(&self) -> String {
        self.signer.private()
    }

    /// Returns the public key: `name+hash+key`.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// Returns the key's name, the first word of its signature lines.
    pub fn name(&self) -> &str {
        &self.signer.public.name
    }

    /// Returns a note: the text with a signature line. `None` if the text cannot be that of a note.
    pub(super) fn sign(&self, text: &str) -> Option<String> {
        note::note(text, vec![self.signer.sign(text)]).ok()
    }
}

/// Returns the text that two keys sign when the one follows the other.
///
/// Its first line is not the origin of any log: the note can never be taken for a checkpoint.
fn succession_of(from: &str, to: &str) -> String {
    format!("sts-clearance: one key of a log follows another\n{from}\n{to}\n")
}

/// Returns the note that says that one key follows another, signed by both.
///
/// The old key's signature shows that its holder chose the new one; the new key's, that its holder has the secret.
pub fn succession(from: &LogKey, to: &LogKey) -> String {
    let text = succession_of(from.public(), to.public());
    let signatures = [from, to].map(|key| key.signer.sign(&text)).into();
    Note { text, signatures }.to_string()
}

/// Returns whether a trusted key, which is one of the two, has signed in the note that the one follows the other.
pub fn vouches(trusted: &str, note: &str, from: &str, to: &str) -> bool {
    let (Ok(key), Ok(note)) = (Verifier::read(trusted), Note::read(note)) else { return false };
    // The text is compared with the expected one, not parsed: nothing else that a key has signed can pass for it.
    [from, to].contains(&trusted)
        && note.text == succession_of(from, to)
        && note.signatures.iter().any(|signature| key.is_named_in(signature) && key.has_signed(&note.text, signature))
}

/// A rotation, as the platform's log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// The public key that signed until then.
    pub from: String,
    /// The public key that signs since.
    pub to: String,
    /// The note in which both have signed that the one follows the other.
    pub note: String,
}

impl Succession {
    /// Reads a note by which one key follows another. `None` if it is another note. Whether it is signed has not been
    /// checked: see [`vouches`].
    pub fn read(note: &str) -> Option<Self> {
        let text = Note::read(note).ok()?.text;
        let (from, to) = text.strip_suffix('\n')?.split_once('\n')?.1.split_once('\n')?;
        let read = Self { from: from.to_owned(), to: to.to_owned(), note: note.to_owned() };
        (succession_of(from, to) == text).then_some(read)
    }
}

/// Returns the keys that a root vouches for, without it: those that it follows, directly or by way of others, and those
/// that follow it.
///
/// A key that the root has replaced vouches for nothing but what it followed itself: whoever has stolen it could
/// otherwise name a key of their own as another successor.
pub fn vouched(root: &str, successions: &[Succession]) -> BTreeSet<String> {
    let mut vouched = BTreeSet::new();
    for is_forward in [false, true] {
        let mut reached = vec![root.to_owned()];
        // It ends: each key is reached once, and there are finitely many successions.
        while let Some(key) = reached.pop() {
            for Succession { from, to, note } in successions {
                let (known, next) = if is_forward { (from, to) } else { (to, from) };
                if *known == key && next != root && !vouched.contains(next) && vouches(&key, note, from, to) {
                    vouched.insert(next.clone());
                    reached.push(next.clone());
                }
            }
        }
    }
    vouched
}

/// Only the public key: a derived `Debug` would write the secret into logs.
impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({})", self.public)
    }
}

/// The public keys that a verifier trusts, and the servers whose logs each may sign: a key that is trusted for one
/// server signs nothing of another.
#[derive(Debug, Clone)]
pub struct PublicKeys {
    keys: Vec<Verifier>,
    /// For each key the names of servers: its own, and those of the keys that vouch for it.
    servers: Vec<BTreeSet<String>>,
}

impl PublicKeys {
    /// Reads keys, one a line. Skips blank lines, those that begin with `#`, and keys that were listed before.
    pub fn read(text: &str) -> Result<Self, KeyError> {
        if text.len() > MOST_KEY_BYTES {
            return Err(KeyError::TooMany);
        }
        let mut keys = Self { keys: Vec::new(), servers: Vec::new() };
        let mut read = 0;
        for (number, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // A case of its own, before the line is parsed: giving a secret away by mistake should not go unnoticed.
            if line.starts_with("PRIVATE+KEY+") {
                return Err(KeyError::Secret);
            }
            read += 1;
            if read > MOST_KEYS {
                return Err(KeyError::TooMany);
            }
            let key = Verifier::read(line).ok().filter(|key| key.kind == Kind::Text);
            let key = key.ok_or(KeyError::Public(number + 1))?;
            let own = key.name.clone();
            keys.add(key, [own]);
        }
        keys.unless_empty()
    }

    /// Reads any number of keys of one server, which come from its operator or its platform's log, one in each string.
    /// Each may sign what another may: a key of another name has taken the place of one.
    pub fn trusted<S: Borrow<str>>(lines: &[S]) -> Result<Self, KeyError> {
        let mut keys = Self { keys: Vec::new(), servers: Vec::new() };
        for some in lines.chunks(MOST_KEYS) {
            keys = keys.and(&Self::read(&some.join("\n"))?);
        }
        let all: BTreeSet<String> = keys.servers.iter().flatten().cloned().collect();
        keys.servers.iter_mut().for_each(|servers| servers.clone_from(&all));
        keys.unless_empty()
    }

    /// Returns these keys and others.
    #[must_use]
    pub fn and(mut self, others: &Self) -> Self {
        for (key, servers) in others.keys.iter().zip(&others.servers) {
            self.add(key.clone(), servers.iter().cloned());
        }
        self
    }

    /// Returns these keys, and those that they vouch for by these successions. Each of these may sign what the key may
    /// that vouches for it: its own name says nothing, since anybody can give a key any name.
    #[must_use]
    pub fn following(mut self, successions: &[Succession]) -> Self {
        let roots = self.clone();
        for (root, servers) in roots.keys.iter().zip(&roots.servers) {
            for key in vouched(&root.to_string(), successions) {
                if let Ok(key) = Verifier::read(&key) {
                    self.add(key, servers.iter().cloned());
                }
            }
        }
        self
    }

    /// Whether the key, named as `name+hash`, may sign the logs of a server.
    pub fn sign_for(&self, by: &str, server: &str) -> bool {
        let mut named = self.keys.iter().zip(&self.servers).filter(|(key, _)| key.by() == by);
        named.any(|(_, servers)| servers.contains(server))
    }

    fn add(&mut self, key: Verifier, for_servers: impl IntoIterator<Item = String>) {
        if let Some(index) = self.keys.iter().position(|known| *known == key) {
            self.servers[index].extend(for_servers);
        } else {
            self.keys.push(key);
            self.servers.push(for_servers.into_iter().collect());
        }
    }

    fn unless_empty(self) -> Result<Self, KeyError> {
        if self.keys.is_empty() { Err(KeyError::None) } else { Ok(self) }
    }

    /// Returns the names and hashes of the keys: `name+hash`.
    pub fn names(&self) -> Vec<String> {
        self.keys.iter().map(Verifier::by).collect()
    }

    /// Returns the keys.
    pub(super) fn verifiers(&self) -> &[Verifier] {
        &self.keys
    }
}
