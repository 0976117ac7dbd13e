//! A password that is forgotten: a mail with a link comes to the address of the account, if there is one. Nobody else is
//! told whether there is.

use super::{attempts, links};
use crate::{
    app::App,
    domain::{input::Fields, mail::outbox},
    error::{Error, Result},
    network::Network,
};

/// Asks for a link. What is done and answered is the same for every address, whether it has an account or not.
pub async fn ask(app: &App, network: Network, typed: &str) -> Result<()> {
    if !outbox::is_open(app) {
        return Err(Error::conflict("this server sends no mail; ask an admin for a link"));
    }
    let mut fields = Fields::default();
    let address = fields.email("email", typed);
    fields.done()?;
    attempts::admit_to_ask(app, network).await?;
    // Who goes on asking for one address would fill a mailbox. They are told the same, and no mail is written.
    if attempts::is_asked_too_often(app, &address).await? {
        return Ok(());
    }
    links::ask(app, &address).await
}
