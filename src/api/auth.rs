//! Signing in and out, and the password of one's own account.

use room::{Role, Time, bounds::NewPassword};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    db::users::User,
    domain::accounts::{
        own_password, sessions,
        sign_in::{self, SignIn},
    },
    error::Result,
    http::{
        Access::{Public, SignedIn, WithGivenPassword},
        Caller, Client, Json, NoContent, Routes, UserAgent,
    },
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .post(
            "/auth/login",
            Public,
            login,
            "Signs in; the answer's token goes with every other request. A session that the request brings ends. After too \
             many failed attempts at an address or from a network the answer is 429, which tells when the next one is \
             heard, and the `ticket` to send with it",
        )
        .refusing(&["401", "403", "429"])
        .post("/auth/logout", WithGivenPassword, logout, "Ends the session")
        .get("/auth/me", WithGivenPassword, me, "Who is signed in")
        .post("/auth/password", WithGivenPassword, change_password, "Replaces one's password; one's other sessions end")
        .refusing(&["409", "429"])
        .post(
            "/auth/confirm",
            SignedIn,
            confirm,
            "Gives one's password again: for five minutes what cannot be undone can be done in this session",
        )
        .refusing(&["429"])
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Login {
    /// The e-mail address of the account, without regard to case.
    #[schema(example = "broker@demo.example")]
    email: String,
    password: String,
    /// The `device_token` of an earlier answer. A device that is known can sign in while the account is under attack.
    #[serde(default)]
    device_token: Option<String>,
    /// The `ticket` of the answer that said to wait.
    #[serde(default)]
    ticket: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct SessionView {
    /// The token to send as `Authorization: Bearer …`. It cannot be shown again.
    token: String,
    /// The type of the token, which is always `bearer`.
    token_type: &'static str,
    /// When the session ends in any case. It ends earlier if it is not used.
    #[schema(value_type = String, format = "date-time")]
    expires_at: Time,
    /// The token to send with the next sign-in to this account. It opens nothing by itself.
    device_token: String,
    email: String,
    name: String,
    role: Role,
    /// Whether somebody else chose the password. Until it is replaced, all other requests are refused.
    must_change_password: bool,
}

#[derive(Serialize, ToSchema)]
struct MeView {
    email: String,
    name: String,
    role: Role,
    /// Whether somebody else chose the password. Until it is replaced, all other requests are refused.
    must_change_password: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    current_password: String,
    /// 12 to 128 characters, none that is easily guessed, and not the present one.
    #[schema(value_type = NewPassword)]
    new_password: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordAgain {
    /// The password that the caller signs in with.
    password: String,
}

async fn login(
    app: App,
    caller: Option<Caller>,
    client: Client,
    UserAgent(user_agent): UserAgent,
    Json(body): Json<Login>,
) -> Result<Json<SessionView>> {
    let Login { email, password, device_token: device, ticket } = body;
    // The session that the request brought ends with this sign-in: a token that was planted in a browser beforehand
    // (session fixation) is worth nothing afterwards.
    let (network, replaces) = (client.network(), caller.map(|caller| caller.session));
    let request = SignIn { email, password, network, device, ticket, user_agent, replaces };
    let session = sign_in::sign_in(&app, request).await?;
    let User { email, name, role, must_change_password, .. } = session.user;
    Ok(Json(SessionView {
        token: session.token,
        token_type: "bearer",
        expires_at: session.expires_at,
        device_token: session.device,
        email,
        name,
        role,
        must_change_password,
    }))
}

async fn logout(app: App, caller: Caller) -> Result<NoContent> {
    sessions::sign_out(&app, &caller.actor(), caller.session).await?;
    Ok(NoContent)
}

async fn me(caller: Caller) -> Result<Json<MeView>> {
    let User { email, name, role, must_change_password, .. } = caller.user;
    Ok(Json(MeView { email, name, role, must_change_password }))
}

async fn confirm(app: App, caller: Caller, Json(body): Json<PasswordAgain>) -> Result<NoContent> {
    own_password::confirm_password(&app, &caller.user, caller.seat(), body.password).await?;
    Ok(NoContent)
}

async fn change_password(app: App, caller: Caller, Json(body): Json<PasswordChange>) -> Result<NoContent> {
    let PasswordChange { current_password, new_password } = body;
    own_password::change_password(&app, &caller.user, caller.seat(), current_password, &new_password).await?;
    Ok(NoContent)
}
