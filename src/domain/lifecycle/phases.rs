//! Takes a room from phase to phase. It enters the next phase if the gate is passed, or overridden with a reason.

use room::{
    Event, Log, OverriddenBlocker, Phase, RoomId, RoomState, SnapshotId, SnapshotType, Time,
    bounds::{Instant, OptionalReason},
    standing::{self, Blocker},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{self, Tx},
    domain::{
        input::Fields,
        log::{
            Actor, Once, OpenLog,
            idempotency::{entry_of, id_of_next_entry},
            operation,
        },
        rooms,
        snapshots::{self, NewSnapshot},
    },
    error::{Error, Result},
    portion::fitting,
};

/// How many blockers a refusal names; `GET …/summary` returns all of them.
const NAMED: usize = 5;

/// How many overridden blockers an entry of the log lists: more than a room with the most vessels has documents, so that
/// only a catalogue that has grown very long reaches it.
const MOST_LISTED: usize = 1_000;

/// The most that the sentences about overridden blockers may take in a response, in bytes.
const MOST_SENTENCES: usize = 200_000;

/// The request to change the phase of a room.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPhase {
    /// The next phase; or an earlier one, with a reason.
    pub phase: Phase,
    /// Enter the phase although its gate is not passed; takes a reason.
    #[serde(default, rename = "override")]
    pub overriding: bool,
    /// When it happened, if that was earlier than now; the clocks start from it.
    #[serde(default)]
    #[schema(value_type = Option<Instant>)]
    pub at: Option<String>,
    /// Why the gate is overridden, or the STS operation goes back; the log keeps it.
    #[serde(default)]
    #[schema(value_type = Option<OptionalReason>)]
    pub reason: Option<String>,
}

/// The result of a change of phase.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The phase before the change.
    pub from: Phase,
    /// The phase after the change.
    pub to: Phase,
    /// The blockers that were overridden, in sentences.
    pub overridden: Vec<String>,
    /// The snapshot that was taken with the change, if one was.
    pub snapshot: Option<SnapshotId>,
}

/// Takes a room to its next phase, or back to an earlier one.
///
/// A snapshot is taken in the same transaction when the room enters `planning` from `clearance`, and when it enters
/// `closed`.
pub async fn change(app: &App, by: &Actor, room: RoomId, request: NewPhase, once: Option<Once>) -> Result<Changed> {
    let mut fields = Fields::default();
    let reason = fields.optional_text("reason", request.reason.as_deref());
    if request.overriding && reason.is_none() {
        fields.fault("reason", "must be given with `override`; the log keeps it");
    }
    let at = request.at.as_deref().and_then(|at| fields.time("at", at));
    if at.is_some_and(|at| at > app.now()) {
        fields.fault("at", "must not be in the future");
    }
    fields.done()?;
    let in_tx = app.clone();
    let changed = operation(app, Log::Room(room), by, async move |tx, log| {
        let state = rooms::state::of_log(log)?;
        let id = id_of_next_entry(log);
        if let Some(before) = Once::repeats(once.as_ref(), tx, log, &request, id).await? {
            return changed_before(tx, log, &state, entry_of(before)).await;
        }
        let from = state.room.phase;
        let to = request.phase;
        let overridden =
            if to < from { check_step_back(&state, reason.as_deref())? } else { check_step_forward(&state, &request)? };
        log.append(tx, &phase_changed((from, to), at, &overridden, reason)).await?;
        // After the entry, so the record has the new phase and the log that led to it. In the same transaction, since
        // a room that counts as cleared or closed without its snapshot could not be shown as it was then.
        let snapshot = automatic_snapshot(tx, log, &in_tx, room, (from, to)).await?;
        let details = overridden.into_iter().map(|blocker| blocker.detail).collect();
        Ok(Changed { from, to, overridden: sentences(details, 0), snapshot })
    })
    .await?;
    app.job_enqueued.notify_one();
    Ok(changed)
}

