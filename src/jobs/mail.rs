//! Delivers the mails of the outbox, one after another, each under a lease.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::time;

use super::lease;
use crate::{
    app::App,
    db::{
        self,
        outbox::{Claim, Mail},
    },
    domain::{
        accounts::links,
        mail::{letters, outbox},
    },
    error::{Error, Result},
    mail::{self, Undelivered},
};

/// How long a claim holds without being renewed. After that, another server can send the mail.
const LEASE: Duration = Duration::from_mins(1);
/// How often the lease is renewed while the mail server takes its time.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often to look without a notification: a mail of another server, or one whose pause is over.
const LOOK: Duration = Duration::from_secs(5);

/// Delivers mails as they are written. Does not return.
pub(super) async fn post(app: App) {
    loop {
        match AssertUnwindSafe(deliver_one(&app)).catch_unwind().await {
            Ok(Ok(true)) => {}
            // As for the jobs of snapshots: a notification is kept if nobody waits.
            Ok(Ok(false)) => {
                let _ = time::timeout(LOOK, app.mail_written.notified()).await;
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "mails could not be sent");
                time::sleep(LOOK).await;
            }
            Err(_) => {
                tracing::error!("the sending of mails panicked; the mail is left to its lease");
                time::sleep(LOOK).await;
            }
        }
    }
}

/// Claims the mail that is due first and tries to deliver it. Returns `false` if none is due, or no mail goes out.
pub(super) async fn deliver_one(app: &App) -> Result<bool> {
    // A wrong clock would take leases of other servers for run out.
    if !outbox::is_open(app) || app.clock_offset.check().is_err() {
        return Ok(false);
    }
    let now = app.now();
    // Read first: a look that finds nothing takes no write transaction.
    if !app.db.read(async |tx| db::outbox::is_due(tx, now).await).await? {
        return Ok(false);
    }
    let claimed = app.db.write(async move |tx| db::outbox::claim(tx, now, now.after(LEASE)).await).await?;
    let Some((claim, mail)) = claimed else { return Ok(false) };
    let renew = || {
        let (app, lease_until) = (app.clone(), app.now().after(LEASE));
        async move { app.db.write(async move |tx| db::outbox::renew(tx, claim, lease_until).await).await }.boxed()
    };
    match lease::keep(HEARTBEAT, renew, attempt(app, (claim, &mail))).await? {
        // Another server has the mail, or it is gone.
        None => {}
        Some(Ok(is_sent)) => over(app, claim, is_sent).await?,
        Some(Err(why)) => {
            // Without the words of the mail server, which has the address in them.
            tracing::warn!(mail_id = %mail.id, attempt = claim.attempt, "a mail was not taken; its line in Administration, Mail says why");
            outbox::failed(app, (claim, &mail), why).await?;
        }
    }
    Ok(true)
}

/// Makes one attempt. Returns `false` if there is nothing to tell any more.
async fn attempt(app: &App, (claim, mail): (Claim, &Mail)) -> Result<bool, Undelivered> {
    let Some(server) = app.config.mail_server() else {
        return Err(Undelivered::ForNow("the settings name no mail server any more".into()));
    };
    let later = |error: Error| Undelivered::ForNow(error.to_string());
    let link = match mail.link {
        None if letters::is_about_forgotten(mail) => {
            // Nobody is told that there is no such account.
            let Some(link) = links::for_forgotten(app, claim, mail).await.map_err(later)? else { return Ok(false) };
            Some(link.id)
        }
        link => link,
    };
    let token = match link {
        Some(link) => {
            let Some(handed) = links::mint_for_mail(app, link).await.map_err(later)? else { return Ok(false) };
            Some(handed.token)
        }
        None => None,
    };
    let letter =
        letters::letter(app, mail, token.as_deref()).await.map_err(|error| Undelivered::ForGood(error.to_string()))?;
    let Some(letter) = letter else { return Ok(false) };
    mail::deliver(server, &letter, app.now()).await?;
    Ok(true)
}

/// Stores that a mail was sent, or removes it if there was nothing to tell.
async fn over(app: &App, claim: Claim, is_sent: bool) -> Result<()> {
    let now = app.now();
    app.db
        .write(
            async move |tx| {
                if is_sent { db::outbox::sent(tx, claim, now).await } else { db::outbox::remove(tx, claim).await }
            },
        )
        .await
}
