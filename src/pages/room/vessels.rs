//! Vessels: which take part, and what is known of each; name, edit, withdraw and remove.

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use room::{Vessel, VesselDetails, VesselId, VesselRole, VesselStatus};

use crate::{
    app::App,
    domain::{input::Change, rooms::vessels},
    error::{Error, Result},
    http::{Access::May, Caller, Form, Id, InRoom, PageRoutes},
    pages::{
        kit::{
            chip::{Tone, chip},
            field::{Field, Filled, choices},
            show::{self, count, label},
        },
        room::frame::{Room, Tab},
    },
    policy::Action::{RoomManageParties, VesselCreate, VesselDelete, VesselList, VesselUpdate, VesselView},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/rooms/{room_id}/vessels", May(VesselList), list)
        .post("/rooms/{room_id}/vessels", May(VesselCreate), add)
        .get("/rooms/{room_id}/vessels/{vessel_id}", May(VesselView), look)
        .get("/rooms/{room_id}/vessels/{vessel_id}/edit", May(VesselUpdate), edit)
        .post("/rooms/{room_id}/vessels/{vessel_id}/edit", May(VesselUpdate), change)
        .get("/rooms/{room_id}/vessels/{vessel_id}/remove", May(VesselDelete), confirm)
        .post("/rooms/{room_id}/vessels/{vessel_id}/remove", May(VesselDelete), remove)
}

/// The fields of both forms.
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

async fn list(app: App, caller: Caller, room: InRoom) -> Result<Response> {
    Ok(listed(&Room::load(&app, room.id).await?, &caller, &Filled::default()))
}

async fn add(app: App, caller: Caller, room: InRoom, form: Form) -> Result<Response> {
    let added = match form.read::<VesselDetails>() {
        Ok(asked) => vessels::add(&app, &caller.actor(), room.id, asked, None).await,
        Err(refused) => Err(refused),
    };
    match added {
        Ok(_) => Ok(Redirect::to(&format!("/rooms/{}/vessels", room.id)).into_response()),
        Err(refused) => Ok(listed(&Room::load(&app, room.id).await?, &caller, &Filled::again(form, refused)?)),
    }
}

