//! The outbox: writing mails, and looking after those that do not arrive.

use std::time::Duration;

use room::{LinkId, MailId, RoomId, Time};

use super::told::Told;
use crate::{
    app::App,
    db::{
        self, Page, Tx,
        outbox::{Claim, LONGEST_PAUSE, Mail, MailState},
    },
    error::{Error, Result},
    mail::Undelivered,
};

/// The pauses after a try that failed, one after another; after the last one the mail is given up, about five days after
/// it was written.
const PAUSES: [Duration; 10] = [
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(15),
    Duration::from_hours(1),
    Duration::from_hours(3),
    Duration::from_hours(8),
    Duration::from_hours(12),
    Duration::from_hours(24),
    Duration::from_hours(24),
    LONGEST_PAUSE,
];

/// How long a mail is listed after it was sent or given up.
pub const LISTED: Duration = Duration::from_hours(30 * 24);

/// Whom a mail goes to, and what it is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Addressed<'a> {
    /// The address.
    pub receiver: &'a str,
    /// The room that it is about.
    pub room: Option<RoomId>,
    /// The link whose token it carries.
    pub link: Option<LinkId>,
}

/// Returns whether mails go out.
pub fn is_open(app: &App) -> bool {
    app.config.mail_server().is_some()
}

/// Writes a mail in the transaction of what it tells of, and has it sent once that is committed. Nothing is written if no
/// mail goes out.
pub async fn write(tx: &mut Tx, app: &App, to: Addressed<'_>, told: &Told, now: Time) -> Result<()> {
    if !is_open(app) {
        return Ok(());
    }
    let text = serde_json::to_string(told).map_err(|error| Error::internal(format!("a mail: {error}")))?;
    let mail = Mail {
        id: MailId(app.new_id()),
        kind: told.kind().to_owned(),
        receiver: to.receiver.to_owned(),
        room: to.room,
        link: to.link,
        told: Some(text),
        created_at: now,
        rounds: 1,
        attempts: 0,
        failures: 0,
        not_before: Some(now),
        over_at: None,
        sent_at: None,
        last_error: None,
    };
    db::outbox::insert(tx, &mail).await?;
    let app = app.clone();
    tx.after_commit(move || app.mail_written.notify_one());
    Ok(())
}

/// Writes a mail to an admin who wants to see whether mails arrive.
pub async fn write_test(app: &App, to: &str) -> Result<()> {
    if !is_open(app) {
        return Err(Error::conflict("no mail goes out, since the setting `mail_url` names no mail server"));
    }
    let (in_tx, to, now) = (app.clone(), to.to_owned(), app.now());
    app.db
        .write(async move |tx| {
            let told = Told::Test { asked_by: to.clone() };
            write(tx, &in_tx, Addressed { receiver: &to, ..Addressed::default() }, &told, now).await
        })
        .await
}

/// Returns a part of the mails in a state, or of all, the newest first, and how many there are.
pub async fn list(app: &App, state: Option<MailState>, page: Page) -> Result<(Vec<Mail>, i64)> {
    app.db.read(async |tx| db::outbox::list(tx, state, page).await).await
}

/// Has a mail that was given up sent again, or one that waits tried at once.
pub async fn send_again(app: &App, id: MailId) -> Result<Mail> {
    let now = app.now();
    let mail = app
        .db
        .write(async move |tx| {
            let is_again = db::outbox::send_again(tx, id, now).await?;
            let mail = db::outbox::find(tx, id).await?.ok_or(Error::NotFound("mail"))?;
            if is_again {
                Ok(mail)
            } else {
                Err(Error::conflict("the mail server took this mail; nothing is left of it"))
            }
        })
        .await?;
    app.mail_written.notify_one();
    Ok(mail)
}

/// Has all mails that wait tried at once, and returns how many those are.
pub async fn try_all_now(app: &App) -> Result<u64> {
    let now = app.now();
    let mails = app.db.write(async move |tx| db::outbox::try_all_now(tx, now).await).await?;
    app.mail_written.notify_one();
    Ok(mails)
}

/// Stores that a try has failed: another follows after a pause, or the mail is given up.
pub async fn failed(app: &App, (claim, mail): (Claim, &Mail), why: Undelivered) -> Result<()> {
    let now = app.now();
    let pause = usize::try_from(mail.failures).ok().and_then(|failures| PAUSES.get(failures));
    let (next, words) = match why {
        Undelivered::ForNow(words) => (pause.map(|pause| now.after(*pause)), words),
        Undelivered::ForGood(words) => (None, words),
    };
    app.db.write(async move |tx| db::outbox::give_back(tx, claim, (now, next), &words).await).await
}
