//! Clearances: what each party says of each vessel. A side clears the other's vessel, not its own.

use room::{
    Approval, ApprovalId, ApprovalStatus, Event, Log, Role, RoomId, Side, Vessel, VesselId, VesselStatus,
    bounds::{OptionalReason, Reason},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{self, Tx},
    domain::{
        documents::decisions::comment,
        input::Fields,
        log::{Actor, OpenLog, operation},
        rooms::{self, vessels},
    },
    error::{Error, Result},
};

/// A party's clearance of a vessel.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClearance {
    /// The vessel.
    #[schema(value_type = String, format = "uuid")]
    pub vessel_id: VesselId,
    /// What you say of it.
    pub status: ApprovalStatus,
    /// What has to come true; needed with `approved_with_subjects`.
    #[serde(default)]
    #[schema(value_type = Option<OptionalReason>)]
    pub subjects: Option<String>,
    /// Why; needed with `rejected`.
    #[serde(default)]
    #[schema(value_type = Option<OptionalReason>)]
    pub reason: Option<String>,
}

/// What a party says of a vessel now.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearanceUpdate {
    /// What you say of it.
    pub status: ApprovalStatus,
    /// What has to come true; needed with `approved_with_subjects`.
    #[serde(default)]
    #[schema(value_type = Option<OptionalReason>)]
    pub subjects: Option<String>,
    /// Why; needed with `rejected`.
    #[serde(default)]
    #[schema(value_type = Option<OptionalReason>)]
    pub reason: Option<String>,
}

/// That a clearance no longer holds.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Why; the log keeps it.
    #[schema(value_type = Reason)]
    pub reason: String,
}

/// Says for the first time what the caller thinks of a vessel.
pub async fn give(app: &App, by: &Actor, room: RoomId, asked: NewClearance) -> Result<Approval> {
    let comment = checked(asked.status, asked.subjects.as_deref(), asked.reason.as_deref())?;
    let id = ApprovalId(app.new_id());
    operation(app, Log::Room(room), by, async move |tx, log| {
        rooms::at_work(tx, room).await?;
        let vessel = db::vessels::find(tx, room, asked.vessel_id).await?;
        let vessel = vessel.ok_or_else(|| Error::field("vessel_id", "is no vessel of this room"))?;
        let speaker = Speaker::of(tx, log, room, &vessel).await?;
        let approval = Approval {
            id,
            vessel: vessel.id,
            party: speaker.email,
            role: speaker.role,
            side: speaker.side,
            status: asked.status,
            comment,
            decided_at: log.now,
        };
        if !db::approvals::insert(tx, room, &approval).await? {
            return Err(Error::RepliedBefore);
        }
        let given = Event::ApprovalGiven {
            approval_id: id,
            vessel_id: vessel.id,
            vessel: vessel.details.name,
            status: approval.status,
            comment: approval.comment.clone(),
        };
        log.append(tx, &given).await?;
        Ok(approval)
    })
    .await
}

/// Changes what the caller says of a vessel. Nobody puts words in another's mouth; a broker or an admin may
/// [`revoke`] them.
pub async fn update(app: &App, by: &Actor, room: RoomId, id: ApprovalId, asked: ClearanceUpdate) -> Result<Approval> {
    let comment = checked(asked.status, asked.subjects.as_deref(), asked.reason.as_deref())?;
    operation(app, Log::Room(room), by, async move |tx, log| {
        let (before, vessel) = find_at_work(tx, room, id).await?;
        let speaker = Speaker::of(tx, log, room, &vessel).await?;
        if before.party != speaker.email {
            return Err(Error::OwnInterest("this is another party's word: only they change it"));
        }
        // Who repeats their word after they were given a side says it for that side.
        let Speaker { role, side, .. } = speaker;
        let after = Approval { status: asked.status, comment, role, side, ..before.clone() };
        if after == before {
            return Ok(before);
        }
        let after = Approval { decided_at: log.now, ..after };
        db::approvals::update(tx, &after).await?;
        let changed = Event::ApprovalChanged {
            approval_id: id,
            vessel_id: vessel.id,
            vessel: vessel.details.name,
            party: after.party.clone(),
            from: before.status,
            to: after.status,
            comment: after.comment.clone(),
        };
        log.append(tx, &changed).await?;
        Ok(after)
    })
    .await
}

/// Takes a clearance back to `pending`: an owner theirs, a broker or an admin anyone's.
pub async fn revoke(app: &App, by: &Actor, room: RoomId, id: ApprovalId, asked: Revocation) -> Result<Approval> {
    let mut fields = Fields::default();
    let reason = fields.text("reason", &asked.reason);
    fields.done()?;
    operation(app, Log::Room(room), by, async move |tx, log| {
        let (before, vessel) = find_at_work(tx, room, id).await?;
        let Actor::User { email, role, .. } = log.by() else {
            return Err(Error::internal("a clearance is revoked by a user"));
        };
        if !may_revoke(&before, email, *role) {
            return Err(Error::OwnInterest("this is another party's word: they, a broker or an admin revoke it"));
        }
        if before.status == ApprovalStatus::Pending {
            return Err(Error::conflict("the clearance is pending: there is nothing to revoke"));
        }
        let after = Approval { status: ApprovalStatus::Pending, comment: None, decided_at: log.now, ..before.clone() };
        db::approvals::update(tx, &after).await?;
        let revoked = Event::ApprovalRevoked {
            approval_id: id,
            vessel_id: vessel.id,
            vessel: vessel.details.name,
            party: before.party,
            from: before.status,
            reason,
        };
        log.append(tx, &revoked).await?;
        Ok(after)
    })
    .await
}

/// Whether somebody of this address and role, who may revoke at all, may revoke this.
pub fn may_revoke(approval: &Approval, email: &str, role: Role) -> bool {
    approval.party == email || matches!(role, Role::Broker | Role::Admin)
}

fn checked(status: ApprovalStatus, subjects: Option<&str>, reason: Option<&str>) -> Result<Option<String>> {
    let mut fields = Fields::default();
    let comment = comment(&mut fields, status, subjects, reason);
    fields.done()?;
    Ok(comment)
}

/// A clearance of this room, while there is work on it.
async fn find_at_work(tx: &mut Tx, room: RoomId, id: ApprovalId) -> Result<(Approval, Vessel)> {
    rooms::at_work(tx, room).await?;
    let approval = find(tx, room, id).await?;
    let vessel = vessels::find(tx, room, approval.vessel).await?;
    Ok((approval, vessel))
}

/// A clearance of this room.
pub async fn find(tx: &mut Tx, room: RoomId, id: ApprovalId) -> Result<Approval> {
    db::approvals::find(tx, room, id).await?.ok_or(Error::NotFound("approval"))
}

/// Who speaks of a vessel, and for which side.
struct Speaker {
    email: String,
    role: Role,
    side: Option<Side>,
}

impl Speaker {
    async fn of(tx: &mut Tx, log: &OpenLog, room: RoomId, vessel: &Vessel) -> Result<Self> {
        let Actor::User { email, role, .. } = log.by().clone() else {
            return Err(Error::internal("a clearance is a user's"));
        };
        if vessel.details.status == VesselStatus::Withdrawn {
            return Err(Error::conflict("the vessel has been withdrawn"));
        }
        let parties = db::parties::all(tx, room).await?;
        let side = parties.iter().find(|party| party.email == email).and_then(|party| party.side);
        if side.is_some() && side == vessel.details.role.side() {
            return Err(Error::OwnInterest("a side clears the other's vessel, not its own"));
        }
        Ok(Self { email, role, side })
    }
}
