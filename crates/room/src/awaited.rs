//! Whose approval a document rests on, and whose it still awaits, if its type names the roles that have to approve it.

use crate::{Decision, Document, DocumentState, DocumentStatus, Party, Role, Side, Verdict, VersionState};

/// A role that a document names, and in which nobody has approved its version in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Awaited<'a> {
    /// The role.
    pub role: Role,
    /// The parties who may approve the version in this role. If there are none, the document stays under review until
    /// somebody is given the role, or a version comes that they did not upload themselves.
    pub parties: Vec<&'a Party>,
}

impl DocumentState {
    /// Returns whether the status may rest on this approval: on one in a role that the document names, if it names any;
    /// otherwise on one by somebody who did not act for the vessel's own side. Entries of earlier versions do not say for
    /// which side somebody decided, and count.
    pub fn rests_on(&self, decision: &Decision) -> bool {
        self.slot.rests_on(decision, self.own_side)
    }

    /// Returns whether the version in force has approvals of the vessel's own side alone, on which the status does not rest.
    pub fn awaits_another_side(&self) -> bool {
        let is_approval = |decision: &&Decision| decision.verdict != Verdict::Rejected;
        let is_approved = |state: &VersionState| state.standing_decisions().iter().any(is_approval);
        self.slot.must_approve.is_empty()
            && self.status == DocumentStatus::UnderReview
            && self.in_force().is_some_and(is_approved)
    }

    /// Returns the roles whose approval is awaited, in their order, each with those of `parties` who may give it. Empty if
    /// the document names no roles, and if it is not under review: what is rejected or expired awaits another version.
    pub fn awaited<'a>(&self, parties: &'a [Party]) -> Vec<Awaited<'a>> {
        let awaits = !self.slot.must_approve.is_empty() && self.status == DocumentStatus::UnderReview;
        let in_force = self.in_force().filter(|_| awaits);
        let Some(in_force) = in_force else { return Vec::new() };
        let standing = in_force.standing_decisions();
        let may_approve = |party: &&Party| {
            // An admin decides as an admin, also as a party: who has done so will not approve in another role.
            let as_admin = |decision: &&Decision| decision.party == party.email && decision.role == Role::Admin;
            !standing.iter().any(as_admin) && !self.is_own(parties, &party.email)
        };
        let able: Vec<_> = parties.iter().filter(may_approve).collect();
        let awaited = self.slot.must_approve.iter().filter(|role| in_force.approval_in(**role).is_none());
        awaited
            .map(|role| {
                let able = able.iter().filter(|party| party.all_roles().contains(*role));
                Awaited { role: *role, parties: able.copied().collect() }
            })
            .collect()
    }
}

/// Returns whose approval is awaited, in words: `an owner and a charterer`.
pub(crate) fn waits_for(awaited: &[Awaited<'_>]) -> String {
    let roles: Vec<_> = awaited.iter().map(|awaited| awaited.role.with_article()).collect();
    let without = awaited.iter().filter(|awaited| awaited.parties.is_empty());
    let without: Vec<_> = without.map(|awaited| awaited.role.with_article()).collect();
    let waits = format!("waits for the approval of {}", roles.join(" and "));
    if without.is_empty() {
        return waits;
    }
    format!("{waits}; nobody in the room may approve it as {}", without.join(" or "))
}

impl Document {
    fn rests_on(&self, decision: &Decision, own: Option<Side>) -> bool {
        if self.must_approve.is_empty() {
            return own.is_none() || decision.side != own;
        }
        decision.all_roles().iter().any(|role| self.must_approve.contains(&role))
    }
}

impl VersionState {
    /// Returns the latest approval that was made in this role, and that its party has not replaced. It counts by the role
    /// in which it was made: what somebody has said as a charterer stays said when they are one no more, or leave.
    pub fn approval_in(&self, role: Role) -> Option<&Decision> {
        let approves = |decision: &&Decision| decision.verdict != Verdict::Rejected;
        self.standing_decisions()
            .into_iter()
            .rev()
            .filter(approves)
            .find(|decision| decision.all_roles().contains(role))
    }

    /// Returns whether the version, which nobody rejects, has the approvals that its document needs.
    pub(crate) fn is_approved(&self, slot: &Document, own: Option<Side>) -> bool {
        let approvals =
            || self.standing_decisions().into_iter().filter(|decision| decision.verdict != Verdict::Rejected);
        approvals().any(|approval| slot.rests_on(approval, own))
            && slot.must_approve.iter().all(|role| self.approval_in(*role).is_some())
    }
}
