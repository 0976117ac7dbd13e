//! The clearance of vessels: whether each is cleared by the other side, and whose reply is awaited.

use crate::{Approval, ApprovalStatus, Party, Role, RoomState, Side, Vessel, VesselRole};

/// Whether a vessel is cleared, and by what.
#[derive(Debug)]
pub struct Clearance<'a> {
    /// The vessel that is to be cleared.
    pub vessel: &'a Vessel,
    /// The side that has to clear it, which is not its own.
    pub by: Side,
    /// The approvals that decide something, without those of the vessel's own side.
    pub decided: Vec<&'a Approval>,
    /// The parties whose reply is awaited.
    pub open: Vec<&'a Party>,
    /// The latest rejection, if there is one.
    pub rejection: Option<&'a Approval>,
    /// Whether the vessel is cleared: approved by the other side, and rejected by nobody.
    pub is_cleared: bool,
}

/// Returns the clearances of the vessels that take part and have a side.
pub fn of_vessels(state: &RoomState) -> Vec<Clearance<'_>> {
    let cleared = state.active_vessels().filter(|vessel| vessel.details.role != VesselRole::Other);
    cleared.filter_map(|vessel| Some(of_vessel(state, vessel, vessel.details.role.side()?.other()))).collect()
}

fn of_vessel<'a>(state: &'a RoomState, vessel: &'a Vessel, by: Side) -> Clearance<'a> {
    let decided: Vec<_> = state
        .approvals
        .iter()
        .filter(|approval| approval.vessel == vessel.id && approval.side != Some(by.other()))
        .filter(|approval| approval.status != ApprovalStatus::Pending)
        .collect();
    // Sides are optional. If no owner or charterer acts for the other side, those who act for no side decide in its
    // place; otherwise a room in which sides were never given could clear no vessel.
    let may_clear = |side| move |party: &&Party| party.side == side && party.all_roles().iter().any(clears_vessels);
    let clearing_side = Some(by).filter(|by| state.parties.iter().any(|party| may_clear(Some(*by))(&party)));
    // An approval keeps the side that the party acted for then. One who acts for another side today has to reply anew.
    let has_replied =
        |party: &Party| decided.iter().any(|approval| approval.party == party.email && approval.side == party.side);
    let open = state.parties.iter().filter(may_clear(clearing_side)).filter(|party| !has_replied(party)).collect();
    let rejection = decided.iter().copied();
    let rejection = rejection.filter(|approval| approval.status == ApprovalStatus::Rejected);
    let rejection = rejection.max_by_key(|approval| approval.decided_at);
    // By role and side as the approval has them, not as the party has them now: what was approved stays approved when
    // the party leaves the room.
    let clears = |approval: &&Approval| {
        approval.status.clears()
            && clears_vessels(approval.role)
            && clearing_side.is_none_or(|side| approval.side == Some(side))
    };
    let is_cleared = rejection.is_none() && decided.iter().any(clears);
    Clearance { vessel, by, decided, open, rejection, is_cleared }
}

/// Returns whether an approval by this role clears a vessel: an owner's, whose ship is to lie alongside the other, and
/// a charterer's. Other roles may reply too, and a rejection counts whatever the role.
pub fn clears_vessels(role: Role) -> bool {
    matches!(role, Role::Owner | Role::Charterer)
}
