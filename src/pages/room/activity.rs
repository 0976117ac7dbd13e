//! Activity: the room's log as a timeline, the newest first.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use room::{Log, Time, address::fold_email};

use crate::{
    app::App,
    db::{
        self, Page, Tx,
        activity::{Entry, Filter},
    },
    error::Result,
    http::{Access::May, BASE, Bounds, Caller, FromPairs, Given, InRoom, Kind, PageRoutes, Query},
    pages::{
        kit::{
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
    PageRoutes::new().get("/rooms/{room_id}/activity", May(ActivityListOwn), timeline)
}

/// The largest timeline, in bytes.
const MOST_BYTES: usize = 1_200_000;
/// An entry that says more, in bytes, is led to instead.
const LONGEST_EXACT: usize = 60_000;

/// Which entries are asked for.
struct Asked {
    filter: Filter,
    page: Page,
    /// The filter as `&name=value…`, for the links to the other parts.
    query: String,
}

impl Asked {
    const LIMIT: Bounds = Bounds { least: 1, most: Some(200), default: Some(50) };
    const OFFSET: Bounds = Bounds { least: 0, most: None, default: Some(0) };

    fn is_filtered(&self) -> bool {
        let Filter { actor, action, from, to } = &self.filter;
        actor.is_some() || action.is_some() || from.is_some() || to.is_some()
    }
}

/// The form sends the fields that were left empty, too; times are typed in UTC.
impl FromPairs for Asked {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        ("limit", Kind::Number(Self::LIMIT), "Entries at most"),
        ("offset", Kind::Number(Self::OFFSET), "Entries to pass over"),
        ("actor", Kind::Text, "Only entries of this address"),
        ("action", Kind::Text, "Only entries of this action"),
        ("from", Kind::Time, "Only entries at this time or later"),
        ("to", Kind::Time, "Only entries before this time"),
    ];

    fn read(given: &mut Given) -> Self {
        given.forget_blank();
        let query = given.query_without(&["limit", "offset"]).replacen('?', "&", 1);
        let page = Page { limit: given.number("limit", Self::LIMIT), offset: given.number("offset", Self::OFFSET) };
        let mut text = |name| given.text(name).filter(|text| !text.is_empty());
        let (actor, action) = (text("actor").map(|actor| fold_email(&actor)), text("action"));
        let filter = Filter { actor, action, from: time(given, "from"), to: time(given, "to") };
        Self { filter, page, query }
    }
}

fn time(given: &mut Given, name: &str) -> Option<Time> {
    let typed = given.text(name).filter(|text| !text.is_empty())?;
    let at = typed.parse().or_else(|_| format!("{typed}Z").parse());
    if at.is_err() {
        given.fault(name, "must be a time in UTC: `2026-12-01T06:30`");
    }
    at.ok()
}

async fn timeline(app: App, caller: Caller, room: InRoom, Query(asked): Query<Asked>) -> Result<Response> {
    let log = Log::Room(room.id);
    let Asked { filter, page, .. } = &asked;
    // After the room: events tell what came since that was read.
    let room = Room::load(&app, room.id).await?;
    let read = async |tx: &mut Tx| {
        let listed = db::activity::list(tx, Some(log), filter, *page).await?;
        Ok((listed, db::snapshots::titles(tx, room.state.room.id).await?, db::logs::head(tx, log).await?))
    };
    let ((entries, total), snapshots, head) = app.db.read(read).await?;
    let who = Who::of(&app, &room.state.parties, entries.iter().map(|entry| entry.actor.as_str())).await?;
    let known = Known::of(&room.state, snapshots, who);
    let shown = within(MOST_BYTES, entries.iter().map(|entry| told(&room, &known, entry))).shown;
    let shown_part =
        (asked.page, if shown < entries.len() { i64::try_from(shown).unwrap_or(i64::MAX) } else { asked.page.limit });
    let entries = &entries[..shown];
    let main = html! {
        section aria-labelledby="activity-title" {
            h2 id="activity-title" { "Activity" }
            (search(&room, &known, &asked, entries))
            div id="timeline" data-live {
                @if entries.is_empty() {
                    p.empty {
                        "No entry of the log fits. " a href=(room.path("/activity")) { "Show all" }
                    }
                }
                @for day in entries.chunk_by(|one, next| one.at.day() == next.at.day()) { (of_day(&room, &known, day)) }
                (paging::neighbours_of(&room.path("/activity"), &asked.query, shown_part, total))
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

fn search(room: &Room, known: &Known<'_>, asked: &Asked, entries: &[Entry]) -> Markup {
    let Filter { actor, action, from, to } = &asked.filter;
    let parties = room.state.parties.iter().map(|party| party.email.as_str());
    let others = entries.iter().map(|entry| entry.actor.as_str()).chain(actor.as_deref()).chain(["system"]);
    let mut actors: Vec<&str> = Vec::new();
    for address in parties.chain(others) {
        if !actors.contains(&address) {
            actors.push(address);
        }
    }
    let unknown = action.as_deref().filter(|action| !sentence::room_actions().any(|known| known == *action));
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
                    @for known in sentence::room_actions().chain(unknown) {
                        option value=(known) selected[action.as_deref() == Some(known)] { (label(known)) }
                    }
                }
            }
            (instant("from", "From (UTC)", *from))
            (instant("to", "Before (UTC)", *to))
            button.secondary type="submit" { "Show" }
            @if asked.is_filtered() { a.quiet href=(room.path("/activity")) { "Show all" } }
        }
    }
}

fn instant(name: &str, label: &str, at: Option<Time>) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) name=(name) type="datetime-local" value=[at.map(show::for_field)];
        }
    }
}

fn of_day(room: &Room, known: &Known<'_>, entries: &[Entry]) -> Markup {
    html! {
        @if let Some(first) = entries.first() {
            h3 { time datetime=(first.at.day()) { (show::date(first.at)) } }
            ol.timeline reversed { @for entry in entries { (told(room, known, entry)) } }
        }
    }
}

fn told(room: &Room, known: &Known<'_>, entry: &Entry) -> Markup {
    let Entry { seq, actor, action, at, meta, .. } = entry;
    let exact = serde_json::to_string_pretty(meta).unwrap_or_default();
    html! {
        li {
            (show::clock(*at))
            p {
                strong { (known.who().named(actor)) }
                @if let Some(role) = known.who().role(actor) { span.hint { " " (role) } }
                " " span.what { (sentence::of(entry, known)) }
            }
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
