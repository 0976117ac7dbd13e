//! The two sides' view: whether each vessel is cleared by the other side, and who has still to speak.

use crate::{Approval, ApprovalStatus, Party, Role, RoomState, Side, Vessel, VesselRole};

/// Where the clearance of a vessel stands.
#[derive(Debug)]
pub struct Clearance<'a> {
    /// The vessel.
    pub vessel: &'a Vessel,
    /// The side that has to clear it.
    pub by: Side,
    /// What was said of it, but for what its own side says.
    pub decided: Vec<&'a Approval>,
    /// Who has still to speak.
    pub open: Vec<&'a Party>,
    /// The last word against it, if one stands.
    pub rejection: Option<&'a Approval>,
    /// Whether it is cleared: by the other side, and rejected by nobody.
    pub is_cleared: bool,
}

/// The clearances of the vessels that take part and have a side.
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
    // Where nobody was given the other side, whoever acts for neither stands in for it.
    let judges = |side| move |party: &&Party| party.side == side && clears_vessels(party.role);
    let speaks = Some(by).filter(|by| state.parties.iter().any(|party| judges(Some(*by))(&party)));
    let spoken =
        |party: &Party| decided.iter().any(|approval| approval.party == party.email && approval.side == party.side);
    let open = state.parties.iter().filter(judges(speaks)).filter(|party| !spoken(party)).collect();
    let rejection = decided.iter().copied();
    let rejection = rejection.filter(|approval| approval.status == ApprovalStatus::Rejected);
    let rejection = rejection.max_by_key(|approval| approval.decided_at);
    let clears = |approval: &&Approval| {
        approval.status.clears()
            && clears_vessels(approval.role)
            && speaks.is_none_or(|side| approval.side == Some(side))
    };
    let is_cleared = rejection.is_none() && decided.iter().any(clears);
    Clearance { vessel, by, decided, open, rejection, is_cleared }
}

/// Whose consent counts: an owner's, for their ship is to lie beside the other, and a charterer's. Others may
/// speak, and a rejection stands in the way whoever says it.
fn clears_vessels(role: Role) -> bool {
    matches!(role, Role::Owner | Role::Charterer)
}
