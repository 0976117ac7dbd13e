//! The actor of an entry: who did what it says.

use crate::{
    error::{Error, Result},
    evidence::Hash,
};

/// Who does something, as the log names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A user, with the role by which they were let in.
    User {
        /// The account's address, in lower case.
        email: String,
        /// The name of the account.
        name: String,
        /// The role in which it is done: in the room, or on the platform if no room is concerned.
        role: room::Role,
        /// All roles that they have there.
        roles: room::Roles,
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

    /// Returns the role in which something is done, where the actor has several and an entry has to say it.
    pub fn role_to_name(&self) -> Option<room::Role> {
        match self {
            Self::User { role, roles, .. } if roles.are_several() => Some(*role),
            Self::User { .. } | Self::System | Self::Operator => None,
        }
    }

    /// Returns the address of a user and the role in which something is done: the one by which they were let in if it
    /// fits, or else the first of their roles that does. Where none fits, it is the one by which they were let in.
    pub fn user_in_role(&self, fits: impl Fn(&str, room::Role) -> bool) -> Result<(&str, room::Role)> {
        let Self::User { email, role, roles, .. } = self else {
            return Err(Error::internal("this is done by a user"));
        };
        let fitting = std::iter::once(*role).chain(roles.iter()).find(|role| fits(email, *role));
        Ok((email, fitting.unwrap_or(*role)))
    }
}
