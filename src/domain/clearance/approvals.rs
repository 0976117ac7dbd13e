//! The approvals of vessels: each party's reply for each vessel. A side clears the other side's vessel, not its own.

use room::{
    Approval, ApprovalId, ApprovalStatus, Event, Log, Role, RoomId, Side, Vessel, VesselId, VesselStatus,
    bounds::{OptionalReason, Reason},
    clearance::clears_vessels,
};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{self, Tx},
    domain::{
        documents::decisions::comment,
        input::{Basis, Fields, Tag},
        log::{Actor, Edited, Once, OpenLog, operation, refuse_overtaken},
        rooms,
    },
    error::{Error, Result},
};

/// The request to approve or reject a vessel for the first time.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClearance {
    /// The id of the vessel.
    #[schema(value_type = String, format = "uuid")]
    pub vessel_id: VesselId,
    /// Your reply: approved, approved with subjects, rejected or pending.
    pub status: ApprovalStatus,
    /// What has to come true for the approval to hold; required with `approved_with_subjects`.
    #[serde(default)]
    #[schema(value_type = Option<OptionalReason>)]
    pub subjects: Option<String>,
    /// Why the vessel is rejected; required with `rejected`.
    #[serde(default)]
    #[schema(value_type = Option<OptionalReason>)]
    pub reason: Option<String>,
}

/// The request to change one's approval of a vessel.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearanceUpdate {
    /// Your reply: approved, approved with subjects, rejected or pending.
    pub status: ApprovalStatus,
    /// What has to come true for the approval to hold; required with `approved_with_subjects`.
    #[serde(default)]
    #[schema(value_type = Option<OptionalReason>)]
    pub subjects: Option<String>,
    /// Why the vessel is rejected; required with `rejected`.
    #[serde(default)]
    #[schema(value_type = Option<OptionalReason>)]
    pub reason: Option<String>,
}

/// The request to revoke an approval.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Why it is revoked; the log keeps it.
    #[schema(value_type = Reason)]
    pub reason: String,
}

/// Stores the caller's first approval or rejection of a vessel.
pub async fn give(app: &App, by: &Actor, room: RoomId, request: NewClearance, once: Option<Once>) -> Result<Approval> {
    let comment = checked(request.status, request.subjects.as_deref(), request.reason.as_deref())?;
    let id = ApprovalId(app.new_id());
    operation(app, Log::Room(room), by, async move |tx, log| {
        rooms::in_use_by(log)?;
        if let Some(made) = Once::repeats(once.as_ref(), tx, log, &request, id.0).await? {
            let made = log.room()?.approvals.get(&ApprovalId(made)).cloned();
            return made.ok_or_else(|| Once::says_gone(Error::NotFound("approval")));
        }
        let vessel = rooms::at_work_by(log)?.vessels.get(&request.vessel_id).cloned();
        let vessel = vessel.ok_or_else(|| Error::field("vessel_id", "is no vessel of this room"))?;
        let speaker = Speaker::of(log, &vessel)?;
        log.act_in(speaker.role);
        let approval = Approval {
            id,
            vessel: vessel.id,
            party: speaker.email,
            role: speaker.role,
            side: speaker.side,
            status: request.status,
            comment,
            decided_at: log.now,
        };
        // One for each party and vessel: a second reply is a change of the first, and the log has to show that.
        let is_same = |other: &Approval| other.vessel == approval.vessel && other.party == approval.party;
        if log.room()?.approvals.values().any(is_same) {
            return Err(Error::RepliedBefore);
        }
        let given = Event::ApprovalGiven {
            approval_id: id,
            vessel_id: vessel.id,
            vessel: vessel.details.name,
            role: approval.role,
            side: approval.side,
            status: approval.status,
            comment: approval.comment.clone(),
        };
        log.append(tx, &given).await?;
        Ok(approval)
    })
    .await
}

/// What can be edited of an approval.
#[derive(Serialize)]
struct Reply {
    status: ApprovalStatus,
    subjects: Option<String>,
    reason: Option<String>,
}

impl From<&Approval> for Reply {
    fn from(approval: &Approval) -> Self {
        let (subjects, reason) = approval.status.subjects_or_reason(approval.comment.clone());
        Self { status: approval.status, subjects, reason }
    }
}

/// Returns the tag of an approval, which changes with what it says; also of one that is still to be given.
pub fn tag(approval: Option<&Approval>) -> Tag {
    approval.map_or_else(|| Tag::of(&Map::new()), |approval| Tag::of_edited(&Reply::from(approval)))
}

