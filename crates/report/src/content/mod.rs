//! The report's description: its sections in order, the words in them, columns and their widths.
//!
//! PDF and CSV are both drawn from these tables. A new section is a new [`Table`] here, a line in
//! [`SECTIONS`] for the PDF and a line in `csv.rs` for its file.

mod cell;
mod facts;
mod notes;
mod tables;

pub(crate) use cell::{Cell, Field, Look, Value};
pub(crate) use facts::{Context, Fact, ROOM_FIELDS, SNAPSHOT_FIELDS};
pub(crate) use notes::about;
pub(crate) use tables::{ACTIVITY, Align, Heading, PARTIES, Rows, Table};

use facts::{OPERATION, SNAPSHOT};

use crate::record::Record;
use crate::words;

/// What kind of document this is, above its title.
pub(crate) const KIND: &str = "Snapshot of a ship-to-ship transfer room";

/// What a reader of headings is told where a title has no visible character.
pub(crate) const UNTITLED: &str = "(untitled)";

/// The sections of the PDF, in order.
pub(crate) const SECTIONS: &[Section] = &[
    Section { name: "room", heading: "The operation", body: Body::Facts(OPERATION) },
    Section { name: "snapshot", heading: "This snapshot", body: Body::Facts(SNAPSHOT) },
    Section { name: "parties", heading: "Parties", body: Body::Table(|record| Some(PARTIES.rows(&record.parties))) },
    Section {
        name: "activity",
        heading: "Activity",
        body: Body::Table(|record| record.activity.as_deref().map(|rows| ACTIVITY.rows(rows))),
    },
    Section { name: "about", heading: "About this document", body: Body::About },
];

/// A section of the PDF.
pub(crate) struct Section {
    /// Its name in the record, by which [`crate::record::Limit`] speaks of it.
    pub(crate) name: &'static str,
    /// Its heading.
    pub(crate) heading: &'static str,
    /// What is in it.
    pub(crate) body: Body,
}

/// What is in a section.
pub(crate) enum Body {
    /// Labels and values.
    Facts(&'static [Fact]),
    /// Rows under a header; none where the section was left out on request.
    Table(for<'a> fn(&'a Record) -> Option<Box<dyn Rows + 'a>>),
    /// How the document was made and how to check it.
    About,
}

impl Section {
    /// What the record says about rows that it does not hold, if any are missing.
    pub(crate) fn limit(&self, record: &Record) -> Option<String> {
        let limit = record.limits.iter().find(|limit| limit.section == self.name)?;
        Some(format!(
            "The record holds the newest {} of {} entries. Older ones are in the room itself.",
            words::count(limit.shown),
            words::count(limit.total),
        ))
    }

    /// The sentence that stands in for a section that was left out on request.
    pub(crate) fn left_out(&self) -> String {
        format!("{} was left out of this snapshot on request. That does not mean that there was none.", self.heading)
    }
}

/// The line under the title: when, and by whom.
pub(crate) fn standfirst(record: &Record) -> String {
    let snapshot = &record.snapshot;
    format!(
        "The room as it stood on {}, frozen by {} ({}).",
        words::time_utc(snapshot.created_at),
        snapshot.created_by.name,
        words::from_identifier(&snapshot.created_by.role),
    )
}
