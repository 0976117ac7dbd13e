//! Invitations of a room's parties who have no account, for who manages parties.

use room::{Party, PartyId, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    db,
    domain::{
        accounts::links::{self, Handed, Way},
        rooms::invitations::{self, Stage},
    },
    error::Result,
    http::{Access::May, Caller, Id, InRoom, Json, Listed, NoContent, Paging, Query, Routes},
    policy::Action::RoomManageParties,
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get(
            "/rooms/{room_id}/invitations",
            May(RoomManageParties),
            list,
            "How far each party is on the way into the room: invited, joined and last seen, or bounced",
        )
        .post(
            "/rooms/{room_id}/parties/{party_id}/invitation",
            May(RoomManageParties),
            invite,
            "Invites a party who has no account, or invites them again: by mail, or by a link that is returned, to be handed over",
        )
        .refusing(&["409"])
        .delete(
            "/rooms/{room_id}/parties/{party_id}/invitation",
            May(RoomManageParties),
            withdraw,
            "Withdraws the invitation of a party; its links lead nowhere any more",
        )
}

/// How far a party is on the way into the room.
#[derive(Serialize, ToSchema)]
struct InvitationView {
    #[schema(value_type = String, format = "uuid")]
    party_id: PartyId,
    email: String,
    /// `joined` with an account, `not_invited`, `waiting` for the mail server, `invited` by mail, `bounced`, `handed_over` as a
    /// link, `expired` or `withdrawn`.
    stage: &'static str,
    /// When the account was last used, when the mail was sent, until when the link holds or held, or when the invitation was
    /// withdrawn, whichever fits the stage; `null` if nothing does.
    #[schema(value_type = Option<String>, format = "date-time")]
    at: Option<Time>,
    /// What the mail server said, of an invitation that waits or bounced.
    error: Option<String>,
}

impl InvitationView {
    fn of(party: &Party, stage: Stage) -> Self {
        let word = stage.word();
        let (at, error) = match stage {
            Stage::Joined(at) => (at, None),
            Stage::NotInvited => (None, None),
            Stage::Waiting(error) => (None, error),
            Stage::Bounced(error) => (None, Some(error)),
            Stage::Invited(at) | Stage::HandedOver(at) | Stage::Expired(at) | Stage::Withdrawn(at) => (Some(at), None),
        };
        Self { party_id: party.id, email: party.email.clone(), stage: word, at, error }
    }
}

/// By which way a link comes to who is to use it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum WayGiven {
    /// By mail.
    Mail,
    /// Returned, to be handed over.
    Hand,
}

/// By which way a link is to come to who is to use it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkToGive {
    by: WayGiven,
}

impl LinkToGive {
    /// Returns the way of a request: without a body it is by mail, if any goes out.
    pub(super) fn way(app: &App, body: Option<&Json<Self>>) -> Way {
        match body {
            Some(Json(Self { by: WayGiven::Mail })) => Way::Mail,
            Some(Json(Self { by: WayGiven::Hand })) => Way::Hand,
            None => Way::usual(app),
        }
    }
}

/// A link that was made.
#[derive(Serialize, ToSchema)]
pub(super) struct LinkView {
    /// The path of the link on this server, to be handed over, which is not shown again; `null` if it goes by mail.
    path: Option<String>,
    /// Until when it works, once; `null` if it goes by mail.
    #[schema(value_type = Option<String>, format = "date-time")]
    expires_at: Option<Time>,
}

impl From<Option<Handed>> for LinkView {
    fn from(handed: Option<Handed>) -> Self {
        let path = handed.as_ref().map(|handed| links::path(&handed.token));
        Self { path, expires_at: handed.map(|handed| handed.expires_at) }
    }
}

async fn list(app: App, room: InRoom, Query(Paging(page)): Query<Paging>) -> Result<Listed<InvitationView>> {
    let parties = app.db.read(async |tx| db::parties::all(tx, room.id).await).await?;
    let stages = invitations::stages(&app, room.id, &parties).await?;
    let views = parties.iter().zip(stages).map(|(party, stage)| InvitationView::of(party, stage)).collect();
    Ok(Listed::part_of(views, page, format!("/rooms/{}/invitations", room.id)))
}

async fn invite(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<PartyId>,
    body: Option<Json<LinkToGive>>,
) -> Result<Json<LinkView>> {
    let way = LinkToGive::way(&app, body.as_ref());
    let handed = invitations::invite(&app, &caller.actor(), room.id, id, way).await?;
    Ok(Json(handed.into()))
}

async fn withdraw(app: App, caller: Caller, room: InRoom, Id(id): Id<PartyId>) -> Result<NoContent> {
    invitations::withdraw(&app, &caller.actor(), room.id, id).await?;
    Ok(NoContent)
}
