//! Who is calling, and may they: the first three of the five levels, for every route.
//!
//! 1. authentication: a session token that holds, sent by a program or kept by a browser as a cookie;
//! 2. room access: a party of the room, or admin;
//! 3. role permission: the role in this room against the policy; a refusal is logged.
//!
//! The other two, data scope and audit, belong to the operation.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts, RawPathParams},
    http::{Extensions, HeaderMap, Method, header::AUTHORIZATION, request::Parts},
};
use room::{Role, Room, RoomId, RoomStatus, Time};

use super::{
    Client,
    access::Access,
    asker::Asker,
    describe::Takes,
    route_doc::RouteDoc,
    session_cookie::{self, MadeBy},
};
use crate::{
    app::App,
    db::{self, Tx, sessions::SignedIn, users::User},
    domain::{
        accounts::sessions,
        log::{Actor, refusals},
    },
    error::{Error, Result},
    evidence::Hash,
    network::Network,
    policy,
    refusals::Kind,
};

/// The signed-in user, with the role that counts for this request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account.
    pub user: User,
    /// Role in the room of the path; the account's own where there is none.
    pub role: Role,
    /// The session's key in the database.
    pub session: Hash,
    /// When the password was last given in it.
    pub password_at: Time,
    /// Where the request came from.
    pub client: Client,
}

impl Caller {
    /// The caller as the log names them.
    pub fn actor(&self) -> Actor {
        let User { email, name, .. } = self.user.clone();
        Actor::User { email, name, role: self.role, session: Some(self.session) }
    }

    /// The session, and the network that it is used from.
    pub fn seat(&self) -> (Hash, Network) {
        (self.session, self.client.network())
    }

    /// Whether the caller may do this here: for what a page offers. What it does not offer is refused all the same.
    pub fn may(&self, action: policy::Action) -> bool {
        policy::may(self.role, action)
    }

    /// Refuses who would not be let into this room any more, by levels one to three: for an answer that goes on.
    pub async fn confirm(&self, tx: &mut Tx, now: Time, (room, access): (RoomId, Access)) -> Result<()> {
        let user = db::sessions::signed_in(tx, &self.session, now).await?.ok_or(Error::Unauthenticated)?.user;
        let room = db::rooms::find(tx, room).await?.ok_or(Error::NotFound("room"))?;
        let party = db::parties::role(tx, room.id, &user.email).await?;
        let role = role_in_room(access, &user, &room, party)?;
        match access {
            Access::May(action) | Access::MayInDeleted(action) if !policy::may(role, action) => {
                Err(role_forbids(role, action))
            }
            _ => Ok(()),
        }
    }
}

/// The room of the path, which the caller has been let into.
#[derive(Debug, Clone, Copy)]
pub struct InRoom {
    /// Its id.
    pub id: RoomId,
}

/// What the check found out.
pub(crate) struct Admitted {
    caller: Option<Caller>,
    room: Option<InRoom>,
}

impl Admitted {
    /// Lets the handler's extractors find it.
    pub(crate) fn introduce(self, extensions: &mut Extensions) {
        if let Some(caller) = self.caller {
            extensions.insert(caller);
        }
        if let Some(room) = self.room {
            extensions.insert(room);
        }
    }
}

/// Levels one to three.
pub(crate) async fn admit(
    app: &App,
    access: Access,
    params: &RawPathParams,
    (method, headers): (&Method, &HeaderMap),
    asker: &Asker,
) -> Result<Admitted> {
    let credentials = credentials(method, headers);
    if access == Access::Public {
        let caller = known(app, credentials?, asker.client).await?;
        if let Some(caller) = &caller {
            asker.is(&caller.user);
        }
        return Ok(Admitted { caller, room: None });
    }
    let session = credentials?.ok_or(Error::Unauthenticated)?;
    let named = params.iter().find(|(name, _)| *name == "room_id").map(|(_, id)| id.parse::<RoomId>());
    let (held, room) = app
        .db
        .read(async |tx| {
            let held = db::sessions::signed_in(tx, &session, app.now()).await?.ok_or(Error::Unauthenticated)?;
            let user = &held.user;
            asker.is(user);
            if user.must_change_password && access != Access::WithGivenPassword {
                return Err(Error::PasswordChangeRequired);
            }
            let Some(named) = named else { return Ok((held, None)) };
            let room = db::rooms::find(tx, named.map_err(|_| Error::NotFound("room"))?).await?;
            let room = room.ok_or(Error::NotFound("room"))?;
            let party = db::parties::role(tx, room.id, &user.email).await?;
            Ok((held, Some((room, party))))
        })
        .await?;
    sessions::seen(app, session, held.last_seen_at);
    let SignedIn { user, password_at, .. } = held;
    let role = match &room {
        None => user.role,
        Some((room, party)) => role_in_room(access, &user, room, *party)?,
    };
    let caller = Caller { user, role, session, password_at, client: asker.client };
    let room = room.map(|(room, _)| InRoom { id: room.id });
    if let Access::May(action) | Access::MayInDeleted(action) = access
        && !policy::may(role, action)
    {
        // Nobody's refusals are written for a link on another site, either.
        refuse_links_elsewhere(headers)?;
        log_refusal(app, &caller, room, action).await;
        return Err(role_forbids(role, action));
    }
    Ok(Admitted { caller: Some(caller), room })
}

