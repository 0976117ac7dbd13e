//! What stands above each tab of a room: its title, facts, phases and clocks, and the tabs themselves.

use std::cmp::Ordering;

use maud::{Markup, html};
use room::{Clocks, CoastalNotice, Log, NoticeState, Phase, RoomId, RoomState, Standing, Time};

use crate::{
    app::App,
    db,
    domain::rooms::{self, state::Seen},
    error::Result,
    http::{BASE, Caller},
    pages::kit::{
        chip::{Tone, chip},
        layout::{HtmlPage, Part},
        show::{self, label},
    },
    policy::Action::{self, RoomDelete, RoomUpdate},
};

/// The tabs of a room, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages) enum Tab {
    Documents,
    Clearance,
    Parties,
    Vessels,
    Activity,
    Snapshots,
}

impl Tab {
    const ALL: [Self; 6] =
        [Self::Documents, Self::Clearance, Self::Parties, Self::Vessels, Self::Activity, Self::Snapshots];

    /// Returns the last part of the path, which is also the label.
    fn path(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Clearance => "clearance",
            Self::Parties => "parties",
            Self::Vessels => "vessels",
            Self::Activity => "activity",
            Self::Snapshots => "snapshots",
        }
    }
}

/// A room as its pages show it: everything in it at one instant, and the standing that follows.
pub(in crate::pages) struct Room {
    pub(in crate::pages) state: RoomState,
    /// Why the state is what the rows say and not what the log tells, if it is.
    log_fault: Option<String>,
    pub(in crate::pages) standing: Standing,
    /// The number of entries in its log at that instant: the page listens to events from there on.
    pub(in crate::pages) entries: u64,
}

impl Room {
    /// Loads the room and the length of its log in one transaction: an entry that came between two would be missed.
    pub(in crate::pages) async fn load(app: &App, id: RoomId) -> Result<Self> {
        let (now, in_tx) = (app.now(), app.clone());
        rooms::state::bring_up(app, id).await?;
        let read = async move |tx: &mut db::Tx| {
            let head = db::logs::head(tx, Log::Room(id)).await?;
            Ok((rooms::state::read(tx, &in_tx, id, now).await?, head.map_or(0, |head| head.range.size())))
        };
        let (Seen { state, log_fault }, entries) = app.db.read_at_length(read).await?;
        let standing = Standing::of(&state, app.config.retention_years);
        Ok(Self { state, log_fault, standing, entries })
    }

    /// Returns the path of the room, or of something in it.
    pub(in crate::pages) fn path(&self, rest: &str) -> String {
        format!("/rooms/{}{rest}", self.state.room.id)
    }

    /// Returns the page of a tab, or of something below it.
    pub(in crate::pages) fn page(&self, caller: &Caller, tab: Tab, main: &Markup) -> HtmlPage {
        self.titled(caller, &label(tab.path()), Some(tab), main)
    }

    /// Returns a page of the room that belongs to no tab.
    pub(in crate::pages) fn page_apart(&self, caller: &Caller, title: &str, main: &Markup) -> HtmlPage {
        self.titled(caller, title, None, main)
    }

    /// Returns whether the page offers an action: the caller may do it, and the room is not closed.
    pub(in crate::pages) fn offers(&self, caller: &Caller, action: Action) -> bool {
        caller.may(action) && self.state.room.phase != Phase::Closed
    }

    fn titled(&self, caller: &Caller, title: &str, tab: Option<Tab>, main: &Markup) -> HtmlPage {
        let title = format!("{title} – {}", self.state.room.title);
        let main = html! {
            @if let Some(fault) = &self.log_fault {
                div.notice.bad role="alert" {
                    p {
                        "The log of this room is not sound: " (fault) ". What is shown here is what the tables say, and may "
                        "have been changed. Nothing can be changed in the room until whoever runs this server has "
                        "looked into it."
                    }
                }
            }
            (self.head(caller))
            (self.tabs(tab))
            (main)
        };
        // `after` is the last entry that the page has seen. A log without entries has none, and is followed from its
        // start.
        let after = self.entries.checked_sub(1).map(|last| format!("?after={last}")).unwrap_or_default();
        let events = format!("{BASE}{}{after}", self.path("/events"));
        HtmlPage::new(title, main).in_part(Part::Rooms, caller).live(events)
    }