fn listed(room: &Room, caller: &Caller, filled: &Filled) -> Response {
    let is_empty = room.state.vessels.is_empty();
    let adds = room.offers(caller, VesselCreate);
    let main = html! {
        section aria-labelledby="vessels-title" {
            h2 id="vessels-title" { "Vessels" }
            div id="vessels" data-live {
                @if is_empty { (empty(adds)) } @else { (table(room, caller)) }
            }
            @if adds {
                details.adds open[is_empty || filled.is_refused()] {
                    summary { "Name a vessel" }
                    (filled.summary(FIELDS))
                    form method="post" action=(room.path("/vessels")) {
                        (fields(filled, None))
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

fn empty(adds: bool) -> Markup {
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

fn table(room: &Room, caller: &Caller) -> Markup {
    let (edits, removes) = (room.offers(caller, VesselUpdate), room.offers(caller, VesselDelete));
    html! {
        table.list {
            thead {
                tr {
                    th scope="col" { "Name" }
                    th scope="col" { "Role" }
                    th scope="col" { "IMO number" }
                    th scope="col" { "Type" }
                    th scope="col" { "Flag" }
                    th.num scope="col" { "Deadweight, t" }
                    th.num scope="col" { "Length, m" }
                    th.num scope="col" { "Built" }
                    th scope="col" { "Documents" }
                    @if edits || removes { th scope="col" { span.visually-hidden { "Actions" } } }
                }
            }
            tbody { @for vessel in &room.state.vessels { (row(room, vessel, edits, removes)) } }
        }
    }
}

fn row(room: &Room, vessel: &Vessel, edits: bool, removes: bool) -> Markup {
    let path = room.path(&format!("/vessels/{}", vessel.id));
    let VesselDetails { name, vessel_type, flag, deadweight_t, length_m, year_built, .. } = &vessel.details;
    html! {
        tr {
            th scope="row" {
                a href=(path) { (name) }
                @if vessel.details.status == VesselStatus::Withdrawn { " " (chip(Tone::Quiet, "Withdrawn")) }
            }
            td data-label="Role" { (label(vessel.details.role.word())) }
            td data-label="IMO number" { (imo(&vessel.details)) }
            td data-label="Type" { (vessel_type.as_deref().unwrap_or("–")) }
            td data-label="Flag" { (flag.as_deref().unwrap_or("–")) }
            td.num data-label="Deadweight, t" { (told(deadweight_t.as_ref())) }
            td.num data-label="Length, m" { (told(length_m.as_ref())) }
            td.num data-label="Built" { (told(year_built.as_ref())) }
            td data-label="Documents" { (documents(room, vessel)) }
            @if edits || removes {
                td.row-actions {
                    @if edits { a href={ (path) "/edit" } aria-label={ "Edit " (name) } { "Edit" } }
                    @if removes { a href={ (path) "/remove" } aria-label={ "Remove " (name) } { "Remove" } }
                }
            }
        }
    }
}

fn imo(details: &VesselDetails) -> Markup {
    html! {
        @match (&details.imo_number, &details.no_imo_reason) {
            (Some(number), _) => (number),
            (None, Some(reason)) => { "None: " (reason) },
            (None, None) => "–",
        }
    }
}

fn told(value: Option<&impl ToString>) -> String {
    value.map_or_else(|| "–".to_owned(), ToString::to_string)
}

/// How many of a vessel's documents are approved, of those that are needed.
fn documents(room: &Room, vessel: &Vessel) -> Markup {
    let needed = || {
        let of_vessel = room.state.documents.iter().filter(|document| document.slot.vessel == Some(vessel.id));
        of_vessel.filter(|document| document.needed)
    };
    let approved = needed().filter(|document| document.is_resolved()).count();
    let needed = needed().count();
    html! { @if needed > 0 { span.num { (approved) " of " (needed) " approved" } } @else { "–" } }
}

/// The particulars of a vessel as a form, what there is of them already filled in.
fn fields(filled: &Filled, there: Option<&VesselDetails>) -> Markup {
    let text = |of: fn(&VesselDetails) -> &Option<String>| there.and_then(|there| of(there).as_deref());
    let line = |name, label, value| Field::line(name, label).value(value).input(filled);
    let metres = |name, label, of: fn(&VesselDetails) -> Option<f64>| {
        let value = there.and_then(of).map(|metres| metres.to_string());
        Field::line(name, label).kind("number").value(value.as_deref()).input(filled)
    };
    let whole = |name, label, of: fn(&VesselDetails) -> Option<i64>| {
        let value = there.and_then(of).map(|number| number.to_string());
        Field::line(name, label).kind("number").value(value.as_deref()).input(filled)
    };
    html! {
        div.fields {
            (Field::required("name", "Name").value(there.map(|there| there.name.as_str())).input(filled))
            (Field::required("role", "Role").value(there.map(|there| there.role.word()))
                .select(filled, &choices(VesselRole::WORDS)))
            (Field::line("imo_number", "IMO number").hint("Seven digits.").value(text(|there| &there.imo_number)).input(filled))
            (Field::line("no_imo_reason", "Why it has none").hint("Instead of the number, such as: a barge.")
                .value(text(|there| &there.no_imo_reason)).input(filled))
            @if let Some(there) = there {
                (Field::required("status", "Takes part")
                    .hint("Withdrawn: its papers stay, and block nothing.").value(Some(there.status.word()))
                    .select(filled, &choices(VesselStatus::WORDS)))
            }
        }
        h3 { "Particulars" }
        div.fields {
            (line("vessel_type", "Type", text(|there| &there.vessel_type)))
            (line("flag", "Flag", text(|there| &there.flag)))
            (line("owner", "Owner", text(|there| &there.owner)))
            (line("charterer", "Charterer", text(|there| &there.charterer)))
            (line("class_society", "Classification society", text(|there| &there.class_society)))
            (whole("year_built", "Year of build", |there| there.year_built))
            (metres("length_m", "Length over all, m", |there| there.length_m))
            (metres("beam_m", "Beam, m", |there| there.beam_m))
            (metres("draught_m", "Summer draught, m", |there| there.draught_m))
            (whole("deadweight_t", "Deadweight, t", |there| there.deadweight_t))
            (whole("gross_tonnage", "Gross tonnage", |there| there.gross_tonnage))
        }
    }
}

fn found(room: &Room, id: VesselId) -> Result<&Vessel> {
    room.state.vessel(id).ok_or(Error::NotFound("vessel"))
}

async fn look(app: App, caller: Caller, room: InRoom, Id(id): Id<VesselId>) -> Result<Response> {
    let room = Room::load(&app, room.id).await?;
    let vessel = found(&room, id)?;
    let path = room.path(&format!("/vessels/{id}"));
    let main = html! {
        section aria-labelledby="vessel-title" {
            h2 id="vessel-title" { (vessel.details.name) }
            div id="vessel" data-live { (particulars(&room, vessel)) }
            p.actions {
                @if room.offers(&caller, VesselUpdate) { a.button.secondary href={ (path) "/edit" } { "Edit" } }
                @if room.offers(&caller, VesselDelete) { a href={ (path) "/remove" } { "Remove" } }
                a.quiet href=(room.path("/vessels")) { "All vessels" }
            }
        }
    };
    Ok(room.page(&caller, Tab::Vessels, &main).into_response())
}

fn particulars(room: &Room, vessel: &Vessel) -> Markup {
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
            dt { "IMO number" } dd { (imo(details)) }
            @for (name, text) in texts { dt { (name) } dd { (text.as_deref().unwrap_or("–")) } }
            dt { "Named" } dd { (show::time(vessel.added_at)) }
            dt { "Documents" } dd { (documents(room, vessel)) }
            @if details.status == VesselStatus::Active && details.role != VesselRole::Other {
                dt { "Clearance" }
                dd { a href={ (room.path("/clearance")) "#vessel-" (vessel.id) } { "What the parties say of it" } }
            }
        }
    }
}

async fn edit(app: App, caller: Caller, room: InRoom, Id(id): Id<VesselId>) -> Result<Response> {
    edited(&Room::load(&app, room.id).await?, &caller, id, &Filled::default())
}

async fn change(app: App, caller: Caller, room: InRoom, Id(id): Id<VesselId>, form: Form) -> Result<Response> {
    let changed = match form.read::<VesselDetails>().and_then(|details| Change::to(&details)) {
        Ok(asked) => vessels::change(&app, &caller.actor(), room.id, id, asked).await,
        Err(refused) => Err(refused),
    };
    match changed {
        Ok(_) => Ok(Redirect::to(&format!("/rooms/{}/vessels", room.id)).into_response()),
        Err(refused) => edited(&Room::load(&app, room.id).await?, &caller, id, &Filled::again(form, refused)?),
    }
}

fn edited(room: &Room, caller: &Caller, id: VesselId, filled: &Filled) -> Result<Response> {
    let vessel = found(room, id)?;
    let path = room.path(&format!("/vessels/{id}"));
    let main = html! {
        section aria-labelledby="edit-title" {
            h2 id="edit-title" { "Edit " (vessel.details.name) }
            (filled.summary(FIELDS))
            form method="post" action={ (path) "/edit" } {
                (fields(filled, Some(&vessel.details)))
                p.actions { button type="submit" { "Save" } a.quiet href=(room.path("/vessels")) { "Cancel" } }
            }
        }
    };
    Ok(room.page(caller, Tab::Vessels, &main).status(filled.status()).into_response())
}

async fn confirm(app: App, caller: Caller, room: InRoom, Id(id): Id<VesselId>) -> Result<Response> {
    removing(&Room::load(&app, room.id).await?, &caller, id, &Filled::default())
}

async fn remove(app: App, caller: Caller, room: InRoom, Id(id): Id<VesselId>, form: Form) -> Result<Response> {
    match vessels::remove(&app, &caller.actor(), room.id, id).await {
        Ok(()) => Ok(Redirect::to(&format!("/rooms/{}/vessels", room.id)).into_response()),
        Err(refused) => removing(&Room::load(&app, room.id).await?, &caller, id, &Filled::again(form, refused)?),
    }
}

fn removing(room: &Room, caller: &Caller, id: VesselId, filled: &Filled) -> Result<Response> {
    let vessel = found(room, id)?;
    let path = room.path(&format!("/vessels/{id}"));
    let state = &room.state;
    let of_vessel = state.documents.iter().filter(|document| document.slot.vessel == Some(id));
    let papers: usize = of_vessel.clone().map(|document| document.versions.len()).sum();
    let words = state.approvals.iter().filter(|approval| approval.vessel == id).count();
    let name = &vessel.details.name;
    let main = html! {
        section.narrow aria-labelledby="remove-title" {
            h2 id="remove-title" { "Remove " (name) "?" }
            (filled.summary(&[]))
            @if papers + words > 0 {
                p {
                    "It has " (count(papers, "paper")) " and " (count(words, "clearance")) ", which are kept: it cannot be \
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
