//! Private texts: words that not every reader of a log may read. The log has their salted hash, so that nobody can
//! change them without being found out, and nobody can guess them from the log.

use sha2::{Digest, Sha256};

use crate::{
    db::{self, Tx, projections::PrivateTexts},
    error::Result,
    random,
};

/// Keeps a text in private, and returns the hash that the log is to have of it.
pub async fn keep(tx: &mut Tx, text: &str) -> Result<String> {
    // As long as the hash is secure: without a salt, a short reason could be found by trying likely ones.
    let salt: [u8; 32] = random::new_secret();
    let hash = hash_of(&salt, text);
    db::private_texts::insert(tx, &hash, &salt, text).await?;
    Ok(hash)
}

/// Returns the text that has this salted hash. `None` if it is missing, or is not what was hashed.
pub async fn find(tx: &mut Tx, hash: &str) -> Result<Option<String>> {
    let found = db::private_texts::find(tx, hash).await?;
    Ok(found.filter(|(salt, text)| hash_of(salt, text) == hash).map(|(_, text)| text))
}

/// Returns the salted hash of a text: the SHA-256 of the salt and then the text, in hexadecimal.
pub fn hash_of(salt: &[u8], text: &str) -> String {
    hex::encode(Sha256::new().chain_update(salt).chain_update(text).finalize())
}

/// Returns the texts behind these hashes. Those that are missing, or are not what was hashed, are left out.
pub async fn texts(tx: &mut Tx, hashes: Vec<String>) -> Result<PrivateTexts> {
    let mut texts = PrivateTexts::new();
    for hash in hashes {
        if let Some(text) = find(tx, &hash).await? {
            texts.insert(hash, text);
        }
    }
    Ok(texts)
}
