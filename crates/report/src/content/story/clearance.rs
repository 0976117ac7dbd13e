//! The clearance of the vessels: which side has said what of which, when, and on what subjects.

use std::rc::Rc;

use super::told::Told;
use super::{fill, say};
use crate::content::block::{Block, Part};
use crate::content::cell::{Cell, Look};
use crate::content::table::{Table, left};
use crate::record::{ApprovalFacts, ClearanceFacts, VesselFacts};
use crate::words;

/// Returns who said what, of which vessel.
pub(super) fn parts<'a>(told: &Rc<Told<'a>>) -> Vec<Part<'a>> {
    let block = match &told.record.approvals {
        None => Block::aside(say("not_told_approvals")),
        Some(approvals) => {
            let caption = say("what_each_party");
            let rows = approvals.iter().map(|approval| (Rc::clone(told), approval));
            replies_on_vessels().captioned(caption).bounded(told.rules.weight / 4, told.rules).with(rows)
        }
    };
    vec![Part { heading: say("clearance").to_owned(), blocks: vec![block] }]
}

/// Returns how many vessels are cleared, in a sentence. `None` if there are none to be cleared, or it is not told.
pub(super) fn verdict(told: &Told<'_>) -> Option<String> {
    let approvals = told.record.approvals.as_ref()?;
    let all = &told.record.clearances;
    let cleared: Vec<_> = all.iter().filter(|clearance| clearance.is_cleared).collect();
    let has_subjects = approvals.iter().any(|approval| {
        approval.status == "approved_with_subjects" && cleared.iter().any(|it| it.vessel_id == approval.vessel_id)
    });
    let on_subjects = if has_subjects { say("on_subjects") } else { "" };
    let [of, among] = [cleared.len(), all.len()].map(|count| words::count(count as u64));
    (!all.is_empty()).then(|| fill("cleared_vessels", &[("1", &of), ("2", &among), ("3", &on_subjects)]))
}

/// Returns for each vessel whether it is cleared, by whom and on what subjects.
pub(super) fn answer(told: &Told<'_>) -> Cell {
    let Some(approvals) = &told.record.approvals else {
        return Cell::default().with(Look::Muted, say("not_told_approvals"));
    };
    if told.record.clearances.is_empty() {
        return Cell::text("There is no vessel to be cleared.");
    }
    told.record.clearances.iter().fold(Cell::default(), |cell, clearance| of_vessel(told, approvals, clearance, cell))
}

fn of_vessel(told: &Told<'_>, approvals: &[ApprovalFacts], clearance: &ClearanceFacts, cell: Cell) -> Cell {
    let vessel = told.vessel(&clearance.vessel_id).map_or(clearance.vessel_id.as_str(), |vessel| &vessel.name);
    let side = of_side(&clearance.by);
    let of_it = || approvals.iter().filter(|approval| approval.vessel_id == clearance.vessel_id);
    let rejection = of_it().rfind(|approval| approval.status == "rejected");
    let cell = match (clearance.is_cleared, rejection) {
        (true, _) => {
            let on_subjects = of_it().any(|approval| approval.status == "approved_with_subjects");
            let on_subjects = if on_subjects { say("on_subjects") } else { "" };
            cell.with(
                Look::Strong,
                fill("cleared_by_the", &[("vessel", &vessel), ("side", &side), ("on_subjects", &on_subjects)]),
            )
        }
        (false, Some(rejection)) => {
            cell.with(Look::Alert, fill("declined_by", &[("vessel", &vessel), ("1", &said_by(told, rejection))]))
        }
        (false, None) => cell.with(Look::Strong, fill("not_cleared_by", &[("vessel", &vessel), ("side", &side)])),
    };
    let clears = |approval: &&ApprovalFacts| {
        clearance.is_cleared && ["approved", "approved_with_subjects"].contains(&approval.status.as_str())
    };
    let cell = of_it().filter(clears).fold(cell, |cell, approval| {
        let subjects = approval.comment.as_deref().map_or_else(
            || say("no_subjects").to_owned(),
            |comment| format!("; {}: “{comment}”", subjects_or_remark(approval)),
        );
        cell.with(Look::Text, format!("{}{subjects}", said_by(told, approval)))
    });
    let open: Vec<_> = clearance.open.iter().map(|address| told.name(address)).collect();
    let open = open.join(", ");
    let words = match (open.is_empty(), told.is_closed()) {
        (true, _) => None,
        (false, true) => Some(fill("no_reply_from", &[("1", &open)])),
        (false, false) => Some(fill("awaiting_reply_from", &[("1", &open)])),
    };
    cell.with_some(Look::Muted, words)
}

fn subjects_or_remark(approval: &ApprovalFacts) -> &'static str {
    if approval.status == "approved_with_subjects" { "subjects" } else { "remark" }
}

