//! Vessels: the list, the particulars of one, and the forms that name, change, withdraw and remove a vessel.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use room::{RoomState, Vessel, VesselDetails, VesselId, VesselRole, VesselStatus};

use crate::{
    app::App,
    domain::{input::Basis, rooms::vessels},
    error::{Error, Result},
    http::{Access::May, Caller, Form, Id, InRoom, PageRoutes},
    pages::{
        kit::{
            chip::{Tone, chip},
            field::{Field, Filled, choices},
            show::{self, count, label},
            submit::{change_of, submit, submit_change},
        },
        room::frame::{Room, Tab},
    },
    policy::Action::{RoomManageParties, VesselCreate, VesselDelete, VesselList, VesselUpdate, VesselView},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/rooms/{room_id}/vessels", May(VesselList), show_vessels)
        .post("/rooms/{room_id}/vessels", May(VesselCreate), submit_vessel)
        .get("/rooms/{room_id}/vessels/{vessel_id}", May(VesselView), show_vessel)
        .get("/rooms/{room_id}/vessels/{vessel_id}/edit", May(VesselUpdate), show_edit)
        .post("/rooms/{room_id}/vessels/{vessel_id}/edit", May(VesselUpdate), submit_edit)
        .get("/rooms/{room_id}/vessels/{vessel_id}/remove", May(VesselDelete), show_removal)
        .post("/rooms/{room_id}/vessels/{vessel_id}/remove", May(VesselDelete), submit_removal)
}

/// The fields of both forms, which show their faults themselves.
const FIELDS: &[&str] = &[
    "name",
    "role",
    "status",
    "imo_number",
    "no_imo_reason",
    "vessel_type",
    "flag",
    "owner",
    "charterer",
    "length_m",
    "beam_m",
    "draught_m",
    "gross_tonnage",
    "deadweight_t",
    "year_built",
    "class_society",
];

async fn show_vessels(app: App, caller: Caller, room: InRoom) -> Result<Response> {
    Ok(render_vessels(&Room::load(&app, room.id).await?, &caller, &Filled::default()))
}

async fn submit_vessel(app: App, caller: Caller, room: InRoom, form: Form) -> Result<Response> {
    let add = async |form: &Form| {
        vessels::add(&app, &caller.actor(), room.id, form.read::<VesselDetails>()?, form.once()).await?;
        Ok(format!("/rooms/{}/vessels", room.id))
    };
    submit(form, add, async |filled| Ok(render_vessels(&Room::load(&app, room.id).await?, &caller, &filled))).await
}

fn render_vessels(room: &Room, caller: &Caller, filled: &Filled) -> Response {
    let is_empty = room.state.vessels.is_empty();
    let adds = room.offers(caller, VesselCreate);
    let awaits = awaits_vessels(&room.state);
    let main = html! {
        section aria-labelledby="vessels-title" {
            h2 id="vessels-title" { "Vessels" }
            div id="vessels" data-live {
                @if is_empty { (render_empty(adds)) } @else { (render_table(room, caller)) }
            }
            @if adds {
                // Nothing goes on before both are named, so that it stays open until then.
                details.adds open[awaits || filled.is_refused()] {
                    summary { "Name a vessel" }
                    (filled.summary(FIELDS))
                    form method="post" action=(room.path("/vessels")) {
                        (filled.once())
                        (render_fields((filled, awaits), None))
                        p.actions { button type="submit" { "Name the vessel" } }
                    }
                }
                @if room.state.parties.len() < 2 && room.offers(caller, RoomManageParties) {
                    p { "Nobody else is in the room yet. " a href=(room.path("/parties")) { "Add its parties" } }
                }
            }
        }
    };
    room.page(caller, Tab::Vessels, &main).status(filled.status()).into_response()
}

/// Returns whether a vessel of one of the two sides is still to be named.
fn awaits_vessels(state: &RoomState) -> bool {
    let is_named = |role| state.active_vessels().any(|vessel| vessel.details.role == role);
    !is_named(VesselRole::Discharging) || !is_named(VesselRole::Receiving)
}

fn render_empty(adds: bool) -> Markup {
    html! {
        div.empty {
            p { "No vessel is named yet." }
            @if adds {
                p { "Name the discharging and the receiving vessel: the documents of each are asked for from then on." }
            } @else {
                p { "The broker of the room names them." }
            }
        }
    }
}

