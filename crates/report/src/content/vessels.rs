//! The vessels of the room, and their clearance by the parties.

use super::cell::{Cell, Look};
use super::field::Field;
use super::table::{Table, left};
use crate::record::{ApprovalFacts, Record, VesselFacts};
use crate::words;

/// A fact about a vessel, with the vessel's name.
pub(super) struct OfVessel<'a, F> {
    pub(super) facts: &'a F,
    pub(super) vessel: &'a str,
}

impl<'a, F> OfVessel<'a, F> {
    /// Looks up the name. If the record does not hold the vessel, its id stands in; without a vessel the name is empty.
    pub(super) fn new(record: &'a Record, facts: &'a F, vessel: Option<&'a str>) -> Self {
        let name = |id: &'a str| record.vessels.iter().find(|vessel| vessel.id == id).map_or(id, |vessel| &vessel.name);
        Self { facts, vessel: vessel.map_or("", name) }
    }
}

/// The table of vessels.
pub(super) fn table<'a>() -> Table<&'a VesselFacts> {
    Table {
        columns: vec![
            left("Vessel", 19.0, |v| {
                let status = (v.status != "active").then(|| words::from_identifier(&v.status));
                Cell::default()
                    .with(Look::Strong, &v.name)
                    .with(Look::Text, words::from_identifier(&v.role))
                    .with_some(Look::Strong, status)
            }),
            left("IMO number", 16.0, |v| match (&v.imo_number, &v.no_imo_reason) {
                (Some(number), _) => Cell::text(number),
                (None, reason) => Cell::text("None").with_some(Look::Muted, reason.as_deref()),
            }),
            left("Flag and class", 16.0, |v| {
                Cell::default()
                    .with_some(Look::Text, v.flag.as_deref())
                    .with_some(Look::Muted, v.class_society.as_deref())
            }),
            left("Type", 14.0, |v| {
                Cell::default()
                    .with_some(Look::Text, v.vessel_type.as_deref())
                    .with_some(Look::Muted, v.year_built.map(|year| format!("built {year}")))
            }),
            left("Size", 17.0, |v| Cell::pairs(size(v))),
            left("Owner and charterer", 18.0, |v| {
                let parties = [("Owner", &v.owner), ("Charterer", &v.charterer)];
                let named = parties.into_iter().filter_map(|(label, name)| Some((label.to_owned(), name.clone()?)));
                Cell::pairs(named)
            }),
        ],
        empty: "No vessel was named when this snapshot was taken.",
    }
}

/// Returns the measures of a vessel that are known.
fn size(vessel: &VesselFacts) -> Vec<(String, String)> {
    let metres = |metres: Option<f64>| metres.map(|metres| format!("{metres} m"));
    let measures = [
        ("Length", metres(vessel.length_m)),
        ("Beam", metres(vessel.beam_m)),
        ("Draught", metres(vessel.draught_m)),
        ("GT", vessel.gross_tonnage.map(words::count)),
        ("DWT", vessel.deadweight_t.map(|tonnes| format!("{} t", words::count(tonnes)))),
    ];
    measures.into_iter().filter_map(|(label, measure)| Some((label.to_owned(), measure?))).collect()
}

/// The table of the parties' clearances.
pub(super) fn approvals<'a>() -> Table<OfVessel<'a, ApprovalFacts>> {
    Table {
        columns: vec![
            left("Vessel", 18.0, |a| Cell::text(a.vessel)),
            left("Party", 24.0, |a| {
                let role = words::from_identifier(&a.facts.role);
                let side = a.facts.side.as_deref().map(words::side);
                let role = [Some(role), side].into_iter().flatten().collect::<Vec<_>>().join(", ");
                Cell::text(&a.facts.by).with(Look::Muted, role)
            }),
            left("Clearance", 14.0, |a| Cell::default().with(Look::Strong, words::from_identifier(&a.facts.status))),
            left("Subjects or reason", 28.0, |a| Cell::text(a.facts.comment.as_deref().unwrap_or_default())),
            left("When (UTC)", 16.0, |a| Cell::text(words::time(a.facts.decided_at))),
        ],
        empty: "No party had been asked to clear a vessel when this snapshot was taken.",
    }
}

/// The fields of `vessels.csv`.
pub(super) fn fields<'a>() -> Vec<Field<&'a VesselFacts>> {
    vec![
        Field { name: "id", value: |v| v.id.as_str().into() },
        Field { name: "name", value: |v| v.name.as_str().into() },
        Field { name: "imo_number", value: |v| v.imo_number.as_deref().into() },
        Field { name: "no_imo_reason", value: |v| v.no_imo_reason.as_deref().into() },
        Field { name: "role", value: |v| v.role.as_str().into() },
        Field { name: "status", value: |v| v.status.as_str().into() },
        Field { name: "vessel_type", value: |v| v.vessel_type.as_deref().into() },
        Field { name: "flag", value: |v| v.flag.as_deref().into() },
        Field { name: "owner", value: |v| v.owner.as_deref().into() },
        Field { name: "charterer", value: |v| v.charterer.as_deref().into() },
        Field { name: "length_m", value: |v| v.length_m.into() },
        Field { name: "beam_m", value: |v| v.beam_m.into() },
        Field { name: "draught_m", value: |v| v.draught_m.into() },
        Field { name: "gross_tonnage", value: |v| v.gross_tonnage.into() },
        Field { name: "deadweight_t", value: |v| v.deadweight_t.into() },
        Field { name: "year_built", value: |v| v.year_built.into() },
        Field { name: "class_society", value: |v| v.class_society.as_deref().into() },
        Field { name: "added_at", value: |v| v.added_at.into() },
    ]
}

/// The fields of `approvals.csv`.
pub(super) fn approval_fields<'a>() -> Vec<Field<&'a ApprovalFacts>> {
    vec![
        Field { name: "id", value: |a| a.id.as_str().into() },
        Field { name: "vessel_id", value: |a| a.vessel_id.as_str().into() },
        Field { name: "by", value: |a| a.by.as_str().into() },
        Field { name: "role", value: |a| a.role.as_str().into() },
        Field { name: "side", value: |a| a.side.as_deref().into() },
        Field { name: "status", value: |a| a.status.as_str().into() },
        Field { name: "comment", value: |a| a.comment.as_deref().into() },
        Field { name: "decided_at", value: |a| a.decided_at.into() },
    ]
}
