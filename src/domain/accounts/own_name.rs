//! A user's own name, which they change as an admin would: it is the same entry of the platform's log.
//!
//! What rooms know of them stays: as whom somebody was added to a room, and what entries say, is not changed by what they call
//! themselves later (decision 0040).

use room::bounds::Line;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    sessions,
    users::{self, UserDetails},
};
use crate::{app::App, db::users::User, domain::input::Change, error::Result, evidence::Hash};

/// What somebody is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOwnName {
    /// Your name, 1 to 255 characters.
    #[schema(value_type = Line, example = "Eleni Papadopoulou")]
    pub name: String,
}

/// Changes the user's own name, in the session of this token.
pub async fn change(app: &App, user: &User, token: Hash, request: Change<NewOwnName>) -> Result<User> {
    // Nothing else of an account is its owner's to change: any other field is refused by name.
    request.apply_to(&NewOwnName { name: user.name.clone() })?;
    users::change(app, &sessions::actor(user, Some(token)), user.id, request.of_whole::<UserDetails>()).await
}
