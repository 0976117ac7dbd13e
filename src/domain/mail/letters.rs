//! What mails say: plain sentences, with times in the zone of who reads them, and the signed state of each log that they
//! tell of.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use room::{AccountDeed, Log, RoomId, RoomStatus};

use super::{
    told::{NewsOfRoom, Told},
    zones::{self, in_words},
};
use crate::{
    app::App,
    db::{self, Tx, outbox::Mail},
    domain::log,
    error::{Error, Result},
    mail::{Block, Letter},
};

/// What is said of the signed state of a log.
const WITNESS: &str = "The signed state of the room's log as this mail went out. Keep the mail: with it anybody can show later that the log \
                       goes on from here, and that nothing before was changed (verify, --checkpoint).";

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
    /// What has happened in rooms.
    news: Vec<NewsOfRoom>,
    /// The words of the link, and where it leads on this server.
    link: Option<(&'static str, Leads)>,
    after: Vec<String>,
}

impl Text {
    fn of(told: Told, zone: &TimeZone) -> Self {
        match told {
            Told::Test { asked_by } => Self::new(
                "Mails of STS Clearance arrive".into(),
                [format!("{asked_by} has asked for this mail, to see whether mails arrive. They do.")],
            )
            .leading("The mails of this server", Leads::To("/admin/mail".into())),
            Told::AccountRequest { request, deed, email, name, asked_by, until } => Self::new(
                format!("Another admin is needed: {} {email}", deed_in_words(deed)),
                [
                    format!("{asked_by} has asked to {} {name}, {email}.", deed_in_words(deed)),
                    confirmed_until(&in_words(until, zone)),
                ],
            )
            .leading("Look at it, and confirm or withdraw it", Leads::To(format!("/admin/users/requests/{request}"))),
            Told::RoomRequest { deed, room, asked_by, until, path, .. } => Self::new(
                format!("{room}: another admin is needed"),
                [format!("{asked_by} has asked to {deed}, “{room}”."), confirmed_until(&in_words(until, zone))],
            )
            .leading("Look at it, and confirm it", Leads::To(path)),
            Told::Invitation { by, by_email, name, room, location } => Self::new(
                format!("{room}: you are invited"),
                [
                    format!("Dear {name},"),
                    format!("{by} ({by_email}) has added you to the clearance room “{room}”, {location}."),
                    "By this link you choose a password, and are in the room. It works once, and holds for two weeks."
                        .into(),
                ],
            )
            .leading("Join the room", Leads::ByToken)
            .followed_by("You do not expect this? Then do nothing. Pass the link on to nobody: it is yours."),
            Told::Added { by, by_email, room, room_id } => Self::new(
                format!("{room}: you are a party"),
                [format!("{by} ({by_email}) has added you to the clearance room “{room}”.")],
            )
            .leading("Open the room", Leads::To(format!("/rooms/{room_id}"))),
            Told::News { rooms } => Self::of_news(rooms),
            Told::PasswordLink { asked_by, is_new } => Self::new(
                if is_new { "Your account at STS Clearance" } else { "Choose another password" }.into(),
                [
                    if is_new {
                        format!("{asked_by} has made an account for you at STS Clearance.")
                    } else {
                        format!("{asked_by} has sent you a link to choose another password.")
                    },
                    "The link works once, and holds for three days.".into(),
                ],
            )
            .leading("Choose a password", Leads::ByToken)
            .followed_by("Pass the link on to nobody: it is yours."),
            Told::Forgotten {} => Self::new(
                "Choose another password".into(),
                [
                    "Somebody has said at STS Clearance that they have forgotten the password of this address.".into(),
                    "By this link you choose another. It works once, and holds for two hours.".into(),
                ],
            )
            .leading("Choose a password", Leads::ByToken)
            .followed_by("That was not you? Then do nothing: your password stays."),
        }
    }

    fn of_news(rooms: Vec<NewsOfRoom>) -> Self {
        let (subject, page) = match &rooms[..] {
            [only] => (format!("{}: {}", only.title, only.subject), format!("/rooms/{}/mails", only.room_id)),
            several => (format!("News of {} rooms", several.len()), "/account/mails".into()),
        };
        let text = Self::new(subject, []).leading("Of what you are told, and how soon", Leads::To(page));
        Self { news: rooms, ..text }
    }

    fn new(subject: String, paragraphs: impl Into<Vec<String>>) -> Self {
        Self { subject, paragraphs: paragraphs.into(), news: Vec::new(), link: None, after: Vec::new() }
    }

    fn leading(self, words: &'static str, to: Leads) -> Self {
        Self { link: Some((words, to)), ..self }
    }

    fn followed_by(mut self, after: &str) -> Self {
        self.after.push(after.into());
        self
    }
}

/// Returns whether a mail is about a password that was forgotten: whose account that is, is looked at when it is sent.
pub fn is_about_forgotten(mail: &Mail) -> bool {
    mail.kind == Told::Forgotten {}.kind()
}

