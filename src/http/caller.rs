//! Who is calling, and whether they may: the first three of the five levels of access, for every route.
//!
//! 1. Authentication: a session token that holds, sent by a program, or kept by a browser as a cookie.
//! 2. Room access: the caller is a party of the room, or an admin.
//! 3. Role permission: the policy allows the action to the caller's role in this room; a refusal is logged.
//!
//! The other two, data scope and audit, belong to the operation, since only it knows which rows it reads and changes.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts, RawPathParams},
    http::{Extensions, HeaderMap, Method, header::AUTHORIZATION, request::Parts},
};
use room::{Role, Roles, Room, RoomId, RoomStatus, Time};

use super::{
    Client,
    access::Access,
    describe::Takes,
    requester::Requester,
    route_doc::RouteDoc,
    session_cookie::{self, Initiator},
};
use crate::{
    app::App,
    db::{self, Tx, sessions::SignedIn, users::User},
    domain::{
        accounts::sessions,
        attention::Attention,
        log::{Actor, refusals},
    },
    error::{Error, Result},
    evidence::Hash,
    network::Network,
    policy,
    refusals::Kind,
};

/// The signed-in user, with the role that counts for this request.
///
/// A handler that takes a `Caller` gets the one that the admission made, before the handler was called; it has no other
/// way to get one. So a handler need not check anything, and cannot forget to: what it can do by mistake is no more
/// than what its route's [`Access`] allows.
///
/// `role` is decided once, at the door, and travels into the log with [`Caller::actor`]: the entry of an operation
/// names the role in which it was done, also if the person has another role in the next room. Of several roles it is
/// the first, in their order, to which the policy allows the action; an operation with a finer rule may take another.
/// Nothing of it is kept between requests. A token that carries the role (a JWT) would save one read of the database;
/// it was not taken, since a role, a party or a session that is withdrawn has to count from the next request on. For
/// the same reason a stream that stays open asks again with [`Caller::check_again`].
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account of the caller.
    pub user: User,
    /// The role in which the caller acts: one of `roles`.
    pub role: Role,
    /// The caller's roles in the room of the path, or the account's own if the path has no room.
    pub roles: Roles,
    /// The session's key in the database: the SHA-256 of its token.
    pub session: Hash,
    /// When the password was last given in this session.
    pub password_at: Time,
    /// The time zone that the caller has named, in which pages tell times beside UTC.
    pub(crate) time_zone: Option<String>,
    /// The client that the request came from.
    pub client: Client,
    /// What calls an admin, if the request is for a page.
    pub(crate) attention: Attention,
}

impl Caller {
    /// Returns the caller as the actor of an entry of the log.
    pub fn actor(&self) -> Actor {
        let User { email, name, .. } = self.user.clone();
        Actor::User { email, name, role: self.role, roles: self.roles, session: Some(self.session) }
    }

    /// Returns the session and the network that it is used from, which limits on attempts count by.
    pub fn seat(&self) -> (Hash, Network) {
        (self.session, self.client.network())
    }

    /// Finds out what calls the caller, who is an admin. A page is shown without it rather than not at all.
    pub(super) async fn look_around(&mut self, app: &App) {
        if self.user.role != Role::Admin {
            return;
        }
        match Attention::of(app, &self.user.email).await {
            Ok(attention) => self.attention = attention,
            Err(error) => tracing::warn!(%error, "a page does not show what calls an admin"),
        }
    }

    /// Returns whether the caller may do this here, for a page that offers only what is possible. This is no check:
    /// what the page does not offer is refused by the route.
    pub fn may(&self, action: policy::Action) -> bool {
        policy::role_for(self.roles, action).is_some()
    }

