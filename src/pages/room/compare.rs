//! Two moments side by side, of snapshots or any others: what changed in the room from the earlier to the later.

use std::iter;

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::Value;

use super::{compare_summary::summary, snapshot::choice};
use crate::{
    app::App,
    db::{self, snapshots::Titled},
    domain::snapshots::{
        compare::{self, Comparison, FieldChange, Found, RowChange, SectionChange, Side},
        position::Moment,
    },
    error::Result,
    http::{Access::May, Caller, FromPairs, Given, InRoom, Kind, PageRoutes, Query},
    pages::{
        kit::{
            field::{Field, Filled},
            show::{self, count},
            way, words,
        },
        room::frame::{Room, Tab},
    },
    policy::Action::SnapshotView,
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/rooms/{room_id}/compare", May(SnapshotView), show_comparison)
}

/// The most differences that are shown, in bytes of JSON; as HTML they may have five times as many.
const MOST_DIFFERENCES: usize = 250_000;

/// The two moments to compare, in any order.
struct ComparisonQuery {
    from: Option<Side>,
    /// The room as it is now, if only the other one was chosen.
    to: Option<Side>,
}

impl FromPairs for ComparisonQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        ("from", Kind::Id, "The one snapshot"),
        ("from_as_of", Kind::Time, "Instead of a snapshot: the room as of this time"),
        ("to", Kind::Id, "The other snapshot"),
        ("to_as_of", Kind::Time, "Instead of a snapshot: the room as of this time"),
    ];

    fn read(given: &mut Given) -> Self {
        // A browser also sends the choices that were left empty.
        given.forget_blank();
        let mut side = |snapshot: &str, time: &str| {
            let snapshot = given.id(snapshot).map(Side::Snapshot);
            // A time that was typed is meant, whatever was suggested beside it.
            given.time_in_utc(time).map(|time| Side::Moment(Moment::Time(time))).or(snapshot)
        };
        Self { from: side("from", "from_as_of"), to: side("to", "to_as_of") }
    }
}

async fn show_comparison(
    app: App,
    caller: Caller,
    room: InRoom,
    Query(query): Query<ComparisonQuery>,
) -> Result<Response> {
    let id = room.id;
    let room = Room::load(&app, id).await?;
    let all = app.db.read(async |tx| db::snapshots::titles(tx, id).await).await?;
    let ComparisonQuery { from, to } = query;
    let result = if let Some(one) = from {
        let other = to.unwrap_or(Side::Moment(Moment::Now));
        let (found, comparison) = compare::compare_in_order(&app, id, [one, other]).await?;
        render_comparison(&room, &found, &comparison.within(MOST_DIFFERENCES))
    } else {
        html! { p.empty { "Choose two moments: of snapshots, or any others by their times." } }
    };
    // If nothing was chosen, the newest two are suggested, or the only one and now: what happened last is asked for most.
    let nth = |nth: usize| all.get(nth).map(|snapshot| Side::Snapshot(snapshot.id));
    let (from, to) = match (from, nth(0), nth(1)) {
        (None, Some(newest), Some(older)) => (Some(older), to.or(Some(newest))),
        (None, newest, _) => (newest, to),
        _ => (from, to),
    };
    let main = html! {
        section aria-labelledby="compare-title" {
            h2 id="compare-title" { "Compare two moments" }
            (render_choice(&room, &all, from, to))
            (result)
        }
    };
    Ok(room.page(&caller, Tab::Snapshots, &main).into_response())
}

fn render_choice(room: &Room, all: &[Titled], from: Option<Side>, to: Option<Side>) -> Markup {
    let options = |blank: &str| -> Vec<_> {
        iter::once((String::new(), blank.to_owned())).chain(all.iter().map(choice)).collect()
    };
    let id = |side: Option<Side>| match side {
        Some(Side::Snapshot(id)) => Some(id.to_string()),
        _ => None,
    };
    // As a field of type `datetime-local` takes it: without an offset, to the minute.
    let time = |side: Option<Side>| match side {
        Some(Side::Moment(Moment::Time(time))) => Some(time.to_string()[..16].to_owned()),
        _ => None,
    };
    let none = Filled::default();
    html! {
        form.search method="get" action=(room.path("/compare")) {
            (Field::line("from", "Snapshot").value(id(from).as_deref()).select(&none, &options("–")))
            (Field::line("from_as_of", "or as of (UTC)").kind("datetime-local").value(time(from).as_deref()).input(&none))
            (Field::line("to", "Other snapshot").value(id(to).as_deref()).select(&none, &options("The room as it is now")))
            (Field::line("to_as_of", "or as of (UTC)").kind("datetime-local").value(time(to).as_deref()).input(&none))
            button.secondary type="submit" { "Compare" }
        }
    }
}

