//! Parties: the list, and the forms that add, change and remove a party.

use std::collections::HashMap;

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use room::{Party, PartyId, Role, Roles, Side, Time, bounds::PARTY_ROLES};

use super::{invitations::render_stage, several_parties};
use crate::{
    app::App,
    db::{self, account_details::Details},
    domain::{
        accounts::look_alikes,
        input::Basis,
        mail::outbox,
        rooms::{
            invitations::{self, Stage},
            parties::{self, NewParty, PartyDetails},
        },
    },
    error::{Error, Result},
    http::{Access::May, Caller, Form, Id, InRoom, PageRoutes},
    pages::{
        kit::{
            chip,
            field::{Field, Filled, choices},
            portion::{Portion, within},
            show::{self, label},
            submit::{change_of, submit, submit_change},
        },
        room::frame::{Room, Tab},
    },
    policy::Action::{RoomManageParties, RoomView},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/rooms/{room_id}/parties", May(RoomView), show_parties)
        .post("/rooms/{room_id}/parties", May(RoomManageParties), submit_party)
        .get("/rooms/{room_id}/parties/{party_id}", May(RoomManageParties), show_edit)
        .post("/rooms/{room_id}/parties/{party_id}", May(RoomManageParties), submit_edit)
        .get("/rooms/{room_id}/parties/{party_id}/remove", May(RoomManageParties), show_removal)
        .post("/rooms/{room_id}/parties/{party_id}/remove", May(RoomManageParties), submit_removal)
}

/// The fields of both forms, which show their faults themselves.
const FIELDS: &[&str] = &["name", "email", "company", "side"];

async fn show_parties(app: App, caller: Caller, room: InRoom) -> Result<Response> {
    render_parties(&app, room, &caller, &Filled::default()).await
}

async fn submit_party(app: App, caller: Caller, room: InRoom, form: Form) -> Result<Response> {
    let add = async |form: &Form| {
        parties::add(&app, &caller.actor(), room.id, form.read::<NewParty>()?, form.once()).await?;
        Ok(format!("/rooms/{}/parties", room.id))
    };
    submit(form, add, async |filled| render_parties(&app, room, &caller, &filled).await).await
}

async fn render_parties(app: &App, room: InRoom, caller: &Caller, filled: &Filled) -> Result<Response> {
    let room = &Room::load(app, room.id).await?;
    let emails: Vec<_> = room.state.parties.iter().map(|party| party.email.as_str()).collect();
    let details = app.db.read(async |tx| db::account_details::of_people(tx, &emails).await).await?;
    let manages = caller.may(RoomManageParties);
    let stages =
        if manages { invitations::stages(app, room.state.room.id, &room.state.parties).await? } else { Vec::new() };
    let main = html! {
        section aria-labelledby="parties-title" {
            h2 id="parties-title" { "Parties" }
            // Only the table is renewed by events: the form below may hold what somebody is typing.
            div id="parties" data-live { (render_table(room, &details, (manages, &stages), app.now())) }
            @if manages {
                (several_parties::render_fold(room))
                details.adds open[filled.is_refused()] {
                    summary { "Add a party" }
                    (filled.summary(FIELDS))
                    form method="post" action=(room.path("/parties")) { (filled.once()) (render_new_fields(app, filled)) }
                }
            }
            p.hint { a href=(room.path("/mails")) { "What you are told of this room by mail" } }
        }
    };
    let page = room.page(caller, Tab::Parties, &main).status(filled.status());
    // No entry of the room's log tells that a mail was sent or given up, or that an account was made.
    let page = if stages.iter().all(|stage| matches!(stage, Stage::Joined(_))) { page } else { page.renewed() };
    Ok(page.into_response())
}

/// The largest list of parties, in bytes.
const MOST_BYTES: usize = 1_200_000;

fn render_table(
    room: &Room,
    details: &HashMap<String, Details>,
    (manages, stages): (bool, &[Stage]),
    now: Time,
) -> Markup {
    let parties = &room.state.parties;
    let warnings = look_alikes::among_parties(parties, parties.iter());
    let stages = stages.iter().map(Some).chain(std::iter::repeat(None));
    let rows = parties.iter().zip(&warnings).zip(stages).map(|((party, warnings), stage)| {
        let reach = details.get(&party.email).map(|details| reach(party, details)).unwrap_or_default();
        render_row(room, (party, &reach, warnings), stage.map(|stage| (stage, now)))
    });
    let Portion { markup, left_out, .. } = within(MOST_BYTES, rows);
    html! {
        table.list.parties {
            thead {
                tr {
                    th scope="col" { "Name" }
                    th scope="col" { "Roles" }
                    th scope="col" { "Company" }
                    th scope="col" { "Side" }
                    th scope="col" { "E-mail" }
                    @if manages {
                        th scope="col" { "State" }
                        th scope="col" { span.visually-hidden { "Actions" } }
                    }
                }
            }
            tbody { (markup) }
        }
        @if left_out > 0 { p.hint { "And " (left_out) " more, whom the API lists." } }
    }
}

