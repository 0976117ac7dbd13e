//! The cockpit: the caller's rooms, a line each, which unfolds to what blocks the room and what waits for the caller.

use axum::response::{IntoResponse, Response};
use maud::{Markup, Render, html};
use room::{Phase, Role, RoomId, Standing};

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
    db::{rooms::RoomOrder, seek::Seek},
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
/// How many blockers, and tasks of a kind, an unfolded row names; for the others it has a link.
const NAMED: usize = 5;

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
        ("sort", Kind::Word(RoomOrder::WORDS), "The order of the open rooms"),
    ];

    fn read(given: &mut Given) -> Self {
        // A browser also sends the fields of the search that were left empty.
        given.forget_blank();
        let (seek, query) = Seeking::read_with_filter(given);
        let query = query.replacen('?', "&", 1);
        let phase = given.word("phase", Phase::WORDS);
        let wanted = Wanted {
            words: Vec::new(),
            phase,
            closed: given.flag("closed"),
            waits_for_me: given.flag("mine"),
            order: given.word("sort", RoomOrder::WORDS).unwrap_or_default(),
        };
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
        div.page-head.cockpit-head {
            h1 { "Rooms" }
            @if total > 0 || query.is_filtered() { (render_search(&query)) }
            @if caller.may(RoomCreate) { a.button href="/rooms/new" { "Open a room" } }
        }
        div id="rooms" data-live {
            @if rows.is_empty() { (render_empty(&caller, &query, total)) } @else { (render_table(&shown.markup)) }
            (neighbours_from(("/", &query.query), &query.seek, part, (&ids, total)))
        }
    };
    // The tab says how much waits, so that it need not be opened to know.
    let waiting: usize = rows.iter().map(|row| row.todo.waiting_for_me.len()).sum();
    let title = if waiting > 0 { format!("({waiting}) Rooms") } else { "Rooms".to_owned() };
    Ok(HtmlPage::new(title, main).in_part(Part::Rooms, &caller).renewed().into_response())
}

fn render_search(query: &RoomQuery) -> Markup {
    let Wanted { phase, closed, waits_for_me, order, .. } = query.wanted;
    let orders = [
        (RoomOrder::Eta, "Nearest ETA"),
        (RoomOrder::Title, "Title"),
        (RoomOrder::Phase, "Furthest phase"),
        (RoomOrder::Newest, "Newest"),
    ];
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
                label for="search-q" { "Search" }
                input id="search-q" name="q" type="search" value=(query.q) autocomplete="off" maxlength="255"
                    placeholder="Title, vessel, IMO, party, document";
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
            div.field {
                label for="search-sort" { "Sort by" }
                select id="search-sort" name="sort" {
                    @for (word, (one, words)) in RoomOrder::WORDS.iter().zip(orders) {
                        // What is so without being said stays out of the address.
                        option value=(if one == RoomOrder::Eta { "" } else { *word }) selected[order == one] { (words) }
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
                    th.aside scope="col" { "Documents" }
                    th scope="col" { "Outstanding" }
                    th scope="col" { "Overdue, expiring" }
                    th scope="col" { "Waits for you" }
                    th scope="col" { span.visually-hidden { "More" } }
                }
            }
            tbody { (rows) }
        }
    }
}

/// Returns the line of a room, and the row below it, which the style sheet shows while the line is unfolded.
fn render_room(row: &Row) -> Markup {
    let Row { state, standing, todo } = row;
    let room = &state.room;
    let path = format!("/rooms/{}", room.id);
    let Standing { resolved_required_docs: resolved, total_required_docs: required, .. } = standing;
    html! {
        tr class=[row.is_late().then_some("late")] {
            th scope="row" { a href=(path) { (room.title) } }
            td data-label="ETA" { (show::away(room.sts_eta, state.now)) @if row.is_late() { " " (chip(Tone::Bad, "late")) } }
            td data-label="Phase" { (label(room.phase.word())) }
            td.aside.num data-label="Documents" { (resolved) " of " (required) }
            td data-label="Outstanding" {
                @match standing.next_phase {
                    None => span.hint { "–" },
                    Some(next) if standing.blockers.is_empty() => (chip(Tone::Good, &format!("{} is open", label(next.word())))),
                    Some(next) => (chip(Tone::Warn, &format!("{} before {}", standing.blockers.len(), next.word()))),
                }
            }
            td data-label="Overdue, expiring" {
                (render_count(&todo.overdue, Tone::Bad, "overdue"))
                (render_count(&todo.expiring, Tone::Warn, "expiring"))
                (render_count(&todo.undated, Tone::Warn, "undated"))
            }
            td data-label="Waits for you" { (render_count(&todo.waiting_for_me, Tone::Wait, "to decide")) }
            td.unfolds {
                details id={ "more-" (room.id) } { summary aria-label={ "More of " (room.title) } { "More" } }
            }
        }
        tr.more { td colspan="8" { (render_more(row)) } }
    }
}

/// Returns what a line unfolds to: where the operation is, and links to what it waits for.
fn render_more(Row { state, standing, todo }: &Row) -> Markup {
    let room = &state.room;
    let path = format!("/rooms/{}", room.id);
    let vessels: Vec<_> = state.active_vessels().map(|vessel| vessel.details.name.as_str()).collect();
    html! {
        p.room-facts {
            span { @if vessels.is_empty() { "No vessel named yet" } @else { (vessels.join(" / ")) } }
            span { (room.location) }
            span { "ETA " (show::time(room.sts_eta)) }
            (progress(standing))
        }
        div.halves {
            @if let Some(next) = standing.next_phase.filter(|_| !standing.blockers.is_empty()) {
                @let named = standing.blockers.iter();
                section {
                    h2 { "Before " (next.word()) }
                    (render_first(named.map(|it| (way::blocker_path(room.id, it), way::blocker_words(state, &it.detail))), &format!("{path}/clearance#outstanding")))
                }
            }
            (render_tasks(room.id, &todo.overdue, "Overdue", ""))
            (render_tasks(room.id, &todo.expiring, "Expiring", ""))
            (render_tasks(room.id, &todo.undated, "Without a date", ""))
            (render_tasks(room.id, &todo.waiting_for_me, "Waits for you", "?show=mine"))
        }
    }
}

fn render_count(tasks: &[Task], tone: Tone, words: &str) -> Markup {
    html! { @if !tasks.is_empty() { (chip(tone, &format!("{} {words}", tasks.len()))) " " } }
}

fn render_tasks(room: RoomId, tasks: &[Task], title: &str, rest: &str) -> Markup {
    html! {
        @if !tasks.is_empty() {
            section {
                h2 { (title) }
                (render_first(tasks.iter().map(|task| (way::task_path(room, task), task.name.as_str())), &format!("/rooms/{room}/documents{rest}")))
            }
        }
    }
}

/// Returns links to the first few things, and one link to where all of them are.
fn render_first(all: impl ExactSizeIterator<Item = (String, impl Render)>, rest: &str) -> Markup {
    let more = all.len().saturating_sub(NAMED);
    html! {
        ul.named {
            @for (path, words) in all.take(NAMED) { li { a href=(path) { (words) } } }
            @if more > 0 { li { a href=(rest) { "and " (count(more, "other")) } } }
        }
    }
}
