//! The access that a route demands of its caller, and the path under which the API is found.

use crate::policy::Action;

/// The prefix of the API's paths.
pub const BASE: &str = "/api/v1";

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone, signed in or not.
    Public,
    /// Any signed-in user who has replaced a password that somebody else chose.
    SignedIn,
    /// Any signed-in user, also with a password that somebody else chose and that is still to be replaced.
    WithGivenPassword,
    /// Everyone whom the policy lets do this: in the room of the path, or on the platform if the path has no room.
    May(Action),
    /// The same, and admins also in a room that has been deleted.
    MayInDeleted(Action),
}
