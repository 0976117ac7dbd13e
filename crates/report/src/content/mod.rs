//! The content of a report: its sections in order, their words, their columns and widths.
//!
//! PDF and CSV are both drawn from these tables. A new section is a file here, a line in [`SECTIONS`] for the PDF and a
//! line in [`files()`] for its CSV file.

mod activity;
mod block;
mod cell;
mod clocks;
mod context;
mod documents;
mod facts;
mod field;
mod files;
mod notes;
mod overridden;
mod papers;
mod parties;
mod section;
mod standing;
mod story;
mod table;
mod verdicts;
mod vessels;

pub(crate) use block::{Align, Block, Heading, Mark, Part, Rows, Share};
pub(crate) use cell::{Anchor, Cell, Look, Value};
pub(crate) use context::{Context, Proof};
pub(crate) use facts::left_out;
pub(crate) use files::{File, files};
pub(crate) use section::newest;

use std::collections::BTreeSet;

use facts::{OPERATION, SNAPSHOT};
use section::{Body, Section};
use vessels::OfVessel;

use crate::record::Record;
use crate::schema::SCHEMA;
use crate::words;

/// The kind of document, as it stands above the title.
pub(crate) const KIND: &str = "Snapshot of a ship-to-ship transfer room";

/// The heading for screen readers and bookmarks, if a title has no visible character (PDF/UA-1 demands one).
pub(crate) const UNTITLED: &str = "(untitled)";

/// The sections of the PDF in order, but for [`closing`].
const SECTIONS: &[Section] = &[
    Section { name: "standing", heading: "What stands in the way", body: standing::section },
    Section { name: "room", heading: "The operation", body: |_| Body::Blocks(vec![Block::Facts(OPERATION)]) },
    Section { name: "clocks", heading: "Clocks", body: clocks::section },
    Section { name: "vessels", heading: "Vessels", body: vessels },
    Section { name: "documents", heading: "Documents", body: documents::section },
    Section { name: "approvals", heading: "Clearance of vessels", body: approvals },
    Section { name: "snapshot", heading: "This snapshot", body: |_| Body::Blocks(vec![Block::Facts(SNAPSHOT)]) },
    Section {
        name: "parties",
        heading: "Parties",
        body: |c| Body::Blocks(vec![parties::table().with(&c.record.parties)]),
    },
    Section { name: "activity", heading: "Activity", body: activity::section },
];

/// Whether a report is drawn as a story: by the edition, and only of a record that has all that it tells.
fn is_story(context: &Context) -> bool {
    context.edition.rules().story && context.record.schema == SCHEMA
}

/// Returns the parts of the PDF in order, but for [`closing`].
pub(crate) fn parts(context: &Context) -> Vec<Part<'_>> {
    if is_story(context) {
        return story::parts(context);
    }
    SECTIONS.iter().flat_map(|section| section.parts(context)).collect()
}

/// Returns the part that closes the PDF. `uncovered` are the characters that were printed as code points.
pub(crate) fn closing(context: &Context, tagged: bool, uncovered: &BTreeSet<char>) -> Part<'static> {
    if is_story(context) {
        story::verifying(context, tagged, uncovered)
    } else {
        notes::about(context, tagged, uncovered)
    }
}

fn vessels(context: &Context) -> Body<'_> {
    if context.record.predates_documents() {
        return Body::Unknown;
    }
    Body::Blocks(vec![vessels::table().with(&context.record.vessels)])
}

fn approvals(context: &Context) -> Body<'_> {
    let record = &context.record;
    match &record.approvals {
        _ if record.predates_documents() => Body::Unknown,
        None => Body::LeftOut("Clearance of vessels was"),
        Some(approvals) => {
            let of_vessel = approvals.iter().map(|approval| OfVessel::new(record, approval, Some(&approval.vessel_id)));
            Body::Blocks(vec![vessels::approvals().with(of_vessel)])
        }
    }
}

/// Returns the line under the title, which says when the snapshot was taken and by whom.
pub(crate) fn standfirst(record: &Record) -> String {
    let snapshot = &record.snapshot;
    let (taken, name) = (words::time_utc(snapshot.created_at), &snapshot.created_by.name);
    let role = words::from_identifier(&snapshot.created_by.role);
    match snapshot.as_of {
        None => format!("The room as it stood on {taken}, frozen by {name} ({role})."),
        Some(at) => {
            let at = words::time_utc(at);
            format!("The room as it stood on {at}, as its log tells it; taken on {taken} by {name} ({role}).")
        }
    }
}
