//! Activity: the log of the room as a timeline, the newest entry first.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use room::{Log, Time, address::fold_email};

use crate::{
    app::App,
    db::{
        self, Page, Tx,
        activity::{Entry, Filter},
        seek::Seek,
    },
    error::Result,
    http::{Access::May, BASE, Bounds, Caller, FromPairs, Given, InRoom, Kind, PageRoutes, Query, Seeking},
    pages::{
        kit::{
            field::LATEST_MINUTE,
            paging,
            portion::within,
            sentence::{self, Known},
            show::{self, label},
            who::Who,
        },
        room::frame::{Room, Tab},
    },
    policy::Action::{ActivityExport, ActivityListOwn},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/rooms/{room_id}/activity", May(ActivityListOwn), show_timeline)
}

/// The largest timeline, in bytes.
const MOST_BYTES: usize = 1_200_000;
/// The most bytes of an entry that are shown; a longer entry is linked to instead.
const LONGEST_EXACT: usize = 60_000;

/// Which entries are to be listed.
struct LogQuery {
    filter: Filter,
    seek: Seek,
    /// The filter as `&name=value…`, for links to other parts of the list.
    query: String,
}

impl LogQuery {
    const LIMIT: Bounds = Bounds { least: 1, most: Some(200), default: Some(50) };
    const OFFSET: Bounds = Bounds { least: 0, most: None, default: Some(0) };

    fn is_filtered(&self) -> bool {
        let Filter { actor, action, from, to } = &self.filter;
        actor.is_some() || action.is_some() || from.is_some() || to.is_some()
    }
}

impl FromPairs for LogQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        ("limit", Kind::Number(Self::LIMIT), "Entries at most"),
        ("offset", Kind::Number(Self::OFFSET), "Entries to pass over"),
        Seeking::PARAMETERS[2],
        Seeking::PARAMETERS[3],
        ("actor", Kind::Text, "Only entries of this address"),
        ("action", Kind::Text, "Only entries of this action"),
        ("from", Kind::Time, "Only entries at this time or later"),
        ("to", Kind::Time, "Only entries before this time"),
    ];

    fn read(given: &mut Given) -> Self {
        // A browser also sends the fields of the search that were left empty.
        given.forget_blank();
        let query = given.query_without(Seeking::PART).replacen('?', "&", 1);
        let page = Page { limit: given.number("limit", Self::LIMIT), offset: given.number("offset", Self::OFFSET) };
        let seek = Seeking::read_from(given, page);
        let mut text = |name| given.text(name).filter(|text| !text.is_empty());
        let (actor, action) = (text("actor").map(|actor| fold_email(&actor)), text("action"));
        let filter = Filter { actor, action, from: read_time(given, "from"), to: read_time(given, "to") };
        Self { filter, seek, query }
    }
}

fn read_time(given: &mut Given, name: &str) -> Option<Time> {
    let typed = given.text(name).filter(|text| !text.is_empty())?;
    // A field of type `datetime-local` sends no zone; its label says UTC.
    let at = typed.parse().or_else(|_| format!("{typed}Z").parse());
    if at.is_err() {
        given.fault(name, "must be a time in UTC: `2026-12-01T06:30`");
    }
    at.ok()
}

async fn show_timeline(app: App, caller: Caller, room: InRoom, Query(query): Query<LogQuery>) -> Result<Response> {
    let log = Log::Room(room.id);
    let LogQuery { filter, seek, .. } = &query;
    // The room is read before its entries: an entry that comes in between is then shown and announced by an event,
    // which refreshes once too often. The other way round it would be neither.
    let room = Room::load(&app, room.id).await?;
    let read = async |tx: &mut Tx| {
        let listed = db::activity::list(tx, Some(log), filter, seek).await?;
        Ok((listed, db::snapshots::titles(tx, room.state.room.id).await?, db::logs::head(tx, log).await?))
    };
    let ((entries, total, page), snapshots, head) = app.db.read(read).await?;
    let who = Who::load(&app, &room.state.parties, entries.iter().map(|entry| entry.actor.as_str())).await?;
    let known = Known::in_room(&room.state, snapshots, who);
    let shown = within(MOST_BYTES, entries.iter().map(|entry| render_entry(&room, &known, entry))).shown;
    let entries = &entries[..shown];
    let ids: Vec<_> = entries.iter().map(|entry| entry.id.to_string()).collect();
    let main = html! {
        section aria-labelledby="activity-title" {
            h2 id="activity-title" { "Activity" }
            (render_search(&room, &known, &query, entries))
            div id="timeline" data-live {
                @if entries.is_empty() {
                    p.empty {
                        "No entry of the log fits. " a href=(room.path("/activity")) { "Show all" }
                    }
                }
                @for day in entries.chunk_by(|one, next| one.at.day() == next.at.day()) { (render_day(&room, &known, day)) }
                (paging::neighbours_from((&room.path("/activity"), &query.query), &query.seek, page, (&ids, total)))
            }
            div.log-head id="log-head" data-live {
                @if let Some(head) = &head {
                    p.hint {
                        "The log has " span.num { (head.range.size()) } " entries; the root of its tree is "
                        code { (hex::encode(head.range.root())) } ". "
                        a href={ (BASE) (room.path("/log/checkpoint")) } { "Signed checkpoint" }
                    }
                }
            }
            @if caller.may(ActivityExport) {
                p.actions {
                    a.button.secondary href={ (BASE) (room.path("/log/export")) } { "Export the log" }
                    span.hint { "All of it, as lines of JSON with its checkpoint. The log notes it." }
                }
            }
        }
    };
    Ok(room.page(&caller, Tab::Activity, &main).into_response())
}

