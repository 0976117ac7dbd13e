//! Adding several parties at once: addresses are pasted as they stand in a mail, and shown in rows to be looked through
//! before anybody is added.

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use room::{Role, Side, address, bounds::MOST_PARTIES, bounds::PARTY_ROLES};

use crate::{
    app::App,
    domain::{
        mail::outbox,
        rooms::{
            invitations,
            parties::{self, NewParty, SeveralParties},
            pasted::{self, LONGEST_PASTED, Named},
        },
    },
    error::{Error, FieldError, Result},
    http::{Access::May, Caller, Form, InRoom, PageRoutes},
    pages::{
        kit::{
            field::{Field, Filled, choices, tick},
            show::count,
        },
        room::frame::{Room, Tab},
    },
    policy::Action::RoomManageParties,
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/rooms/{room_id}/parties/several", May(RoomManageParties), show_paste).post(
        "/rooms/{room_id}/parties/several",
        May(RoomManageParties),
        submit,
    )
}

/// The field of what is pasted, whose form is answered with the rows. The form of the rows has none.
const PASTED: &str = "addresses";

/// What is asked of each person in a row.
const ASKED: [&str; 5] = ["name", "email", "roles", "side", "add"];

/// Returns the name of a field of a row, by which the API names the same field.
fn field(row: usize, name: &str) -> String {
    format!("parties[{row}].{name}")
}

/// Returns the form into which addresses are pasted, unfolded if nobody but the one who opened the room is a party.
pub(super) fn render_fold(room: &Room) -> Markup {
    html! {
        details.adds open[room.state.parties.len() <= 1] {
            summary { "Add several parties" }
            (render_paste(room, &Filled::default()))
        }
    }
}

fn render_paste(room: &Room, filled: &Filled) -> Markup {
    html! {
        form method="post" action=(room.path("/parties/several")) {
            (Field::required(PASTED, "Addresses").first()
                .hint("Paste them as they stand in a mail or in a list, with names and roles if these are there. You see them before anybody is added.")
                .at_most(LONGEST_PASTED).area(filled))
            p.actions { button type="submit" { "Read the addresses" } }
        }
    }
}

async fn show_paste(app: App, caller: Caller, room: InRoom) -> Result<Response> {
    let room = Room::load(&app, room.id).await?;
    Ok(page(&room, &caller, "Add several parties", (&Filled::default(), &[]), &render_paste(&room, &Filled::default())))
}

async fn submit(app: App, caller: Caller, room: InRoom, form: Form) -> Result<Response> {
    let room = Room::load(&app, room.id).await?;
    let shown = Shown { room, app, caller };
    if form.text(PASTED).is_some() { shown.read(form) } else { shown.add(form).await }
}

/// What both steps show around their forms.
struct Shown {
    room: Room,
    app: App,
    caller: Caller,
}

fn page(room: &Room, caller: &Caller, title: &str, (filled, fields): (&Filled, &[&str]), form: &Markup) -> Response {
    let main = html! {
        section aria-labelledby="several-title" {
            h2 id="several-title" { (title) }
            (filled.summary(fields))
            (form)
            p.actions { a.quiet href=(room.path("/parties")) { "Back to the parties" } }
        }
    };
    room.page(caller, Tab::Parties, &main).status(filled.status()).into_response()
}

impl Shown {
    /// Reads what was pasted, and shows a row for each person who is no party yet.
    fn read(&self, form: Form) -> Result<Response> {
        match self.named_in(&form.line(PASTED)) {
            Ok((there, new)) => Ok(self.render_rows(&new, &there, &Filled::default())),
            Err(refused) => {
                let filled = Filled::refused(form, refused)?;
                let paste = render_paste(&self.room, &filled);
                Ok(page(&self.room, &self.caller, "Add several parties", (&filled, &[PASTED]), &paste))
            }
        }
    }

    /// Returns who of those whom a text names is a party, and who is not. Refused if nobody is left to be added.
    fn named_in(&self, text: &str) -> Result<(Vec<Named>, Vec<Named>)> {
        let refuse = |why: &str| Err(Error::field(PASTED, why));
        if text.chars().count() > LONGEST_PASTED {
            return refuse(&format!("must be at most {LONGEST_PASTED} characters long"));
        }
        let named = pasted::people(text);
        if named.len() > MOST_PARTIES {
            return refuse(&format!("name {} people; a room has at most {MOST_PARTIES} parties", named.len()));
        }
        let parties = &self.room.state.parties;
        let is_party = |person: &Named| parties.iter().any(|party| address::are_one(&party.email, &person.email));
        let (there, new): (Vec<_>, Vec<_>) = named.into_iter().partition(is_party);
        match (&new[..], &there[..]) {
            ([], []) => refuse("have no e-mail address among them, such as `name@example.com`"),
            ([], _) => refuse("are those of parties already, all of them"),
            _ => Ok((there, new)),
        }
    }