/// Changes the caller's approval of a vessel. Only the party that gave an approval changes it; a broker or an admin may
/// only [`revoke`] it.
pub async fn update(
    app: &App,
    by: &Actor,
    room: RoomId,
    id: ApprovalId,
    (request, basis): (ClearanceUpdate, Basis),
) -> Result<Approval> {
    let comment = checked(request.status, request.subjects.as_deref(), request.reason.as_deref())?;
    operation(app, Log::Room(room), by, async move |tx, log| {
        let (before, vessel) = find_at_work(log, id)?;
        let speaker = Speaker::of(log, &vessel)?;
        if before.party != speaker.email {
            return Err(Error::OwnInterest("this is another party's word: only they change it"));
        }
        // Role and side are those of now: a party that was given a side since then repeats its approval for that side.
        let Speaker { role, side, .. } = speaker;
        let after = Approval { status: request.status, comment, role, side, ..before.clone() };
        // Compared before `decided_at` is set: a repeated request changes nothing, and appends no entry.
        if after == before {
            return Ok(before);
        }
        refuse_overtaken(tx, log, Edited::Approval(id), &Reply::from(&before), (&basis, &Map::new())).await?;
        log.act_in(role);
        let after = Approval { decided_at: log.now, ..after };
        let changed = Event::ApprovalChanged {
            approval_id: id,
            vessel_id: vessel.id,
            vessel: vessel.details.name,
            party: after.party.clone(),
            role: after.role,
            side: after.side,
            from: before.status,
            to: after.status,
            comment: after.comment.clone(),
        };
        log.append(tx, &changed).await?;
        Ok(after)
    })
    .await
}

/// Sets an approval back to `pending`. A party may do this with its own approval, a broker or an admin with any.
pub async fn revoke(
    app: &App,
    by: &Actor,
    room: RoomId,
    id: ApprovalId,
    (request, basis): (Revocation, Basis),
    once: Option<Once>,
) -> Result<Approval> {
    let mut fields = Fields::default();
    let reason = fields.text("reason", &request.reason);
    fields.done()?;
    operation(app, Log::Room(room), by, async move |tx, log| {
        if Once::repeats(once.as_ref(), tx, log, &request, id.0).await?.is_some() {
            return rooms::in_use_by(log)?.approvals.get(&id).cloned().ok_or(Error::NotFound("approval"));
        }
        let (before, vessel) = find_at_work(log, id)?;
        let (email, role) = log.by().user_in_role(|email, role| may_revoke(&before, email, role))?;
        if !may_revoke(&before, email, role) {
            return Err(Error::OwnInterest("this is another party's word: they, a broker or an admin revoke it"));
        }
        log.act_in(role);
        refuse_overtaken(tx, log, Edited::Approval(id), &Reply::from(&before), (&basis, &Map::new())).await?;
        if before.status == ApprovalStatus::Pending {
            return Err(Error::conflict("the clearance is pending: there is nothing to revoke"));
        }
        // The row stays, with its role and side: the party replies to it anew. What it said before is in the log.
        let after = Approval { status: ApprovalStatus::Pending, comment: None, decided_at: log.now, ..before.clone() };
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

/// Returns whether somebody with this address and role may revoke this approval, given that the policy lets them revoke
/// approvals at all.
pub fn may_revoke(approval: &Approval, email: &str, role: Role) -> bool {
    approval.party == email || matches!(role, Role::Broker | Role::Admin)
}

fn checked(status: ApprovalStatus, subjects: Option<&str>, reason: Option<&str>) -> Result<Option<String>> {
    let mut fields = Fields::default();
    let comment = comment(&mut fields, status, subjects, reason);
    fields.done()?;
    Ok(comment)
}

/// Returns an approval of this room with its vessel, or an error if the room is closed or deleted.
fn find_at_work(log: &OpenLog, id: ApprovalId) -> Result<(Approval, Vessel)> {
    let state = rooms::at_work_by(log)?;
    let approval = state.approvals.get(&id).ok_or(Error::NotFound("approval"))?;
    let vessel = state.vessels.get(&approval.vessel).ok_or(Error::NotFound("vessel"))?;
    Ok((approval.clone(), vessel.clone()))
}

/// Returns the approval of this room with this id.
pub async fn find(tx: &mut Tx, room: RoomId, id: ApprovalId) -> Result<Approval> {
    db::approvals::find(tx, room, id).await?.ok_or(Error::NotFound("approval"))
}

/// The party that replies for a vessel, and the side that it acts for.
struct Speaker {
    email: String,
    role: Role,
    side: Option<Side>,
}

impl Speaker {
    fn of(log: &OpenLog, vessel: &Vessel) -> Result<Self> {
        // Of several roles, one by which the reply clears the vessel.
        let (email, role) = log.by().user_in_role(|_, role| clears_vessels(role))?;
        if vessel.details.status == VesselStatus::Withdrawn {
            return Err(Error::conflict("the vessel has been withdrawn"));
        }
        let side = log.room()?.parties.values().find(|party| party.email == *email).and_then(|party| party.side);
        // Clearance is the other ship's consent: it would be worth nothing if a side could give it to its own vessel.
        if side.is_some() && side == vessel.details.role.side() {
            return Err(Error::OwnInterest("a side clears the other's vessel, not its own"));
        }
        Ok(Self { email: email.to_owned(), role, side })
    }
}
