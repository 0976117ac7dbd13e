//! The standing of the operation: how many of its documents were resolved, and what kept it from its next phase.

use super::block::{Block, Fact};
use super::cell::Cell;
use super::context::Context;
use super::field::Field;
use super::section::Body;
use super::table::{Table, left};
use crate::record::{BlockerFacts, Standing};
use crate::words;

/// The facts that a reader looks for first.
const PROGRESS: &[Fact] = &[
    Fact {
        label: "Next phase",
        cell: |c| {
            let next = c.record.standing.as_ref()?.next_phase.as_deref();
            Some(Cell::text(next.map_or_else(|| "None: this is the last".to_owned(), words::from_identifier)))
        },
    },
    Fact { label: "Progress", cell: |c| c.record.standing.as_ref().map(|standing| Cell::text(progress(standing))) },
];

/// The fields of the standing, which are part of `room.csv`.
pub(super) const FIELDS: &[Field<Standing>] = &[
    Field { name: "next_phase", value: |s| s.next_phase.as_deref().into() },
    Field { name: "progress_percentage", value: |s| s.progress_percentage.into() },
    Field { name: "total_required_docs", value: |s| s.total_required_docs.into() },
    Field { name: "resolved_required_docs", value: |s| s.resolved_required_docs.into() },
];

/// Returns what stands in the way of the next phase.
pub(super) fn section(context: &Context) -> Body<'_> {
    let Some(standing) = &context.record.standing else { return Body::Unknown };
    let blockers = match standing.next_phase {
        Some(_) => blockers().with(standing.blockers.iter()),
        None => Block::aside("The operation is in its last phase: there is nothing to stand in its way."),
    };
    Body::Blocks(vec![Block::Facts(PROGRESS), blockers])
}

fn progress(standing: &Standing) -> String {
    match standing.total_required_docs {
        0 => "No document is required".to_owned(),
        total => format!(
            "{} of {} required documents resolved ({} %)",
            words::count(standing.resolved_required_docs),
            words::count(total),
            standing.progress_percentage,
        ),
    }
}

fn blockers<'a>() -> Table<&'a BlockerFacts> {
    Table {
        columns: vec![
            left("What", 22.0, |b| Cell::text(words::from_identifier(&b.kind))),
            left("Detail", 78.0, |b| Cell::text(&b.detail)),
        ],
        empty: "Nothing keeps the operation from its next phase.",
    }
}

/// The fields of `blockers.csv`.
pub(super) fn blocker_fields<'a>() -> Vec<Field<&'a BlockerFacts>> {
    vec![
        Field { name: "kind", value: |b| b.kind.as_str().into() },
        Field { name: "detail", value: |b| b.detail.as_str().into() },
        Field { name: "document_id", value: |b| b.document_id.as_deref().into() },
        Field { name: "vessel_id", value: |b| b.vessel_id.as_deref().into() },
    ]
}