fn render_table(room: &Room, caller: &Caller) -> Markup {
    let (edits, removes) = (room.offers(caller, VesselUpdate), room.offers(caller, VesselDelete));
    html! {
        table.list {
            thead {
                tr {
                    th scope="col" { "Name" }
                    th scope="col" { "Role" }
                    th scope="col" { "IMO\u{a0}number" }
                    th scope="col" { "Type" }
                    th scope="col" { "Flag" }
                    th.num.aside scope="col" { "Deadweight, t" }
                    th.num.aside scope="col" { "Length, m" }
                    th.num.aside scope="col" { "Built" }
                    th scope="col" { "Documents" }
                    @if edits || removes { th scope="col" { span.visually-hidden { "Actions" } } }
                }
            }
            tbody { @for vessel in &room.state.vessels { (render_row(room, vessel, edits, removes)) } }
        }
    }
}

fn render_row(room: &Room, vessel: &Vessel, edits: bool, removes: bool) -> Markup {
    let path = room.path(&format!("/vessels/{}", vessel.id));
    let VesselDetails {
        name, imo_number, no_imo_reason, vessel_type, flag, deadweight_t, length_m, year_built, ..
    } = &vessel.details;
    html! {
        tr {
            th scope="row" {
                a href=(path) { (name) }
                @if vessel.details.status == VesselStatus::Withdrawn { " " (chip(Tone::Quiet, "Withdrawn")) }
                @if let (None, Some(reason)) = (imo_number, no_imo_reason) { div.hint { "No IMO number: " (reason) } }
            }
            td data-label="Role" { (label(vessel.details.role.word())) }
            td data-label="IMO number" { (or_dash(imo_number.as_ref())) }
            td.words data-label="Type" { (or_dash(vessel_type.as_ref())) }
            td.words data-label="Flag" { (or_dash(flag.as_ref())) }
            td.num.aside data-label="Deadweight, t" { (or_dash(deadweight_t.as_ref())) }
            td.num.aside data-label="Length, m" { (or_dash(length_m.as_ref())) }
            td.num.aside data-label="Built" { (or_dash(year_built.as_ref())) }
            td data-label="Documents" { (render_documents(room, vessel)) }
            @if edits || removes {
                td.row-actions {
                    @if edits { a href={ (path) "/edit" } aria-label={ "Edit " (name) } { "Edit" } }
                    @if removes { a href={ (path) "/remove" } aria-label={ "Remove " (name) } { "Remove" } }
                }
            }
        }
    }
}

fn render_imo(details: &VesselDetails) -> Markup {
    html! {
        @match (&details.imo_number, &details.no_imo_reason) {
            (Some(number), _) => (number),
            (None, Some(reason)) => { "None: " (reason) },
            (None, None) => "–",
        }
    }
}

fn or_dash(value: Option<&impl ToString>) -> Markup {
    show::or_dash(value.map(ToString::to_string).as_deref())
}

/// Returns how many of the documents that are needed of a vessel are approved.
fn render_documents(room: &Room, vessel: &Vessel) -> Markup {
    let needed = || {
        let of_vessel = room.state.documents.iter().filter(|document| document.slot.vessel == Some(vessel.id));
        of_vessel.filter(|document| document.needed)
    };
    let approved = needed().filter(|document| document.is_resolved()).count();
    let needed = needed().count();
    html! { @if needed > 0 { span.num { (approved) " of " (needed) " approved" } } @else { (show::or_dash(None)) } }
}

