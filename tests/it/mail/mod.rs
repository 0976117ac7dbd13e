//! Mails: written with what they tell of, sent to a real mail server, each once.

mod choices;
mod invitations;
mod news;
mod outbox;
