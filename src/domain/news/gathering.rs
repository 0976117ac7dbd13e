//! Puts into mails what people are to be told, when it is due by what they have chosen.

use std::{collections::BTreeMap, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use room::{Content, Frequency, Log, RoomId, RoomState, RoomStatus, Time, UserId};

use super::{
    matters::Matter,
    words::{self, Teller},
};
use crate::{
    app::App,
    db::{self, Tx, news::Waiting, news_choices::Choices},
    domain::{
        log,
        mail::{
            outbox::{self, Addressed},
            told::{NewsOfRoom, Told},
            zones,
        },
        rooms,
    },
    error::{Error, Result},
};

/// For how long news of a room are gathered that are told at once: what is done in one go is one mail.
const GATHERED: Duration = Duration::from_mins(1);
/// The hour of the morning at which people are told once a day, in their own time zone.
const MORNING: i8 = 7;
/// An hour, in microseconds.
const HOUR: i64 = 3_600_000_000;

/// The news of some rooms that one person is told of in one mail.
struct Due {
    user: UserId,
    rooms: Vec<RoomId>,
}

/// Puts everything that is due into mails. Returns how many mails those are.
pub async fn gather(app: &App) -> Result<usize> {
    if !outbox::is_open(app) {
        return Ok(0);
    }
    let now = app.now();
    let waiting = app.db.read(async |tx| db::news::waiting(tx).await).await?;
    let mut mails = 0;
    for of_person in waiting.chunk_by(|one, other| one.user == other.user) {
        let user = of_person[0].user;
        let read = async move |tx: &mut Tx| {
            let details = db::account_details::find(tx, user).await?;
            Ok((db::news_choices::find(tx, user).await?, zones::of(details.time_zone.as_deref())))
        };
        let (choices, zone) = app.db.read(read).await?;
        for due in due(of_person, &choices, (&zone, now)) {
            match tell(app, due, choices.clone(), zone.clone()).await {
                Ok(is_told) => mails += usize::from(is_told),
                // It keeps nobody else from being told.
                Err(error) => tracing::warn!(%user, %error, "news of somebody could not be put into a mail"),
            }
        }
    }
    Ok(mails)
}

/// Returns what of one person's news is due: of a room by itself where they are told at once, and else of all rooms with
/// the same frequency together.
fn due(waiting: &[Waiting], choices: &Choices, (zone, now): (&TimeZone, Time)) -> Vec<Due> {
    let mut due = Vec::new();
    let mut digests: BTreeMap<Frequency, (bool, Vec<RoomId>)> = BTreeMap::new();
    for Waiting { user, room, since } in waiting {
        let frequency = choices.rooms.get(room).copied().unwrap_or(choices.frequency);
        let is_due = due_at(*since, frequency, zone) <= now;
        match frequency {
            Frequency::AtOnce if is_due => due.push(Due { user: *user, rooms: vec![*room] }),
            Frequency::AtOnce => {}
            Frequency::Hourly | Frequency::Daily | Frequency::Never => {
                let (is_any_due, rooms) = digests.entry(frequency).or_default();
                *is_any_due |= is_due;
                rooms.push(*room);
            }
        }
    }
    let user = waiting.first().map(|waiting| waiting.user);
    let digests = digests.into_values().filter(|(is_due, _)| *is_due);
    let digests = digests.filter_map(|(_, rooms)| Some(Due { user: user?, rooms }));
    due.extend(digests);
    due
}

/// Returns when somebody is told of what waits since then.
fn due_at(since: Time, frequency: Frequency, zone: &TimeZone) -> Time {
    match frequency {
        Frequency::AtOnce => since.after(GATHERED),
        Frequency::Hourly => {
            let hours = since.as_microsecond().div_euclid(HOUR) + 1;
            Time::from_microsecond(hours * HOUR).unwrap_or(since)
        }
        // Only at the end of the calendar is there no later morning.
        Frequency::Daily => next_morning(since, zone).map_or(since, Time::from),
        // It is taken out at once, and told to nobody.
        Frequency::Never => since,
    }
}

fn next_morning(since: Time, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
    let since = Timestamp::from(since);
    let today = zone.to_datetime(since).date();
    let morning_of = |day: jiff::civil::Date| -> Result<Timestamp, jiff::Error> {
        Ok(day.at(MORNING, 0, 0, 0).to_zoned_datetime(zone.clone())?.timestamp())
    };
    let this = morning_of(today)?;
    if this > since { Ok(this) } else { morning_of(today.tomorrow()?) }
}

/// Writes one mail with what is due. Returns `false` if nothing of it is to be told any more.
async fn tell(app: &App, due: Due, choices: Choices, zone: TimeZone) -> Result<bool> {
    for room in &due.rooms {
        rooms::state::bring_up(app, *room).await?;
    }
    let (in_tx, now) = (app.clone(), app.now());
    let write = async move |tx: &mut Tx| {
        let Due { user, rooms } = due;
        let account = |platform: &room::fold::PlatformState| platform.users.get(&user).cloned();
        let account = log::of_platform(tx, &in_tx, account).await?.filter(|account| !account.disabled);
        let mut news = Vec::new();
        for room in &rooms {
            let taken = db::news::take(tx, user, *room).await?;
            let Some(account) = &account else { continue };
            let frequency = choices.rooms.get(room).copied().unwrap_or(choices.frequency);
            if frequency == Frequency::Never || taken.is_empty() {
                continue;
            }
            let matters = taken.iter().map(|news| serde_json::from_str::<Matter>(&news.told));
            let matters: Vec<_> = matters
                .collect::<Result<_, _>>()
                .map_err(|error| Error::internal(format!("news that this program cannot tell: {error}")))?;
            let wanted = matters.into_iter().filter(|matter| !choices.without.contains(&matter.kind()));
            let wanted: Vec<_> = wanted.collect();
            news.extend(of_room(tx, &in_tx, (*room, now), (&account.email, &zone), &wanted).await?);
        }
        let (Some(account), false) = (account, news.is_empty()) else { return Ok(false) };
        // One thread for each room; what is about several is in none.
        let room = if let [only] = &news[..] { Some(only.room_id) } else { None };
        let to = Addressed { receiver: &account.email, room, ..Addressed::default() };
        outbox::write(tx, &in_tx, to, &Told::News { rooms: news }, now).await?;
        Ok(true)
    };
    Box::pin(app.db.write(write)).await
}

/// Returns what is told of a room. `None` if nothing is: the person is no party any more, or all has been settled.
async fn of_room(
    tx: &mut Tx,
    app: &App,
    (room, now): (RoomId, Time),
    (email, zone): (&str, &TimeZone),
    matters: &[Matter],
) -> Result<Option<NewsOfRoom>> {
    let held = match log::seen(tx, app, Log::Room(room), u64::MAX).await {
        Err(Error::LogNotSound(_)) => None,
        held => held?,
    };
    let Some(state) = held.as_ref().and_then(|held| held.room()) else { return Ok(None) };
    let is_party = state.parties.values().any(|party| party.email == email);
    if state.room.status != RoomStatus::Active || !is_party {
        return Ok(None);
    }
    let state = RoomState::of(Content::with_last_words(state), now);
    let items = Teller { state: &state, email, zone }.items(matters);
    let is_empty = items.is_empty();
    let title = state.room.title.clone();
    Ok((!is_empty).then_some(NewsOfRoom { room_id: room, title, subject: words::subject(&items), items }))
}
