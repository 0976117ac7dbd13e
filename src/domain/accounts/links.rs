//! Links by which somebody chooses a password: to join, when they were invited to a room, or for an account that they
//! have.
//!
//! A link has a token for each time that it is handed out or a mail with it is tried: 256 random bits, of which the
//! database has only the SHA-256. Any of them leads to the same link, which is used once.

use std::time::Duration;

use room::{Event, LinkDeed, LinkId, RoomStatus, Time};

use super::sessions::hash_token;
use crate::{
    app::App,
    db::{
        self, Tx,
        links::{Link, Purpose},
        outbox::{Claim, Mail},
        users::User,
    },
    domain::{
        log::{OpenLog, of_platform, of_room},
        mail::{
            outbox::{self, Addressed},
            told::Told,
        },
    },
    error::{Error, Result},
    evidence::Hash,
};

/// How long a token holds of somebody who was invited.
const TO_JOIN: Duration = Duration::from_hours(14 * 24);
/// How long a token holds for a password, if an admin had it made.
const FOR_PASSWORD: Duration = Duration::from_hours(3 * 24);
/// How long a token holds for a password that its owner has forgotten.
const FORGOTTEN: Duration = Duration::from_hours(2);
/// How long a link is remembered after it was made, so that its page can say what became of it.
pub const REMEMBERED: Duration = Duration::from_hours(90 * 24);

/// By which way a link comes to who is to use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By a mail of the outbox, with a token that is made when it is sent.
    Mail,
    /// By the hand of who had it made, who sees it once.
    Hand,
}

impl Way {
    /// Returns the way by which links go out that nobody asked to hand over: by mail if any goes out.
    pub fn usual(app: &App) -> Self {
        if outbox::is_open(app) { Self::Mail } else { Self::Hand }
    }

    /// Refuses mail where none goes out.
    pub fn check(self, app: &App) -> Result<()> {
        if self == Self::Hand || outbox::is_open(app) {
            return Ok(());
        }
        Err(Error::conflict("no mail goes out, since the setting `mail_url` names no mail server; hand the link over"))
    }
}

/// A token that is shown once, to be handed over.
#[derive(Debug, Clone)]
pub struct Handed {
    /// The token.
    pub token: String,
    /// Until when it holds.
    pub expires_at: Time,
}

/// What a link does at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It lets somebody choose a password.
    Open,
    /// It was used.
    Used,
    /// Its time is over.
    Expired,
    /// It was withdrawn, or something else took its place.
    Withdrawn,
    /// Who was invited has an account by now.
    HasAccount,
    /// The account is disabled.
    Disabled,
}

/// A link as its page shows it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The link to which the token leads.
    pub link: Link,
    /// What it does at present.
    pub standing: Standing,
    /// The title of the room to which it invites.
    pub room: Option<String>,
}

/// Returns how long a token of a link holds.
fn holds(link: &Link) -> Duration {
    match (link.purpose, &link.asked_by) {
        (Purpose::Join, _) => TO_JOIN,
        (Purpose::Password, Some(_)) => FOR_PASSWORD,
        (Purpose::Password, None) => FORGOTTEN,
    }
}

/// Returns the path of a link on this server. The token is in its query, which the server's log does not have.
pub fn path(token: &str) -> String {
    format!("/link?token={token}")
}

/// Makes a token of a link.
pub async fn mint(tx: &mut Tx, app: &App, link: &Link, now: Time) -> Result<Handed> {
    let (token, expires_at) = (hex::encode(app.secret()), now.after(holds(link)));
    db::links::add_token(tx, &hash_token(&token), link.id, expires_at).await?;
    Ok(Handed { token, expires_at })
}

/// Makes a link for the password of an account and notes it in the platform's log, which is open. It goes out by mail, or
/// waits to be handed over.
pub async fn offer(tx: &mut Tx, log: &mut OpenLog, user: &User, (asked_by, way): (&str, Way)) -> Result<Link> {
    let link = Link {
        id: LinkId(log.app().new_id()),
        purpose: Purpose::Password,
        email: user.email.clone(),
        name: user.name.clone(),
        room: None,
        asked_by: Some(asked_by.to_owned()),
        created_at: log.clock(),
        used_at: None,
        withdrawn_at: None,
    };
    db::links::end_for_password(tx, &user.email, log.clock()).await?;
    db::links::insert(tx, &link).await?;
    let made = Event::LinkChanged { deed: LinkDeed::PasswordLinkMade, email: user.email.clone(), room_id: None };
    log.append(tx, &made).await?;
    if way == Way::Mail {
        let told = Told::PasswordLink { asked_by: asked_by.to_owned(), is_new: user.must_change_password };
        let to = Addressed { receiver: &user.email, room: None, link: Some(link.id) };
        outbox::write(tx, log.app(), to, &told, log.clock()).await?;
    }
    Ok(link)
}

