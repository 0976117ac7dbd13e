//! Page 1: the state in one true sentence, what the STS operation is, and the questions that a claim begins with.

use std::rc::Rc;

use super::clearance;
use super::steps::{self, Step};
use super::telling;
use super::told::Told;
use super::{fill, say};
use crate::content::block::{Block, Part, Share};
use crate::content::cell::{Anchor, Cell, Look};
use crate::content::table::{Table, left};
use crate::record::{BlockerFacts, DocumentFacts, NoticeFacts, PartyFacts, Standing};
use crate::text::Ink;
use crate::words;

/// The number of missing documents and of refusals that page 1 lists one by one.
const LISTED: usize = 4;
/// The number of parties that it names.
const PARTIES: usize = 8;
/// The number of overridden gates that it lists: all there are, if none was overridden twice.
const GATES: usize = 8;

/// The statuses of documents in the order of the bar, each with the key of its words and its colour.
const STATUSES: [(&str, &str, Ink); 6] = [
    ("approved", "status_approved", Ink::Good),
    ("waived", "status_waived", Ink::Accent),
    ("under_review", "status_under_review", Ink::Pending),
    ("rejected", "status_rejected", Ink::Alert),
    ("expired", "status_expired", Ink::Text),
    ("missing", "status_missing", Ink::Muted),
];

pub(super) fn parts<'a>(told: &Rc<Told<'a>>) -> Vec<Part<'a>> {
    let (look, sentence) = state(told);
    let mut blocks = vec![Block::Text(look, sentence)];
    blocks.extend(documents(told));
    let mut pairs = operation(told);
    pairs.extend(answers(told));
    blocks.extend(clearance::matrix(told));
    blocks.extend([Block::Pairs(pairs), Block::aside(say("a_room_is"))]);
    let mut parts = vec![Part { heading: say("summary").to_owned(), blocks }];
    parts.extend(in_the_way(told));
    parts
}

/// Returns the state of the room in a sentence, and whether a reader must not miss it.
fn state(told: &Told<'_>) -> (Look, String) {
    let room = &told.record.room;
    let next = told.record.standing.as_ref().and_then(|standing| standing.next_phase.as_deref());
    let blockers = told.record.standing.as_ref().map_or(0, |standing| standing.blockers.len()) as u64;
    let stands = match (next, room.status.as_str()) {
        (None, _) => {
            let closed = told.context.clocks().and_then(|clocks| clocks.retention.as_ref());
            let since = closed.map(|retention| fill("since", &[("1", &words::minute_utc(retention.closed_at))]));
            fill("the_room_is_closed", &[("1", &since.unwrap_or_default())])
        }
        (Some(next), status) => {
            let phase = words::from_identifier(&room.phase);
            let next = words::from_identifier(next);
            let room =
                if status == "active" { say("open").to_owned() } else { words::from_identifier(status).to_lowercase() };
            let way = match blockers {
                0 => match wanted_later(told) {
                    0 => fill("nothing_keeps_it", &[("next", &next)]),
                    later => {
                        let wanted = words::number_of(later, "document");
                        fill("later_phases_wait", &[("next", &next), ("wanted", &wanted)])
                    }
                },
                1 => fill("1_blocker_keeps", &[("next", &next)]),
                more => fill("blockers_keep_it", &[("1", &words::count(more)), ("next", &next)]),
            };
            fill("the_room_is", &[("room", &room), ("phase", &phase), ("way", &way)])
        }
    };
    let stands = match clearance::verdict(told) {
        Some(verdict) => format!("{stands} {verdict}"),
        None => stands,
    };
    match (told.entries(), steps::overrides(told).len() as u64) {
        (None, _) => (Look::Strong, fill("whether_gates_were", &[("stands", &stands)])),
        (Some(_), 0) => (Look::Strong, fill("no_gate_was", &[("stands", &stands)])),
        (Some(_), 1) => (Look::Alert, fill("1_gate_was", &[("stands", &stands)])),
        (Some(_), gates) => {
            (Look::Alert, fill("gates_were_overridden", &[("stands", &stands), ("1", &words::count(gates))]))
        }
    }
}

