//! The cockpit: the caller's rooms, the nearest ETA first, with what blocks each room and what waits for the caller.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use room::{Phase, Role, RoomId};

use super::{
    kit::{
        chip::{Tone, chip},
        layout::{HtmlPage, Part},
        paging::neighbours_from,
        portion::within,
        show::{self, count, label},
        way,
    },
    room::progress,
};
use crate::{
    app::App,
    db::seek::Seek,
    domain::clearance::{
        cockpit::{self, Row, SEARCHED, Viewer, Wanted},
        todo::Task,
    },
    error::Result,
    http::{Access::May, Caller, FromPairs, Given, Kind, PageRoutes, Query, Seeking},
    policy::Action::{DocumentApprove, RoomCreate, RoomList},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/", May(RoomList), show_rooms)
}

/// The largest list of rooms, in bytes.
const MOST_BYTES: usize = 1_700_000;
/// How many blockers, and tasks of a kind, a row names; for the others it has a link.
const NAMED: usize = 3;

/// Which rooms are to be listed.
struct RoomQuery {
    /// The words to search for, as typed.
    q: String,
    wanted: Wanted,
    seek: Seek,
    /// The filter as `&name=value…`, for links to other parts of the list.
    query: String,
}

impl FromPairs for RoomQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        Seeking::PARAMETERS[0],
        Seeking::PARAMETERS[1],
        Seeking::PARAMETERS[2],
        Seeking::PARAMETERS[3],
        ("q", Kind::Text, "Words, or parts of words, that the rooms have"),
        ("phase", Kind::Word(Phase::WORDS), "Only rooms in this phase"),
        ("mine", Kind::Flag, "Only rooms in which something waits for oneself"),
        ("closed", Kind::Flag, "Closed rooms too"),
    ];

    fn read(given: &mut Given) -> Self {
        // A browser also sends the fields of the search that were left empty.
        given.forget_blank();
        let (seek, query) = Seeking::read_with_filter(given);
        let query = query.replacen('?', "&", 1);
        let phase = given.word("phase", Phase::WORDS);
        let wanted =
            Wanted { words: Vec::new(), phase, closed: given.flag("closed"), waits_for_me: given.flag("mine") };
        Self { q: given.text("q").unwrap_or_default().trim().to_owned(), wanted, seek, query }
    }
}

impl RoomQuery {
    fn is_filtered(&self) -> bool {
        let Wanted { phase, closed, waits_for_me, .. } = self.wanted;
        !self.q.is_empty() || phase.is_some() || closed || waits_for_me
    }
}

async fn show_rooms(app: App, caller: Caller, Query(query): Query<RoomQuery>) -> Result<Response> {
    let viewer = Viewer {
        email: caller.user.email.clone(),
        is_admin: caller.role == Role::Admin,
        deciders: DocumentApprove.roles(),
    };
    let wanted = Wanted { words: cockpit::words(&query.q)?, ..query.wanted.clone() };
    let (rows, total, part) = cockpit::read(&app, viewer, wanted, &query.seek).await?;
    let shown = within(MOST_BYTES, rows.iter().map(render_room));
    // If not all rows fit, the next part begins where the shown ones end.
    let ids: Vec<_> = rows.iter().take(shown.shown).map(|row| row.state.room.id.to_string()).collect();
    let main = html! {
        div.page-head {
            h1 { "Rooms" }
            @if caller.may(RoomCreate) { a.button href="/rooms/new" { "Open a room" } }
        }
        @if total > 0 || query.is_filtered() { (render_search(&query)) }
        @if rows.is_empty() { (render_empty(&caller, &query, total)) } @else { (render_table(&shown.markup)) }
        (neighbours_from(("/", &query.query), &query.seek, part, (&ids, total)))
    };
    Ok(HtmlPage::new("Rooms", main).in_part(Part::Rooms, &caller).into_response())
}

fn render_search(query: &RoomQuery) -> Markup {
    let Wanted { phase, closed, waits_for_me, .. } = query.wanted;
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
                label for="search-q" { "Title, place, vessel, IMO, party or document" }
                input id="search-q" name="q" type="search" value=(query.q) autocomplete="off" maxlength="255";
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
            @if query.is_filtered() { a.quiet href="/" { "Clear the search" } }
        }
    }
}

fn render_empty(caller: &Caller, query: &RoomQuery, total: i64) -> Markup {
    html! {
        div.empty {
            // Rooms have gone since the link to this part was drawn, or somebody typed the offset.
            @if total > 0 {
                p { "The list has no more rooms than before this part. " a href="/" { "To its beginning" } }
            } @else if query.is_filtered() {
                p { "No room fits. " a href="/" { "Clear the search" } }
                @if !query.q.is_empty() {
                    p.hint {
                        "Searched for “" (query.q) "” in " (SEARCHED) " of "
                        @if query.wanted.closed || query.wanted.phase == Some(Phase::Closed) { "all rooms that you see" } @else { "the rooms that you see and that are not closed" }
                        ". Every word has to be found; parts of words do, and case and accents do not matter."
                    }
                }
            } @else if caller.may(RoomCreate) {
                p { "No room is open. A room is one ship-to-ship operation: its vessels, its parties and its papers." }
                p { a.button href="/rooms/new" { "Open a room" } }
            } @else {
                p { "You are in no room that is open. A broker adds you to one by your address, " strong { (caller.user.email) } "." }
            }
            @if total == 0 && !query.is_filtered() { p { a href="/?closed=true" { "Look at closed rooms" } } }
        }
    }
}

fn render_table(rows: &Markup) -> Markup {
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

fn render_room(row: &Row) -> Markup {
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
                        (render_first(named.map(|it| (way::blocker_path(room.id, it), it.detail.as_str())), &format!("{path}/clearance#in-the-way")))
                    }
                }
            }
            td data-label="Running out, overdue" {
                @if todo.overdue.is_empty() && todo.expiring.is_empty() && todo.undated.is_empty() { span.hint { "–" } }
                (render_tasks(room.id, &todo.overdue, (Tone::Bad, "overdue"), ""))
                (render_tasks(room.id, &todo.expiring, (Tone::Warn, "running out"), ""))
                (render_tasks(room.id, &todo.undated, (Tone::Warn, "without a date"), ""))
            }
            td data-label="Waits for you" {
                @if todo.waiting_for_me.is_empty() { span.hint { "–" } }
                (render_tasks(room.id, &todo.waiting_for_me, (Tone::Wait, "to decide"), "?show=mine"))
            }
        }
    }
}

fn render_tasks(room: RoomId, tasks: &[Task], (tone, words): (Tone, &str), rest: &str) -> Markup {
    html! {
        @if !tasks.is_empty() {
            (chip(tone, &format!("{} {words}", tasks.len())))
            (render_first(tasks.iter().map(|task| (way::task_path(room, task), task.name.as_str())), &format!("/rooms/{room}/documents{rest}")))
        }
    }
}

/// Returns links to the first few things, and one link to where all of them are.
fn render_first<'a>(all: impl ExactSizeIterator<Item = (String, &'a str)>, rest: &str) -> Markup {
    let more = all.len().saturating_sub(NAMED);
    html! {
        ul.named {
            @for (path, words) in all.take(NAMED) { li { a href=(path) { (words) } } }
            @if more > 0 { li { a href=(rest) { "and " (count(more, "other")) } } }
        }
    }
}
