//! Invitations to rooms: a party without an account gets a link, by which they make one.
//!
//! Who is added is invited by that, if mails go out and who adds them may invite. What an invitation gives is the role in
//! the room, and nothing on the platform.

use room::{Event, LinkDeed, LinkId, Log, Party, PartyId, Role, RoomId, Time};

use super::find::in_use_by;
use crate::{
    app::App,
    db::{
        self, Tx,
        links::{Link, Purpose, Sight},
    },
    domain::{
        accounts::{
            links::{self, Handed, Way},
            told,
        },
        log::{Actor, OpenLog, operation},
        mail::{
            outbox::{self, Addressed},
            told::Told,
        },
    },
    error::{Error, Result},
};

/// How far a party is on the way into the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// They have an account, which was last used then; not within half a year if there is no time.
    Joined(Option<Time>),
    /// Nobody has invited them.
    NotInvited,
    /// The mail waits to be sent; why the last try failed.
    Waiting(Option<String>),
    /// The mail with the invitation was sent.
    Invited(Time),
    /// The mail was given up, for this reason.
    Bounced(String),
    /// The link was handed to somebody, and holds until then.
    HandedOver(Time),
    /// The time of the link is over.
    Expired(Time),
    /// The invitation was withdrawn.
    Withdrawn(Time),
}

impl Stage {
    /// Returns the word of the stage.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Joined(_) => "joined",
            Self::NotInvited => "not_invited",
            Self::Waiting(_) => "waiting",
            Self::Invited(_) => "invited",
            Self::Bounced(_) => "bounced",
            Self::HandedOver(_) => "handed_over",
            Self::Expired(_) => "expired",
            Self::Withdrawn(_) => "withdrawn",
        }
    }

    /// Returns whether there is an invitation that can be withdrawn.
    pub fn is_open(&self) -> bool {
        !matches!(self, Self::Joined(_) | Self::NotInvited | Self::Withdrawn(_))
    }

    /// Returns the stage of somebody without an account, by their newest link.
    fn of(sight: Option<&Sight>, now: Time) -> Self {
        let Some(Sight { link, expires_at, mail }) = sight else { return Self::NotInvited };
        if let Some(at) = link.withdrawn_at {
            return Self::Withdrawn(at);
        }
        match (mail, expires_at) {
            (Some((true, _, why)), _) => Self::Waiting(why.clone()),
            // A mail that is given up may be younger than a link that was handed over, but there is somebody to ask.
            (Some((false, None, why)), _) => Self::Bounced(why.clone().unwrap_or_default()),
            (_, Some(expires_at)) if *expires_at < now => Self::Expired(*expires_at),
            (Some((false, Some(at), _)), _) => Self::Invited(*at),
            (None, Some(expires_at)) => Self::HandedOver(*expires_at),
            (None, None) => Self::NotInvited,
        }
    }
}

/// Returns whether an actor may invite people to their rooms.
pub fn may_invite(app: &App, by: &Actor) -> bool {
    match by {
        Actor::User { roles, .. } => app.config.brokers_invite() || roles.contains(Role::Admin),
        Actor::System | Actor::Operator => false,
    }
}

/// Returns how far these parties of a room are on their way, in their order.
pub async fn stages(app: &App, room: RoomId, parties: &[Party]) -> Result<Vec<Stage>> {
    let now = app.now();
    let read = app.db.read(async |tx| {
        let sights = db::links::of_room(tx, room).await?;
        let mut stages = Vec::with_capacity(parties.len());
        for party in parties {
            if db::users::by_email(tx, &party.email).await?.is_some() {
                stages.push(Stage::Joined(db::links::last_seen(tx, &party.email).await?));
            } else {
                stages.push(Stage::of(sights.iter().find(|sight| sight.link.email == party.email), now));
            }
        }
        Ok(stages)
    });
    read.await
}

/// Writes to a party who was added to the room whose log is open: with an invitation if they have no account.
pub async fn welcome(tx: &mut Tx, log: &OpenLog, party: &Party) -> Result<()> {
    let Actor::User { email, name, .. } = log.by().clone() else { return Ok(()) };
    if !outbox::is_open(log.app()) || email == party.email {
        return Ok(());
    }
    if told::named(tx, log, &party.email).await?.is_none() {
        if may_invite(log.app(), log.by()) {
            let link = new_link(tx, log, party).await?;
            note(tx, log, (LinkDeed::Invited, &party.email)).await?;
            send(tx, log, &link, party).await?;
        }
        return Ok(());
    }
    let room = &log.room()?.room;
    let told = Told::Added { by: name, by_email: email, room: room.title.clone(), room_id: room.id };
    let to = Addressed { receiver: &party.email, room: Some(room.id), link: None };
    outbox::write(tx, log.app(), to, &told, log.clock()).await
}