    /// Checks levels one to three again, for an answer that goes on: the session may have ended meanwhile, the room
    /// been deleted, the party been removed or got another role.
    pub async fn check_again(&self, tx: &mut Tx, now: Time, (room, access): (RoomId, Access)) -> Result<()> {
        let user = db::sessions::signed_in(tx, &self.session, now).await?.ok_or(Error::Unauthenticated)?.user;
        let room = db::rooms::find(tx, room).await?.ok_or(Error::NotFound("room"))?;
        let party = db::parties::roles(tx, room.id, &user.email).await?;
        role_for(access, roles_in_room(access, &user, &room, party)?).map(drop)
    }
}

/// The room of the path, to which the caller has been admitted.
#[derive(Debug, Clone, Copy)]
pub struct InRoom {
    /// The id of the room.
    pub id: RoomId,
}

/// What the admission found out.
pub(crate) struct Admitted {
    caller: Option<Caller>,
    room: Option<InRoom>,
}

impl Admitted {
    /// Adds caller and room to the request, where the handler's extractors find them.
    pub(crate) fn insert_into(self, extensions: &mut Extensions) {
        if let Some(caller) = self.caller {
            extensions.insert(caller);
        }
        if let Some(room) = self.room {
            extensions.insert(room);
        }
    }
}

/// Checks levels one to three for a request, and returns its caller and room; refuses it otherwise.
///
/// A refusal reveals no more than the level that it comes from: who is not signed in learns nothing of rooms, and who
/// is no party of a room learns nothing of what could be done in it.
pub(crate) async fn admit(
    app: &App,
    access: Access,
    params: &RawPathParams,
    (method, headers): (&Method, &HeaderMap),
    requester: &Requester,
) -> Result<Admitted> {
    // A result, looked at below: an invalid origin must be refused on a public route too, since signing in is one.
    let credentials = credentials(method, headers);
    if access == Access::Public {
        let caller = find_caller(app, credentials?, requester.client).await?;
        if let Some(caller) = &caller {
            requester.identify(&caller.user);
        }
        return Ok(Admitted { caller, room: None });
    }
    // Level one comes before everything that depends on the path: without a session, the answer is the same whether the
    // room exists or not.
    let session = credentials?.ok_or(Error::Unauthenticated)?;
    let room_id = params.iter().find(|(name, _)| *name == "room_id").map(|(_, id)| id.parse::<RoomId>());
    // Session, room and party are read in one transaction, so that they are of one instant.
    let (held, room) = app
        .db
        .read(async |tx| {
            let held = db::sessions::signed_in(tx, &session, app.now()).await?.ok_or(Error::Unauthenticated)?;
            let user = &held.user;
            requester.identify(user);
            // Somebody else knows this password. Until it is replaced, nothing is shown but the way to replace it.
            if user.must_change_password && access != Access::WithGivenPassword {
                return Err(Error::PasswordChangeRequired);
            }
            let Some(room_id) = room_id else { return Ok((held, None)) };
            // A text that is no id gets the answer of a room that does not exist.
            let room = db::rooms::find(tx, room_id.map_err(|_| Error::NotFound("room"))?).await?;
            let room = room.ok_or(Error::NotFound("room"))?;
            let party = db::parties::roles(tx, room.id, &user.email).await?;
            Ok((held, Some((room, party))))
        })
        .await?;
    sessions::seen(app, session, held.last_seen_at);
    let SignedIn { user, password_at, time_zone, .. } = held;
    // Level two comes before level three: outside of a room a caller has no role in it, and the list of the roles that
    // are allowed is for its parties only.
    let roles = match &room {
        None => user.role.into(),
        Some((room, party)) => roles_in_room(access, &user, room, *party)?,
    };
    let room = room.map(|(room, _)| InRoom { id: room.id });
    match role_for(access, roles) {
        Ok(role) => {
            let (client, attention) = (requester.client, Attention::default());
            let caller = Caller { user, role, roles, session, password_at, time_zone, client, attention };
            Ok(Admitted { caller: Some(caller), room })
        }
        Err(refusal) => {
            // A refusal is logged under the caller's name. Another site's link must not put one there.
            refuse_foreign_links(headers)?;
            log_refusal(app, &user, roles, room, access).await;
            Err(refusal)
        }
    }
}

