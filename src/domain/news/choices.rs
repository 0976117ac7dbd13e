//! What people choose: of what they are told by mail, and how soon.

use room::{Frequency, NewsKind, RoomId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{self, Tx, news_choices::Choices, users::User},
    domain::input::{Change, Fields},
    error::Result,
};

/// How many rooms of a person are looked at for a frequency of their own: the newest.
const ROOMS: i64 = 1_000;

/// Of what somebody is told by mail, and how soon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewsChoices {
    /// How soon you are told of your rooms; a room can have a frequency of its own.
    pub frequency: Frequency,
    /// Of what you are told. A kind that is named twice counts once.
    #[serde(default)]
    #[schema(max_items = 5)]
    pub kinds: Vec<NewsKind>,
}

impl From<Choices> for NewsChoices {
    fn from(Choices { frequency, without, .. }: Choices) -> Self {
        let kinds = NewsKind::ALL.into_iter().filter(|kind| !without.contains(kind)).collect();
        Self { frequency, kinds }
    }
}

/// How soon somebody is told of one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FrequencyOfRoom {
    /// How soon you are told of this room; `null` for as soon as of all others.
    pub frequency: Option<Frequency>,
}

/// Returns what an account has chosen for all rooms.
pub async fn find(app: &App, user: UserId) -> Result<NewsChoices> {
    app.db.read(async move |tx| db::news_choices::find(tx, user).await).await.map(NewsChoices::from)
}

/// Changes what an account has chosen for all rooms.
pub async fn change(app: &App, user: UserId, change: Change<NewsChoices>) -> Result<NewsChoices> {
    let write = async move |tx: &mut Tx| {
        let NewsChoices { frequency, kinds } = change.apply_to(&db::news_choices::find(tx, user).await?.into())?;
        let mut fields = Fields::default();
        if kinds.len() > NewsKind::ALL.len() {
            fields.fault("kinds", format!("must be at most {}", NewsKind::ALL.len()));
        }
        fields.done()?;
        let without: Vec<_> = NewsKind::ALL.into_iter().filter(|kind| !kinds.contains(kind)).collect();
        db::news_choices::store(tx, user, frequency, &without).await?;
        let choices = db::news_choices::find(tx, user).await?;
        Ok(choices.into())
    };
    app.db.write(write).await
}

/// Returns the rooms in which an account is a party and that have a frequency of their own, with their titles.
pub async fn rooms_apart(app: &App, user: &User) -> Result<Vec<(RoomId, String, Frequency)>> {
    let (id, email) = (user.id, user.email.clone());
    let read = async move |tx: &mut Tx| {
        let apart = db::news_choices::find(tx, id).await?.rooms;
        let rooms = if apart.is_empty() { Vec::new() } else { db::parties::of_person(tx, &email, ROOMS).await? };
        let listed = rooms.into_iter().filter_map(|(room, title, _)| Some((room, title, *apart.get(&room)?)));
        Ok(listed.collect())
    };
    app.db.read(read).await
}

/// Returns how soon an account is told of a room.
pub async fn of_room(app: &App, user: UserId, room: RoomId) -> Result<FrequencyOfRoom> {
    let choices = app.db.read(async move |tx| db::news_choices::find(tx, user).await).await?;
    Ok(FrequencyOfRoom { frequency: choices.rooms.get(&room).copied() })
}

/// Changes how soon an account is told of a room.
pub async fn change_of_room(app: &App, user: UserId, room: RoomId, change: FrequencyOfRoom) -> Result<FrequencyOfRoom> {
    app.db.write(async move |tx| db::news_choices::store_of_room(tx, user, room, change.frequency).await).await?;
    Ok(change)
}