/// Returns how many documents are still to be done, once the next phase waits for none of them.
fn wanted_later(told: &Told<'_>) -> u64 {
    let standing = told.record.standing.as_ref();
    standing.map_or(0, |standing| standing.total_required_docs.saturating_sub(standing.resolved_required_docs))
}

/// Returns what, where, when and who.
fn operation(told: &Told<'_>) -> Vec<(String, Cell)> {
    let record = told.record;
    let room = &record.room;
    let mut pairs = Vec::new();
    let mut pair = |label: &str, cell: Cell| pairs.push((label.to_owned(), cell));
    let cargo = room.cargo_profile.as_deref().map(words::from_identifier);
    let duration = room.planned_duration_hours.map(|hours| fill("planned_for", &[("1", &words::hours(hours))]));
    // Words of a party, not of the system.
    let said_of_it = room.description.as_deref().map(|description| format!("“{description}”"));
    let what: Vec<_> = cargo.into_iter().chain(duration).collect();
    pair(say("what"), Cell::text(what.join(", ")).with_some(Look::Text, said_of_it));
    pair(say("where"), Cell::text(&room.location));
    let end = told.context.clocks().map(|clocks| fill("planned_end", &[("1", &words::minute_utc(clocks.planned_end))]));
    pair(
        say("when"),
        Cell::text(fill("eta", &[("1", &words::minute_utc(room.sts_eta)), ("2", &end.unwrap_or_default())])),
    );
    for (role, label) in [
        ("discharging", say("discharging_vessel")),
        ("receiving", say("receiving_vessel")),
        ("other", say("other_vessel")),
    ] {
        for vessel in record.vessels.iter().filter(|vessel| vessel.role == role) {
            let imo = vessel.imo_number.as_deref().map(|imo| fill("imo", &[("imo", &imo)]));
            let flag = vessel.flag.as_deref().map(|flag| fill("flag", &[("flag", &flag)]));
            let owner = vessel.owner.as_deref().map(|owner| fill("owner", &[("owner", &owner)]));
            let charterer =
                vessel.charterer.as_deref().map(|charterer| fill("charterer", &[("charterer", &charterer)]));
            let gone = (vessel.status != "active").then(|| words::from_identifier(&vessel.status).to_lowercase());
            let name = Some(vessel.name.clone());
            let known: Vec<_> = [name, imo, flag, owner, charterer, gone].into_iter().flatten().collect();
            pair(label, Cell::text(known.join(", ")));
        }
    }
    if !record.parties.is_empty() {
        let named = |party: &PartyFacts| {
            let role = words::from_identifier(&party.role).to_lowercase();
            format!("{} ({role}{})", told.name(&party.email), told.of_company(&party.email))
        };
        let more = record.parties.len().saturating_sub(PARTIES) as u64;
        let more = (more > 0).then(|| fill("and_more", &[("1", &words::count(more))]));
        let all: Vec<_> = record.parties.iter().take(PARTIES).map(named).chain(more).collect();
        pair(say("who"), Cell::text(all.join("; ")));
    }
    pairs
}

/// Returns the answers to the questions that a claim begins with.
fn answers(told: &Rc<Told<'_>>) -> Vec<(String, Cell)> {
    let mut answers = vec![
        (say("cleared").to_owned(), clearance::answer(told)),
        (say("gates_overridden").to_owned(), overridden(told)),
        (say("notice_given").to_owned(), notice(told)),
        (say("papers_outstanding").to_owned(), missing(told)),
        (say("refusals_in_force").to_owned(), refusals(told)),
    ];
    answers.extend(waived(told).map(|waived| (say("papers_waived").to_owned(), waived)));
    if let Some(clocks) = told.context.clocks() {
        let claim = clocks.claim.as_ref().map_or_else(
            || say("the_90_days").to_owned(),
            |claim| {
                let [start, end] = [claim.started_at, claim.deadline].map(words::minute_utc);
                let runs = if claim.state == "passed" { "ended" } else { "end" };
                let by = steps::completion(told).map(|by| fill("as_entered_it", &[("by", &by)])).unwrap_or_default();
                fill("the_90_days_of", &[("runs", &runs), ("end", &end), ("start", &start), ("by", &by)])
            },
        );
        let kept = clocks.retention.as_ref().map(|retention| {
            let [closed, until] = [retention.closed_at, retention.until].map(words::minute_utc);
            fill("the_room_was", &[("closed", &closed), ("until", &until)])
        });
        answers.push((say("clocks").to_owned(), Cell::text(claim).with_some(Look::Text, kept)));
    }
    answers
}