/// Returns the session that a request brings, by the hash of its token. Refuses a request that would change something
/// if it rests on a cookie and does not come from a page of ours, or if it comes from another site's page at all.
fn credentials(method: &Method, headers: &HeaderMap) -> Result<Option<Hash>> {
    // `GET` and `HEAD` change nothing and may be linked from anywhere.
    let initiator = if method.is_safe() { Initiator::Ours } else { session_cookie::initiator(headers) };
    // No browser adds this header by itself: whoever sends it has the token, so that no other site can misuse it.
    if let Some(token) = bearer_token(headers) {
        return Ok(Some(sessions::hash_token(token)));
    }
    let token = session_cookie::token(headers);
    match initiator {
        // Also without a cookie: a form on another site could otherwise sign a browser in to the attacker's account.
        Initiator::Foreign => Err(Error::ForeignOrigin),
        Initiator::Unknown if token.is_some() => Err(Error::ForeignOrigin),
        _ => Ok(token.map(sessions::hash_token)),
    }
}

/// Refuses a `GET` to which another site's page has led a browser. It is called where the request is logged under the
/// name of the person whose cookie came with it. A program that sends a token does so for its own user.
pub(crate) fn refuse_foreign_links(headers: &HeaderMap) -> Result<()> {
    let rests_on_cookie = bearer_token(headers).is_none() && session_cookie::token(headers).is_some();
    if rests_on_cookie && session_cookie::initiator(headers) == Initiator::Foreign {
        return Err(Error::ForeignOrigin);
    }
    Ok(())
}

/// Returns the caller of a public route, or `None` if no session came with the request, or one that has ended.
async fn find_caller(app: &App, session: Option<Hash>, client: Client) -> Result<Option<Caller>> {
    let Some(session) = session else { return Ok(None) };
    let held = app.db.read(async |tx| db::sessions::signed_in(tx, &session, app.now()).await).await?;
    Ok(held.map(|SignedIn { user, password_at, time_zone, .. }| Caller {
        role: user.role,
        roles: user.role.into(),
        user,
        session,
        password_at,
        time_zone,
        client,
        attention: Attention::default(),
    }))
}

/// Checks level two, and returns the caller's roles in the room.
fn roles_in_room(access: Access, user: &User, room: &Room, party: Option<Roles>) -> Result<Roles> {
    // A stranger may learn that a room exists: they have its id from somebody, since ids cannot be guessed, and are
    // told to ask for admission. That a deleted room existed is not told.
    let outside = if room.status == RoomStatus::Active { Error::NotAParty } else { Error::NotFound("room") };
    let roles = Roles::in_room(user.role, party).ok_or(outside)?;
    let is_visible =
        room.status == RoomStatus::Active || (matches!(access, Access::MayInDeleted(_)) && roles.contains(Role::Admin));
    if is_visible { Ok(roles) } else { Err(Error::NotFound("room")) }
}

/// Checks level three, and returns the role in which the caller acts.
fn role_for(access: Access, roles: Roles) -> Result<Role> {
    let (Access::May(action) | Access::MayInDeleted(action)) = access else { return Ok(roles.first()) };
    policy::role_for(roles, action).ok_or_else(|| {
        let allowed = action.roles().into_iter().map(Role::word).collect();
        Error::RoleForbids { action: action.name(), has: roles.words(), roles: allowed }
    })
}

async fn log_refusal(app: &App, user: &User, roles: Roles, room: Option<InRoom>, access: Access) {
    let (Access::May(action) | Access::MayInDeleted(action)) = access else { return };
    let (User { email, name, .. }, permission) = (user.clone(), action.name());
    refusals::note(app, Kind::ByRole { room: room.map(|room| room.id), email, name, roles, permission }).await;
}

/// Returns whether a request brings a token, whether or not it holds.
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
