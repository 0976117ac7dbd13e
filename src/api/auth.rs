//! Signing in and out, and one's own password.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    db::users::User,
    domain::{Role, Time, bounds::NewPassword, sessions},
    error::Result,
    http::{
        Access::{Public, WithGivenPassword},
        Caller, Json, NoContent, Routes, UserAgent,
    },
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .post("/auth/login", Public, login, "Signs in; the answer's token goes with every other request")
        .refusing(&["401", "429"])
        .post("/auth/logout", WithGivenPassword, logout, "Ends the session")
        .get("/auth/me", WithGivenPassword, me, "Who is signed in")
        .post("/auth/password", WithGivenPassword, change_password, "Replaces one's password; one's other sessions end")
        .refusing(&["409", "429"])
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Login {
    /// E-mail address, without regard to case.
    #[schema(example = "broker@demo.example")]
    email: String,
    password: String,
}

#[derive(Serialize, ToSchema)]
struct SessionView {
    /// To be sent as `Authorization: Bearer …`; it cannot be shown again.
    token: String,
    /// Always `bearer`.
    token_type: &'static str,
    #[schema(value_type = String, format = "date-time")]
    expires_at: Time,
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
    /// 8 to 256 characters, and not the present one.
    #[schema(value_type = NewPassword)]
    new_password: String,
}

async fn login(app: App, UserAgent(with): UserAgent, Json(asked): Json<Login>) -> Result<Json<SessionView>> {
    let session = sessions::sign_in(&app, &asked.email, asked.password, with.as_deref()).await?;
    let User { email, name, role, must_change_password, .. } = session.user;
    let (token, expires_at) = (session.token, session.expires_at);
    Ok(Json(SessionView { token, token_type: "bearer", expires_at, email, name, role, must_change_password }))
}

async fn logout(app: App, caller: Caller) -> Result<NoContent> {
    sessions::sign_out(&app, &caller.actor(), caller.session).await?;
    Ok(NoContent)
}

async fn me(caller: Caller) -> Result<Json<MeView>> {
    let User { email, name, role, must_change_password, .. } = caller.user;
    Ok(Json(MeView { email, name, role, must_change_password }))
}

async fn change_password(app: App, caller: Caller, Json(asked): Json<PasswordChange>) -> Result<NoContent> {
    let PasswordChange { current_password, new_password } = asked;
    sessions::change_password(&app, &caller.user, caller.session, current_password, &new_password).await?;
    Ok(NoContent)
}