fn overridden(told: &Told<'_>) -> Cell {
    if told.entries().is_none() {
        return Cell::default().with(Look::Muted, say("not_told_the"));
    }
    let steps = steps::overrides(told);
    if steps.is_empty() {
        let passed = steps::passed(told).join(", ");
        let none = if passed.is_empty() {
            say("none_was_passed").to_owned()
        } else {
            fill("none_overridden", &[("1", &passed)])
        };
        return Cell::text(none);
    }
    let more = steps.len().saturating_sub(GATES);
    let mut before = None;
    let cell = steps.iter().take(GATES).fold(Cell::default(), |cell, step| {
        let reason = step.entry.meta["reason"].as_str();
        let is_same = reason.is_some() && before.replace(reason) == Some(reason);
        gate(told, step, is_same, cell)
    });
    cell.with_some(Look::Alert, (more > 0).then(|| fill("more_are_in", &[("more", &more)])))
}

/// Adds a gate that was overridden: by whom, when, over what, why. `is_same` says that the reason is the one of the gate
/// before.
fn gate(told: &Told<'_>, step: &Step<'_>, is_same: bool, cell: Cell) -> Cell {
    let (who, when) = (told.name(&step.entry.actor), words::minute_utc(step.entry.timestamp));
    let number = words::number_of(step.count, "blocker");
    let said = fill(
        "gate_to_by",
        &[("1", &words::from_identifier(step.to)), ("who", &who), ("when", &when), ("number", &number)],
    );
    let over = telling::overridden_in_short(told, step.overridden, step.count);
    let reason = match step.entry.meta["reason"].as_str() {
        _ if is_same => say("for_the_same").to_owned(),
        Some(reason) => format!("“{reason}”"),
        None => say("no_reason_was").to_owned(),
    };
    cell.linked(Look::Alert, said, Anchor::List(step.entry.seq)).with(Look::Text, format!("{over}; {reason}"))
}

fn notice(told: &Told<'_>) -> Cell {
    let Some(clocks) = told.context.clocks() else { return Cell::default() };
    let Some(notice) = &clocks.coastal_notice else {
        return Cell::text(say("this_room_has_no"));
    };
    let due = words::minute_utc(notice.due_at);
    let eta = words::minute_utc(told.record.room.sts_eta);
    // MARPOL Annex I, regulation 42: the coastal State is told 48 hours before (42.1), and again if the ETA moves by more
    // than 6 hours (42.3).
    let (look, state) = match notice.state.as_str() {
        "given" => (Look::Strong, say("in_time_to").to_owned()),
        "given_late" => (Look::Alert, say("late_less_than").to_owned()),
        "revise" => (Look::Alert, fill("given_and_to", &[("eta", &eta)])),
        "overdue" => (Look::Alert, fill("notice_overdue", &[("due", &due)])),
        "open" => (Look::Strong, fill("notice_open", &[("due", &due)])),
        other => (Look::Strong, words::from_identifier(other)),
    };
    let cell = Cell::default().with(look, state).with_some(Look::Text, given(notice));
    let document =
        told.record.documents.iter().flatten().find(|document| document.document_type == room::clocks::NOTICE_DOCUMENT);
    let exhibits = document.map(|document| document.versions.iter().filter(|version| version.withdrawn.is_none()));
    exhibits.into_iter().flatten().fold(cell, |cell, version| exhibit(told, cell, &version.id))
}

/// Returns when the notice was given, how long before the ETA that it told, and the rule.
fn given(notice: &NoticeFacts) -> Option<String> {
    let at = notice.given_at?;
    let given = fill("given_on", &[("1", &words::minute_utc(at))]);
    let told = notice.notified_eta.map(|eta| {
        let margin = (eta.as_second() - at.as_second()) / 3_600;
        let in_time = if margin >= 48 { say("in_time") } else { say("late") };
        fill("h_before_the", &[("margin", &margin), ("1", &words::minute_utc(eta)), ("in_time", &in_time)])
    });
    Some(fill("given_by_rule", &[("given", &given), ("1", &told.unwrap_or_default())]))
}

