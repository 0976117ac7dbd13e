//! The trade's clocks: the planned end, the coastal State's notice, the demurrage claim, and how long the papers are
//! kept.

use super::block::{Block, Fact, Part};
use super::cell::{Cell, Look};
use super::context::Context;
use super::field::Field;
use super::section::Body;
use super::table::{Table, left};
use crate::record::{ClaimFacts, ClockFacts, ExpiryFacts, NoticeFacts, RetentionFacts, UndatedFacts};
use crate::words;

/// The state of each clock.
const CLOCKS: &[Fact] = &[
    Fact { label: "Planned end", cell: planned_end },
    Fact {
        label: "Coastal State notice",
        cell: |c| {
            let notice = c.clocks()?.coastal_notice.as_ref();
            Some(notice.map_or_else(|| Cell::text("None is needed for this operation."), notice_state))
        },
    },
    Fact { label: "Notice due", cell: |c| Some(Cell::text(words::time_utc(notice(c)?.due_at))) },
    Fact { label: "Notice given", cell: |c| notice_given(notice(c)?) },
    Fact {
        label: "Demurrage claim",
        cell: |c| {
            let claim = c.clocks()?.claim.as_ref();
            Some(claim.map_or_else(|| Cell::text("Its 90 days begin when the transfer is completed."), claim_state))
        },
    },
    Fact {
        label: "Retention of the papers",
        cell: |c| {
            let retention = c.clocks()?.retention.as_ref();
            Some(retention.map_or_else(|| Cell::text("Begins when the room is closed."), retention_state))
        },
    },
];

/// The fields of `clocks.csv`.
pub(super) const FIELDS: &[Field<ClockFacts>] = &[
    Field { name: "planned_end", value: |c| c.planned_end.into() },
    Field { name: "coastal_notice_due_at", value: |c| c.coastal_notice.as_ref().map(|n| n.due_at).into() },
    Field { name: "coastal_notice_state", value: |c| c.coastal_notice.as_ref().map(|n| n.state.as_str()).into() },
    Field { name: "coastal_notice_given_at", value: |c| c.coastal_notice.as_ref().and_then(|n| n.given_at).into() },
    Field {
        name: "coastal_notice_notified_eta",
        value: |c| c.coastal_notice.as_ref().and_then(|n| n.notified_eta).into(),
    },
    Field { name: "claim_started_at", value: |c| c.claim.as_ref().map(|claim| claim.started_at).into() },
    Field { name: "claim_deadline", value: |c| c.claim.as_ref().map(|claim| claim.deadline).into() },
    Field { name: "claim_state", value: |c| c.claim.as_ref().map(|claim| claim.state.as_str()).into() },
    Field { name: "retention_closed_at", value: |c| c.retention.as_ref().map(|r| r.closed_at).into() },
    Field { name: "retention_at_least_until", value: |c| c.retention.as_ref().map(|r| r.at_least_until).into() },
    Field { name: "retention_until", value: |c| c.retention.as_ref().map(|r| r.until).into() },
];

/// Returns the clocks, and under a heading of its own the documents that run out.
pub(super) fn section(context: &Context) -> Body<'_> {
    let Some(standing) = &context.record.standing else { return Body::Unknown };
    let mut blocks = vec![expiring().with(standing.expiring_soon.iter())];
    if !standing.undated.is_empty() {
        blocks.push(Block::Text(Look::Text, "These run out, too, and nobody has said when:".to_owned()));
        blocks.push(undated().with(standing.undated.iter()));
    }
    Body::Parts(vec![
        Part { heading: "Clocks".to_owned(), blocks: vec![Block::Facts(CLOCKS)] },
        Part { heading: "Documents that run out".to_owned(), blocks },
    ])
}

/// Returns the planned end of the operation. `None` for a record without clocks.
pub(super) fn planned_end(context: &Context) -> Option<Cell> {
    Some(Cell::text(words::time_utc(context.clocks()?.planned_end)))
}

