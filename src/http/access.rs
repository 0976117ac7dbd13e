//! Where the API is, and who may use a route.

use crate::policy::Action;

/// The prefix of the API.
pub const BASE: &str = "/api/v1";

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Public,
    /// Any signed-in user.
    SignedIn,
    /// Likewise, and those who have still to replace a password that somebody else chose.
    WithGivenPassword,
    /// Whoever the policy lets do this: in the room of the path, or on the platform where it has none.
    May(Action),
    /// Likewise, and admins also in a room that has been deleted.
    MayInDeleted(Action),
}