/// Adds a link to the exhibit that a version is.
fn exhibit(told: &Told<'_>, cell: Cell, version: &str) -> Cell {
    match told.exhibit(version) {
        Some(number) => {
            let said = fill("the_notice_exhibit", &[("number", &number)]);
            cell.linked(Look::Text, said, Anchor::Exhibit(number))
        }
        None => cell,
    }
}

fn missing(told: &Told<'_>) -> Cell {
    let Some(documents) = &told.record.documents else {
        return Cell::default().with(Look::Muted, say("not_told_documents"));
    };
    let standing = told.record.standing.as_ref();
    let all = standing.map_or(0, |standing| standing.total_required_docs);
    let done = standing.map_or(0, |standing| standing.resolved_required_docs);
    let open: Vec<_> = documents.iter().filter(|document| is_wanted(document)).collect();
    let look = if open.is_empty() { Look::Text } else { Look::Strong };
    let said = fill("of_required_documents", &[("1", &words::count(done)), ("2", &words::count(all))]);
    let cell = Cell::default().with(look, said);
    let shown = open.iter().take(LISTED).fold(cell, |cell, document| {
        let said = format!("{} ({})", told.title(document), why_wanted(document));
        cell.linked(Look::Text, said, Anchor::Document(document.id.clone()))
    });
    let more = open.get(LISTED..).filter(|more| !more.is_empty());
    let more = more.map(|more| {
        let statuses = by_status(more);
        fill("and_more_documents", &[("more", &words::count(more.len() as u64)), ("statuses", &statuses)])
    });
    let is_approved = |id: &str| documents.iter().any(|document| document.id == id && document.status == "approved");
    let undated = standing.map_or(&[][..], |standing| &standing.undated).iter();
    let undated = undated.filter(|undated| is_approved(&undated.document_id)).count() as u64;
    let undated =
        (undated > 0).then(|| fill("approved_without_a_date", &[("1", &words::number_of(undated, "document"))]));
    shown.with_some(Look::Strong, more).with_some(Look::Strong, undated)
}

/// Returns how many documents have each status: `2 under review, 18 missing`.
fn by_status(documents: &[&DocumentFacts]) -> String {
    let counted = STATUSES.into_iter().filter_map(|(status, label, _)| {
        let found = documents.iter().filter(|document| document.status == status).count() as u64;
        (found > 0).then(|| format!("{} {}", words::count(found), say(label)))
    });
    counted.collect::<Vec<_>>().join(", ")
}

/// Returns why a document is wanted, in words.
fn why_wanted(document: &DocumentFacts) -> String {
    let expires = document.in_force().and_then(|version| version.expires_on);
    match expires.filter(|_| document.status == "expired") {
        Some(day) => fill("valid_until_before", &[("day", &day)]),
        None => words::from_identifier(&document.status).to_lowercase(),
    }
}

/// Whether a document is needed, and not approved.
fn is_wanted(document: &DocumentFacts) -> bool {
    document.requirement != "optional" && document.waiver.is_none() && document.status != "approved"
}

fn refusals(told: &Told<'_>) -> Cell {
    let vessels =
        told.record.approvals.iter().flatten().filter(|approval| approval.status == "rejected").map(|approval| {
            let vessel = told.vessel(&approval.vessel_id).map_or(say("a_vessel"), |vessel| &vessel.name);
            (
                fill(
                    "vessel_by_on",
                    &[
                        ("vessel", &vessel),
                        ("1", &told.name(&approval.by)),
                        ("2", &words::minute_utc(approval.decided_at)),
                    ],
                ),
                &approval.comment,
                None,
            )
        });
    let documents = told.record.documents.iter().flatten().filter(|document| document.status == "rejected");
    let papers = documents.filter_map(|document| {
        let decision = document.in_force()?.decisions.iter().rfind(|decision| decision.verdict == "rejected")?;
        let said = fill(
            "document_by_on",
            &[
                ("1", &told.title(document)),
                ("2", &told.name(&decision.by)),
                ("3", &words::minute_utc(decision.decided_at)),
            ],
        );
        Some((said, &decision.comment, Some(Anchor::Document(document.id.clone()))))
    });
    let all: Vec<_> = vessels.chain(papers).collect();
    if all.is_empty() {
        return Cell::text("None in force.");
    }
    let more = all.len().saturating_sub(LISTED);
    let cell = all.into_iter().take(LISTED).fold(Cell::default(), |cell, (said, reason, place)| {
        let cell = match place {
            Some(place) => cell.linked(Look::Strong, said, place),
            None => cell.with(Look::Alert, said),
        };
        cell.with_some(Look::Text, reason.as_deref().map(|reason| format!("“{reason}”")))
    });
    cell.with_some(Look::Text, (more > 0).then(|| fill("and_more_of_them", &[("more", &more)])))
}