fn render_comparison(room: &Room, [then, now]: &[Found; 2], comparison: &Comparison) -> Markup {
    let Comparison { room: of_room, standing, parties, vessels, documents, approvals, log_entries, left_out } =
        comparison;
    let fields = |changes: &[FieldChange]| changes.iter().map(Change::of_field).collect::<Vec<_>>();
    let rows = |section: &SectionChange| section_changes(room, section);
    let groups = [
        ("Room", Some(fields(of_room))),
        ("Where it stands", standing.as_deref().map(fields).map(|changes| in_words_of_gates(room, changes))),
        ("Parties", Some(rows(parties))),
        ("Vessels", vessels.as_ref().map(rows)),
        ("Documents", documents.as_ref().map(rows)),
        ("Clearances", approvals.as_ref().map(rows).map(in_words_of_clearance)),
    ];
    let nothing = groups.iter().all(|(_, changes)| changes.as_ref().is_none_or(Vec::is_empty));
    let lacking: Vec<_> = groups.iter().filter(|(_, changes)| changes.is_none()).map(|(name, _)| *name).collect();
    let more = entries(u64::try_from(*log_entries).unwrap_or_default());
    html! {
        @if nothing { p.empty { "Nothing changed in the room between the two." } }
        @let summary = summary(comparison);
        @if !summary.is_empty() { p.in-short { (summary) } }
        @for (name, changes) in &groups {
            @if let Some(changes) = changes.as_ref().filter(|changes| !changes.is_empty()) {
                (render_table(room, name, changes, (then, now)))
            }
        }
        @if !lacking.is_empty() {
            p.hint { "Not compared, because one of the two was taken without: " (lacking.join(", ").to_lowercase()) "." }
        }
        @if *left_out > 0 { p.hint { (count(*left_out, "difference")) " more than can be shown here; the files of snapshots have them." } }
        p.hint { "The log has " (more) " more in the later one." }
    }
}

fn render_table(room: &Room, name: &str, changes: &[Change], (then, now): (&Found, &Found)) -> Markup {
    html! {
        h3 { (name) }
        table.list.compared {
            thead {
                tr {
                    th scope="col" { "What" }
                    (render_heading(room, "Then", then))
                    (render_heading(room, "Now", now))
                }
            }
            // A subject is named once, and has a line for each of its changes.
            @for of_subject in changes.chunk_by(|one, next| one.of == next.of) {
                tbody {
                    @let [first, ..] = of_subject else { continue };
                    @let is_whole = of_subject.len() == 1 && first.what.is_empty();
                    @if !first.of.is_empty() && !is_whole { tr.subject { th colspan="3" scope="rowgroup" { (first.of) } } }
                    @for change in of_subject { (change.row(is_whole)) }
                }
            }
        }
    }
}

fn entries(number: u64) -> String {
    if number == 1 { "1 entry".to_owned() } else { format!("{number} entries") }
}

fn render_heading(room: &Room, word: &str, found: &Found) -> Markup {
    html! {
        th scope="col" {
            (word) ": "
            @if let Some(snapshot) = &found.snapshot {
                a href=(room.path(&format!("/snapshots/{}", snapshot.id))) { (snapshot.title) } " "
            } @else {
                "the room "
            }
            span.hint { (show::time(found.at)) ", " (entries(found.size)) }
        }
    }
}

/// A line of the comparison. What is missing on one side was added or removed.
struct Change {
    /// The row that it is about; empty for the room itself.
    of: String,
    /// The field in words; empty if the whole row was added or removed.
    what: String,
    /// The path of the field in the record.
    field: String,
    then: Option<Value>,
    now: Option<Value>,
}

impl Change {
    fn of_field(change: &FieldChange) -> Self {
        let FieldChange { field, from, to } = change;
        let words = words::field(field);
        // A list changes by its members: an object that was added to `blockers` is one blocker.
        let is_one = from.as_ref().or(to.as_ref()).is_some_and(Value::is_object) && (from.is_none() || to.is_none());
        let what = words.strip_suffix('s').filter(|_| is_one).unwrap_or(&words).to_owned();
        Self { of: String::new(), what, field: field.clone(), then: from.clone(), now: to.clone() }
    }

