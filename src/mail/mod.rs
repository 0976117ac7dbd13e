//! How mail is spoken: the settings of the mail server, a letter as a message, and its delivery by SMTP. What letters say
//! and when they are sent is the business of `domain::mail` and `jobs`.

mod delivery;
mod letter;
mod server;

pub use delivery::{Undelivered, deliver};
pub use letter::{Block, Letter};
pub use server::{MailServer, MailSettings};
