//! Goes through rooms' logs behind their heads, and writes down who is to be told what.

use std::time::Duration;

use room::{
    Content, Log, NewsId, NoticeState, Party, Phase, Role, RoomId, RoomState, RoomStatus, Time, UserId, clocks,
    standing,
};

use super::matters::{Audience, Matter};
use crate::{
    app::App,
    db::{
        self, Tx,
        news::{Mark, News},
    },
    domain::{log, mail::outbox, rooms},
    error::{Error, Result},
    policy::Action::RoomUpdate,
};

/// How old an entry may be that somebody is still told of: what happened while no mail went out is no news.
const NEWS: Duration = Duration::from_hours(24);
/// How long before it is due people are told of the notice to the coastal State.
const NOTICE_AHEAD: Duration = Duration::from_hours(24);
/// How far ahead the ETA of a room is at most when people are told of its notice, with time to spare.
const ETA_AHEAD: Duration = Duration::from_hours(48 + 24 + 1);
/// The roles that give the notice to the coastal State, or see to it.
const GIVE_NOTICE: [Role; 2] = [Role::Owner, Role::Broker];
/// How many rooms are gone through at one look.
const ROOMS: i64 = 100;
/// How many entries of a room are gone through at once.
const ENTRIES: i64 = 1_000;

/// Goes through what is new in the logs of rooms. Returns in how many rooms that was done; 0 if nothing is left that can be.
pub async fn follow(app: &App) -> Result<usize> {
    if !outbox::is_open(app) {
        return Ok(0);
    }
    let behind = app.db.read(async |tx| db::news::behind(tx, ROOMS).await).await?;
    let mut done = 0;
    for room in behind {
        done += usize::from(go_through_or_warn(app, room).await);
    }
    Ok(done)
}

/// Looks at the rooms whose notice to the coastal State may be due by now, although nothing has happened in them.
pub async fn follow_clocks(app: &App) -> Result<()> {
    if !outbox::is_open(app) {
        return Ok(());
    }
    let until = app.now().after(ETA_AHEAD);
    let rooms = app.db.read(async move |tx| db::news::with_eta_until(tx, until).await).await?;
    for room in rooms {
        go_through_or_warn(app, room).await;
    }
    Ok(())
}

/// Goes through what is new in a room, which keeps no other from its turn if it fails. Returns whether it was done.
async fn go_through_or_warn(app: &App, room: RoomId) -> bool {
    let gone_through = go_through(app, room).await;
    if let Err(error) = &gone_through {
        tracing::warn!(%room, %error, "what is new in a room could not be gone through for its mails");
    }
    gone_through.is_ok()
}

/// Goes through what is new in a room.
async fn go_through(app: &App, room: RoomId) -> Result<()> {
    rooms::state::bring_up(app, room).await?;
    let (in_tx, now) = (app.clone(), app.now());
    Box::pin(app.db.write(async move |tx: &mut Tx| {
        let before = db::news::mark(tx, room).await?;
        let size = size_of(tx, room).await?;
        let held = match log::seen(tx, &in_tx, Log::Room(room), u64::MAX).await {
            // What such a log tells is told to nobody, and the page of checks says that it is not sound.
            Err(Error::LogNotSound(_)) => None,
            held => held?,
        };
        let state = held.as_ref().and_then(|held| held.room());
        let mark = before.unwrap_or_default();
        let next = Mark { rounds: mark.rounds + 1, size, ..mark };
        let Some(state) = state.filter(|state| state.room.status == RoomStatus::Active) else {
            return db::news::set_mark(tx, room, next).await.map(drop);
        };
        let state = RoomState::of(Content::with_last_words(state), now);
        let from = match before {
            Some(mark) => mark.size,
            None => db::news::first_since(tx, Log::Room(room), now.before(NEWS)).await?.unwrap_or(size),
        };
        let (told, next) =
            tell(tx, (&state, from, now), (before, Mark { size: size.min(from + ENTRIES), ..next })).await?;
        // First, so that of two servers one goes on.
        if db::news::set_mark(tx, room, next).await? {
            write(tx, &in_tx, (room, now), told).await?;
        }
        Ok(())
    }))
    .await
}

async fn size_of(tx: &mut Tx, room: RoomId) -> Result<i64> {
    let head = db::logs::head(tx, Log::Room(room)).await?;
    Ok(head.map_or(0, |head| i64::try_from(head.range.size()).unwrap_or(i64::MAX)))
}

/// Returns who is told what, and how far the room has been gone through by that.
async fn tell<'a>(
    tx: &mut Tx,
    (state, from, now): (&'a RoomState, i64, Time),
    (before, mut mark): (Option<Mark>, Mark),
) -> Result<(Vec<(&'a Party, Matter)>, Mark)> {
    let entries = db::activity::range(tx, Log::Room(state.room.id), from, mark.size).await?;
    let mut told = Vec::new();
    if !entries.is_empty() {
        let audience = Audience::of(state);
        let news = entries.iter().filter(|entry| entry.at >= now.before(NEWS));
        told.extend(news.flat_map(|entry| audience.told_by(entry)));
    }
    let open = open_gate(state);
    if let Some(phase) = open.filter(|_| before.is_some() && mark.open_gate != open) {
        let last = entries.last().map(|entry| &*entry.actor);
        let may_enter = |party: &&Party| party.all_roles().iter().any(|role| RoomUpdate.roles().contains(&role));
        let others = state.parties.iter().filter(may_enter).filter(|party| Some(&*party.email) != last);
        told.extend(others.map(|party| (party, Matter::Gate { phase })));
    }
    mark.open_gate = open;
    if is_notice_due(state) && mark.notice_of != Some(state.room.sts_eta) {
        let gives = |party: &&Party| party.all_roles().iter().any(|role| GIVE_NOTICE.contains(&role));
        told.extend(state.parties.iter().filter(gives).map(|party| (party, Matter::Notice {})));
        mark.notice_of = Some(state.room.sts_eta);
    }
    Ok((told, mark))
}

/// Returns the phase that the STS operation can enter now, if nothing keeps it from that.
pub(super) fn open_gate(state: &RoomState) -> Option<Phase> {
    state.room.phase.next().filter(|next| standing::blockers(state, *next).is_empty())
}

/// Returns whether the notice to the coastal State is to be given within a day, or should have been, or has to be revised.
pub(super) fn is_notice_due(state: &RoomState) -> bool {
    if state.room.phase >= Phase::Transfer {
        return false;
    }
    // The setting counts for the retention alone.
    let notice = clocks::of_room(state, clocks::KEPT_AT_LEAST_YEARS).coastal_notice;
    notice.is_some_and(|notice| match notice.state {
        NoticeState::Open => state.now >= notice.due_at.before(NOTICE_AHEAD),
        NoticeState::Overdue | NoticeState::Revise => true,
        _ => false,
    })
}

/// Writes down who is told what, of those who have an account.
async fn write(tx: &mut Tx, app: &App, (room, at): (RoomId, Time), told: Vec<(&Party, Matter)>) -> Result<()> {
    for (party, matter) in told {
        let account = |platform: &room::fold::PlatformState| {
            platform.account_of(&party.email).filter(|(_, account)| !account.disabled).map(|(id, _)| id)
        };
        let Some(user): Option<UserId> = log::of_platform(tx, app, account).await? else { continue };
        let told = serde_json::to_string(&matter).map_err(|error| Error::internal(format!("news: {error}")))?;
        db::news::insert(tx, &News { id: NewsId(app.new_id()), user, room, told, at }).await?;
    }
    Ok(())
}
