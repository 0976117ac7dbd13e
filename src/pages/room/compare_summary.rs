//! What a comparison comes to, in a sentence for people: `3 documents approved, ETA moved by 9 h, broker changed`.

use room::{DocumentStatus, Time};
use serde_json::Value;

use crate::{
    domain::snapshots::compare::{Comparison, FieldChange, SectionChange},
    http::sentence,
    pages::kit::show::{self, count, label},
};

/// Returns the summary as a sentence; empty if nothing changed that it speaks of.
pub(super) fn summary(comparison: &Comparison) -> String {
    let Comparison { room, standing, parties, vessels, documents, approvals, .. } = comparison;
    let parts = [
        of_room(room),
        documents.as_ref().map(of_documents).unwrap_or_default(),
        approvals.as_ref().map(of_clearances).unwrap_or_default(),
        standing.as_deref().map(of_blockers).unwrap_or_default(),
        of_parties(parties),
        vessels.as_ref().map(of_vessels).unwrap_or_default(),
    ];
    let parts: Vec<_> = parts.concat();
    if parts.is_empty() { String::new() } else { sentence(&parts.join(", ")) }
}

fn of_room(changes: &[FieldChange]) -> Vec<String> {
    let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(ToOwned::to_owned);
    let say = |change: &FieldChange| match (&*change.field, text(&change.from), text(&change.to)) {
        ("phase", Some(from), Some(to)) => Some(format!("phase from {} to {}", label(&from), label(&to))),
        ("sts_eta", Some(from), Some(to)) => Some(match (from.parse::<Time>(), to.parse::<Time>()) {
            (Ok(from), Ok(to)) if to < from => format!("ETA brought forward by {}", show::apart(from, to)),
            (Ok(from), Ok(to)) => format!("ETA moved by {}", show::apart(from, to)),
            _ => "ETA changed".to_owned(),
        }),
        // What a phase brings with it is said by the phase.
        ("status" | "transfer_completed_at" | "closed_at" | "retained_from", ..) => None,
        (field, ..) => Some(format!("{} changed", room::sentence::field(field))),
    };
    changes.iter().filter_map(say).collect()
}

fn of_documents(SectionChange { added, removed, changed }: &SectionChange) -> Vec<String> {
    let statuses = || changed.iter().flat_map(|row| &row.changes).filter(|change| change.field == "status");
    let became = |status: DocumentStatus| {
        let is = |change: &&FieldChange| change.to.as_ref().and_then(Value::as_str) == Some(status.word());
        (statuses().filter(is).count(), label(status.word()).to_lowercase())
    };
    let uploaded = changed.iter().flat_map(|row| &row.changes);
    let uploaded = uploaded.filter(|change| change.field == "versions" && change.from.is_none()).count();
    let mut said = counted(
        ["document", "documents"],
        [
            became(DocumentStatus::Approved),
            became(DocumentStatus::UnderReview),
            became(DocumentStatus::Rejected),
            became(DocumentStatus::Expired),
            became(DocumentStatus::Missing),
            (added.len(), "more asked for".to_owned()),
            (removed.len(), "no longer asked for".to_owned()),
        ],
    );
    if uploaded > 0 {
        said.push(format!("{} uploaded", count(uploaded, "version")));
    }
    said
}

fn of_clearances(SectionChange { added, removed, changed }: &SectionChange) -> Vec<String> {
    counted(
        ["clearance", "clearances"],
        [(added.len(), "given".to_owned()), (changed.len(), "changed".to_owned()), (removed.len(), "gone".to_owned())],
    )
}

fn of_blockers(changes: &[FieldChange]) -> Vec<String> {
    let blockers = || changes.iter().filter(|change| change.field == "blockers");
    counted(
        ["item", "items"],
        [
            (blockers().filter(|change| change.to.is_none()).count(), "no longer outstanding".to_owned()),
            (blockers().filter(|change| change.from.is_none()).count(), "newly outstanding".to_owned()),
        ],
    )
}

fn of_parties(SectionChange { added, removed, changed }: &SectionChange) -> Vec<String> {
    let role = |row: &Value| row["role"].as_str().unwrap_or_default().to_owned();
    let (mut came, mut went): (Vec<_>, Vec<_>) = (added.iter().map(role).collect(), removed.iter().map(role).collect());
    let mut said = Vec::new();
    // Somebody who takes the place of another is a change of that role, not one who left and one who came.
    came.retain(|role| {
        let Some(at) = went.iter().position(|gone| gone == role) else { return true };
        said.push(format!("{} changed", label(&went.remove(at)).to_lowercase()));
        false
    });
    let others = counted(
        ["party", "parties"],
        [
            (came.len(), "joined".to_owned()),
            (went.len(), "left".to_owned()),
            (changed.len(), "with other particulars".to_owned()),
        ],
    );
    [said, others].concat()
}

fn of_vessels(SectionChange { added, removed, changed }: &SectionChange) -> Vec<String> {
    counted(
        ["vessel", "vessels"],
        [
            (added.len(), "named".to_owned()),
            (removed.len(), "removed".to_owned()),
            (changed.len(), "with other particulars".to_owned()),
        ],
    )
}

/// Returns how many of a thing each is true of; the thing itself is named once: `3 documents approved`, `1 rejected`.
fn counted<const N: usize>([one, many]: [&str; 2], counts: [(usize, String); N]) -> Vec<String> {
    let present = counts.into_iter().filter(|(number, _)| *number > 0).enumerate();
    let say = |(at, (number, what)): (usize, (usize, String))| match (at, number) {
        (0, 1) => format!("1 {one} {what}"),
        (0, _) => format!("{number} {many} {what}"),
        _ => format!("{number} {what}"),
    };
    present.map(say).collect()
}
