//! Where somebody who comes into a room is led: to what waits for their decision, and not to a list in which they would have
//! to look for it.

use room::RoomId;

use crate::{
    app::App,
    domain::clearance::todo::{self, Task},
    error::Result,
    pages::room::frame::Room,
    policy::Action::DocumentApprove,
};

/// Returns the path of what waits first for the decision of the account with this address; that of the room if nothing does.
pub(in crate::pages) async fn path(app: &App, id: RoomId, email: &str) -> Result<String> {
    let room = Room::load(app, id).await?;
    let first = todo::waiting_for(&room.state, email, &DocumentApprove.roles()).into_iter().next();
    Ok(match first {
        Some(Task { document_id: Some(document), .. }) => room.path(&format!("/documents/{document}?show=mine")),
        Some(Task { vessel_id: Some(vessel), .. }) => room.path(&format!("/clearance/{vessel}")),
        _ => room.path(""),
    })
}
