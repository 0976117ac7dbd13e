//! The user behind a request, as far as it becomes known, for the line of the request log.

use std::sync::{Arc, OnceLock};

use room::UserId;

use super::client::Client;
use crate::db::users::User;

/// The user behind a request. The request log, the outermost layer, makes it before anything is known; the admission
/// fills it in. Clones share what was noted, so that the log can read it after the request has been consumed.
#[derive(Debug, Clone, Default)]
pub struct Requester {
    /// The client that the request came from.
    pub client: Client,
    user: Arc<OnceLock<(UserId, String)>>,
}

impl Requester {
    /// Returns the requester of a new request from this client, whose user is not known yet.
    pub fn from(client: Client) -> Self {
        Self { client, ..Self::default() }
    }

    /// Notes the user whose session came with the request.
    pub fn identify(&self, user: &User) {
        // It is set once: a request has one session, and is admitted once.
        let _ = self.user.set((user.id, user.email.clone()));
    }

    /// Returns id and address of the user whose session came with the request, or `None` if it brought none that holds.
    pub fn user(&self) -> Option<&(UserId, String)> {
        self.user.get()
    }
}
