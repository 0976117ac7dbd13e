//! Mails: written with what they tell of, sent to a real mail server, each once.

mod invitations;
mod outbox;