    /// Adds those whose rows are ticked.
    async fn add(&self, form: Form) -> Result<Response> {
        let id = self.room.state.room.id;
        let asked: Vec<_> = (0..MOST_PARTIES).map_while(|row| row_of(&form, row)).collect();
        let rows: Vec<usize> = (0..asked.len()).filter(|row| form.is_ticked(&field(*row, "add"))).collect();
        let request = SeveralParties { parties: rows.iter().map(|row| asked[*row].clone()).collect() };
        let added = if rows.is_empty() {
            Err(Error::conflict("nobody is ticked; tick who is to be added"))
        } else {
            parties::add_several(&self.app, &self.caller.actor(), id, request, form.once()).await
        };
        match added {
            Ok(_) => Ok(Redirect::to(&self.room.path("/parties")).into_response()),
            Err(refused) => {
                let filled = Filled::refused(form, in_rows(refused, &rows))?;
                let named: Vec<_> = asked.into_iter().map(named).collect();
                Ok(self.render_rows(&named, &[], &filled))
            }
        }
    }

    fn render_rows(&self, people: &[Named], there: &[Named], filled: &Filled) -> Response {
        let names: Vec<_> = (0..people.len()).flat_map(|row| ASKED.map(|name| field(row, name))).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let who = if people.len() == 1 { "party".to_owned() } else { format!("{} parties", people.len()) };
        let form = html! {
            @if !there.is_empty() {
                p.notice {
                    (count(there.len(), "address")) " left out, of who is a party already: "
                    (there.iter().map(|person| person.email.as_str()).collect::<Vec<_>>().join(", "))
                }
            }
            p { (self.what_follows()) }
            form method="post" action=(self.room.path("/parties/several")) data-undrafted {
                (filled.once())
                @for (row, person) in people.iter().enumerate() { (render_row(row, person, filled)) }
                p.actions { button type="submit" { "Add " (who) } }
            }
        };
        page(&self.room, &self.caller, &format!("Add {who}?"), (filled, &names), &form)
    }

    /// Returns what becomes of those who are added.
    fn what_follows(&self) -> &'static str {
        if !outbox::is_open(&self.app) {
            "This server sends no mail: once they are added, Invite beside each shows a link to hand over. Who has an account signs in with it."
        } else if invitations::may_invite(&self.app, &self.caller.actor()) {
            "Each gets a mail: with a link to join, or to the room if an account has the address."
        } else {
            "Who has an account gets a mail; the others have to be invited by an admin."
        }
    }
}

/// Returns what was typed into a row. `None` if the form has no such row.
fn row_of(form: &Form, row: usize) -> Option<NewParty> {
    let name = form.text(&field(row, "name"))?.to_owned();
    let roles = form.all(&field(row, "roles")).filter_map(|word| word.parse::<Role>().ok()).collect();
    let side = form.text(&field(row, "side")).and_then(|word| word.parse::<Side>().ok());
    Some(NewParty { role: None, roles, name, email: form.line(&field(row, "email")), company: None, side })
}

fn named(party: NewParty) -> Named {
    let NewParty { name, email, roles, side, .. } = party;
    Named { email, name, roles, side }
}

/// Returns a refusal with its faults at the rows of the form, of which only those that were ticked were sent on.
fn in_rows(refused: Error, rows: &[usize]) -> Error {
    let Error::Invalid(faults) = refused else { return refused };
    let at_row = |fault: FieldError| {
        let parts = fault.field.strip_prefix("parties[").and_then(|rest| rest.split_once("]."));
        let place = parts.and_then(|(sent, name)| Some((*rows.get(sent.parse::<usize>().ok()?)?, name)));
        match place {
            // The form has no field for one role only.
            Some((row, "role")) => FieldError::new(&field(row, "roles"), "are missing: tick one at least"),
            Some((row, name)) => FieldError::new(&field(row, name), fault.message),
            None => fault,
        }
    };
    Error::Invalid(faults.into_iter().map(at_row).collect())
}

fn render_row(row: usize, person: &Named, filled: &Filled) -> Markup {
    let [name, email, roles, side, add] = ASKED.map(|name| field(row, name));
    html! {
        fieldset.person {
            legend { (person.email) }
            div.fields {
                (Field::required(&name, "Name").value(Some(&person.name)).input(filled))
                (Field::required(&email, "E-mail").kind("email").value(Some(&person.email)).input(filled))
                (Field::line(&side, "Side").value(person.side.map(Side::word)).select(filled, &choices(Side::WORDS)))
            }
            div.ticks role="group" aria-label="Roles" {
                (filled.render_choices(&roles, &Role::WORDS[..PARTY_ROLES], |word| person.roles.iter().any(|role| role.word() == word)))
                span.apart { (tick(filled, &add, "Add", true)) }
            }
            (filled.render_fault(&roles, "Roles"))
        }
    }
}
