//! Who turned out to ask, for the request log.

use std::sync::{Arc, OnceLock};

use room::UserId;

use super::client::Client;
use crate::db::users::User;

/// Who turned out to ask, for the log; the same for the whole of a request.
#[derive(Debug, Clone, Default)]
pub struct Asker {
    /// Where the request came from.
    pub client: Client,
    who: Arc<OnceLock<(UserId, String)>>,
}

impl Asker {
    /// Notes whose session came with the request.
    pub fn is(&self, user: &User) {
        let _ = self.who.set((user.id, user.email.clone()));
    }

    /// Id and address of whose session came with the request, if one did.
    pub fn who(&self) -> Option<&(UserId, String)> {
        self.who.get()
    }

    /// Somebody who asks from there, and is not known yet.
    pub fn from(client: Client) -> Self {
        Self { client, ..Self::default() }
    }
}
