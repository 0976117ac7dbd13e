//! The log: who did what, when. `super::operation` appends to it.

use room::SealTold;
use sha2::{Digest, Sha256};

use crate::{
    db::seals::{SealSays, StoredSeal},
    evidence::Hash,
};

/// Who does something, as the log names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in user, with the role that let them.
    User {
        /// Address, in lower case.
        email: String,
        /// Name.
        name: String,
        /// Role in the room, or on the platform.
        role: room::Role,
        /// The key of the session that the request came with; none at sign-in, where there is none yet, and in the
        /// demo's story. It has to hold when the operation begins.
        session: Option<Hash>,
    },
    /// A job of the server.
    System,
    /// Whoever runs a command on the server's machine.
    Operator,
}

impl Actor {
    /// The word in the log's `actor` column.
    pub fn word(&self) -> &str {
        match self {
            Self::User { email, .. } => email,
            Self::System => "system",
            Self::Operator => "operator",
        }
    }
}

impl From<StoredSeal> for SealTold {
    fn from(StoredSeal { says, cms }: StoredSeal) -> Self {
        let SealSays { sealed_at, signer, self_made, trusted_time, note } = says;
        Self { signer, self_made, sealed_at, trusted_time, note, sha256: hex::encode(Sha256::digest(cms)) }
    }
}
