//! Giving somebody a link to choose a password, by an admin. For an admin's account it takes two, if there are two.

use room::{AccountDeed, AccountRequestId, Log, Role, UserId};

use super::{
    links::{self, Handed, Way},
    requests, sessions, told,
    two_people::{self, Grant, Outcome},
};
use crate::{
    app::App,
    db::{self, Tx, account_requests::AccountRequest, users::User},
    domain::log::{Actor, OpenLog, operation},
    error::{Error, Result},
    hashing,
};

/// Gives the owner of an account a link, by mail or to be handed over. Returns what is to be handed over.
pub async fn give(app: &App, by: &Actor, user: UserId, way: Way) -> Result<Outcome<Option<Handed>>> {
    way.check(app)?;
    // A request has to have a password; this one is nobody's.
    let unknown = hashing::hash(&app.hashing, hex::encode(app.secret())).await?;
    let request_id = AccountRequestId(app.new_id());
    operation(app, Log::Platform, by, async move |tx, log| {
        let user = told::find(tx, log, user).await?;
        let (asked_by, asked_at) = (log.by().word().to_owned(), log.now);
        if asked_by == user.email {
            return Err(Error::OwnPassword);
        }
        if user.disabled {
            return Err(Error::conflict("the account is disabled; enable it first"));
        }
        if user.role == Role::Admin {
            sessions::ask_for_password(tx, log).await?;
        }
        if let Some(handed) = agreed_before(tx, log, &user, way).await? {
            return Ok(Outcome::Done(Some(handed)));
        }
        if user.role != Role::Admin || !two_people::takes_two(log)? {
            let link = links::offer(tx, log, &user, (&asked_by, way)).await?;
            let now = log.clock();
            return match way {
                Way::Mail => Ok(Outcome::Done(None)),
                Way::Hand => links::mint(tx, log.app(), &link, now).await.map(Some).map(Outcome::Done),
            };
        }
        let User { email, name, .. } = user;
        let (id, deed, password_hash, by_link) = (request_id, AccountDeed::GivePassword, Some(unknown), true);
        let request = AccountRequest { id, deed, email, name, password_hash, by_link, asked_by, asked_at };
        let request = requests::ask(tx, log, request).await?;
        Ok(Outcome::Asked(requests::until(&request)))
    })
    .await
}

/// Hands over a link that is made and that nobody has yet: of an account that was added, or that two admins have agreed on.
/// Whoever sees it counts as one who gave the password.
async fn agreed_before(tx: &mut Tx, log: &OpenLog, user: &User, way: Way) -> Result<Option<Handed>> {
    let newest = db::links::of_account(tx, &user.email).await?.into_iter().next();
    let waiting = newest.filter(|sight| sight.link.is_open() && sight.expires_at.is_none() && sight.mail.is_none());
    let Some(sight) = waiting.filter(|_| way == Way::Hand) else { return Ok(None) };
    two_people::note(tx, log, log.by().word(), user.id, Grant::GivenPassword).await?;
    links::mint(tx, log.app(), &sight.link, log.clock()).await.map(Some)
}
