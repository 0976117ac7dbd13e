//! The state of the server, for admins.

use crate::{
    app::App,
    domain::system::{self, SystemStatus},
    error::Result,
    http::{Access::May, Json, Routes},
    policy::Action::ConfigView,
};

pub(super) fn routes() -> Routes {
    Routes::new().get("/system", May(ConfigView), status, "How the server is: versions, schema, jobs, checks, disks")
}

async fn status(app: App) -> Result<Json<SystemStatus>> {
    Ok(Json(system::status(&app).await?))
}
