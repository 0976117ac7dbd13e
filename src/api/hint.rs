//! What a program can do about an error: the routes and parameters that help, which the error itself does not know.

use crate::error::Error;

/// Returns the hint that follows the message of an error in problem details, if the API has one.
pub fn hint(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::PasswordRequired => "`POST /api/v1/auth/confirm` takes it",
        Error::PasswordChangeRequired | Error::OwnPassword => "`POST /api/v1/auth/password` replaces it",
        Error::RoomNotEmpty { .. } => "`?force=true` with a `reason` in the body does so",
        Error::NotRendered(_) => "`POST …/retry` tries again",
        Error::ChangedMeanwhile(_) => "`GET` it, look, and send your change again with its `ETag` of now",
        Error::RepliedBefore => "`PUT` changes your reply",
        _ => return None,
    })
}
