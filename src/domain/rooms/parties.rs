//! The parties of a room: adding, changing and removing them.

use room::{
    Event, Log, Party, PartyId, Role, Roles, RoomId, Side, address,
    bounds::{EmailAddress, Line, MOST_PARTIES, OptionalLine, PARTY_ROLES, PartyRole, PartyRoles},
    changes::differences,
    fold::State,
};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{self, Tx},
    domain::{
        accounts::told,
        input::{Basis, Change, Fields, Tag, objects},
        log::{Actor, Edited, Once, OpenLog, operation, refuse_overtaken},
        rooms::{self, invitations},
    },
    error::{Error, Result},
};

/// A person to add to a room. They need no account yet: one with the same address is theirs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewParty {
    /// The role in the room: `owner`, `broker`, `charterer`, `seller` or `buyer`. Either this or `roles` is given; if both
    /// are, it is one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<PartyRole>)]
    pub role: Option<Role>,
    /// All roles in the room, of who has several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = PartyRoles)]
    pub roles: Vec<Role>,
    /// The person's name, 1 to 255 characters.
    #[schema(value_type = Line, example = "Eleni Papadopoulou")]
    pub name: String,
    /// The person's e-mail address, matched without regard to case and spelling.
    #[schema(value_type = EmailAddress, example = "eleni@aegean.example")]
    pub email: String,
    /// The company they work for.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine>)]
    pub company: Option<String>,
    /// The side they act for: they clear the other side's vessel.
    #[serde(default)]
    pub side: Option<Side>,
}

/// Several people to add to a room at once: all of them, or none if one cannot be.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeveralParties {
    /// The people, each address once.
    #[serde(deserialize_with = "objects")]
    #[schema(value_type = Vec<NewParty>, min_items = 1, max_items = 100)]
    pub parties: Vec<NewParty>,
}

/// The part of a party that can be changed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartyDetails {
    /// The only role in the room from now on: short for `roles` with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<PartyRole>)]
    pub role: Option<Role>,
    /// All roles in the room: one at least of `owner`, `broker`, `charterer`, `seller` and `buyer`.
    #[schema(value_type = PartyRoles)]
    pub roles: Vec<Role>,
    /// The person's name, 1 to 255 characters.
    #[schema(value_type = Line)]
    pub name: String,
    /// The person's e-mail address, put right: from now on only an account with this one is theirs. What was done under
    /// the old one stays under it.
    #[schema(value_type = EmailAddress)]
    pub email: String,
    /// The company they work for.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine>)]
    pub company: Option<String>,
    /// The side they act for: they clear the other side's vessel.
    #[serde(default)]
    pub side: Option<Side>,
}

impl From<&Party> for PartyDetails {
    fn from(party: &Party) -> Self {
        let roles = party.all_roles().iter().collect();
        let Party { name, email, company, side, .. } = party.clone();
        Self { role: None, roles, name, email, company, side }
    }
}

impl NewParty {
    /// Returns the party to store. Notes what is wrong with it in `fields`, with `prefix` before each field's name.
    pub fn checked(&self, app: &App, fields: &mut Fields, prefix: &str) -> Party {
        let roles = chosen(fields, prefix, (self.role, &self.roles));
        let party = Party {
            id: PartyId(app.new_id()),
            role: roles.first(),
            roles: Vec::new(),
            name: fields.line(&format!("{prefix}name"), &self.name),
            email: fields.email(&format!("{prefix}email"), &self.email),
            formerly: Vec::new(),
            company: fields.optional_line(&format!("{prefix}company"), self.company.as_deref()),
            side: self.side,
            added_at: app.now(),
        };
        party.with_roles(roles)
    }
}

/// Returns the roles that are given by one role, by a list, or by both. Notes in `fields` what is wrong with them, with
/// `prefix` before each field's name.
fn chosen(fields: &mut Fields, prefix: &str, (role, roles): (Option<Role>, &[Role])) -> Roles {
    let mut fault = |field: &str, words: &str| fields.fault(&format!("{prefix}{field}"), words);
    let all = Roles::of(roles.iter().copied());
    for (field, is_admin) in
        [("role", role == Some(Role::Admin)), ("roles", all.is_some_and(|all| all.contains(Role::Admin)))]
    {
        if is_admin {
            fault(field, "must be one of owner, broker, charterer, seller, buyer");
        }
    }
    if roles.len() > PARTY_ROLES {
        fault("roles", &format!("must be at most {PARTY_ROLES}"));
    }
    match (role, all) {
        (Some(role), Some(all)) if !all.contains(role) => {
            fault("role", "must be one of `roles`, if these are given too");
        }
        (None, None) => fault("role", "is missing; give one, or several as `roles`"),
        _ => {}
    }
    all.or_else(|| role.map(Roles::from)).unwrap_or_else(|| Role::Buyer.into())
}