fn render_search(room: &Room, known: &Known<'_>, query: &LogQuery, entries: &[Entry]) -> Markup {
    let Filter { actor, action, from, to } = &query.filter;
    let parties = room.state.parties.iter().map(|party| party.email.as_str());
    let others = entries.iter().map(|entry| entry.actor.as_str()).chain(actor.as_deref()).chain(["system"]);
    let mut actors: Vec<&str> = Vec::new();
    for address in parties.chain(others) {
        if !actors.contains(&address) {
            actors.push(address);
        }
    }
    // An action that is in the address but in no list stays chosen, so that the form shows what it filters by.
    let unknown = action.as_deref().filter(|action| !room::sentence::room_actions().any(|known| known == *action));
    html! {
        form.search method="get" action=(room.path("/activity")) {
            div.field {
                label for="actor" { "Who" }
                select id="actor" name="actor" {
                    option value="" { "Anyone" }
                    @for address in actors {
                        option value=(address) selected[actor.as_deref() == Some(address)] { (known.who().name(address)) }
                    }
                }
            }
            div.field {
                label for="action" { "What" }
                select id="action" name="action" {
                    option value="" { "Anything" }
                    @for known in room::sentence::room_actions().chain(unknown) {
                        option value=(known) selected[action.as_deref() == Some(known)] { (label(known)) }
                    }
                }
            }
            (render_instant("from", "From (UTC)", *from))
            (render_instant("to", "Before (UTC)", *to))
            button.secondary type="submit" { "Show" }
            @if query.is_filtered() { a.quiet href=(room.path("/activity")) { "Show all" } }
        }
    }
}

fn render_instant(name: &str, label: &str, at: Option<Time>) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) name=(name) type="datetime-local" max=(LATEST_MINUTE) value=[at.map(show::for_field)];
        }
    }
}

fn render_day(room: &Room, known: &Known<'_>, entries: &[Entry]) -> Markup {
    html! {
        @if let Some(first) = entries.first() {
            h3 { time datetime=(first.at.day()) { (show::date(first.at)) } }
            ol.timeline reversed { @for entry in entries { (render_entry(room, known, entry)) } }
        }
    }
}

fn render_entry(room: &Room, known: &Known<'_>, entry: &Entry) -> Markup {
    let Entry { seq, actor, action, at, meta, .. } = entry;
    let exact = serde_json::to_string_pretty(meta).unwrap_or_default();
    html! {
        li {
            (show::clock(*at))
            p {
                strong { (known.who().named(actor)) }
                // Who has several roles has done it in one of them.
                @let role = meta["by_role"].as_str().map(show::label).or_else(|| known.who().role(actor));
                @if let Some(role) = role { span.hint { " " (role) } }
                " " span.what { (sentence::render_entry(entry, known)) }
            }
            // The id lets the script keep what is open when it replaces the timeline.
            details id={ "entry-" (seq) } {
                summary { "Entry " (seq) }
                dl.facts {
                    dt { "Action" } dd { code { (action) } }
                    dt { "By" } dd { (actor) }
                    dt { "At" } dd { (at) }
                }
                @if exact.len() > LONGEST_EXACT {
                    p { a href={ (BASE) (room.path(&format!("/log/entries?from={seq}&to={}", seq + 1))) } { "What exactly it says" } }
                } @else {
                    pre.exact { (exact) }
                }
                p {
                    a href={ (BASE) (room.path(&format!("/log/proof?entry={seq}"))) }
                        aria-label={ "Proof that the log holds entry " (seq) } { "Proof that the log holds it" }
                }
            }
        }
    }
}