/// The session that a request brings, by the hash of its token. What changes something and rests on a cookie has to
/// come from our own pages; nothing at all may be changed from another site's.
fn credentials(method: &Method, headers: &HeaderMap) -> Result<Option<Hash>> {
    let made_by = if method.is_safe() { MadeBy::Us } else { session_cookie::made_by(headers) };
    if let Some(token) = bearer_token(headers) {
        return Ok(Some(sessions::hash_token(token)));
    }
    let token = session_cookie::token(headers);
    match made_by {
        MadeBy::Others => Err(Error::ForeignOrigin),
        MadeBy::Unsaid if token.is_some() => Err(Error::ForeignOrigin),
        _ => Ok(token.map(sessions::hash_token)),
    }
}

/// Refuses a `GET` that another site's page has led a browser to, where the answer is noted in the log in the name of
/// the person whose cookie came with it. A program that sends its token has been told to by its own user.
pub(crate) fn refuse_links_elsewhere(headers: &HeaderMap) -> Result<()> {
    let rests_on_cookie = bearer_token(headers).is_none() && session_cookie::token(headers).is_some();
    if rests_on_cookie && session_cookie::made_by(headers) == MadeBy::Others {
        return Err(Error::ForeignOrigin);
    }
    Ok(())
}

/// Who is signed in, where anybody may come.
async fn known(app: &App, session: Option<Hash>, client: Client) -> Result<Option<Caller>> {
    let Some(session) = session else { return Ok(None) };
    let held = app.db.read(async |tx| db::sessions::signed_in(tx, &session, app.now()).await).await?;
    Ok(held.map(|SignedIn { user, password_at, .. }| Caller { role: user.role, user, session, password_at, client }))
}

/// Level two.
fn role_in_room(access: Access, user: &User, room: &Room, party: Option<Role>) -> Result<Role> {
    let outside = if room.status == RoomStatus::Active { Error::NotAParty } else { Error::NotFound("room") };
    let role = Role::in_room(user.role, party).ok_or(outside)?;
    let to_be_seen =
        room.status == RoomStatus::Active || (matches!(access, Access::MayInDeleted(_)) && role == Role::Admin);
    if to_be_seen { Ok(role) } else { Err(Error::NotFound("room")) }
}

fn role_forbids(role: Role, action: policy::Action) -> Error {
    let roles = action.roles().into_iter().map(Role::word).collect();
    Error::RoleForbids { action: action.name(), role: role.word(), roles }
}

async fn log_refusal(app: &App, caller: &Caller, room: Option<InRoom>, action: policy::Action) {
    let (User { email, name, .. }, role, permission) = (caller.user.clone(), caller.role, action.name());
    refusals::note(app, Kind::ByRole { room: room.map(|room| room.id), email, name, role, permission }).await;
}

/// Whether a request brings something to be known by.
pub(crate) fn brings_token(headers: &HeaderMap) -> bool {
    bearer_token(headers).is_some() || session_cookie::token(headers).is_some()
}

pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Error::internal("a public route asks for its caller"))
    }
}

impl OptionalFromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Option<Self>> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

impl FromRequestParts<App> for InRoom {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self> {
        parts.extensions.get::<Self>().copied().ok_or_else(|| Error::internal("a route without a room asks for it"))
    }
}

impl Takes for Caller {
    fn describe(_: &mut RouteDoc) {}
}

impl Takes for Option<Caller> {
    fn describe(_: &mut RouteDoc) {}
}

impl Takes for InRoom {
    fn describe(_: &mut RouteDoc) {}
}
