//! Names of people: rows of a room have only their addresses.

use std::collections::HashMap;

use maud::{Markup, html};
use room::{Party, Role, Roles};

use super::show;
use crate::{app::App, db, error::Result};

/// The names of the people of a room, and of others who once did something in it.
#[derive(Debug, Default)]
pub(crate) struct Who {
    known: HashMap<String, (String, Option<Roles>)>,
}

impl Who {
    /// Loads the names of these addresses: those of parties as the room has them, all others as their accounts have
    /// them.
    pub(crate) async fn load(app: &App, parties: &[Party], addresses: impl Iterator<Item = &str>) -> Result<Self> {
        let mut known: HashMap<_, _> =
            parties.iter().map(|party| (party.email.clone(), (party.name.clone(), Some(party.all_roles())))).collect();
        let mut others: Vec<_> = addresses.filter(|address| !known.contains_key(*address)).collect();
        others.sort_unstable();
        others.dedup();
        if others.is_empty() {
            return Ok(Self { known });
        }
        for (email, name, role) in app.db.read(async |tx| db::users::names_of(tx, &others).await).await? {
            // The role of an account says nothing about this room, but an admin is one everywhere.
            known.insert(email, (name, Some(role).filter(|role| *role == Role::Admin).map(Roles::from)));
        }
        Ok(Self { known })
    }

    /// Returns the name of an actor, or the address if no name is known.
    pub(crate) fn name<'a>(&'a self, actor: &'a str) -> &'a str {
        match actor {
            "system" => "The server",
            "operator" => "The operator",
            address => self.known.get(address).map_or(address, |(name, _)| name),
        }
    }

    /// Returns the name of an actor, with the address on hover: two people may have one name.
    pub(crate) fn named(&self, actor: &str) -> Markup {
        html! { span title=(actor) { (self.name(actor)) } }
    }

    /// Returns the roles of an actor in the room. `None` if they are no party any more, and no admin.
    pub(crate) fn role(&self, actor: &str) -> Option<String> {
        let (_, roles) = self.known.get(actor)?;
        roles.map(show::roles)
    }
}
