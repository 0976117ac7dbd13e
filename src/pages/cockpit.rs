//! The cockpit: one's rooms, that of the nearest ETA first, with what blocks each and what waits for oneself.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use room::{Phase, Role, RoomId};

use super::{
    kit::{
        chip::{Tone, chip},
        layout::{Page, Part},
        paging::neighbours_of,
        portion::within,
        show::{self, count, label},
        way,
    },
    room::progress,
};
use crate::{
    app::App,
    db,
    domain::clearance::{
        cockpit::{self, Row, Viewer, Wanted},
        todo::Task,
    },
    error::Result,
    http::{Access::May, Caller, FromPairs, Given, Kind, PageRoutes, Paging, Query},
    policy::Action::{DocumentApprove, RoomCreate, RoomList},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/", May(RoomList), list)
}

/// The largest list of rooms, in bytes.
const MOST_BYTES: usize = 1_700_000;
/// Of each kind of thing, those that are named in a row.
const NAMED: usize = 3;

/// Which rooms are asked for. The form sends the fields that were left empty, too.
struct Asked {
    q: String,
    wanted: Wanted,
    part: db::Page,
    /// The filter as a query, for the links to the list's other parts: `&name=value…`.
    query: String,
}

impl FromPairs for Asked {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        Paging::PARAMETERS[0],
        Paging::PARAMETERS[1],
        ("q", Kind::Text, "Words of the title, the location or a vessel's name"),
        ("phase", Kind::Word(Phase::WORDS), "Only rooms in this phase"),
        ("mine", Kind::Flag, "Only rooms in which something waits for oneself"),
        ("closed", Kind::Flag, "Closed rooms too"),
    ];

    fn read(given: &mut Given) -> Self {
        given.forget_blank();
        let query = given.query_without(&["limit", "offset"]).replacen('?', "&", 1);
        let Paging(part) = Paging::read(given);
        let phase = given.word("phase", Phase::WORDS);
        let wanted =
            Wanted { words: Vec::new(), phase, closed: given.flag("closed"), waits_for_me: given.flag("mine") };
        Self { q: given.text("q").unwrap_or_default().trim().to_owned(), wanted, part, query }
    }
}

impl Asked {
    fn is_filtered(&self) -> bool {
        let Wanted { phase, closed, waits_for_me, .. } = self.wanted;
        !self.q.is_empty() || phase.is_some() || closed || waits_for_me
    }
}

async fn list(app: App, caller: Caller, Query(asked): Query<Asked>) -> Result<Response> {
    let viewer = Viewer {
        email: caller.user.email.clone(),
        is_admin: caller.role == Role::Admin,
        deciders: DocumentApprove.roles(),
    };
    let wanted = Wanted { words: cockpit::words(&asked.q)?, ..asked.wanted.clone() };
    let (rows, total) = cockpit::read(&app, viewer, wanted, asked.part).await?;
    let shown = within(MOST_BYTES, rows.iter().map(of_room));
    let part = if shown.left_out > 0 { i64::try_from(shown.shown).unwrap_or(i64::MAX) } else { asked.part.limit };
    let main = html! {
        div.page-head {
            h1 { "Rooms" }
            @if caller.may(RoomCreate) { a.button href="/rooms/new" { "Open a room" } }
        }
        @if total > 0 || asked.is_filtered() { (search(&asked)) }
        @if rows.is_empty() { (empty(&caller, &asked, total)) } @else { (table(&shown.markup)) }
        (neighbours_of("/", &asked.query, (asked.part, part), total))
    };
    Ok(Page::new("Rooms", main).of(Part::Rooms, &caller).into_response())
}

fn search(asked: &Asked) -> Markup {
    let Wanted { phase, closed, waits_for_me, .. } = asked.wanted;
    let tick = |name: &str, words: &str, ticked: bool| {
        html! {
            div.tick {
                input id={ "search-" (name) } name=(name) type="checkbox" value="true" checked[ticked];
                label for={ "search-" (name) } { (words) }
            }
        }
    };
    html! {
        form.search method="get" action="/" role="search" {
            div.field {
                label for="search-q" { "Title, place or vessel" }
                input id="search-q" name="q" type="search" value=(asked.q) autocomplete="off" maxlength="255";
            }
            div.field {
                label for="search-phase" { "Phase" }
                select id="search-phase" name="phase" {
                    option value="" { "Any" }
                    @for one in Phase::ALL {
                        option value=(one) selected[phase == Some(one)] { (label(one.word())) }
                    }
                }
            }
            (tick("mine", "Waits for me", waits_for_me))
            (tick("closed", "Closed rooms too", closed))
            button.secondary type="submit" { "Show" }
            @if asked.is_filtered() { a.quiet href="/" { "Clear the search" } }
        }
    }
}