/// Returns the letter of a mail, with this token of the link that it carries. `None` if it tells nothing any more: nobody
/// is told of a room that they have left.
///
/// # Errors
///
/// Fails if the mail is of a program that tells what this one does not know, or the server has no address.
pub async fn letter(app: &App, mail: &Mail, token: Option<&str>) -> Result<Option<Letter>> {
    let Some(told) = &mail.told else { return Ok(None) };
    let told: Told = serde_json::from_str(told)
        .map_err(|error| Error::internal(format!("a mail that this program cannot write: {error}")))?;
    let (zone, checkpoints) = read(app, &mail.receiver, rooms_of(&told, mail)).await?;
    let told = match told {
        Told::News { mut rooms } => {
            rooms.retain(|news| checkpoints.iter().any(|(room, seen)| *room == news.room_id && seen.by_party));
            if rooms.is_empty() {
                return Ok(None);
            }
            Told::News { rooms }
        }
        other => other,
    };
    let base = app.config.public_url().ok_or_else(|| Error::internal("mails without `public_url`"))?;
    let host = base.split("://").nth(1).and_then(|rest| rest.split(':').next()).unwrap_or_default();
    let shown: Vec<_> =
        rooms_of(&told, mail).iter().filter_map(|room| checkpoints.get(room)?.checkpoint.clone()).collect();
    let Text { subject, paragraphs, news, link, after } = Text::of(told, &zone);
    let mut blocks: Vec<_> = paragraphs.into_iter().map(Block::Paragraph).collect();
    for NewsOfRoom { title, items, .. } in news {
        blocks.push(Block::Heading(title));
        blocks.extend(items.into_iter().map(|item| Block::Item(item.text, format!("{base}{}", item.path))));
    }
    if let Some((words, leads)) = link {
        let url = match leads {
            Leads::To(path) => format!("{base}{path}"),
            Leads::ByToken => {
                let token = token.ok_or_else(|| Error::internal("a mail without the token of its link"))?;
                format!("{base}/link?token={token}")
            }
        };
        blocks.push(Block::Link(words.into(), url));
    }
    blocks.extend(after.into_iter().map(Block::Paragraph));
    if !shown.is_empty() {
        blocks.push(Block::Paragraph(WITNESS.into()));
        blocks.extend(shown.into_iter().map(Block::Verbatim));
    }
    Ok(Some(Letter {
        id: format!("{}.{}", mail.id, mail.rounds),
        thread: mail.room.map(|room| format!("room.{room}")),
        host: host.to_owned(),
        receiver: mail.receiver.clone(),
        subject,
        blocks,
    }))
}

/// Returns the rooms that a mail is about.
fn rooms_of(told: &Told, mail: &Mail) -> Vec<RoomId> {
    match told {
        Told::News { rooms } => rooms.iter().map(|news| news.room_id).collect(),
        _ => mail.room.into_iter().collect(),
    }
}

/// What is to be known of a room when a mail about it goes out.
struct Seen {
    /// Whether the receiver is a party of the room, which is in use.
    by_party: bool,
    /// The signed head of its log.
    checkpoint: Option<String>,
}

/// Reads the time zone of a receiver, and what is to be known of the rooms.
async fn read(app: &App, receiver: &str, rooms: Vec<RoomId>) -> Result<(TimeZone, HashMap<RoomId, Seen>)> {
    for room in &rooms {
        match log::bring_up(app, Log::Room(*room)).await {
            Err(Error::LogNotSound(_)) => {}
            brought => brought?,
        }
    }
    let (in_tx, receiver) = (app.clone(), receiver.to_owned());
    let read = async move |tx: &mut Tx| {
        let mut details = db::account_details::of_people(tx, &[&receiver]).await?;
        let zone = zones::of(details.remove(&receiver).and_then(|details| details.time_zone).as_deref());
        let mut seen = HashMap::new();
        for room in rooms {
            let Some(head) = db::logs::head(tx, Log::Room(room)).await? else { continue };
            let is_party = |state: &room::fold::State| {
                let is_in_use = state.room.status == RoomStatus::Active;
                is_in_use && state.parties.values().any(|party| party.email == receiver)
            };
            let by_party = match log::of_room(tx, &in_tx, room, is_party).await {
                Err(Error::LogNotSound(_)) => false,
                is_party => is_party?,
            };
            seen.insert(room, Seen { by_party, checkpoint: head.checkpoint });
        }
        Ok((zone, seen))
    };
    app.db.read_at_length(read).await
}

fn confirmed_until(until: &str) -> String {
    format!("Nothing has been done yet. It takes another admin, who confirms it until {until}.")
}

fn deed_in_words(deed: AccountDeed) -> &'static str {
    match deed {
        AccountDeed::AddAdmin => "add the admin",
        AccountDeed::MakeAdmin => "make an admin of",
        AccountDeed::GivePassword => "give a password to the admin",
    }
}