/// Returns the link of a token with what it does at present. `None` if no link has this token.
pub async fn look(app: &App, token: &str) -> Result<Option<Shown>> {
    let token = hash_token(token);
    app.db.read(async |tx| shown(tx, app, &token).await).await
}

/// Does the same as [`look`] within a transaction, for the hash of a token.
pub async fn shown(tx: &mut Tx, app: &App, token: &Hash) -> Result<Option<Shown>> {
    let Some((link, expires_at)) = db::links::by_token(tx, token).await? else { return Ok(None) };
    let (standing, room) = standing(tx, app, &link, Some(expires_at)).await?;
    Ok(Some(Shown { link, standing, room }))
}

/// Returns what a link does at present, for a token that expires then, and the title of the room that it invites to.
async fn standing(tx: &mut Tx, app: &App, link: &Link, expires_at: Option<Time>) -> Result<(Standing, Option<String>)> {
    let disabled =
        |platform: &room::fold::PlatformState| platform.account_of(&link.email).map(|(_, account)| account.disabled);
    let account = of_platform(tx, app, disabled).await?;
    let room = match link.room {
        Some(room) => title(tx, app, (room, &link.email)).await?,
        None => None,
    };
    let standing = match (link.purpose, account) {
        _ if link.used_at.is_some() => Standing::Used,
        (Purpose::Join, Some(_)) => Standing::HasAccount,
        _ if link.withdrawn_at.is_some() => Standing::Withdrawn,
        (Purpose::Join, None) if room.is_none() => Standing::Withdrawn,
        (Purpose::Password, None) => Standing::Withdrawn,
        (Purpose::Password, Some(true)) => Standing::Disabled,
        _ if expires_at.is_some_and(|expires_at| expires_at < app.now()) => Standing::Expired,
        _ => Standing::Open,
    };
    Ok((standing, room))
}

/// Returns the title of a room as long as it is there and the address is a party of it.
async fn title(tx: &mut Tx, app: &App, (room, email): (room::RoomId, &str)) -> Result<Option<String>> {
    let found = of_room(tx, app, room, |state| {
        let is_party = state.parties.values().any(|party| party.email == email);
        (is_party && state.room.status == RoomStatus::Active).then(|| state.room.title.clone())
    });
    match found.await {
        Err(Error::NotFound(_)) => Ok(None),
        found => found,
    }
}

/// Makes a token for a mail that is about to be tried. `None` if the link leads nowhere any more, so that there is nothing
/// to tell.
pub async fn mint_for_mail(app: &App, link: LinkId) -> Result<Option<Handed>> {
    let (in_tx, now) = (app.clone(), app.now());
    app.db
        .write(async move |tx| {
            let Some(link) = db::links::find(tx, link).await? else { return Ok(None) };
            let (standing, _) = standing(tx, &in_tx, &link, None).await?;
            if standing == Standing::Open { mint(tx, &in_tx, &link, now).await.map(Some) } else { Ok(None) }
        })
        .await
}

/// Asks for a link because the password is forgotten. Whether the address has an account is looked at when the mail is
/// sent, and not here: what is done here, and how long it takes, is the same for every address.
pub async fn ask(app: &App, address: &str) -> Result<()> {
    let (in_tx, address, now) = (app.clone(), address.to_owned(), app.now());
    app.db
        .write(async move |tx| {
            let to = Addressed { receiver: &address, ..Addressed::default() };
            outbox::write(tx, &in_tx, to, &Told::Forgotten {}, now).await
        })
        .await
}

/// Makes the link for a mail to somebody who has forgotten the password, at its first try. `None` if the address has no
/// account that can sign in. The platform's log has no entry of it, by which `/heads` would tell who has an account.
pub async fn for_forgotten(app: &App, claim: Claim, mail: &Mail) -> Result<Option<Link>> {
    let (in_tx, typed, now, id) = (app.clone(), mail.receiver.clone(), app.now(), LinkId(app.new_id()));
    app.db
        .write(async move |tx| {
            let found = of_platform(tx, &in_tx, |platform| {
                let account = platform.account_of(&typed).filter(|(_, account)| !account.disabled);
                account.map(|(user, account)| (user, account.email.clone(), account.name.clone()))
            });
            let Some((user, email, name)) = found.await? else { return Ok(None) };
            tracing::info!(user_id = %user, "a link was made to choose another password, since one is forgotten");
            let link = Link {
                id,
                purpose: Purpose::Password,
                email,
                name,
                room: None,
                asked_by: None,
                created_at: now,
                used_at: None,
                withdrawn_at: None,
            };
            db::links::insert(tx, &link).await?;
            db::outbox::set_link(tx, claim, link.id, &link.email).await?;
            Ok(Some(link))
        })
        .await
}
