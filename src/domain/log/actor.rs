//! The log: who did what, when. `super::operation` appends to it.

use crate::evidence::Hash;

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