/// Returns what somebody says of themselves, as far as the room does not say it: position, company, telephone.
fn reach(party: &Party, details: &Details) -> String {
    let company = details.company.as_ref().filter(|_| party.company.is_none());
    let said = [details.position.as_deref(), company.map(String::as_str), details.telephone.as_deref()];
    said.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn render_row(
    room: &Room,
    (party, reach, warnings): (&Party, &str, &[String]),
    stage: Option<(&Stage, Time)>,
) -> Markup {
    let path = room.path(&format!("/parties/{}", party.id));
    html! {
        tr {
            th scope="row" { (party.name) @if !reach.is_empty() { div.hint { (reach) } } }
            td data-label="Roles" { (show::roles(party.all_roles())) }
            td data-label="Company" { (show::or_dash(party.company.as_deref())) }
            td data-label="Side" { (show::or_dash(party.side.map(|side| label(side.word())).as_deref())) }
            td data-label="E-mail" { (show::address(&party.email)) (chip::warnings(warnings)) }
            @if let Some((stage, now)) = stage {
                td.words data-label="State" { (render_stage(stage, now)) }
                td.row-actions {
                    @if !matches!(stage, Stage::Joined(_)) {
                        a href={ (path) "/invitation" } aria-label={ "Invite " (party.name) } { "Invite" }
                    }
                    a href=(path) aria-label={ "Edit " (party.name) } { "Edit" }
                    a href={ (path) "/remove" } aria-label={ "Remove " (party.name) } { "Remove" }
                }
            }
        }
    }
}

fn render_new_fields(app: &App, filled: &Filled) -> Markup {
    let hint = if outbox::is_open(app) {
        "They get a mail: with a link to join, if no account has this address."
    } else {
        "They need no account yet: one with the same address is theirs."
    };
    html! {
        div.fields {
            (Field::required("name", "Name").input(filled))
            (Field::required("email", "E-mail").kind("email")
                .hint(hint).input(filled))
            (Field::line("company", "Company").input(filled))
            (render_side(filled, None))
        }
        (render_roles(filled, None))
        p.actions { button type="submit" { "Add party" } }
    }
}

/// Returns a box for each role. Somebody may have several.
fn render_roles(filled: &Filled, present: Option<Roles>) -> Markup {
    // An admin who has opened the room is a party as such, and stays it until other roles are ticked.
    let is_admin = present.is_some_and(|roles| roles.contains(Role::Admin));
    let words = if is_admin { Role::WORDS } else { &Role::WORDS[..PARTY_ROLES] };
    let present = present.map(Roles::words).unwrap_or_default();
    html! {
        fieldset {
            legend { "Roles" span.optional { " (one at least)" } }
            (filled.render_choices("roles", words, |word| present.contains(&word)))
        }
    }
}

fn render_side(filled: &Filled, present: Option<Side>) -> Markup {
    Field::line("side", "Side")
        .hint("The side they act for: they clear the other side's vessel.")
        .value(present.map(Side::word))
        .select(filled, &choices(Side::WORDS))
}

fn find_party(room: &Room, id: PartyId) -> Result<&Party> {
    room.state.parties.iter().find(|party| party.id == id).ok_or(Error::NotFound("party"))
}

async fn show_edit(app: App, caller: Caller, room: InRoom, Id(id): Id<PartyId>) -> Result<Response> {
    render_edit(&Room::load(&app, room.id).await?, &caller, id, &Filled::default().editing())
}

async fn submit_edit(app: App, caller: Caller, room: InRoom, Id(id): Id<PartyId>, form: Form) -> Result<Response> {
    let change = async |form: &Form| {
        let details = change_of(form, Form::read::<PartyDetails>)?;
        parties::change(&app, &caller.actor(), room.id, id, details).await?;
        Ok(format!("/rooms/{}/parties", room.id))
    };
    submit_change(form, change, async |filled| render_edit(&Room::load(&app, room.id).await?, &caller, id, &filled))
        .await
}

fn render_edit(room: &Room, caller: &Caller, id: PartyId, filled: &Filled) -> Result<Response> {
    let party = find_party(room, id)?;
    let main = html! {
        section.narrow aria-labelledby="edit-title" {
            h2 id="edit-title" { "Edit " (party.name) }
            (filled.summary(FIELDS))
            form method="post" action=(room.path(&format!("/parties/{id}"))) {
                (Field::required("name", "Name").value(Some(&party.name)).input(filled))
                (Field::required("email", "E-mail").kind("email").value(Some(&party.email))
                    .hint("If it is put right, only who signs in with the new one is this party. What was done under the old one stays there.")
                    .input(filled))
                (Field::line("company", "Company").value(party.company.as_deref()).input(filled))
                (render_side(filled, party.side))
                (render_roles(filled, Some(party.all_roles())))
                p.actions { button type="submit" { "Save" } a.quiet href=(room.path("/parties")) { "Cancel" } }
            }
        }
    };
    Ok(room.page(caller, Tab::Parties, &main).status(filled.status()).into_response())
}

async fn show_removal(app: App, caller: Caller, room: InRoom, Id(id): Id<PartyId>) -> Result<Response> {
    let room = Room::load(&app, room.id).await?;
    let party = find_party(&room, id)?;
    let main = html! {
        section.narrow aria-labelledby="remove-title" {
            h2 id="remove-title" { "Remove " (party.name) "?" }
            p { "Their next click finds the room closed to them. What they uploaded and decided stays, and so does the log." }
            form method="post" action=(room.path(&format!("/parties/{id}/remove"))) {
                p.actions {
                    button.danger type="submit" { "Remove " (party.name) }
                    a.quiet href=(room.path("/parties")) { "Cancel" }
                }
            }
        }
    };
    Ok(room.page(&caller, Tab::Parties, &main).into_response())
}

async fn submit_removal(app: App, caller: Caller, room: InRoom, Id(id): Id<PartyId>) -> Result<Response> {
    parties::remove(&app, &caller.actor(), room.id, id, Basis::Anything).await?;
    Ok(Redirect::to(&format!("/rooms/{}/parties", room.id)).into_response())
}