fn empty(caller: &Caller, asked: &Asked, total: i64) -> Markup {
    html! {
        div.empty {
            @if total > 0 {
                p { "The list has no more rooms than before this part. " a href="/" { "To its beginning" } }
            } @else if asked.is_filtered() {
                p { "No room fits. " a href="/" { "Clear the search" } }
            } @else if caller.may(RoomCreate) {
                p { "No room is open. A room is one ship-to-ship operation: its vessels, its parties and its papers." }
                p { a.button href="/rooms/new" { "Open a room" } }
            } @else {
                p { "You are in no room that is open. A broker adds you to one by your address, " strong { (caller.user.email) } "." }
            }
            @if total == 0 && !asked.is_filtered() { p { a href="/?closed=true" { "Look at closed rooms" } } }
        }
    }
}

fn table(rows: &Markup) -> Markup {
    html! {
        table.list.cockpit {
            thead {
                tr {
                    th scope="col" { "Room" }
                    th scope="col" { "ETA" }
                    th scope="col" { "Phase" }
                    th scope="col" { "In the way" }
                    th scope="col" { "Running out, overdue" }
                    th scope="col" { "Waits for you" }
                }
            }
            tbody { (rows) }
        }
    }
}

fn of_room(row: &Row) -> Markup {
    let Row { state, standing, todo } = row;
    let room = &state.room;
    let path = format!("/rooms/{}", room.id);
    let vessels: Vec<_> = state.active_vessels().map(|vessel| vessel.details.name.as_str()).collect();
    html! {
        tr {
            th scope="row" {
                a href=(path) { (room.title) }
                div.hint {
                    @if vessels.is_empty() { "No vessel named yet" } @else { (vessels.join(" / ")) }
                    br; (room.location)
                }
            }
            td data-label="ETA" {
                (show::away(room.sts_eta, state.now))
                @if row.is_late() { " " (chip(Tone::Bad, "late")) }
                div.hint { (show::time(room.sts_eta)) }
            }
            td data-label="Phase" {
                (label(room.phase.word()))
                (progress(standing))
            }
            td data-label="In the way" {
                @match standing.next_phase {
                    None => span.hint { "–" },
                    Some(next) if standing.blockers.is_empty() => {
                        (chip(Tone::Good, &format!("{} is open", label(next.word()))))
                    }
                    Some(next) => {
                        (chip(Tone::Warn, &format!("{} before {}", standing.blockers.len(), next.word())))
                        @let named = standing.blockers.iter();
                        (named_of(named.map(|it| (way::to_blocker(room.id, it), it.detail.as_str())), &format!("{path}/clearance#in-the-way")))
                    }
                }
            }
            td data-label="Running out, overdue" {
                @if todo.overdue.is_empty() && todo.expiring.is_empty() { span.hint { "–" } }
                (tasks(room.id, &todo.overdue, (Tone::Bad, "overdue"), ""))
                (tasks(room.id, &todo.expiring, (Tone::Warn, "running out"), ""))
            }
            td data-label="Waits for you" {
                @if todo.waiting_for_me.is_empty() { span.hint { "–" } }
                (tasks(room.id, &todo.waiting_for_me, (Tone::Wait, "to decide"), "?show=mine"))
            }
        }
    }
}

fn tasks(room: RoomId, tasks: &[Task], (tone, words): (Tone, &str), rest: &str) -> Markup {
    html! {
        @if !tasks.is_empty() {
            (chip(tone, &format!("{} {words}", tasks.len())))
            (named_of(tasks.iter().map(|task| (way::to_task(room, task), task.name.as_str())), &format!("/rooms/{room}/documents{rest}")))
        }
    }
}

/// The first of them, and where the others are.
fn named_of<'a>(all: impl ExactSizeIterator<Item = (String, &'a str)>, rest: &str) -> Markup {
    let more = all.len().saturating_sub(NAMED);
    html! {
        ul.named {
            @for (path, words) in all.take(NAMED) { li { a href=(path) { (words) } } }
            @if more > 0 { li { a href=(rest) { "and " (count(more, "other")) } } }
        }
    }
}