/// Returns the fields of a vessel, with the present particulars filled in.
/// Returns the fields; `is_first` if the page is there for them.
fn render_fields((filled, is_first): (&Filled, bool), present: Option<&VesselDetails>) -> Markup {
    let name = Field::required("name", "Name");
    let name = if is_first { name.first() } else { name };
    let text = |of: fn(&VesselDetails) -> &Option<String>| present.and_then(|vessel| of(vessel).as_deref());
    let line = |name, label, value| Field::line(name, label).value(value).input(filled);
    let metres = |name, label, of: fn(&VesselDetails) -> Option<f64>| {
        let value = present.and_then(of).map(|metres| metres.to_string());
        Field::line(name, label).kind("number").value(value.as_deref()).input(filled)
    };
    let whole = |name, label, of: fn(&VesselDetails) -> Option<i64>| {
        let value = present.and_then(of).map(|number| number.to_string());
        Field::line(name, label).kind("number").value(value.as_deref()).input(filled)
    };
    html! {
        div.fields {
            (name.value(present.map(|vessel| vessel.name.as_str())).input(filled))
            (Field::required("role", "Role").value(present.map(|vessel| vessel.role.word()))
                .select(filled, &choices(VesselRole::WORDS)))
            (Field::line("imo_number", "IMO number").hint("Seven digits.").value(text(|vessel| &vessel.imo_number)).input(filled))
            (Field::line("no_imo_reason", "Why it has none").hint("Instead of the number, such as: a barge.")
                .value(text(|vessel| &vessel.no_imo_reason)).input(filled))
            // A vessel is active when it is named; only one that is there can be withdrawn.
            @if let Some(vessel) = present {
                (Field::required("status", "Takes part")
                    .hint("Withdrawn: its papers stay, and block nothing.").value(Some(vessel.status.word()))
                    .select(filled, &choices(VesselStatus::WORDS)))
            }
        }
        h3 { "Particulars" }
        div.fields {
            (line("vessel_type", "Type", text(|vessel| &vessel.vessel_type)))
            (line("flag", "Flag", text(|vessel| &vessel.flag)))
            (line("owner", "Owner", text(|vessel| &vessel.owner)))
            (line("charterer", "Charterer", text(|vessel| &vessel.charterer)))
            (line("class_society", "Classification society", text(|vessel| &vessel.class_society)))
            (whole("year_built", "Year of build", |vessel| vessel.year_built))
            (metres("length_m", "Length over all, m", |vessel| vessel.length_m))
            (metres("beam_m", "Beam, m", |vessel| vessel.beam_m))
            (metres("draught_m", "Summer draught, m", |vessel| vessel.draught_m))
            (whole("deadweight_t", "Deadweight, t", |vessel| vessel.deadweight_t))
            (whole("gross_tonnage", "Gross tonnage", |vessel| vessel.gross_tonnage))
        }
    }
}

fn find_vessel(room: &Room, id: VesselId) -> Result<&Vessel> {
    room.state.vessel(id).ok_or(Error::NotFound("vessel"))
}

async fn show_vessel(app: App, caller: Caller, room: InRoom, Id(id): Id<VesselId>) -> Result<Response> {
    let room = Room::load(&app, room.id).await?;
    let vessel = find_vessel(&room, id)?;
    let path = room.path(&format!("/vessels/{id}"));
    let main = html! {
        section aria-labelledby="vessel-title" {
            h2 id="vessel-title" { (vessel.details.name) }
            div id="vessel" data-live { (render_particulars(&room, vessel)) }
            p.actions {
                @if room.offers(&caller, VesselUpdate) { a.button.secondary href={ (path) "/edit" } { "Edit" } }
                @if room.offers(&caller, VesselDelete) { a href={ (path) "/remove" } { "Remove" } }
                a.quiet href=(room.path("/vessels")) { "All vessels" }
            }
        }
    };
    Ok(room.page(&caller, Tab::Vessels, &main).into_response())
}

fn render_particulars(room: &Room, vessel: &Vessel) -> Markup {
    let details = &vessel.details;
    let texts = [
        ("Type", details.vessel_type.clone()),
        ("Flag", details.flag.clone()),
        ("Owner", details.owner.clone()),
        ("Charterer", details.charterer.clone()),
        ("Classification society", details.class_society.clone()),
        ("Year of build", details.year_built.map(|year| year.to_string())),
        ("Length over all", details.length_m.map(|metres| format!("{metres} m"))),
        ("Beam", details.beam_m.map(|metres| format!("{metres} m"))),
        ("Summer draught", details.draught_m.map(|metres| format!("{metres} m"))),
        ("Deadweight", details.deadweight_t.map(|tonnes| format!("{tonnes} t"))),
        ("Gross tonnage", details.gross_tonnage.map(|tonnage| tonnage.to_string())),
    ];
    html! {
        dl.facts.card {
            dt { "Role" }
            dd {
                (label(details.role.word()))
                @if details.status == VesselStatus::Withdrawn { " " (chip(Tone::Quiet, "Withdrawn")) }
            }
            dt { "IMO number" } dd { (render_imo(details)) }
            @for (name, text) in texts { dt { (name) } dd { (text.as_deref().unwrap_or("–")) } }
            dt { "Named" } dd { (show::time(vessel.added_at)) }
            dt { "Documents" } dd { (render_documents(room, vessel)) }
            @if details.status == VesselStatus::Active && details.role != VesselRole::Other {
                dt { "Clearance" }
                dd { a href={ (room.path("/clearance")) "#vessel-" (vessel.id) } { "What the parties say of it" } }
            }
        }
    }
}

