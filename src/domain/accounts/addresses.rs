//! The spelling of an address under which a new account is made.

use room::address::in_unicode;

use crate::{
    db::{self, Tx},
    error::Result,
};

/// Returns the spelling in which parties of rooms have an address already, so that the new account is theirs: that with
/// the domain in Unicode if only rooms of an earlier version have it, and the canonical one otherwise.
pub async fn of_party(tx: &mut Tx, canonical: String) -> Result<String> {
    let unicode = in_unicode(&canonical).into_owned();
    let is_old = unicode != canonical
        && !db::parties::is_anywhere(tx, &canonical).await?
        && db::parties::is_anywhere(tx, &unicode).await?;
    Ok(if is_old { unicode } else { canonical })
}
