//! The mails of the server, for admins: which wait, which were sent, and which were given up, with the reason.

use room::{MailId, RoomId, Time};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{
        Page,
        outbox::{Mail, MailState},
    },
    domain::mail::outbox,
    error::Result,
    http::{Access::May, Caller, FromPairs, Given, Id, Json, Kind, Listed, NoContent, Paging, Query, Routes},
    policy::Action::{ConfigUpdate, ConfigView},
};

const MAILS: &str = "/mails";

pub(super) fn routes() -> Routes {
    Routes::new()
        .get(
            MAILS,
            May(ConfigView),
            list,
            "The mails that wait, and those that were sent or given up within 30 days, the newest first; the texts of mails that \
             were sent are gone",
        )
        .post(
            "/mails/test",
            May(ConfigUpdate),
            test,
            "Sends a mail to the caller, to see whether mails arrive; refused where the settings name no mail server",
        )
        .refusing(&["409"])
        .post("/mails/try-now", May(ConfigUpdate), try_now, "Has all mails that wait tried at once")
        .post(
            "/mails/{mail_id}/send-again",
            May(ConfigUpdate),
            send_again,
            "Has a mail that was given up sent again, or one that waits tried at once",
        )
        .refusing(&["409"])
}

/// A mail to one receiver.
#[derive(Serialize, ToSchema)]
struct MailView {
    #[schema(value_type = String, format = "uuid")]
    id: MailId,
    /// What it tells, such as `account_request`.
    kind: String,
    /// The e-mail address that it goes to.
    receiver: String,
    /// The room that it is about, if it is about one.
    #[schema(value_type = Option<String>, format = "uuid")]
    room_id: Option<RoomId>,
    /// `waiting`, `sent`, or `failed` if it was given up.
    state: &'static str,
    #[schema(value_type = String, format = "date-time")]
    created_at: Time,
    /// How often it was tried.
    attempts: i64,
    /// When it is tried next; `null` if it is over.
    #[schema(value_type = Option<String>, format = "date-time")]
    next_try_at: Option<Time>,
    /// When the mail server took it.
    #[schema(value_type = Option<String>, format = "date-time")]
    sent_at: Option<Time>,
    /// Why the last try failed.
    last_error: Option<String>,
}

impl From<Mail> for MailView {
    fn from(mail: Mail) -> Self {
        let state = mail.state().word();
        let Mail { id, kind, receiver, room, created_at, attempts, not_before, sent_at, last_error, .. } = mail;
        Self {
            id,
            kind,
            receiver,
            room_id: room,
            state,
            created_at,
            attempts,
            next_try_at: not_before,
            sent_at,
            last_error,
        }
    }
}

/// Which mails are to be listed.
struct MailQuery {
    state: Option<MailState>,
    page: Page,
    /// The filter as it came, for the links to the other parts of the list.
    filter_query: String,
}

impl FromPairs for MailQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        Paging::PARAMETERS[0],
        Paging::PARAMETERS[1],
        ("state", Kind::Word(MailState::WORDS), "Only those in this state"),
    ];

    fn read(given: &mut Given) -> Self {
        let filter_query = given.query_without(&["limit", "offset"]);
        let Paging(page) = Paging::read(given);
        Self { state: given.word("state", MailState::WORDS), page, filter_query }
    }
}

/// How many mails are tried at once.
#[derive(Serialize, ToSchema)]
struct TriedNow {
    mails: u64,
}

async fn list(app: App, Query(query): Query<MailQuery>) -> Result<Listed<MailView>> {
    let MailQuery { state, page, filter_query } = query;
    let (mails, total) = outbox::list(&app, state, page).await?;
    Ok(Listed::new(mails.into_iter().map(MailView::from).collect(), total, page, format!("{MAILS}{filter_query}")))
}

async fn test(app: App, caller: Caller) -> Result<NoContent> {
    outbox::write_test(&app, &caller.user.email).await?;
    Ok(NoContent)
}

async fn try_now(app: App) -> Result<Json<TriedNow>> {
    Ok(Json(TriedNow { mails: outbox::try_all_now(&app).await? }))
}

async fn send_again(app: App, Id(id): Id<MailId>) -> Result<Json<MailView>> {
    Ok(Json(outbox::send_again(&app, id).await?.into()))
}
