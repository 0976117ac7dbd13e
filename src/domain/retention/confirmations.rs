//! What takes two admins in a room: one asks, and another confirms within a day. That they are two people is the matter of
//! [`crate::domain::accounts::two_people`].

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

/// What one admin's word came to.
pub enum Word {
    /// The first of two: it is stored, to be confirmed until then.
    First(Time),
    /// The second: it may be done now.
    Second(Request),
}

/// Until when a request can be confirmed.
pub fn until(request: &Request) -> Time {
    request.asked_at.after(WAITS)
}

/// The requests in a room that another admin may confirm now. That of an account which is no admin's any more, or is
/// disabled, is none.
pub async fn open(tx: &mut Tx, room: RoomId, now: Time) -> Result<Vec<Request>> {
    db::confirmations::open(tx, room, now.before(WAITS)).await
}

/// Takes an admin's word for a deed. Nothing is logged by it: the caller tells what was asked, or done.
pub async fn hear(
    tx: &mut Tx,
    log: &OpenLog,
    room: RoomId,
    (deed, subject): (Deed, Uuid),
    reason: Option<String>,
) -> Result<Word> {
    let Actor::User { email, .. } = log.by() else {
        return Err(Error::internal("two admins are two users"));
    };
    let open = open(tx, room, log.now).await?;
    match open.into_iter().find(|request| request.deed == deed && request.subject == subject) {
        Some(request) if request.asked_by == *email => {
            let until = until(&request).to_the_minute();
            Err(Error::conflict(format!("you have asked for this; another admin has to confirm it until {until}")))
        }
        Some(request) => {
            two_people::refuse_one_person(tx, log, &request.asked_by, request.asked_at).await?;
            db::confirmations::forget(tx, subject).await?;
            Ok(Word::Second(request))
        }
        None => {
            db::confirmations::drop_old(tx, room, log.now.before(WAITS)).await?;
            let request = Request { deed, subject, asked_by: email.clone(), asked_at: log.now, reason };
            db::confirmations::ask(tx, room, &request).await?;
            Ok(Word::First(until(&request)))
        }
    }
}
