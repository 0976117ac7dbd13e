//! What is stated of a version after its upload: that it was uploaded by mistake and counts no more, or that it needs no
//! date although its type expires. The version stays as it is, in the log and in the record.

use room::{
    DocumentId, Event, ExpiryState, Log, Role, RoomId, VersionId,
    bounds::Reason,
    fold::{Slot, State, Upload},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    domain::{
        input::Fields,
        log::{Actor, Once, operation},
        rooms,
    },
    error::{Error, Result},
};

/// The withdrawal of a version that was uploaded by mistake.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWithdrawal {
    /// Why it counts no more; the log keeps the reason.
    #[schema(value_type = Reason, example = "The certificate of another vessel")]
    pub reason: String,
}

/// The statement that a version needs no date until which it is valid.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDateWaiver {
    /// Why it needs none; the log keeps the reason.
    #[schema(value_type = Reason, example = "Issued without a date of expiry")]
    pub reason: String,
}

/// Withdraws a version: it counts no more. Who uploaded it may do so while nobody has decided on it, a broker and an
/// admin at any time.
pub async fn withdraw(
    app: &App,
    by: &Actor,
    room: RoomId,
    (document, version): (DocumentId, VersionId),
    request: NewWithdrawal,
    once: Option<Once>,
) -> Result<()> {
    let reason = checked(&request.reason)?;
    operation(app, Log::Room(room), by, async move |tx, log| {
        if Once::repeats(once.as_ref(), tx, log, &("withdraw", version, &request), version.0).await?.is_some() {
            return Ok(());
        }
        let state = rooms::at_work_by(log)?;
        let (slot, upload) = find(state, document, version)?;
        let may = |email: &str, role| refuse_withdrawal((email, role), upload);
        let (email, role) = log.by().user_in_role(|email, role| may(email, role).is_ok())?;
        may(email, role)?;
        let withdrawn = Event::VersionWithdrawn {
            document_id: document,
            document_type: slot.document.document_type.clone(),
            vessel: state.vessel_name(slot.document.vessel).map(str::to_owned),
            version_id: version,
            version: upload.version.number,
            reason,
        };
        log.act_in(role);
        log.append(tx, &withdrawn).await
    })
    .await
}

/// Returns whether this role withdraws any version. Others withdraw their own, as long as nobody has decided on it.
pub fn withdraws_any(role: Role) -> bool {
    matches!(role, Role::Broker | Role::Admin)
}

fn refuse_withdrawal((email, role): (&str, Role), Upload { version, decisions }: &Upload) -> Result<()> {
    let number = version.number;
    if version.withdrawn.is_some() {
        return Err(Error::conflict(format!("version {number} was withdrawn before")));
    }
    if withdraws_any(role) {
        return Ok(());
    }
    if version.uploaded_by != email {
        return Err(Error::OwnInterest("another party uploaded this file: they, a broker or an admin withdraw it"));
    }
    if !decisions.is_empty() {
        return Err(Error::conflict(format!(
            "a party has decided on version {number}; a broker or an admin can withdraw it, or upload another version"
        )));
    }
    Ok(())
}

/// Waives the date of a version: it needs none, although its type expires.
pub async fn waive_date(
    app: &App,
    by: &Actor,
    room: RoomId,
    (document, version): (DocumentId, VersionId),
    request: NewDateWaiver,
    once: Option<Once>,
) -> Result<()> {
    let reason = checked(&request.reason)?;
    operation(app, Log::Room(room), by, async move |tx, log| {
        if Once::repeats(once.as_ref(), tx, log, &("waive date", version, &request), version.0).await?.is_some() {
            return Ok(());
        }
        let state = rooms::at_work_by(log)?;
        let (slot, Upload { version: uploaded, .. }) = find(state, document, version)?;
        let refused = match uploaded.expiry(&slot.document) {
            _ if !uploaded.counts() => Some("was withdrawn, and needs no date any more"),
            ExpiryState::NotGiven => None,
            ExpiryState::Given | ExpiryState::Assumed => Some("has its date"),
            ExpiryState::Waived => Some("needs no date already: it was waived"),
            ExpiryState::None => Some("needs no date: documents of its type do not expire"),
        };
        if let Some(why) = refused {
            return Err(Error::conflict(format!("version {} {why}", uploaded.number)));
        }
        let waived = Event::VersionDateWaived {
            document_id: document,
            document_type: slot.document.document_type.clone(),
            vessel: state.vessel_name(slot.document.vessel).map(str::to_owned),
            version_id: version,
            version: uploaded.number,
            reason,
        };
        log.append(tx, &waived).await
    })
    .await
}

fn checked(reason: &str) -> Result<String> {
    let mut fields = Fields::default();
    let reason = fields.text("reason", reason);
    fields.done()?;
    Ok(reason)
}

fn find(state: &State, document: DocumentId, version: VersionId) -> Result<(&Slot, &Upload)> {
    let slot = state.documents.get(&document).ok_or(Error::NotFound("document"))?;
    let upload = state.upload(document, version).ok_or(Error::NotFound("version"))?;
    Ok((slot, upload))
}
