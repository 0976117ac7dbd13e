//! What takes two admins in a room: one asks, and another one confirms within a day. Whether they are two people is
//! checked by [`crate::domain::accounts::two_people`].

use room::{Deed, RoomId, Time, fold};
use uuid::Uuid;

use crate::{
    db::{self, Tx, confirmations::Request},
    domain::{
        accounts::{
            told,
            two_people::{self, WAITS},
        },
        log::{Actor, OpenLog},
        mail::{
            outbox::{self, Addressed},
            told::Told,
        },
    },
    error::{Error, Result},
};

/// What the vote of one admin for a deed led to. The deed takes two.
pub enum Vote {
    /// It was the first, and becomes a request; another admin can confirm it until this instant.
    Asked(Time),
    /// It confirmed this earlier request, so the deed may be done now.
    Confirmed(fold::Request),
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

/// Takes an admin's vote for a deed: it is a request, or confirms the request of another admin. It appends nothing to the
/// log; the caller does that, since only it knows the event. The other admins are told of a request by mail.
pub async fn vote(tx: &mut Tx, log: &OpenLog, room: RoomId, (deed, subject): (Deed, Uuid)) -> Result<Vote> {
    let Actor::User { email, .. } = log.by() else {
        return Err(Error::internal("two admins are two users"));
    };
    // The caller has the room's log locked, so two admins who ask at the same moment are one after the other here: the
    // first one asks, the second one confirms.
    match counting(tx, log, room, (deed, subject)).await? {
        // Asking again neither confirms one's own request nor gives it another day.
        Some(request) if request.asked_by == *email => {
            let until = request.asked_at.after(WAITS).to_the_minute();
            Err(Error::conflict(format!("you have asked for this; another admin has to confirm it until {until}")))
        }
        Some(request) => {
            // Two accounts are not yet two people: an admin can make a second account, or open somebody else's.
            two_people::refuse_one_person(tx, log, &request.asked_by, request.asked_at).await?;
            // A request is used up by the entry of the deed, once, and only if the deed is done.
            Ok(Vote::Confirmed(request))
        }
        None => {
            let until = log.now.after(WAITS);
            tell_admins(tx, log, (deed, subject), until).await?;
            Ok(Vote::Asked(until))
        }
    }
}

/// Writes to the other admins that one of them has to confirm a request.
async fn tell_admins(tx: &mut Tx, log: &OpenLog, (deed, subject): (Deed, Uuid), until: Time) -> Result<()> {
    let room = &log.room()?.room;
    let (words, page) = match deed {
        Deed::DeleteRoom => ("delete the room", "delete".to_owned()),
        Deed::DeleteSnapshot => ("delete a snapshot of the room", format!("snapshots/{subject}/delete")),
        Deed::LiftHold => ("lift a hold in the room", format!("holds/{subject}")),
    };
    let told = Told::RoomRequest {
        deed: words.into(),
        room: room.title.clone(),
        room_id: room.id,
        asked_by: log.by().word().to_owned(),
        until,
        path: format!("/rooms/{}/{page}", room.id),
    };
    let admins = |platform: &fold::PlatformState| -> Vec<String> {
        let admins = platform.users.values().filter(|account| account.is_admin());
        admins.map(|admin| admin.email.clone()).filter(|email| email != log.by().word()).collect()
    };
    for receiver in &log.of_platform(tx, admins).await? {
        let to = Addressed { receiver, room: Some(room.id), link: None };
        outbox::write(tx, log.app(), to, &told, log.clock()).await?;
    }
    Ok(())
}

/// Returns the request for a deed that the log tells of, if it still counts.
async fn counting(
    tx: &mut Tx,
    log: &OpenLog,
    room: RoomId,
    (deed, subject): (Deed, Uuid),
) -> Result<Option<fold::Request>> {
    let told = log.room()?.requests.get(&subject).filter(|told| told.deed == deed);
    let Some(told) = told.filter(|told| told.asked_at >= log.now.before(WAITS)).cloned() else { return Ok(None) };
    // Requests of an account that was no admin's for a while are withdrawn, of which only the row tells.
    let stored = db::confirmations::stored(tx, room).await?;
    let is_this = |row: &Request| {
        (row.subject, row.deed, &row.asked_by, row.asked_at) == (subject, deed, &told.asked_by, told.asked_at)
    };
    let is_open = stored.iter().any(is_this) && told::admin(tx, log, &told.asked_by).await?.is_some();
    Ok(is_open.then_some(told))
}
