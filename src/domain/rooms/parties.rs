//! Parties: who takes part in a room, and as what.

use room::{
    Event, Log, Party, PartyId, Role, RoomId, Side, address,
    bounds::{EmailAddress, Line, MOST_PARTIES, OptionalLine},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{self, Tx},
    domain::{
        input::{Change, Fields, differences},
        log::{Actor, Once, operation},
        rooms,
    },
    error::{Error, Result},
};

/// A person to add to a room. They need no account yet: one with the same address is theirs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewParty {
    /// `owner`, `broker`, `charterer`, `seller` or `buyer`.
    #[schema(schema_with = room::roles_in_a_room)]
    pub role: Role,
    /// Name, 1 to 255 characters.
    #[schema(value_type = Line, example = "Eleni Papadopoulou")]
    pub name: String,
    /// E-mail address, matched without regard to case and spelling.
    #[schema(value_type = EmailAddress, example = "eleni@aegean.example")]
    pub email: String,
    /// Company.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine>)]
    pub company: Option<String>,
    /// The side they act for: they clear the other side's vessel.
    #[serde(default)]
    pub side: Option<Side>,
}

/// What of a party can change.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartyDetails {
    /// Name, 1 to 255 characters.
    #[schema(value_type = Line)]
    pub name: String,
    /// Company.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine>)]
    pub company: Option<String>,
    /// The side they act for: they clear the other side's vessel.
    #[serde(default)]
    pub side: Option<Side>,
}

impl From<&Party> for PartyDetails {
    fn from(party: &Party) -> Self {
        Self { name: party.name.clone(), company: party.company.clone(), side: party.side }
    }
}

impl NewParty {
    /// The party to store; what is wrong with it is noted, with `prefix` before each field's name.
    pub fn checked(&self, app: &App, fields: &mut Fields, prefix: &str) -> Party {
        if self.role == Role::Admin {
            fields.fault(&format!("{prefix}role"), "must be one of owner, broker, charterer, seller, buyer");
        }
        Party {
            id: PartyId(app.new_id()),
            role: self.role,
            name: fields.line(&format!("{prefix}name"), &self.name),
            email: fields.email(&format!("{prefix}email"), &self.email),
            company: fields.optional_line(&format!("{prefix}company"), self.company.as_deref()),
            side: self.side,
            added_at: app.now(),
        }
    }
}

/// The party with the address as an account of an earlier version has it, if that is another spelling of what was
/// typed: they are the same person.
pub async fn as_known(tx: &mut Tx, party: Party, typed: &str) -> Result<Party> {
    let account = db::users::by_email(tx, typed).await?;
    Ok(Party { email: account.map_or(party.email, |(user, _)| user.email), ..party })
}

/// The entry that tells of a party who joined.
pub fn added(party: &Party) -> Event {
    let Party { id, role, name, email, .. } = party.clone();
    Event::PartyAdded { party_id: id, role, name, email }
}

/// Adds a party to a room.
pub async fn add(app: &App, by: &Actor, room: RoomId, asked: NewParty, once: Option<Once>) -> Result<Party> {
    let mut fields = Fields::default();
    let party = asked.checked(app, &mut fields, "");
    fields.done()?;
    operation(app, Log::Room(room), by, async move |tx, log| {
        rooms::in_use(tx, room).await?;
        if let Some(once) = &once
            && let Some(made) = once.claim(tx, log.by(), &asked, party.id.0, log.now).await?
        {
            return db::parties::find(tx, room, PartyId(made))
                .await?
                .ok_or_else(|| Once::says_gone(Error::NotFound("party")));
        }
        let party = as_known(tx, party, &asked.email).await?;
        let others = db::parties::all(tx, room).await?;
        if others.len() >= MOST_PARTIES {
            return Err(Error::conflict(format!("a room has at most {MOST_PARTIES} parties")));
        }
        let is_there = others.iter().any(|other| address::are_one(&other.email, &party.email));
        if is_there || !db::parties::insert(tx, room, &party).await? {
            return Err(Error::conflict(format!("`{}` is a party of this room already", party.email)));
        }
        log.append(tx, &added(&party)).await?;
        Ok(party)
    })
    .await
}

/// Changes a party; the log tells each field's old and new value.
pub async fn change(app: &App, by: &Actor, room: RoomId, id: PartyId, asked: Change<PartyDetails>) -> Result<Party> {
    operation(app, Log::Room(room), by, async move |tx, log| {
        rooms::in_use(tx, room).await?;
        let before = db::parties::find(tx, room, id).await?.ok_or(Error::NotFound("party"))?;
        let details = asked.of(&PartyDetails::from(&before))?;
        let mut fields = Fields::default();
        let after = Party {
            name: fields.line("name", &details.name),
            company: fields.optional_line("company", details.company.as_deref()),
            side: details.side,
            ..before.clone()
        };
        fields.done()?;
        if after.side != before.side {
            rooms::at_work(tx, room).await?;
        }
        if after != before {
            db::parties::update(tx, &after).await?;
            let changes = differences(&PartyDetails::from(&before), &PartyDetails::from(&after)).into();
            log.append(tx, &Event::PartyUpdated { party_id: id, email: after.email.clone(), changes }).await?;
        }
        Ok(after)
    })
    .await
}

/// Removes a party; their next request finds the room closed to them.
pub async fn remove(app: &App, by: &Actor, room: RoomId, party: PartyId) -> Result<()> {
    operation(app, Log::Room(room), by, async move |tx, log| {
        rooms::in_use(tx, room).await?;
        let Party { id, role, name, email, .. } =
            db::parties::delete(tx, room, party).await?.ok_or(Error::NotFound("party"))?;
        log.append(tx, &Event::PartyRemoved { party_id: id, role, name, email }).await
    })
    .await
}
