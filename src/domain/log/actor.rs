//! The actor of an entry: who did what it says.

use crate::evidence::Hash;

/// Who does something, as the log names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A user, with the role by which they were let in.
    User {
        /// The account's address, in lower case.
        email: String,
        /// The name of the account.
        name: String,
        /// The role in the room, or on the platform if no room is concerned.
        role: room::Role,
        /// The hash of the session's token. The session has to be valid when the operation begins. `None` at sign-in,
        /// when there is no session yet, and in the demo's story.
        session: Option<Hash>,
    },
    /// A job of the server.
    System,
    /// The person who runs a command on the server's machine.
    Operator,
}

impl Actor {
    /// Returns the actor as the log's column `actor` has it.
    pub fn word(&self) -> &str {
        match self {
            Self::User { email, .. } => email,
            Self::System => "system",
            Self::Operator => "operator",
        }
    }
}
