//! Names of those whom a room's rows tell of by their addresses.

use std::collections::HashMap;

use maud::{Markup, html};
use room::{Party, Role};

use super::show::label;
use crate::{
    app::App,
    db::{self, Tx},
    error::Result,
};

/// The people of a room, and others who once did something in it.
#[derive(Debug, Default)]
pub(crate) struct Who {
    known: HashMap<String, (String, Option<Role>)>,
}

impl Who {
    /// The room's parties, and whoever else is among these addresses and has an account.
    pub(crate) async fn of(app: &App, parties: &[Party], addresses: impl Iterator<Item = &str>) -> Result<Self> {
        let mut known: HashMap<_, _> =
            parties.iter().map(|party| (party.email.clone(), (party.name.clone(), Some(party.role)))).collect();
        let mut others: Vec<_> = addresses.filter(|address| !known.contains_key(*address)).collect();
        others.sort_unstable();
        others.dedup();
        if others.is_empty() {
            return Ok(Self { known });
        }
        let read = async |tx: &mut Tx| {
            let mut accounts = Vec::new();
            for address in others {
                accounts.extend(db::users::by_email(tx, address).await?);
            }
            Ok(accounts)
        };
        for (user, _) in app.db.read(read).await? {
            // What they are elsewhere is nothing in this room; an admin is one everywhere.
            let role = Some(user.role).filter(|role| *role == Role::Admin);
            known.insert(user.email, (user.name, role));
        }
        Ok(Self { known })
    }

    /// What somebody is called; the address where nobody knows.
    pub(crate) fn name<'a>(&'a self, actor: &'a str) -> &'a str {
        match actor {
            "system" => "The server",
            "operator" => "The operator",
            address => self.known.get(address).map_or(address, |(name, _)| name),
        }
    }

    /// The name, with the address on hover.
    pub(crate) fn named(&self, actor: &str) -> Markup {
        html! { span title=(actor) { (self.name(actor)) } }
    }

    /// What they are here, where they still are something.
    pub(crate) fn role(&self, actor: &str) -> Option<String> {
        let (_, role) = self.known.get(actor)?;
        role.map(|role| label(role.word()))
    }
}
