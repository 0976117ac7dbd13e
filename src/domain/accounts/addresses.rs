//! Under which spelling an account of an address is made.

use room::address::in_unicode;

use crate::{
    db::{self, Tx},
    error::Result,
};

/// Returns the spelling in which rooms of an earlier version have an address: that with the domain in Unicode, if one of
/// them names it so, and the canonical one otherwise. An account that is made has to be the party that was meant.
pub async fn of_party(tx: &mut Tx, canonical: String) -> Result<String> {
    let unicode = in_unicode(&canonical).into_owned();
    let is_old = unicode != canonical
        && !db::parties::is_anywhere(tx, &canonical).await?
        && db::parties::is_anywhere(tx, &unicode).await?;
    Ok(if is_old { unicode } else { canonical })
}
