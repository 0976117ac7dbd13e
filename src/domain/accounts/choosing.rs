//! Choosing a password by a link: the account of who was invited is made by that, or the password of an account replaced.

use room::{Log, Party, Role, Roles, UserId};

use super::{
    attempts,
    links::{self, Shown, Standing},
    passwords::{self, Owner},
    requests,
    sessions::{self, hash_token},
    told,
};
use crate::{
    app::App,
    db::{
        self, Tx,
        links::{Link, Purpose},
        users::User,
    },
    domain::log::{Actor, OpenLog, of_room, operation},
    error::{Error, Result},
    evidence::Hash,
    network::Network,
};

/// Chooses the password by a link, which is used by that. Returns the address to sign in with.
pub async fn choose(app: &App, network: Network, token: &str, password: &str) -> Result<String> {
    let Some(shown) = links::look(app, token).await? else {
        // Only tokens that are not known are counted: many people may join from one office.
        attempts::admit_by_link(app, network).await?;
        return Err(Error::NotFound("link"));
    };
    let link = open(Some(shown))?;
    let owner = Owner { email: &link.email, name: &link.name };
    // Before the operation: hashing takes long, and the platform's log would be locked for everybody meanwhile.
    let password_hash = passwords::checked_hash(&app.hashing, owner, password).await?;
    let token = hash_token(token);
    match link.purpose {
        Purpose::Join => join(app, token, password_hash).await?,
        Purpose::Password => replace(app, (token, &link.email), password_hash).await?,
    }
    Ok(link.email)
}

/// Returns a link that lets somebody choose a password; an error that says why another one does not.
fn open(shown: Option<Shown>) -> Result<Link> {
    let shown = shown.ok_or(Error::NotFound("link"))?;
    match shown.standing {
        Standing::Open => Ok(shown.link),
        Standing::Used => Err(Error::conflict("this link has been used; sign in with the password that was chosen")),
        Standing::Expired => Err(Error::conflict("the time of this link is over; ask for another")),
        Standing::Withdrawn => Err(Error::conflict("this link was withdrawn; ask who sent it")),
        Standing::HasAccount => Err(Error::conflict("this address has an account already; sign in")),
        Standing::Disabled => Err(Error::conflict("this account is disabled; ask who runs the server")),
    }
}

/// Makes the account of who was invited. On the platform they get what their role in the room says, but never that of who
/// may open rooms: what a broker gives is a role in one room.
async fn join(app: &App, token: Hash, password_hash: String) -> Result<()> {
    let id = UserId(app.new_id());
    operation(app, Log::Platform, &Actor::System, async move |tx, log| {
        let link = present(tx, log, &token).await?;
        let room = link.room.ok_or_else(|| Error::internal("an invitation to no room"))?;
        let roles = of_room(tx, log.app(), room, |state| {
            state.parties.values().find(|party| party.email == link.email).map(Party::all_roles)
        });
        let role = role_on_platform(roles.await?.ok_or(Error::NotFound("party"))?);
        let user = User {
            id,
            email: link.email,
            name: link.name,
            role,
            disabled: false,
            created_at: log.now,
            must_change_password: false,
            password_given_at: None,
        };
        requests::add(tx, log, &user, &password_hash, link.asked_by).await?;
        db::links::used(tx, link.id, log.clock()).await
    })
    .await
}

fn role_on_platform(roles: Roles) -> Role {
    match roles.first() {
        Role::Broker | Role::Admin => Role::Buyer,
        role => role,
    }
}

/// Replaces the password of an account, and ends its sessions.
async fn replace(app: &App, (token, email): (Hash, &str), password_hash: String) -> Result<()> {
    let found = app.db.read(async |tx| db::users::by_email(tx, email).await).await?;
    let (user, _) = found.ok_or(Error::NotFound("user"))?;
    operation(app, Log::Platform, &sessions::actor(&user, None), async move |tx, log| {
        let link = present(tx, log, &token).await?;
        let user = told::named(tx, log, &link.email).await?.ok_or(Error::NotFound("user"))?;
        // Who had the link made may have used it themselves: they count as one who gave the password. An owner who asked
        // alone counts as well, for who reads their mails could be another admin: for a week they confirm nothing.
        requests::set_password(tx, log, user, &password_hash, None, link.asked_by).await?;
        db::links::used(tx, link.id, log.clock()).await
    })
    .await
}

/// Looks at the link again in the operation: of two who use it at once, one does.
async fn present(tx: &mut Tx, log: &OpenLog, token: &Hash) -> Result<Link> {
    open(links::shown(tx, log.app(), token).await?)
}