fn said_by(told: &Told<'_>, approval: &ApprovalFacts) -> String {
    let role = words::from_identifier(&approval.role).to_lowercase();
    fill(
        "by_role_on",
        &[("1", &told.name(&approval.by)), ("role", &role), ("2", &words::minute_utc(approval.decided_at))],
    )
}

/// Returns the small matrix of page 1: the vessels, and what each side says of them.
pub(super) fn matrix<'a>(told: &Rc<Told<'a>>) -> Option<Block<'a>> {
    let approvals = told.record.approvals.as_ref()?;
    let vessels = told.record.vessels.iter().filter(|vessel| vessel.status == "active" && vessel.role != "other");
    let rows: Vec<_> = vessels.map(|vessel| (Rc::clone(told), vessel)).collect();
    if rows.is_empty() {
        return None;
    }
    let has_others = approvals.iter().any(|approval| approval.side.is_none());
    let caption = say("what_each_side");
    Some(sides(has_others).captioned(caption).dense().bounded(told.rules.weight / 4, told.rules).with(rows))
}

fn sides<'a>(has_others: bool) -> Table<(Rc<Told<'a>>, &'a VesselFacts)> {
    let mut columns = vec![
        left(say("vessel"), 28.0, |(_, vessel): &(Rc<Told<'a>>, &VesselFacts)| {
            let role = words::from_identifier(&vessel.role).to_lowercase();
            Cell::text(format!("{} ({role})", vessel.name))
        }),
        left(say("discharging_side"), 36.0, |(told, vessel)| by_side(told, vessel, Some("discharging"))),
        left(say("receiving_side"), 36.0, |(told, vessel)| by_side(told, vessel, Some("receiving"))),
    ];
    if has_others {
        columns.push(left(say("others"), 30.0, |(told, vessel)| by_side(told, vessel, None)));
    }
    Table { columns, empty: say("no_vessel_with") }
}

/// Returns what those of a side say of a vessel.
fn by_side(told: &Told<'_>, vessel: &VesselFacts, side: Option<&str>) -> Cell {
    let approvals = told.record.approvals.iter().flatten();
    let theirs = approvals.filter(|approval| approval.vessel_id == vessel.id && approval.side.as_deref() == side);
    let mut theirs = theirs.peekable();
    if theirs.peek().is_none() && side.is_some() {
        let own = side == Some(vessel.role.as_str());
        return Cell::default().with(Look::Muted, if own { say("own_side") } else { say("no_reply") });
    }
    theirs.fold(Cell::default(), |cell, approval| {
        let look = if approval.status == "rejected" { Look::Alert } else { Look::Strong };
        cell.with(look, format!("{}: {}", status(&approval.status), told.name(&approval.by)))
    })
}

fn status(status: &str) -> String {
    match status {
        "approved" => say("says_cleared").to_owned(),
        "approved_with_subjects" => say("cleared_on_subjects").to_owned(),
        "pending" => say("considering").to_owned(),
        "rejected" => say("declined").to_owned(),
        other => words::from_identifier(other),
    }
}

fn replies_on_vessels<'a>() -> Table<(Rc<Told<'a>>, &'a ApprovalFacts)> {
    Table {
        columns: vec![
            left(say("vessel"), 18.0, |(told, approval)| {
                let name = told.vessel(&approval.vessel_id).map_or(approval.vessel_id.as_str(), |vessel| &vessel.name);
                Cell::text(name)
            }),
            left(say("reply_by"), 24.0, |(told, approval)| {
                let role = words::from_identifier(&approval.role);
                let side = acting_for(approval.side.as_deref());
                Cell::text(told.name(&approval.by)).with(Look::Muted, format!("{role}, {side}"))
            }),
            left(say("reply"), 16.0, |(_, approval)| {
                let look = if approval.status == "rejected" { Look::Alert } else { Look::Strong };
                Cell::default().with(look, status(&approval.status))
            }),
            left(say("subjects_or_reason"), 27.0, |(_, approval)| {
                Cell::text(approval.comment.as_deref().unwrap_or_default())
            }),
            left(say("when_utc"), 15.0, |(_, approval)| Cell::text(words::minute(approval.decided_at))),
        ],
        empty: say("nobody_has_replied"),
    }
}

/// Returns a side in words.
pub(super) fn of_side(side: &str) -> String {
    fill("of_side", &[("1", &words::from_identifier(side).to_lowercase())])
}

/// Returns the side that a party acts for, in words.
pub(super) fn acting_for(side: Option<&str>) -> String {
    side.map_or_else(|| say("for_neither_side").to_owned(), |side| fill("for_the", &[("1", &of_side(side))]))
}
