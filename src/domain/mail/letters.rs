//! What mails say: plain sentences, with the time in UTC as long as an account has no time zone of its own.

use room::{AccountDeed, AccountRequestId, RoomId, Time};
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    db::outbox::Mail,
    error::{Error, Result},
    mail::Letter,
};

/// What a mail tells, from which its text is made when it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Told {
    /// That mails arrive: an admin has asked for it.
    Test {
        /// The admin who asked.
        asked_by: String,
    },
    /// That another admin has to confirm something about an account.
    AccountRequest {
        /// The request.
        request: AccountRequestId,
        /// What was asked for.
        deed: AccountDeed,
        /// The address of the account.
        email: String,
        /// The name of its owner.
        name: String,
        /// The admin who asked.
        asked_by: String,
        /// Until when it can be confirmed.
        until: Time,
    },
    /// That somebody without an account was added to a room.
    Invitation {
        /// The name of who added them.
        by: String,
        /// Their address.
        by_email: String,
        /// The name of who is invited.
        name: String,
        /// The title of the room.
        room: String,
        /// Where the transfer is to be.
        location: String,
    },
    /// That somebody with an account was added to a room.
    Added {
        /// The name of who added them.
        by: String,
        /// Their address.
        by_email: String,
        /// The title of the room.
        room: String,
        /// The room.
        room_id: RoomId,
    },
    /// That an admin has a link made for the owner of an account, to choose a password.
    PasswordLink {
        /// The admin.
        asked_by: String,
        /// Whether the account is new.
        is_new: bool,
    },
    /// That somebody, most likely the owner of the account, has forgotten the password.
    Forgotten {},
}

/// Where a link leads.
enum Leads {
    /// To a page of this server.
    To(String),
    /// To the page of the link that the mail carries, by the token that was made for this try.
    ByToken,
}

/// The text of a letter, before it is addressed.
struct Text {
    subject: String,
    paragraphs: Vec<String>,
    /// The words of the link, and where it leads on this server.
    link: Option<(&'static str, Leads)>,
    after: Vec<String>,
}

impl Told {
    /// Returns the word of what is told.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Test { .. } => "test",
            Self::AccountRequest { .. } => "account_request",
            Self::Invitation { .. } => "invitation",
            Self::Added { .. } => "added",
            Self::PasswordLink { .. } => "password_link",
            Self::Forgotten {} => "forgotten",
        }
    }

    fn text(&self) -> Text {
        match self {
            Self::Test { asked_by } => Text {
                subject: "Mails of STS Clearance arrive".into(),
                paragraphs: vec![format!("{asked_by} has asked for this mail, to see whether mails arrive. They do.")],
                link: Some(("The mails of this server", Leads::To("/admin/mail".into()))),
                after: Vec::new(),
            },
            Self::AccountRequest { request, deed, email, name, asked_by, until } => Text {
                subject: format!("Another admin is needed: {} {email}", deed_in_words(*deed)),
                paragraphs: vec![
                    format!("{asked_by} has asked to {} {name}, {email}.", deed_in_words(*deed)),
                    format!(
                        "Nothing has been done yet. It takes another admin, who confirms it until {}.",
                        in_words(*until)
                    ),
                ],
                link: Some((
                    "Look at it, and confirm or withdraw it",
                    Leads::To(format!("/admin/users/requests/{request}")),
                )),
                after: Vec::new(),
            },
            Self::Invitation { by, by_email, name, room, location } => Text {
                subject: format!("{room}: you are invited"),
                paragraphs: vec![
                    format!("Dear {name},"),
                    format!("{by} ({by_email}) has added you to the clearance room “{room}”, {location}."),
                    "By this link you choose a password, and are in the room. It works once, and holds for two weeks."
                        .into(),
                ],
                link: Some(("Join the room", Leads::ByToken)),
                after: vec!["You do not expect this? Then do nothing. Pass the link on to nobody: it is yours.".into()],
            },
            Self::Added { by, by_email, room, room_id } => Text {
                subject: format!("{room}: you are a party"),
                paragraphs: vec![format!("{by} ({by_email}) has added you to the clearance room “{room}”.")],
                link: Some(("Open the room", Leads::To(format!("/rooms/{room_id}")))),
                after: Vec::new(),
            },
            Self::PasswordLink { asked_by, is_new } => Text {
                subject: if *is_new { "Your account at STS Clearance" } else { "Choose another password" }.into(),
                paragraphs: vec![
                    if *is_new {
                        format!("{asked_by} has made an account for you at STS Clearance.")
                    } else {
                        format!("{asked_by} has sent you a link to choose another password.")
                    },
                    "The link works once, and holds for three days.".into(),
                ],
                link: Some(("Choose a password", Leads::ByToken)),
                after: vec!["Pass the link on to nobody: it is yours.".into()],
            },
            Self::Forgotten {} => Text {
                subject: "Choose another password".into(),
                paragraphs: vec![
                    "Somebody has said at STS Clearance that they have forgotten the password of this address.".into(),
                    "By this link you choose another. It works once, and holds for two hours.".into(),
                ],
                link: Some(("Choose a password", Leads::ByToken)),
                after: vec!["That was not you? Then do nothing: your password stays.".into()],
            },
        }
    }
}

/// Returns whether a mail is about a password that was forgotten: whose account that is, is looked at when it is sent.
pub fn is_about_forgotten(mail: &Mail) -> bool {
    mail.kind == Told::Forgotten {}.kind()
}

/// Returns the letter of a mail, with this token of the link that it carries. `None` if it tells nothing any more.
///
/// # Errors
///
/// Fails if the mail is of a program that tells what this one does not know, or the server has no address.
pub fn letter(app: &App, mail: &Mail, token: Option<&str>) -> Result<Option<Letter>> {
    let Some(told) = &mail.told else { return Ok(None) };
    let told: Told = serde_json::from_str(told)
        .map_err(|error| Error::internal(format!("a mail that this program cannot write: {error}")))?;
    let Text { subject, paragraphs, link, after } = told.text();
    let base = app.config.public_url().ok_or_else(|| Error::internal("mails without `public_url`"))?;
    let host = base.split("://").nth(1).and_then(|rest| rest.split(':').next()).unwrap_or_default();
    let token = || token.ok_or_else(|| Error::internal("a mail without the token of its link"));
    let link = match link {
        Some((words, Leads::To(path))) => Some((words.to_owned(), format!("{base}{path}"))),
        Some((words, Leads::ByToken)) => Some((words.to_owned(), format!("{base}/link?token={}", token()?))),
        None => None,
    };
    Ok(Some(Letter {
        id: format!("{}.{}", mail.id, mail.rounds),
        thread: mail.room.map(|room| format!("room.{room}")),
        host: host.to_owned(),
        receiver: mail.receiver.clone(),
        subject,
        paragraphs,
        link,
        after,
    }))
}

fn deed_in_words(deed: AccountDeed) -> &'static str {
    match deed {
        AccountDeed::AddAdmin => "add the admin",
        AccountDeed::MakeAdmin => "make an admin of",
        AccountDeed::GivePassword => "give a password to the admin",
    }
}

/// Returns an instant as people read it, in UTC.
fn in_words(at: Time) -> String {
    jiff::Timestamp::from(at).strftime("%-d %B %Y, %H:%M UTC").to_string()
}