async fn show_edit(app: App, caller: Caller, room: InRoom, Id(id): Id<VesselId>) -> Result<Response> {
    render_edit(&Room::load(&app, room.id).await?, &caller, id, &Filled::default().editing())
}

async fn submit_edit(app: App, caller: Caller, room: InRoom, Id(id): Id<VesselId>, form: Form) -> Result<Response> {
    let change = async |form: &Form| {
        let details = change_of(form, Form::read::<VesselDetails>)?;
        vessels::change(&app, &caller.actor(), room.id, id, details).await?;
        Ok(format!("/rooms/{}/vessels", room.id))
    };
    submit_change(form, change, async |filled| render_edit(&Room::load(&app, room.id).await?, &caller, id, &filled))
        .await
}

fn render_edit(room: &Room, caller: &Caller, id: VesselId, filled: &Filled) -> Result<Response> {
    let vessel = find_vessel(room, id)?;
    let path = room.path(&format!("/vessels/{id}"));
    let main = html! {
        section aria-labelledby="edit-title" {
            h2 id="edit-title" { "Edit " (vessel.details.name) }
            (filled.summary(FIELDS))
            form method="post" action={ (path) "/edit" } {
                (render_fields((filled, false), Some(&vessel.details)))
                p.actions { button type="submit" { "Save" } a.quiet href=(room.path("/vessels")) { "Cancel" } }
            }
        }
    };
    Ok(room.page(caller, Tab::Vessels, &main).status(filled.status()).into_response())
}

async fn show_removal(app: App, caller: Caller, room: InRoom, Id(id): Id<VesselId>) -> Result<Response> {
    render_removal(&Room::load(&app, room.id).await?, &caller, id, &Filled::default())
}

async fn submit_removal(app: App, caller: Caller, room: InRoom, Id(id): Id<VesselId>, form: Form) -> Result<Response> {
    let remove = async |_: &Form| {
        vessels::remove(&app, &caller.actor(), room.id, id, Basis::Anything).await?;
        Ok(format!("/rooms/{}/vessels", room.id))
    };
    submit(form, remove, async |filled| render_removal(&Room::load(&app, room.id).await?, &caller, id, &filled)).await
}

fn render_removal(room: &Room, caller: &Caller, id: VesselId, filled: &Filled) -> Result<Response> {
    let vessel = find_vessel(room, id)?;
    let path = room.path(&format!("/vessels/{id}"));
    let state = &room.state;
    let of_vessel = state.documents.iter().filter(|document| document.slot.vessel == Some(id));
    let versions: usize = of_vessel.clone().map(|document| document.versions.len()).sum();
    let approvals = state.approvals.iter().filter(|approval| approval.vessel == id).count();
    let name = &vessel.details.name;
    let main = html! {
        section.narrow aria-labelledby="remove-title" {
            h2 id="remove-title" { "Remove " (name) "?" }
            (filled.summary(&[]))
            // What was uploaded and approved is kept, so a vessel with any of it can only be withdrawn.
            @if versions + approvals > 0 {
                p {
                    "It has " (count(versions, "paper")) " and " (count(approvals, "clearance")) ", which are kept: it cannot be \
                     removed. Withdraw it instead; then it takes no part, and blocks nothing."
                }
                p.actions {
                    a.button href={ (path) "/edit" } { "Edit, to withdraw it" }
                    a.quiet href=(room.path("/vessels")) { "Cancel" }
                }
            } @else {
                p {
                    "For a vessel that was named by mistake. Its " (count(of_vessel.count(), "empty document"))
                    " go with it; the log keeps that it was named and removed."
                }
                form method="post" action={ (path) "/remove" } {
                    p.actions {
                        button.danger type="submit" { "Remove " (name) }
                        a.quiet href=(room.path("/vessels")) { "Cancel" }
                    }
                }
            }
        }
    };
    Ok(room.page(caller, Tab::Vessels, &main).status(filled.status()).into_response())
}
