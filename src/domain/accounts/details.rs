//! What people say of themselves beside the log, which needs none of it: company, position, telephone, time zone. It is
//! changed and erased by its owner at any time.

use room::{
    UserId,
    bounds::{OptionalLine, TimeZone},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{self, account_details::Details, users::User},
    domain::{
        accounts::sessions,
        input::{Change, Fields},
    },
    error::Result,
    evidence::Hash,
};

/// What somebody says of themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDetails {
    /// The company that you work for. Parties of your rooms are shown it, as position and telephone.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine>)]
    pub company: Option<String>,
    /// What you are there.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine>, example = "Chartering manager")]
    pub position: Option<String>,
    /// Where you can be called.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine>, example = "+30 210 000 0000")]
    pub telephone: Option<String>,
    /// Your time zone, by its name in the IANA's list. Pages tell times in it beside UTC.
    #[serde(default)]
    #[schema(value_type = Option<TimeZone>, example = "Europe/Athens")]
    pub time_zone: Option<String>,
}

impl NewDetails {
    /// Checks the details, and returns what to store.
    fn checked(&self) -> Result<Details> {
        let mut fields = Fields::default();
        let mut line = |field: &str, given: &Option<String>| fields.optional_line(field, given.as_deref());
        let company = line("company", &self.company);
        let position = line("position", &self.position);
        let telephone = line("telephone", &self.telephone);
        let time_zone = self.time_zone.clone();
        if time_zone.as_deref().is_some_and(|name| !is_time_zone(name)) {
            fields.fault("time_zone", "must be a name of the IANA's list, such as `Europe/Athens` or `UTC`");
        }
        fields.done()?;
        Ok(Details { company, position, telephone, time_zone })
    }
}

impl From<Details> for NewDetails {
    fn from(Details { company, position, telephone, time_zone }: Details) -> Self {
        Self { company, position, telephone, time_zone }
    }
}

/// Returns whether a text has the form of a name in the IANA's list of time zones. Which names there are changes with the
/// years, so that readers of it fall back to UTC where they do not know one.
fn is_time_zone(name: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'))
    };
    name.len() <= 64 && name.split('/').count() <= 3 && name.split('/').all(is_part)
}

/// Returns what an account says of itself.
pub async fn find(app: &App, user: UserId) -> Result<NewDetails> {
    app.db.read(async |tx| db::account_details::find(tx, user).await).await.map(NewDetails::from)
}

/// Changes what an account says of itself.
pub async fn change(app: &App, user: UserId, change: Change<NewDetails>) -> Result<NewDetails> {
    let now = app.now();
    let write = async move |tx: &mut db::Tx| {
        let before = NewDetails::from(db::account_details::find(tx, user).await?);
        let details = change.apply_to(&before)?.checked()?;
        db::account_details::store(tx, user, &details, now).await?;
        Ok(NewDetails::from(details))
    };
    app.db.write(write).await
}

/// Erases what the system holds of a person and no log needs: what they say of themselves, the devices by which it knows
/// them, and their sessions but the one of this token.
pub async fn erase(app: &App, user: &User, token: Hash) -> Result<()> {
    let id = user.id;
    let write = async move |tx: &mut db::Tx| {
        db::account_details::delete(tx, id).await?;
        db::news_choices::delete(tx, id).await?;
        db::sign_in::forget_devices(tx, id, 0).await
    };
    app.db.write(write).await?;
    sessions::end_others(app, user, token).await
}