fn notice(context: &Context) -> Option<&NoticeFacts> {
    context.clocks()?.coastal_notice.as_ref()
}

fn notice_state(notice: &NoticeFacts) -> Cell {
    // MARPOL Annex I, regulation 42: the coastal State is told 48 hours before a transfer in its territorial sea or
    // economic zone (42.1), and again if the ETA moves by more than 6 hours (42.3).
    let (state, sentence) = match notice.state.as_str() {
        "open" => {
            ("Open", "It has to be given at least 48 hours before the transfer (MARPOL Annex I, regulation 42.1).")
        }
        "overdue" => (
            "Overdue",
            "It had to be given at least 48 hours before the transfer (MARPOL Annex I, regulation 42.1), and the room \
             holds none.",
        ),
        "given" => ("Given", "In time: at least 48 hours before the transfer."),
        "given_late" => ("Given late", "Less than 48 hours before the transfer (MARPOL Annex I, regulation 42.1)."),
        "revise" => (
            "To be revised",
            "The ETA has moved by more than 6 hours since the notice: the coastal State has to be told the new one \
             (MARPOL Annex I, regulation 42.3).",
        ),
        other => return Cell::text(words::from_identifier(other)),
    };
    Cell::default().with(Look::Strong, state).with(Look::Text, sentence)
}

fn notice_given(notice: &NoticeFacts) -> Option<Cell> {
    let given = words::time_utc(notice.given_at?);
    Some(Cell::text(match notice.notified_eta {
        Some(eta) => format!("{given}, for an ETA of {}", words::time_utc(eta)),
        None => given,
    }))
}

fn claim_state(claim: &ClaimFacts) -> Cell {
    let (started, deadline) = (words::time_utc(claim.started_at), words::time_utc(claim.deadline));
    // Charter parties commonly bar claims that are not presented with all their papers within 90 days.
    let barred = if claim.state == "passed" { "The claim was barred on" } else { "The claim is barred on" };
    Cell::default()
        .with(Look::Strong, words::from_identifier(&claim.state))
        .with(Look::Text, format!("{barred} {deadline}, 90 days after the transfer was completed on {started}."))
}

fn retention_state(retention: &RetentionFacts) -> Cell {
    let [closed, at_least, until] =
        [retention.closed_at, retention.at_least_until, retention.until].map(words::time_utc);
    // MARPOL Annex I, regulation 41.5: records of a transfer are kept for three years.
    Cell::text(format!(
        "The room was closed on {closed}. Its papers are kept until {until}, and at least until {at_least} \
         (MARPOL Annex I, regulation 41.5)."
    ))
}

fn expiring<'a>() -> Table<&'a ExpiryFacts> {
    Table {
        columns: vec![
            left("Document", 60.0, |e| Cell::text(&e.name)),
            left("Valid until", 14.0, |e| Cell::text(e.expires_on.to_string())),
            left("Runs out", 26.0, |e| {
                if e.before_end {
                    Cell::default().with(Look::Strong, "Before the planned end")
                } else {
                    Cell::text("Soon after the planned end")
                }
            }),
        ],
        empty: "No document runs out before the planned end of the operation or soon after it.",
    }
}

fn undated<'a>() -> Table<&'a UndatedFacts> {
    Table {
        columns: vec![
            left("Document", 60.0, |u| Cell::text(&u.name)),
            left("Valid until", 40.0, |_| Cell::default().with(Look::Strong, "No date given")),
        ],
        empty: "Every document that runs out has its date.",
    }
}

/// The fields of `expiring.csv`.
pub(super) fn expiry_fields<'a>() -> Vec<Field<&'a ExpiryFacts>> {
    vec![
        Field { name: "document_id", value: |e| e.document_id.as_str().into() },
        Field { name: "name", value: |e| e.name.as_str().into() },
        Field { name: "vessel_id", value: |e| e.vessel_id.as_deref().into() },
        Field { name: "expires_on", value: |e| e.expires_on.into() },
        Field { name: "before_end", value: |e| e.before_end.into() },
    ]
}