/// Returns the party with the address in the spelling of their account, if they have one. An account of an earlier
/// version may have another spelling than the canonical one, and parties are matched to accounts by what is stored.
pub async fn as_known(tx: &mut Tx, log: &OpenLog, party: Party, typed: &str) -> Result<Party> {
    let account = told::named(tx, log, typed).await?;
    Ok(Party { email: account.map_or(party.email, |user| user.email), ..party })
}

/// Returns the event for a party who was added.
pub fn added(party: &Party) -> Event {
    let Party { id, role, roles, name, email, company, side, .. } = party.clone();
    Event::PartyAdded { party_id: id, role, name, email, company, side, roles }
}

/// Adds a party to a room.
pub async fn add(app: &App, by: &Actor, room: RoomId, request: NewParty, once: Option<Once>) -> Result<Party> {
    let mut fields = Fields::default();
    let party = request.checked(app, &mut fields, "");
    fields.done()?;
    operation(app, Log::Room(room), by, async move |tx, log| {
        // `in_use`, not `at_work`: people may join a closed room, to read its documents.
        rooms::in_use_by(log)?;
        if let Some(once) = &once
            && let Some(made) = once.claim(tx, log.by(), &request, party.id.0, log.clock()).await?
        {
            let made = log.room()?.parties.get(&PartyId(made)).cloned();
            return made.ok_or_else(|| Once::says_gone(Error::NotFound("party")));
        }
        let party = Party { added_at: log.now, ..as_known(tx, log, party, &request.email).await? };
        let others = &log.room()?.parties;
        if others.len() >= MOST_PARTIES {
            return Err(Error::conflict(format!("a room has at most {MOST_PARTIES} parties")));
        }
        if named(log.room()?, &party.email).is_some() {
            return Err(Error::conflict(format!("`{}` is a party of this room already", party.email)));
        }
        log.append(tx, &added(&party)).await?;
        invitations::welcome(tx, log, &party).await?;
        Ok(party)
    })
    .await
}

/// Returns what is wrong with a party of a list whose address another one before it has, in whatever spelling: a person is a
/// party once, with all their roles. `None` if nothing is.
pub fn listed_before(parties: &[Party], i: usize) -> Option<String> {
    let first = parties[..i].iter().position(|other| other.email == parties[i].email)?;
    Some(format!("is listed already, as party {}; that one lists all roles of the person", first + 1))
}

/// Adds several parties to a room, all of them or none.
pub async fn add_several(
    app: &App,
    by: &Actor,
    room: RoomId,
    request: SeveralParties,
    once: Option<Once>,
) -> Result<Vec<Party>> {
    let new = checked_several(app, &request)?;
    operation(app, Log::Room(room), by, async move |tx, log| {
        rooms::in_use_by(log)?;
        if Once::repeats(once.as_ref(), tx, log, &request, new[0].id.0).await?.is_some() {
            return added_before(log.room()?, &request);
        }
        let mut fields = Fields::default();
        let mut added_now = Vec::with_capacity(new.len());
        for (i, (party, typed)) in new.into_iter().zip(&request.parties).enumerate() {
            let party = Party { added_at: log.now, ..as_known(tx, log, party, &typed.email).await? };
            if let Some(other) = named(log.room()?, &party.email) {
                let words = format!("is a party of this room already: {}", other.name);
                fields.fault(&format!("parties[{i}].email"), words);
            }
            added_now.push(party);
        }
        fields.done()?;
        if log.room()?.parties.len() + added_now.len() > MOST_PARTIES {
            return Err(Error::conflict(format!("a room has at most {MOST_PARTIES} parties")));
        }
        for party in &added_now {
            log.append(tx, &added(party)).await?;
        }
        for party in &added_now {
            invitations::welcome(tx, log, party).await?;
        }
        Ok(added_now)
    })
    .await
}

fn checked_several(app: &App, request: &SeveralParties) -> Result<Vec<Party>> {
    let mut fields = Fields::default();
    let count = request.parties.len();
    if count == 0 {
        fields.fault("parties", "must be one at least");
    }
    if count > MOST_PARTIES {
        fields.fault("parties", format!("must be at most {MOST_PARTIES}"));
    }
    let numbered = request.parties.iter().enumerate();
    let parties: Vec<_> =
        numbered.map(|(i, party)| party.checked(app, &mut fields, &format!("parties[{i}]."))).collect();
    for i in (0..count).filter(|i| !parties[*i].email.is_empty()) {
        if let Some(words) = listed_before(&parties, i) {
            fields.fault(&format!("parties[{i}].email"), words);
        }
    }
    fields.done()?;
    Ok(parties)
}