    /// Returns the line of the change. The subject is named above it, unless the change is of the whole row.
    fn row(&self, is_whole: bool) -> Markup {
        let Self { of, what, field, then, now } = self;
        let (class, sign, word) = match (then, now) {
            (None, _) => ("good", "+", "Added"),
            (_, None) => ("bad", "−", "Removed"),
            _ => ("wait", "≠", "Changed"),
        };
        let shown = |value: &Option<Value>| html! { @if let Some(value) = value { (words::value(field, value)) } @else { (show::or_dash(None)) } };
        html! {
            // The sign repeats the word for the eye, as in a chip.
            tr {
                th scope="row" {
                    span class={ "sign " (class) } aria-hidden="true" { (sign) } " "
                    @if is_whole { (of) } @else { span.part { (what) } }
                    span.visually-hidden { " " (word) }
                }
                td data-label="Then" { (shown(then)) }
                td data-label="Now" { (shown(now)) }
            }
        }
    }
}

fn section_changes(room: &Room, section: &SectionChange) -> Vec<Change> {
    let SectionChange { added, removed, changed } = section;
    let whole = |row: &Value, then, now| Change {
        of: name_in_record(room, row),
        what: String::new(),
        field: "status".to_owned(),
        then,
        now,
    };
    let added = added.iter().map(|row| whole(row, None, Some(brief(row))));
    let removed = removed.iter().map(|row| whole(row, Some(brief(row)), None));
    let changed = changed.iter().flat_map(|RowChange { id, name, changes }| {
        // A document is easier to find by the name that it has today.
        let of = name_today(room, id).unwrap_or_else(|| name.clone());
        changes.iter().map(move |change| Change { of: of.clone(), ..Change::of_field(change) })
    });
    added.chain(removed).chain(changed).collect()
}

/// Returns changes of where the room stands with the words that gates have for their blockers, and names for addresses.
fn in_words_of_gates(room: &Room, changes: Vec<Change>) -> Vec<Change> {
    let words = |blocker: Value| match blocker["detail"].as_str() {
        Some(detail) => Value::String(way::blocker_words(&room.state, detail)),
        None => blocker,
    };
    let said = |Change { of, what, field, then, now }: Change| match &*field {
        "blockers" => Change { of, what: "Outstanding".to_owned(), field, then: then.map(words), now: now.map(words) },
        _ => Change { of, what, field, then, now },
    };
    changes.into_iter().map(said).collect()
}

/// Returns changes of clearances with the words that pages have for a reply, which differ from those of a decision.
fn in_words_of_clearance(changes: Vec<Change>) -> Vec<Change> {
    let reply = |value: Value| match value.as_str().and_then(|word| word.parse().ok()) {
        Some(status) => Value::String(show::reply(status).to_owned()),
        None => value,
    };
    let said = |change: Change| match &*change.field {
        "status" => Change { then: change.then.map(reply), now: change.now.map(reply), ..change },
        _ => change,
    };
    changes.into_iter().map(said).collect()
}

/// Returns the one word that says most about a row that only one of the records has.
fn brief(row: &Value) -> Value {
    let mut words = ["status", "role"].into_iter().filter_map(|field| row[field].as_str());
    // `active` is what every row is until something happens to it; the role says more.
    let word = words.find(|word| *word != "active");
    Value::String(word.unwrap_or("active").to_owned())
}

/// Returns the name of a row as its record has it, after the name of its vessel if that still exists.
fn name_in_record(room: &Room, row: &Value) -> String {
    let by = row["by"].as_str().map(|by| party_name(room, by));
    let name = row["name"].as_str().or(by).unwrap_or_default();
    let vessel = row["vessel_id"].as_str().and_then(|id| id.parse().ok()).and_then(|id| room.state.vessel(id));
    vessel.map_or_else(|| name.to_owned(), |vessel| format!("{}: {name}", vessel.details.name))
}

/// Returns the name of a document or an approval as it is in the room today. `None` for other rows, and for what is
/// gone.
fn name_today(room: &Room, id: &str) -> Option<String> {
    let document = room.state.documents.iter().find(|document| document.slot.id.to_string() == id);
    if let Some(document) = document {
        return Some(room.state.title_of(&document.slot));
    }
    let approval = room.state.approvals.iter().find(|approval| approval.id.to_string() == id)?;
    let vessel = room.state.vessel(approval.vessel)?;
    Some(format!("{}: {}", vessel.details.name, party_name(room, &approval.party)))
}

fn party_name<'a>(room: &'a Room, address: &'a str) -> &'a str {
    room.state.parties.iter().find(|party| party.email == address).map_or(address, |party| &party.name)
}
