//! What changed in a room from one moment to another: of two snapshots, or of any two positions of its log.

use room::{SnapshotId, Time};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    domain::snapshots::{
        compare::{self, Comparison, Found, Side},
        position::Moment,
    },
    error::{Error, Result},
    http::{Access::May, FromPairs, Given, Ids, InRoom, Json, Kind, Query, Routes},
    policy::Action::SnapshotView,
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get(
            "/rooms/{room_id}/snapshots/{snapshot_id}/compare/{other_id}",
            May(SnapshotView),
            of_snapshots,
            "What changed in the room from one snapshot to the other",
        )
        .get(
            "/rooms/{room_id}/compare",
            May(SnapshotView),
            of_moments,
            "What changed in the room from one moment to another: snapshots, entries of the log, or times",
        )
        .refusing(&["409"])
}

/// The largest size of a comparison, in bytes.
const MOST_DIFFERENCES: usize = 1_500_000;

/// A snapshot that is compared with another.
#[derive(Serialize, ToSchema)]
struct Compared {
    #[schema(value_type = String, format = "uuid")]
    id: SnapshotId,
    title: String,
    #[schema(value_type = String, format = "date-time")]
    created_at: Time,
}

/// What changed in a room from one snapshot to another.
#[derive(Serialize, ToSchema)]
struct ComparisonView {
    from: Compared,
    to: Compared,
    #[serde(flatten)]
    comparison: Comparison,
}

async fn of_snapshots(app: App, room: InRoom, Ids(a, b): Ids<SnapshotId, SnapshotId>) -> Result<Json<ComparisonView>> {
    let (found, comparison) = compare::compare(&app, room.id, [a, b].map(Side::Snapshot)).await?;
    let [from, to] =
        found.map(|found| found.snapshot.map(|it| Compared { id: it.id, title: it.title, created_at: it.created_at }));
    let (from, to) = from.zip(to).ok_or(Error::NotFound("snapshot"))?;
    Ok(Json(ComparisonView { from, to, comparison: comparison.within(MOST_DIFFERENCES) }))
}

/// The two moments that are compared.
struct Moments {
    from: Side,
    to: Side,
}

/// The number of an entry, from 0.
const ENTRY: Kind = Kind::COUNT;

impl FromPairs for Moments {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        ("from_snapshot", Kind::Id, "The moment that a snapshot shows"),
        (
            "from_at_entry",
            ENTRY,
            "The moment after this entry of the log, and those that its operation has appended with it",
        ),
        ("from_as_of", Kind::Time, "The moment after the last operation up to this time"),
        ("to_snapshot", Kind::Id, "The moment that a snapshot shows"),
        (
            "to_at_entry",
            ENTRY,
            "The moment after this entry of the log, and those that its operation has appended with it",
        ),
        ("to_as_of", Kind::Time, "The moment after the last operation up to this time; without any of the three: now"),
    ];

    fn read(given: &mut Given) -> Self {
        let names = ["from_snapshot", "from_at_entry", "from_as_of"];
        if !given.has_any(&names) {
            given.fault("from_snapshot", "must be given, or one of `from_at_entry` and `from_as_of`");
        }
        let from = side(given, names);
        let to = side(given, ["to_snapshot", "to_at_entry", "to_as_of"]);
        let now = Side::Moment(Moment::Now);
        Self { from: from.unwrap_or(now), to: to.unwrap_or(now) }
    }
}

/// Reads one of the two, of whose three parameters at most one may be given.
fn side(given: &mut Given, [snapshot, entry, time]: [&str; 3]) -> Option<Side> {
    let sides = [
        (snapshot, given.id(snapshot).map(Side::Snapshot)),
        (entry, given.position(entry).map(|entry| Side::Moment(Moment::Entry(entry)))),
        (time, given.time(time).map(|time| Side::Moment(Moment::Time(time)))),
    ];
    let mut found = sides.into_iter().filter_map(|(name, side)| Some((name, side?)));
    let (first, side) = found.next()?;
    if let Some((other, _)) = found.next() {
        given.fault(other, format!("cannot be given together with `{first}`"));
    }
    Some(side)
}

/// A moment of a room that is compared.
#[derive(Serialize, ToSchema)]
struct MomentView {
    /// The snapshot that shows it; null if it was not asked for by one.
    #[schema(value_type = Option<String>, format = "uuid")]
    snapshot_id: Option<SnapshotId>,
    /// The number of entries of the log up to it.
    log_size: u64,
    /// The instant at which clocks and expiries are reckoned.
    #[schema(value_type = String, format = "date-time")]
    at: Time,
}

impl From<Found> for MomentView {
    fn from(found: Found) -> Self {
        Self { snapshot_id: found.snapshot.map(|snapshot| snapshot.id), log_size: found.size, at: found.at }
    }
}

/// What changed in a room from one moment to another.
#[derive(Serialize, ToSchema)]
struct MomentsView {
    from: MomentView,
    to: MomentView,
    #[serde(flatten)]
    comparison: Comparison,
}

async fn of_moments(app: App, room: InRoom, Query(Moments { from, to }): Query<Moments>) -> Result<Json<MomentsView>> {
    let ([from, to], comparison) = compare::compare(&app, room.id, [from, to]).await?;
    let comparison = comparison.within(MOST_DIFFERENCES);
    Ok(Json(MomentsView { from: from.into(), to: to.into(), comparison }))
}