    fn head(&self, caller: &Caller) -> Markup {
        let RoomState { room, now, .. } = &self.state;
        let vessels: Vec<_> = self.state.active_vessels().map(|vessel| vessel.details.name.as_str()).collect();
        let changes = caller.may(RoomUpdate);
        html! {
            // `data-live`: the script replaces this part when an event has come. It finds it by its id.
            header.room-head id="room-head" data-live {
                div.room-title {
                    h1 { (room.title) }
                    // A closed room cannot be edited, but the same page leads admins to holds and deletion.
                    @if changes && room.phase != Phase::Closed {
                        a.quiet href=(self.path("/edit")) { "Edit room" }
                    } @else if caller.may(RoomDelete) {
                        a.quiet href=(self.path("/edit")) { "Holds, deletion" }
                    }
                }
                // On a telephone, where all of this would take half of the screen, the rest unfolds below.
                details.room-fold id="room-fold" { summary { "More" span.visually-hidden { " about the room" } } }
                p.room-facts {
                    span { @if vessels.is_empty() { "No vessel named yet" } @else { (vessels.join(" / ")) } }
                    span { (room.location) }
                    span { "ETA " (show::time(room.sts_eta)) " · " (show::away(room.sts_eta, *now)) }
                    @if let Some(cargo) = room.cargo_profile { span { "Cargo: " (label(cargo.word())) } }
                }
                (render_stepper(room.phase))
                div.room-standing {
                    (progress(&self.standing))
                    (render_clocks(&self.standing.clocks, room.sts_eta, *now))
                    @if changes { a.button.secondary[!self.is_ready()] href=(self.path("/phase")) { (phase_words(self.standing.next_phase)) } }
                }
            }
        }
    }

    /// Returns whether the gate of the next phase is open, so that to enter it is what there is to do.
    fn is_ready(&self) -> bool {
        self.standing.next_phase.is_some() && self.standing.blockers.is_empty()
    }

    fn tabs(&self, current: Option<Tab>) -> Markup {
        html! {
            nav.tabs aria-label="Room" {
                ul {
                    @for tab in Tab::ALL {
                        li {
                            a href=(self.path(&format!("/{}", tab.path())))
                                aria-current=[(Some(tab) == current).then_some("page")] { (label(tab.path())) }
                        }
                    }
                }
            }
        }
    }
}

fn phase_words(next: Option<Phase>) -> String {
    next.map_or_else(|| "Reopen".to_owned(), |next| format!("Advance to {}", next.word()))
}

/// Returns the nine phases, with those that are done and the present one marked.
fn render_stepper(now: Phase) -> Markup {
    html! {
        ol.stepper aria-label="Phases" {
            @for phase in Phase::ALL {
                @let class = match phase.cmp(&now) {
                    Ordering::Less => "done",
                    Ordering::Equal => "now",
                    Ordering::Greater => "to-come",
                };
                li class=(class) aria-current=[(phase == now).then_some("step")] {
                    // `aria-current` names the present phase only; what is done shows by colour otherwise.
                    @if phase < now { span.visually-hidden { "Done: " } }
                    (label(phase.word()))
                }
            }
        }
    }
}

/// Returns how many of the required documents are resolved, as a bar and in numbers.
pub(in crate::pages) fn progress(standing: &Standing) -> Markup {
    let Standing { total_required_docs: total, resolved_required_docs: resolved, .. } = standing;
    let percent = standing.progress_percentage();
    html! {
        div.progress {
            progress max="100" value=(percent) aria-label="Documents approved" { (percent) " %" }
            span.num { (resolved) " of " (total) " documents" }
        }
    }
}

/// Returns the clocks of the trade that run: notice to the coastal State, claim, retention.
fn render_clocks(clocks: &Clocks, eta: Time, now: Time) -> Markup {
    html! {
        ul.clocks {
            @if let Some(notice) = &clocks.coastal_notice { li { (render_notice(notice, eta, now)) } }
            @if let Some(claim) = &clocks.claim {
                // Past its deadline a claim is time-barred: there is nothing left to wait for.
                @let tone = if claim.deadline > now { Tone::Wait } else { Tone::Quiet };
                li { (chip(tone, "Demurrage claim by")) " " (show::time(claim.deadline)) }
            }
            @if let Some(retention) = &clocks.retention {
                li { (chip(Tone::Quiet, "Papers kept until")) " " (show::time(retention.until)) }
            }
        }
    }
}

/// Returns when the notice to the coastal State is due, or when it was given; and by how much the ETA has moved since, if
/// that takes another notice (MARPOL Annex I reg. 42.3).
fn render_notice(notice: &CoastalNotice, eta: Time, now: Time) -> Markup {
    let due = |tone, words| html! { (chip(tone, words)) " " (show::away(notice.due_at, now)) };
    let given = |tone, words| html! { (chip(tone, words)) " " (show::time(notice.given_at.unwrap_or(notice.due_at))) };
    match notice.state {
        NoticeState::Open => due(Tone::Quiet, "48 h notice due"),
        NoticeState::Overdue => due(Tone::Bad, "48 h notice overdue"),
        NoticeState::Given => given(Tone::Good, "48 h notice given"),
        NoticeState::GivenLate => given(Tone::Warn, "48 h notice given late"),
        NoticeState::Revise => html! {
            (given(Tone::Warn, "48 h notice given"))
            @if let Some(told) = notice.notified_eta { "; revise: ETA moved " (show::apart(told, eta)) }
        },
    }
}
