//! What takes two admins in a room: one asks, and another one confirms within a day. Whether they are two people is
//! checked by [`crate::domain::accounts::two_people`].

use room::{Deed, RoomId, Time};
use uuid::Uuid;

use crate::{
    db::{self, Tx, confirmations::Request},
    domain::{
        accounts::two_people::{self, WAITS},
        log::{Actor, OpenLog},
    },
    error::{Error, Result},
};

/// What the vote of one admin for a deed led to. The deed takes two.
pub enum Vote {
    /// It was the first, and is stored as a request; another admin can confirm it until this instant.
    Asked(Time),
    /// It confirmed this earlier request, so the deed may be done now.
    Confirmed(Request),
}

/// Returns the instant until which a request can be confirmed.
pub fn until(request: &Request) -> Time {
    request.asked_at.after(WAITS)
}

/// Returns the requests in a room that another admin may confirm now. Requests of accounts that are disabled or no
/// longer an admin's do not count.
pub async fn open(tx: &mut Tx, room: RoomId, now: Time) -> Result<Vec<Request>> {
    db::confirmations::open(tx, room, now.before(WAITS)).await
}

/// Records an admin's vote for a deed: stores it as a request, or confirms the request of another admin. It
/// appends nothing to the log; the caller does that, since only it knows the event.
pub async fn record_vote(
    tx: &mut Tx,
    log: &OpenLog,
    room: RoomId,
    (deed, subject): (Deed, Uuid),
    reason: Option<String>,
) -> Result<Vote> {
    let Actor::User { email, .. } = log.by() else {
        return Err(Error::internal("two admins are two users"));
    };
    // The caller has the room's log locked, so two admins who ask at the same moment are one after the other here: the
    // first one asks, the second one confirms.
    let open = open(tx, room, log.now).await?;
    match open.into_iter().find(|request| request.deed == deed && request.subject == subject) {
        // Asking again neither confirms one's own request nor gives it another day.
        Some(request) if request.asked_by == *email => {
            let until = until(&request).to_the_minute();
            Err(Error::conflict(format!("you have asked for this; another admin has to confirm it until {until}")))
        }
        Some(request) => {
            // Two accounts are not yet two people: an admin can make a second account, or open somebody else's.
            two_people::refuse_one_person(tx, log, &request.asked_by, request.asked_at).await?;
            // In the transaction of the deed: a request is used up once, and only if the deed is done.
            db::confirmations::forget(tx, subject).await?;
            Ok(Vote::Confirmed(request))
        }
        None => {
            db::confirmations::drop_old(tx, room, log.now.before(WAITS)).await?;
            let request = Request { deed, subject, asked_by: email.clone(), asked_at: log.now, reason };
            db::confirmations::ask(tx, room, &request).await?;
            Ok(Vote::Asked(until(&request)))
        }
    }
}