/// Returns the result of a change that the same request has made before, from the entry that tells of it.
async fn changed_before(tx: &mut Tx, log: &OpenLog, state: &RoomState, at: i64) -> Result<Changed> {
    let entries = db::activity::range(tx, log.log(), at, at + 2).await?;
    let mut events = entries.iter().map(|entry| Event::from_entry(&entry.action, &entry.meta).map(|(event, _)| event));
    let Some(Ok(Event::PhaseChanged { from, to, overridden, more_overridden, .. })) = events.next() else {
        return Err(Error::internal("a change of phase without its entry"));
    };
    let more = usize::try_from(more_overridden.unwrap_or_default()).unwrap_or(usize::MAX);
    // The entry has no sentences: they are those of now, and only kinds of what has been dealt with since.
    let blockers = standing::blockers(state, to);
    let detail = |was: OverriddenBlocker| {
        let same = blockers.iter().find(|blocker| OverriddenBlocker::from(*blocker) == was);
        same.map_or_else(|| was.kind.word().replace('_', " "), |blocker| blocker.detail.clone())
    };
    let details = overridden.into_iter().map(detail).collect();
    let snapshot = snapshot_of((from, to)).and_then(|_| match events.next() {
        Some(Ok(Event::SnapshotCreated { snapshot_id, .. })) => Some(snapshot_id),
        _ => None,
    });
    Ok(Changed { from, to, overridden: sentences(details, more), snapshot })
}

/// Returns the event of a step. If very many blockers were overridden, it lists the first of them and says how many more
/// there were.
fn phase_changed(
    (from, to): (Phase, Phase),
    at: Option<Time>,
    overridden: &[Blocker],
    reason: Option<String>,
) -> Event {
    let listed: Vec<_> = overridden.iter().take(MOST_LISTED).map(OverriddenBlocker::from).collect();
    let more = overridden.len() - listed.len();
    let more_overridden = (more > 0).then_some(more as u64);
    Event::PhaseChanged { from, to, at, overridden: listed, more_overridden, reason }
}

fn check_step_back(state: &RoomState, reason: Option<&str>) -> Result<Vec<Blocker>> {
    if reason.is_none() {
        let from = state.room.phase;
        return Err(Error::field("reason", format!("must be given to go back from `{from}`; the log keeps it")));
    }
    Ok(Vec::new())
}

/// Checks the gate of the next phase. Returns the blockers that are overridden, none if the gate is passed.
fn check_step_forward(state: &RoomState, request: &NewPhase) -> Result<Vec<Blocker>> {
    let (from, to) = (state.room.phase, request.phase);
    let Some(next) = from.next().filter(|_| from != to) else {
        return Err(Error::conflict(format!("the operation is in `{from}` already")));
    };
    if to != next {
        return Err(Error::conflict(format!("after `{from}` comes `{next}`; no phase is passed over")));
    }
    let blockers = standing::blockers(state, to);
    // Asking to override a gate that is passed overrides nothing: the entry then names no blockers.
    if blockers.is_empty() || request.overriding {
        return Ok(blockers);
    }
    let named: Vec<_> = blockers.iter().take(NAMED).map(|blocker| &*blocker.detail).collect();
    let more = blockers.len() - named.len();
    let more = if more == 0 { String::new() } else { format!("; and {more} more, see the room's summary") };
    Err(Error::conflict(format!("`{to}` is not open yet: {}{more}", named.join("; "))))
}

/// Returns the overridden blockers as the response names them: if there are very many, the first of them and how many
/// more there are.
fn sentences(details: Vec<String>, more: usize) -> Vec<String> {
    let all = details.len() + more;
    let mut named = fitting(details, MOST_SENTENCES);
    let more = all - named.len();
    named.extend((more > 0).then(|| format!("and {more} more")));
    named
}

/// Returns the title of the snapshot that is taken with a step. `None` if none is taken.
pub fn snapshot_of(step: (Phase, Phase)) -> Option<&'static str> {
    match step {
        (Phase::Clearance, Phase::Planning) => Some("As planning began"),
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
    let request = NewSnapshot { title: Some(title.into()), ..NewSnapshot::of(SnapshotType::Pdf) };
    let id = SnapshotId(app.new_id());
    snapshots::freeze(tx, log, app, room, (id, &request.checked()?)).await?;
    Ok(Some(id))
}
