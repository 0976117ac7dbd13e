//! Phases: an operation goes from one to the next through its gate, or over it with a reason.

use room::{
    Event, Log, Phase, Room, RoomId, RoomState, SnapshotId, SnapshotType, Time,
    bounds::{Instant, OptionalReason},
    standing,
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{self, Tx},
    domain::{
        input::Fields,
        log::{Actor, OpenLog, operation},
        rooms,
        snapshots::{self, NewSnapshot},
    },
    error::{Error, Result},
    portion::fitting,
};

/// Things in the way that a refusal names; `GET …/summary` tells all.
const NAMED: usize = 5;

/// The most of what was overridden that an entry of the log holds, in bytes.
const MOST_OVERRIDDEN: usize = 200_000;

/// The phase to go to.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPhase {
    /// The next phase; or an earlier one, with a reason.
    pub phase: Phase,
    /// Enter it although its gate is not passed; takes a reason.
    #[serde(default, rename = "override")]
    pub overriding: bool,
    /// When it happened, where that was earlier; the clocks start from it.
    #[serde(default)]
    #[schema(value_type = Option<Instant>)]
    pub at: Option<String>,
    /// Why the gate is overridden, or the operation goes back; the log keeps it.
    #[serde(default)]
    #[schema(value_type = Option<OptionalReason>)]
    pub reason: Option<String>,
}

/// What a change of phase came to.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The phase before.
    pub from: Phase,
    /// The phase now.
    pub to: Phase,
    /// What stood in the way and was overridden.
    pub overridden: Vec<String>,
    /// The snapshot that was taken with it.
    pub snapshot: Option<SnapshotId>,
}

/// Takes a room to its next phase, or back to an earlier one.
///
/// To enter `planning` from `clearance`, and to enter `closed`, takes a snapshot in the same transaction.
pub async fn change(app: &App, by: &Actor, room: RoomId, asked: NewPhase) -> Result<Changed> {
    let mut fields = Fields::default();
    let reason = fields.optional_text("reason", asked.reason.as_deref());
    if asked.overriding && reason.is_none() {
        fields.fault("reason", "must be given with `override`; the log keeps it");
    }
    let at = asked.at.as_deref().and_then(|at| fields.time("at", at));
    if at.is_some_and(|at| at > app.now()) {
        fields.fault("at", "must not be in the future");
    }
    fields.done()?;
    let in_tx = app.clone();
    let changed = operation(app, Log::Room(room), by, async move |tx, log| {
        let state = rooms::state::read(tx, room, log.now).await?;
        let from = state.room.phase;
        let to = asked.phase;
        let overridden = if to < from { back(&state, reason.as_deref())? } else { forth(&state, &asked)? };
        db::rooms::update(tx, &arrived(state.room, to, (at.unwrap_or(log.now), log.now))).await?;
        log.append(tx, &Event::PhaseChanged { from, to, at, overridden: overridden.clone(), reason }).await?;
        let snapshot = automatic_snapshot(tx, log, &in_tx, room, (from, to)).await?;
        Ok(Changed { from, to, overridden, snapshot })
    })
    .await?;
    app.job_enqueued.notify_one();
    Ok(changed)
}

fn back(state: &RoomState, reason: Option<&str>) -> Result<Vec<String>> {
    if reason.is_none() {
        let from = state.room.phase;
        return Err(Error::field("reason", format!("must be given to go back from `{from}`; the log keeps it")));
    }
    Ok(Vec::new())
}

/// Passes the gate, or overrides it; what was in the way.
fn forth(state: &RoomState, asked: &NewPhase) -> Result<Vec<String>> {
    let (from, to) = (state.room.phase, asked.phase);
    let Some(next) = from.next().filter(|_| from != to) else {
        return Err(Error::conflict(format!("the operation is in `{from}` already")));
    };
    if to != next {
        return Err(Error::conflict(format!("after `{from}` comes `{next}`; no phase is passed over")));
    }
    let mut blockers: Vec<_> = standing::blockers(state, to).into_iter().map(|blocker| blocker.detail).collect();
    if blockers.is_empty() || asked.overriding {
        return Ok(named(blockers));
    }
    let more = blockers.len().saturating_sub(NAMED);
    blockers.truncate(NAMED);
    let more = if more == 0 { String::new() } else { format!("; and {more} more, see the room's summary") };
    Err(Error::conflict(format!("`{to}` is not open yet: {}{more}", blockers.join("; "))))
}

/// What was overridden, as the log and the answer name it: of very many the first, and how many more.
fn named(blockers: Vec<String>) -> Vec<String> {
    let all = blockers.len();
    let mut named = fitting(blockers, MOST_OVERRIDDEN);
    let more = all - named.len();
    named.extend((more > 0).then(|| format!("and {more} more")));
    named
}

/// The room in another phase, with the clocks that it starts or stops. What keeps snapshots starts now, whatever was
/// told; the others start when it happened.
fn arrived(mut room: Room, to: Phase, (at, now): (Time, Time)) -> Room {
    room.phase = to;
    room.transfer_completed_at = (to > Phase::Transfer).then(|| room.transfer_completed_at.unwrap_or(at));
    room.closed_at = (to == Phase::Closed).then_some(at);
    if to == Phase::Closed {
        room.retained_from = Some(now);
    }
    room
}

/// The title of the snapshot that is taken with a step, where one is.
pub fn snapshot_of(step: (Phase, Phase)) -> Option<&'static str> {
    match step {
        (Phase::Clearance, Phase::Planning) => Some("Cleared: as planning began"),
        (_, Phase::Closed) => Some("Closed: as the room was closed"),
        _ => None,
    }
}

async fn automatic_snapshot(
    tx: &mut Tx,
    log: &mut OpenLog,
    app: &App,
    room: RoomId,
    step: (Phase, Phase),
) -> Result<Option<SnapshotId>> {
    let Some(title) = snapshot_of(step) else { return Ok(None) };
    let asked = NewSnapshot { title: Some(title.into()), ..NewSnapshot::of(SnapshotType::Pdf) };
    let id = SnapshotId(app.new_id());
    snapshots::freeze(tx, log, app, room, (id, &asked.checked()?)).await?;
    Ok(Some(id))
}
