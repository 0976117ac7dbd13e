//! The facts of the room and of the snapshot, for PDF and CSV.

use super::block::Fact;
use super::cell::{Cell, Look};
use super::context::Context;
use super::field::Field;
use super::{clocks, parties};
use crate::record::{Record, RoomFacts};
use crate::words;

/// The facts of the room.
pub(super) const OPERATION: &[Fact] = &[
    Fact { label: "Room", cell: |c| Some(Cell::text(&c.record.room.title)) },
    Fact { label: "Location", cell: |c| Some(Cell::text(&c.record.room.location)) },
    Fact { label: "ETA at the STS location", cell: |c| Some(Cell::text(words::time_utc(c.record.room.sts_eta))) },
    Fact {
        label: "Planned duration",
        cell: |c| c.record.room.planned_duration_hours.map(|hours| Cell::text(words::hours(hours))),
    },
    Fact { label: "Planned end", cell: clocks::planned_end },
    Fact {
        label: "Cargo profile",
        cell: |c| c.record.room.cargo_profile.as_deref().map(|id| Cell::text(words::from_identifier(id))),
    },
    Fact { label: "Phase", cell: |c| Some(Cell::text(words::from_identifier(&c.record.room.phase))) },
    Fact { label: "Status", cell: |c| Some(Cell::text(words::from_identifier(&c.record.room.status))) },
    Fact { label: "Description", cell: |c| c.record.room.description.as_deref().map(Cell::text) },
    Fact {
        label: "Opened",
        cell: |c| {
            let room = &c.record.room;
            Some(Cell::text(format!("{}, by {}", words::time_utc(room.created_at), room.created_by)))
        },
    },
    Fact { label: "Room ID", cell: |c| Some(Cell::code(&c.record.room.id)) },
];

/// The facts of the snapshot, among them those that make it checkable.
pub(super) const SNAPSHOT: &[Fact] = &[
    Fact { label: "Title", cell: |c| Some(Cell::text(&c.record.snapshot.title)) },
    Fact { label: "Shows the room as of", cell: |c| c.record.snapshot.as_of.map(|at| Cell::text(words::time_utc(at))) },
    Fact { label: "Taken", cell: |c| Some(Cell::text(words::time_utc(c.record.snapshot.created_at))) },
    Fact {
        label: "Taken by",
        cell: |c| {
            let by = &c.record.snapshot.created_by;
            let role = words::from_identifier(&by.role);
            // The warning stands here too: the party that looks like another may be the one who took the snapshot.
            let party = c.record.parties.iter().find(|party| party.email == by.email);
            let cell = Cell::text(format!("{} <{}>, {role}", by.name, by.email));
            Some(cell.with_some(Look::Muted, party.and_then(parties::resembles)))
        },
    },
    Fact { label: "Holds", cell: |c| Some(Cell::text(sections(&c.record))) },
    Fact { label: "Snapshot ID", cell: |c| Some(Cell::code(&c.record.snapshot.id)) },
    Fact { label: "Record SHA-256", cell: |c| Some(Cell::code(&c.sha256)) },
    Fact { label: "Log position", cell: |c| Some(Cell::text(format!("{} entries", words::count(c.record.log.size)))) },
    Fact { label: "Log root", cell: |c| Some(Cell::code(&c.record.log.root)) },
    Fact { label: "Log name", cell: |c| c.record.log.origin.as_deref().map(Cell::code) },
    Fact { label: "Log key", cell: |c| c.record.log.key.as_deref().map(Cell::code) },
    Fact { label: "Rendered by", cell: |c| Some(Cell::text(format!("{}, fonts: {}", c.edition.name(), c.fonts))) },
    Fact { label: "Times", cell: |_| Some(Cell::text("All times are in UTC.")) },
];

/// The facts of `snapshot.csv`.
pub(crate) const SNAPSHOT_FIELDS: &[Field<Context>] = &[
    Field { name: "id", value: |c| c.record.snapshot.id.as_str().into() },
    Field { name: "title", value: |c| c.record.snapshot.title.as_str().into() },
    Field { name: "created_at", value: |c| c.record.snapshot.created_at.into() },
    Field { name: "created_by_name", value: |c| c.record.snapshot.created_by.name.as_str().into() },
    Field { name: "created_by_email", value: |c| c.record.snapshot.created_by.email.as_str().into() },
    Field { name: "created_by_role", value: |c| c.record.snapshot.created_by.role.as_str().into() },
    Field { name: "holds", value: |c| sections(&c.record).as_str().into() },
    Field { name: "count_parties", value: |c| c.record.counts.parties.into() },
    Field { name: "count_vessels", value: |c| c.counted(|counts| counts.vessels) },
    Field { name: "count_documents", value: |c| c.counted(|counts| counts.documents) },
    Field { name: "count_versions", value: |c| c.counted(|counts| counts.versions) },
    Field { name: "count_activity", value: |c| c.record.counts.activity.into() },
    Field { name: "log_size", value: |c| c.record.log.size.into() },
    Field { name: "log_root", value: |c| c.record.log.root.as_str().into() },
    Field { name: "log_origin", value: |c| c.record.log.origin.as_deref().into() },
    Field { name: "log_key", value: |c| c.record.log.key.as_deref().into() },
    Field { name: "record_schema", value: |c| c.record.schema.as_str().into() },
    Field { name: "record_sha256", value: |c| c.sha256.as_str().into() },
    Field { name: "renderer", value: |c| c.edition.name().into() },
];

/// The facts of `room.csv`.
pub(crate) const ROOM_FIELDS: &[Field<RoomFacts>] = &[
    Field { name: "id", value: |r| r.id.as_str().into() },
    Field { name: "title", value: |r| r.title.as_str().into() },
    Field { name: "location", value: |r| r.location.as_str().into() },
    Field { name: "sts_eta", value: |r| r.sts_eta.into() },
    Field { name: "planned_duration_hours", value: |r| r.planned_duration_hours.into() },
    Field { name: "cargo_profile", value: |r| r.cargo_profile.as_deref().into() },
    Field { name: "phase", value: |r| r.phase.as_str().into() },
    Field { name: "status", value: |r| r.status.as_str().into() },
    Field { name: "description", value: |r| r.description.as_deref().into() },
    Field { name: "created_at", value: |r| r.created_at.into() },
    Field { name: "created_by", value: |r| r.created_by.as_str().into() },
];

/// Returns in words which sections the record holds.
fn sections(record: &Record) -> String {
    let sections = [
        ("room", true),
        ("standing", record.standing.is_some()),
        ("vessels", !record.predates_documents()),
        ("documents", record.documents.is_some()),
        ("approvals", record.approvals.is_some()),
        ("parties", true),
        ("activity", record.activity.is_some()),
    ];
    let held = chosen(&sections).join(", ");
    match left_out(record).as_slice() {
        [] => held,
        left_out => format!("{held}; {} left out on request", left_out.join(", ")),
    }
}

/// Returns which sections were left out on request.
pub(crate) fn left_out(record: &Record) -> Vec<&'static str> {
    // In a record of the first schema these sections are missing because there were none yet.
    let asked = !record.predates_documents();
    chosen(&[
        ("documents", asked && record.documents.is_none()),
        ("approvals", asked && record.approvals.is_none()),
        ("activity", record.activity.is_none()),
    ])
}

fn chosen(sections: &[(&'static str, bool)]) -> Vec<&'static str> {
    sections.iter().filter(|(_, chosen)| *chosen).map(|(name, _)| *name).collect()
}
