//! Signing in and out, and one's own password.

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
    /// E-mail address, without regard to case.
    #[schema(example = "broker@demo.example")]
    email: String,
    password: String,
    /// From an earlier answer: a device that is known is let past an attack on the account.
    #[serde(default)]
    device_token: Option<String>,
    /// From the answer that said to wait.
    #[serde(default)]
    ticket: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct SessionView {
    /// To be sent as `Authorization: Bearer …`; it cannot be shown again.
    token: String,
    /// Always `bearer`.
    token_type: &'static str,
    /// When the session ends in any case; it ends earlier where it is not used.
    #[schema(value_type = String, format = "date-time")]
    expires_at: Time,
    /// To be sent with the next sign-in to this account; it opens nothing by itself.
    device_token: String,
    email: String,
    name: String,
    role: Role,
    /// Whether somebody else chose the password: until it is replaced, nothing else is answered.
    must_change_password: bool,
}

#[derive(Serialize, ToSchema)]
struct MeView {
    email: String,
    name: String,
    role: Role,
    /// Whether somebody else chose the password: until it is replaced, nothing else is answered.
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
    Json(asked): Json<Login>,
) -> Result<Json<SessionView>> {
    let Login { email, password, device_token: device, ticket } = asked;
    let (network, replaces) = (client.network(), caller.map(|caller| caller.session));
    let asked = SignIn { email, password, network, device, ticket, user_agent, replaces };
    let session = sign_in::sign_in(&app, asked).await?;
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

async fn confirm(app: App, caller: Caller, Json(asked): Json<PasswordAgain>) -> Result<NoContent> {
    own_password::confirm_password(&app, &caller.user, caller.seat(), asked.password).await?;
    Ok(NoContent)
}

async fn change_password(app: App, caller: Caller, Json(asked): Json<PasswordChange>) -> Result<NoContent> {
    let PasswordChange { current_password, new_password } = asked;
    own_password::change_password(&app, &caller.user, caller.seat(), current_password, &new_password).await?;
    Ok(NoContent)
}