/// Returns the parties whom the same request has added before.
fn added_before(room: &State, request: &SeveralParties) -> Result<Vec<Party>> {
    let there = request.parties.iter().map(|asked| named(room, &asked.email).cloned());
    there.collect::<Option<_>>().ok_or_else(|| Once::says_gone(Error::NotFound("party")))
}

/// Returns the party with an address, in whichever spelling.
fn named<'a>(room: &'a State, email: &str) -> Option<&'a Party> {
    // Addresses of earlier versions may have another spelling.
    room.parties.values().find(|party| address::are_one(&party.email, email))
}

/// Returns the party of this room with this id.
pub async fn find(tx: &mut Tx, room: RoomId, id: PartyId) -> Result<Party> {
    db::parties::find(tx, room, id).await?.ok_or(Error::NotFound("party"))
}

/// Returns the tag of a party, which changes with its details.
pub fn tag(party: &Party) -> Tag {
    Tag::of_edited(&PartyDetails::from(party))
}

/// Changes a party, and logs the old and the new value of each field. Whoever has an address that was put right is no
/// party of the room any more.
pub async fn change(app: &App, by: &Actor, room: RoomId, id: PartyId, request: Change<PartyDetails>) -> Result<Party> {
    operation(app, Log::Room(room), by, async move |tx, log| {
        let before = rooms::in_use_by(log)?.parties.get(&id).cloned().ok_or(Error::NotFound("party"))?;
        let present = PartyDetails::from(&before);
        refuse_overtaken(tx, log, Edited::Party(id), &present, (request.basis(), request.given())).await?;
        let details = request.apply_to(&present)?;
        let mut fields = Fields::default();
        let roles = changed_roles(&mut fields, &before, &request, &details);
        let after = Party {
            name: fields.line("name", &details.name),
            email: corrected(&mut fields, log.room()?, &before, &details.email),
            company: fields.optional_line("company", details.company.as_deref()),
            side: details.side,
            ..before.clone().with_roles(roles)
        };
        fields.done()?;
        let after = if after.email == before.email { after } else { as_known(tx, log, after, &details.email).await? };
        // Side and roles decide whose approvals clear a vessel, which must not change in a closed room.
        if (after.side, roles) != (before.side, before.all_roles()) {
            rooms::at_work_by(log)?;
        }
        if after != before {
            let changes = differences(&present, &PartyDetails::from(&after));
            let (old, is_another) = (before.email.clone(), after.email != before.email);
            log.append(tx, &Event::PartyUpdated { party_id: id, email: before.email, changes }).await?;
            if is_another {
                invitations::withdraw_of(tx, log, &old).await?;
                invitations::welcome(tx, log, &after).await?;
            }
        }
        Ok(after)
    })
    .await
}

/// Returns the roles of a party after a change.
fn changed_roles(fields: &mut Fields, before: &Party, request: &Change<PartyDetails>, details: &PartyDetails) -> Roles {
    let given = |field| request.given().contains_key(field);
    // An admin who has opened the room stays what they are as long as nobody gives them roles of a party.
    if details.role.is_none() && !given("roles") {
        return before.all_roles();
    }
    if given("roles") && details.roles.is_empty() {
        fields.fault("roles", "must be one at least of owner, broker, charterer, seller, buyer");
        return before.all_roles();
    }
    let roles = if given("roles") { &details.roles[..] } else { &[] };
    chosen(fields, "", (details.role, roles))
}

/// Returns the address of a party after a change, in its canonical form. The same address in another spelling is no
/// change. Notes in `fields` what is wrong with it, also that another party of the room has it.
fn corrected(fields: &mut Fields, room: &State, party: &Party, given: &str) -> String {
    if address::are_one(given, &party.email) {
        return party.email.clone();
    }
    let mut others = room.parties.values().filter(|other| other.id != party.id);
    if let Some(other) = others.find(|other| address::are_one(&other.email, given)) {
        fields.fault("email", format!("is a party of this room already: {}", other.name));
    }
    fields.email("email", given)
}

/// Removes a party, whose next request to the room is refused. What they uploaded and decided stays.
pub async fn remove(app: &App, by: &Actor, room: RoomId, id: PartyId, basis: Basis) -> Result<()> {
    operation(app, Log::Room(room), by, async move |tx, log| {
        let found = rooms::in_use_by(log)?.parties.get(&id).cloned().ok_or(Error::NotFound("party"))?;
        let present = PartyDetails::from(&found);
        refuse_overtaken(tx, log, Edited::Party(id), &present, (&basis, &Map::new())).await?;
        let Party { id, role, name, email, .. } = found;
        log.append(tx, &Event::PartyRemoved { party_id: id, role, name, email: email.clone() }).await?;
        invitations::withdraw_of(tx, log, &email).await.map(drop)
    })
    .await
}