/// Returns what was waived, by whom and why. `None` if nothing was, or it is not told.
fn waived(told: &Told<'_>) -> Option<Cell> {
    let documents = told.record.documents.iter().flatten();
    let all: Vec<_> = documents.filter_map(|document| Some((document, document.waiver.as_ref()?))).collect();
    let more = all.len().saturating_sub(LISTED);
    let cell = all.iter().take(LISTED).fold(Cell::default(), |cell, (document, waiver)| {
        let said = fill(
            "waived_by_on",
            &[("1", &told.title(document)), ("2", &told.name(&waiver.by)), ("3", &words::minute_utc(waiver.at))],
        );
        let place = Anchor::Document(document.id.clone());
        cell.linked(Look::Text, said, place).with(Look::Text, format!("“{}”", waiver.reason))
    });
    let cell = cell.with_some(Look::Text, (more > 0).then(|| fill("and_more_of_them", &[("more", &more)])));
    (!all.is_empty()).then_some(cell)
}

/// Returns the bar of the documents' statuses, with its legend.
fn documents<'a>(told: &Told<'_>) -> Vec<Block<'a>> {
    let Some(documents) = &told.record.documents else { return Vec::new() };
    let status = |document: &DocumentFacts| {
        if document.waiver.is_some() { "waived" } else { document.status.as_str() }.to_owned()
    };
    let statuses: Vec<String> = documents.iter().map(status).collect();
    let share = |(status, words, ink): (&str, &str, Ink)| Share {
        label: say(words),
        count: statuses.iter().filter(|other| *other == status).count(),
        ink,
    };
    let shares: Vec<_> = STATUSES.into_iter().map(share).filter(|share| share.count > 0).collect();
    if shares.is_empty() {
        return Vec::new();
    }
    vec![Block::Bar(words::number_of(documents.len() as u64, "document"), shares)]
}

/// Returns what stands in the way of the next phase, if there is one.
fn in_the_way<'a>(told: &Rc<Told<'a>>) -> Option<Part<'a>> {
    let standing: &'a Standing = told.record.standing.as_ref()?;
    let next = words::from_identifier(standing.next_phase.as_deref()?);
    let rows = standing.blockers.iter().map(|blocker| (Rc::clone(told), blocker));
    let caption = fill("what_has_to", &[("next", &next)]);
    let empty = if wanted_later(told) > 0 { say("nothing_before_the_next") } else { say("nothing_is_outstanding") };
    let table = Table { empty, ..blockers() };
    let table = table.captioned(caption).bounded(told.rules.weight / 4, told.rules);
    Some(Part { heading: say("outstanding").to_owned(), blocks: vec![table.with(rows)] })
}

fn blockers<'a>() -> Table<(Rc<Told<'a>>, &'a BlockerFacts)> {
    Table {
        columns: vec![
            left(say("what"), 22.0, |(_, blocker)| Cell::text(words::from_identifier(&blocker.kind))),
            left(say("detail"), 78.0, |(told, blocker)| {
                let detail = told.with_names(&blocker.detail);
                match blocker.document_id.as_deref().and_then(|id| told.place(id)) {
                    Some(place) => Cell::default().linked(Look::Text, detail, place),
                    None => Cell::text(detail),
                }
            }),
        ],
        empty: say("nothing_is_outstanding"),
    }
}
