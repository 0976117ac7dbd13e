//! A letter: what is said to one person, and how that is written as a message with plain text and a small HTML part.

use std::time::{Duration, SystemTime};

use lettre::message::{
    Mailbox, MultiPart,
    header::{HeaderName, HeaderValue},
};
use maud::{DOCTYPE, Markup, html};
use room::Time;

/// A letter to one person.
#[derive(Debug, Clone)]
pub struct Letter {
    /// What distinguishes it from all others, without the host: a try again has the same, so that a server which took it
    /// before can tell.
    pub id: String,
    /// What the letters of one conversation share, in the same form. `None` if it belongs to none.
    pub thread: Option<String>,
    /// The host of this server, which makes ids unique in the world.
    pub host: String,
    /// The address that it goes to.
    pub receiver: String,
    /// The subject.
    pub subject: String,
    /// What is said.
    pub blocks: Vec<Block>,
}

/// A part of a letter.
#[derive(Debug, Clone)]
pub enum Block {
    /// Sentences.
    Paragraph(String),
    /// What the items after it are about.
    Heading(String),
    /// A sentence, and the URL of what it is about.
    Item(String, String),
    /// Where the letter leads: words, and a URL.
    Link(String, String),
    /// Lines that have to be kept as they are.
    Verbatim(String),
}

impl Block {
    fn text(&self) -> String {
        match self {
            Self::Paragraph(text) | Self::Verbatim(text) => text.trim_end().to_owned(),
            Self::Heading(title) => title.clone(),
            Self::Item(text, url) => format!("- {text}\n  {url}"),
            Self::Link(words, url) => format!("{words}:\n{url}"),
        }
    }

    fn html(&self) -> Markup {
        html! {
            @match self {
                Self::Paragraph(text) => p { (text) },
                Self::Heading(title) => h3 { (title) },
                Self::Item(text, url) => p { a href=(url) { (text) } },
                Self::Link(words, url) => p { a href=(url) { (words) } br; (url) },
                Self::Verbatim(text) => pre { (text) },
            }
        }
    }
}

/// The header that tells other programs not to answer (RFC 3834).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

impl Letter {
    /// Returns the letter as a message with its date. The error says why it cannot be one.
    pub(super) fn to_message(&self, from: &Mailbox, at: Time) -> Result<lettre::Message, String> {
        let receiver = self.receiver.parse().map_err(|error| format!("the address cannot be written to: {error}"))?;
        let id = |id: &str| format!("<{id}@{}>", self.host);
        let mut message = lettre::Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, receiver))
            .subject(self.subject.clone())
            .date(SystemTime::UNIX_EPOCH + Duration::from_micros(at.as_microsecond().unsigned_abs()))
            .message_id(Some(id(&self.id)))
            .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".into()));
        if let Some(thread) = &self.thread {
            message = message.in_reply_to(id(thread)).references(id(thread));
        }
        let parts = MultiPart::alternative_plain_html(self.text(), self.html());
        message.multipart(parts).map_err(|error| format!("it is no message: {error}"))
    }

    /// Returns the plain text.
    fn text(&self) -> String {
        self.blocks.iter().map(Block::text).collect::<Vec<_>>().join("\n\n") + "\n"
    }

    /// Returns the same as HTML without styles, pictures or anything that is fetched.
    fn html(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head { meta charset="utf-8"; title { (self.subject) } }
                body {
                    @for block in &self.blocks { (block.html()) }
                }
            }
        };
        page.into_string()
    }
}
