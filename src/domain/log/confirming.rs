//! Looks again, within a transaction, at who was let in: at the session by its row, and at the account and its role as the
//! logs tell them, whatever the rows say.

use room::{
    Party, Roles, Time,
    fold::{Account, PlatformState, State},
};

use super::actor::Actor;
use crate::{
    db::{self, Tx},
    error::{Error, Result},
};

/// Returns the account of a user as the platform's log tells it.
///
/// # Errors
///
/// Fails if the session has ended, or the account is disabled or is not the one that was let in.
pub(super) async fn account<'a>(
    tx: &mut Tx,
    platform: &'a PlatformState,
    by: &Actor,
    now: Time,
) -> Result<&'a Account> {
    // Admission was checked before the body of the request was read. An upload may take minutes, in which its user can
    // be signed out, disabled or removed from the room.
    let Actor::User { email, session, .. } = by else { return Err(Error::Unauthenticated) };
    let account = match session {
        Some(session) => db::sessions::holder(tx, session, now).await?.and_then(|id| platform.users.get(&id)),
        None => platform.account_of(email).map(|(_, account)| account),
    };
    account.filter(|account| !account.disabled && account.email == *email).ok_or(Error::Unauthenticated)
}

/// Refuses a user whose roles in a room are not those with which they were let in.
pub(super) fn refuse_change_in_room(account: &Account, state: Option<&State>, by: &Actor) -> Result<()> {
    // Admission has seen the row. Somebody else may know this password.
    if account.must_change_password {
        return Err(Error::PasswordChangeRequired);
    }
    // A removal takes the room's lock: it is either seen here, or comes after this operation.
    let party = state.and_then(|state| state.parties.values().find(|party| party.email == account.email));
    refuse_change(Roles::in_room(account.role, party.map(Party::all_roles)), by)
}

/// Refuses a user whose roles are now others than those with which they were let in, or none.
pub(super) fn refuse_change(present: Option<Roles>, by: &Actor) -> Result<()> {
    let Actor::User { roles, .. } = by else { return Ok(()) };
    // Any others are refused, also such as may do more: the policy was asked about the old ones, and rows such as
    // decisions would keep one of them.
    match present {
        Some(present) if present == *roles => Ok(()),
        Some(_) => Err(Error::conflict("your role has been changed meanwhile; try again")),
        None => Err(Error::NotAParty),
    }
}