/// Invites a party who has no account, or invites them again. Returns what is to be handed over.
pub async fn invite(app: &App, by: &Actor, room: RoomId, id: PartyId, way: Way) -> Result<Option<Handed>> {
    way.check(app)?;
    operation(app, Log::Room(room), by, async move |tx, log| {
        let party = in_use_by(log)?.parties.get(&id).cloned().ok_or(Error::NotFound("party"))?;
        if !may_invite(log.app(), log.by()) {
            return Err(Error::conflict(
                "only admins invite people here, as the setting `invitations_by` says; ask one",
            ));
        }
        if told::named(tx, log, &party.email).await?.is_some() {
            return Err(Error::conflict(format!("`{}` has an account already, and signs in with it", party.email)));
        }
        let newest = db::links::of_room(tx, room).await?.into_iter().find(|sight| sight.link.email == party.email);
        let (link, deed) = match newest.map(|sight| sight.link).filter(Link::is_open) {
            Some(link) => (link, LinkDeed::InvitedAgain),
            None => (new_link(tx, log, &party).await?, LinkDeed::Invited),
        };
        note(tx, log, (deed, &party.email)).await?;
        match way {
            Way::Mail => send(tx, log, &link, &party).await.map(|()| None),
            Way::Hand => links::mint(tx, log.app(), &link, log.clock()).await.map(Some),
        }
    })
    .await
}

/// Withdraws the invitation of a party: its links lead nowhere any more.
pub async fn withdraw(app: &App, by: &Actor, room: RoomId, id: PartyId) -> Result<()> {
    operation(app, Log::Room(room), by, async move |tx, log| {
        let party = in_use_by(log)?.parties.get(&id).cloned().ok_or(Error::NotFound("party"))?;
        if withdraw_of(tx, log, &party.email).await? { Ok(()) } else { Err(Error::NotFound("invitation")) }
    })
    .await
}

/// Withdraws the invitation of an address to the room whose log is open. Returns whether there was one.
pub async fn withdraw_of(tx: &mut Tx, log: &OpenLog, email: &str) -> Result<bool> {
    let room = log.room()?.room.id;
    let was_there = db::links::withdraw_invitation(tx, room, email, log.clock()).await?;
    if was_there {
        note(tx, log, (LinkDeed::InvitationWithdrawn, email)).await?;
    }
    Ok(was_there)
}

async fn new_link(tx: &mut Tx, log: &OpenLog, party: &Party) -> Result<Link> {
    let link = Link {
        id: LinkId(log.app().new_id()),
        purpose: Purpose::Join,
        email: party.email.clone(),
        name: party.name.clone(),
        room: Some(log.room()?.room.id),
        asked_by: Some(log.by().word().to_owned()),
        created_at: log.clock(),
        used_at: None,
        withdrawn_at: None,
    };
    db::links::insert(tx, &link).await?;
    Ok(link)
}

async fn send(tx: &mut Tx, log: &OpenLog, link: &Link, party: &Party) -> Result<()> {
    let Actor::User { email, name, .. } = log.by().clone() else { return Ok(()) };
    let room = &log.room()?.room;
    let (title, location) = (room.title.clone(), room.location.clone());
    let told = Told::Invitation { by: name, by_email: email, name: party.name.clone(), room: title, location };
    let to = Addressed { receiver: &party.email, room: Some(room.id), link: Some(link.id) };
    outbox::write(tx, log.app(), to, &told, log.clock()).await
}

/// Appends what was done to the platform's log, beside all else that is done about accounts.
async fn note(tx: &mut Tx, log: &OpenLog, (deed, email): (LinkDeed, &str)) -> Result<()> {
    let room_id = Some(log.room()?.room.id);
    // Roles are those in the room, which say nothing on the platform.
    let by = match log.by().clone() {
        Actor::User { email, name, role, session, .. } => {
            Actor::User { email, name, role, roles: role.into(), session }
        }
        other => other,
    };
    // Locked after the room's: nothing locks them the other way round.
    let mut platform = OpenLog::lock(tx, log.app(), Log::Platform, &by).await?;
    platform.append(tx, &Event::LinkChanged { deed, email: email.to_owned(), room_id }).await
}
