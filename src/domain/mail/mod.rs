//! Mails: what they say, and the outbox, from which jobs deliver them.
//!
//! - A mail is written in the transaction of what it tells of, by the operation itself: nothing happens without its mail,
//!   and nothing is told that was rolled back.
//! - It is a row until the mail server has taken it, once for each receiver. A try that fails is followed by another, over
//!   days; what is refused for good is given up, and pages say why.
//! - A row has what the text is made of, and never a token: each try makes one of its own.
//! - Without `mail_url` nothing is written, and pages show the links to hand over.
//!
//! Uses `log`; accounts, rooms and news use it.

pub mod letters;
pub mod outbox;
pub mod told;
pub mod zones;
