//! The quota of a room: how much each party may add to it in a day (UTC), in entries and in uploaded bytes.
//!
//! The state of a log at hand keeps the tally of its day, and grows by the entries of every node, so that an operation looks
//! one number up. Where the state was begun at an entry that marks it, what came before on the same day is counted once
//! by the log itself. An entry beyond the quota is refused when it is appended, and its operation with it: what adds
//! nothing, such as reading or the repetition of a request, is never refused. Admins, jobs and the operator have no quota.

use room::{Day, Event, Log, Role, RoomId, Time};

use super::{actor::Actor, state};
use crate::{
    app::App,
    at_hand::{Added, AddedByActor, Tally},
    db,
    error::{Error, Quota, Result},
};

/// How many entries are counted in one transaction.
const WINDOW: u64 = 10_000;

/// What an actor with a quota has added on a day before the tally of a state began.
#[derive(Debug, Clone, Copy)]
pub(super) enum Earlier {
    /// So much.
    Known(Added),
    /// What came with so many entries at the beginning of the log has to be counted first.
    Uncounted(u64),
}

/// Returns what the actor has added to a room on a day before the tally began. `None` if there is no quota for them.
pub(super) fn earlier(app: &App, log: Log, by: &Actor, (tally, day): (&Tally, Day)) -> Option<Earlier> {
    let Actor::User { email, role, .. } = by else { return None };
    let is_limited = app.config.room_entries_per_day().is_some() || app.config.room_upload_per_day().is_some();
    if !is_limited || *role == Role::Admin || log == Log::Platform {
        return None;
    }
    let Some(size) = tally.uncounted(day) else { return Some(Earlier::Known(Added::default())) };
    Some(match app.at_hand.earlier(log, size) {
        Some(earlier) => Earlier::Known(earlier.get(email).copied().unwrap_or_default()),
        None => Earlier::Uncounted(size),
    })
}

/// Returns how large the file is that an event tells of as uploaded; 0 if it tells of none.
pub(super) fn uploaded_by(event: &Event) -> u64 {
    if let Event::DocumentUploaded { file_size, .. } = event { file_size.unsigned_abs() } else { 0 }
}

/// Refuses one more entry, with a file of this size, to who has added as much on the day of `now`. `clock` may be earlier.
pub(super) fn refuse_beyond(app: &App, added: Added, size: u64, (now, clock): (Time, Time)) -> Result<()> {
    let until = now.day().days_later(1).begin();
    let seconds = until.since(clock).as_secs().max(1);
    let refused = |quota, most| Err(Error::QuotaReached { quota, most, until, seconds });
    match (app.config.room_entries_per_day(), app.config.room_upload_per_day()) {
        (Some(most), _) if added.entries >= most => refused(Quota::Entries, most),
        (_, Some(most)) if size > 0 && added.bytes.saturating_add(size) > most => refused(Quota::Uploads, most),
        _ => Ok(()),
    }
}

/// Refuses an upload of so many bytes at least before it is received, if it is known by now to go beyond the quota. It is
/// looked at again when it is added.
pub async fn refuse_upload(app: &App, room: RoomId, by: &Actor, size: u64) -> Result<()> {
    let log = Log::Room(room);
    state::bring_up(app, log).await?;
    let in_tx = app.clone();
    let seen = app.db.read_at_length(async move |tx| state::seen(tx, &in_tx, log, u64::MAX).await).await?;
    let held = seen.ok_or(Error::NotFound("room"))?;
    let clock = app.now();
    let now = held.last().map_or(clock, |last| clock.max(last));
    let before_tally = || earlier(app, log, by, (held.tally(), now.day()));
    if let Some(Earlier::Uncounted(size)) = before_tally() {
        count_earlier(app, log, size).await?;
    }
    let Some(Earlier::Known(mut added)) = before_tally() else { return Ok(()) };
    added += held.tally().of(by.word(), now.day());
    refuse_beyond(app, added, size.max(1), (now, clock))
}

/// Counts what each actor has added with the first so many entries of a log on the day of the last of them, in short
/// transactions that keep nobody waiting.
pub(super) async fn count_earlier(app: &App, log: Log, size: u64) -> Result<()> {
    let _alone = app.at_hand.fold_alone(log).await;
    if app.at_hand.earlier(log, size).is_some() {
        return Ok(());
    }
    let last = size.saturating_sub(1);
    let at = app.db.read_at_length(async move |tx| db::activity::time_of(tx, log, last).await).await?;
    let since = at.ok_or_else(|| Error::LogNotSound(format!("entry {last} is missing")))?.day().begin();
    let (mut added, mut to) = (AddedByActor::new(), size);
    while to > 0 {
        let from = to.saturating_sub(WINDOW);
        let read = app.db.read_at_length(async move |tx| db::activity::added(tx, log, from..to, since).await);
        let of_window = read.await?;
        let entries: u64 = of_window.values().map(|added| added.entries).sum();
        for (actor, more) in of_window {
            *added.entry(actor).or_default() += more;
        }
        // The window begins before the day.
        if entries < to - from {
            break;
        }
        to = from;
    }
    app.at_hand.keep_earlier(log, size, added);
    Ok(())
}
