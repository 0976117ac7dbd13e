//! Turns the values of a room into what is drawn of them.
//!
//! Each type is taken apart field by field: a new field of a room does not enter a report by itself.

use jiff::Timestamp;
use room::{
    Approval, Clocks, Decision, Document, DocumentState, Party, Room, VersionState, Vessel, Waiver, Withdrawal,
    clearance::Clearance,
    clocks::{Claim, CoastalNotice, Retention},
    standing::{self, Blocker, Expiry, Undated},
};

use crate::hex::hex;
use crate::record::{
    ApprovalFacts, BlockerFacts, ClaimFacts, ClearanceFacts, ClockFacts, DecisionFacts, DocumentFacts, ExpiryFacts,
    NoticeFacts, PartyFacts, RetentionFacts, RoomFacts, Standing, UndatedFacts, VersionFacts, VesselFacts, WaiverFacts,
    WithdrawalFacts,
};

pub(super) fn room(room: Room) -> RoomFacts {
    RoomFacts {
        id: room.id.to_string(),
        title: room.title,
        location: room.location,
        sts_eta: room.sts_eta.into(),
        planned_duration_hours: Some(room.planned_duration_hours.unsigned_abs()),
        description: room.description,
        cargo_profile: room.cargo_profile.map(|profile| profile.to_string()),
        status: room.status.to_string(),
        phase: room.phase.to_string(),
        created_at: room.created_at.into(),
        created_by: room.created_by,
    }
}

pub(super) fn party(party: Party) -> PartyFacts {
    PartyFacts {
        id: party.id.to_string(),
        role: party.all_roles().words().join(", "),
        name: party.name,
        email: party.email,
        resembles: Vec::new(),
        company: party.company,
        side: party.side.map(|side| side.to_string()),
        added_at: party.added_at.into(),
    }
}

pub(super) fn vessel(Vessel { id, details, added_at }: Vessel) -> VesselFacts {
    VesselFacts {
        id: id.to_string(),
        name: details.name,
        imo_number: details.imo_number,
        no_imo_reason: details.no_imo_reason,
        role: details.role.to_string(),
        status: details.status.to_string(),
        vessel_type: details.vessel_type,
        flag: details.flag,
        owner: details.owner,
        charterer: details.charterer,
        length_m: details.length_m,
        beam_m: details.beam_m,
        draught_m: details.draught_m,
        gross_tonnage: details.gross_tonnage.map(i64::unsigned_abs),
        deadweight_t: details.deadweight_t.map(i64::unsigned_abs),
        year_built: details.year_built.map(i64::unsigned_abs),
        class_society: details.class_society,
        added_at: added_at.into(),
    }
}

pub(super) fn document(document: DocumentState, parties: &[Party]) -> DocumentFacts {
    let addresses = |parties: Vec<&Party>| parties.into_iter().map(|party| party.email.clone()).collect();
    let awaited = document.awaited(parties);
    let awaited = awaited.into_iter().map(|awaited| (awaited.role.to_string(), addresses(awaited.parties))).collect();
    let awaits_another_side = document.awaits_another_side();
    let DocumentState { slot, versions, status, .. } = document;
    let versions = versions.into_iter().map(|state| version(state, &slot)).collect();
    DocumentFacts {
        id: slot.id.to_string(),
        document_type: slot.document_type,
        name: slot.name,
        category: slot.category,
        vessel_id: slot.vessel.map(|vessel| vessel.to_string()),
        requirement: slot.requirement.to_string(),
        criticality: slot.criticality.to_string(),
        gate: slot.gate.to_string(),
        must_approve: slot.must_approve.iter().map(ToString::to_string).collect(),
        awaited,
        awaits_another_side,
        status: status.to_string(),
        waiver: slot.waiver.map(waiver),
        versions,
    }
}

fn version(VersionState { version, decisions, .. }: VersionState, slot: &Document) -> VersionFacts {
    let expiry = version.expiry(slot);
    VersionFacts {
        id: version.id.to_string(),
        number: version.number.unsigned_abs(),
        file_name: version.file_name,
        media_type: version.kind.media_type().to_owned(),
        file_size: version.size.unsigned_abs(),
        sha256: hex(&version.sha256),
        expires_on: version.expires_on.map(Into::into),
        expiry_assumed: version.expiry_assumed,
        expiry: Some(expiry.to_string()),
        date_waived: version.date_waived.map(waiver),
        withdrawn: version.withdrawn.map(|Withdrawal { reason, by, at }| WithdrawalFacts { reason, by, at: at.into() }),
        notes: version.notes,
        uploaded_by: version.uploaded_by,
        uploaded_by_role: version.uploader_role.to_string(),
        uploaded_at: version.uploaded_at.into(),
        decisions: decisions.into_iter().map(decision).collect(),
    }
}

fn waiver(Waiver { reason, by, at }: Waiver) -> WaiverFacts {
    WaiverFacts { reason, by, at: at.into() }
}

fn decision(decision: Decision) -> DecisionFacts {
    DecisionFacts {
        id: decision.id.to_string(),
        role: decision.all_roles().words().join(", "),
        by: decision.party,
        verdict: decision.verdict.to_string(),
        comment: decision.comment,
        decided_at: decision.decided_at.into(),
    }
}

pub(super) fn approval(approval: Approval) -> ApprovalFacts {
    ApprovalFacts {
        id: approval.id.to_string(),
        vessel_id: approval.vessel.to_string(),
        by: approval.party,
        role: approval.role.to_string(),
        side: approval.side.map(|side| side.to_string()),
        status: approval.status.to_string(),
        comment: approval.comment,
        decided_at: approval.decided_at.into(),
    }
}

pub(super) fn clearance(clearance: &Clearance<'_>) -> ClearanceFacts {
    ClearanceFacts {
        vessel_id: clearance.vessel.id.to_string(),
        by: clearance.by.to_string(),
        is_cleared: clearance.is_cleared,
        open: clearance.open.iter().map(|party| party.email.clone()).collect(),
    }
}

pub(super) fn standing(standing: standing::Standing) -> Standing {
    Standing {
        progress_percentage: standing.progress_percentage() as u64,
        total_required_docs: standing.total_required_docs as u64,
        resolved_required_docs: standing.resolved_required_docs as u64,
        next_phase: standing.next_phase.map(|phase| phase.to_string()),
        blockers: standing.blockers.into_iter().map(blocker).collect(),
        expiring_soon: standing.expiring_soon.into_iter().map(expiry).collect(),
        undated: standing.undated.into_iter().map(undated).collect(),
        clocks: clocks(&standing.clocks),
    }
}

fn blocker(blocker: Blocker) -> BlockerFacts {
    BlockerFacts {
        kind: blocker.kind.to_string(),
        detail: blocker.detail,
        document_id: blocker.document_id.map(|id| id.to_string()),
        vessel_id: blocker.vessel_id.map(|id| id.to_string()),
    }
}

fn expiry(expiry: Expiry) -> ExpiryFacts {
    ExpiryFacts {
        document_id: expiry.document_id.to_string(),
        name: expiry.name,
        vessel_id: expiry.vessel_id.map(|id| id.to_string()),
        expires_on: expiry.expires_on.into(),
        before_end: expiry.before_end,
    }
}

fn undated(undated: Undated) -> UndatedFacts {
    UndatedFacts {
        document_id: undated.document_id.to_string(),
        name: undated.name,
        vessel_id: undated.vessel_id.map(|id| id.to_string()),
    }
}

fn clocks(clocks: &Clocks) -> ClockFacts {
    ClockFacts {
        planned_end: clocks.planned_end.into(),
        coastal_notice: clocks.coastal_notice.as_ref().map(
            |CoastalNotice { due_at, state, given_at, notified_eta }| NoticeFacts {
                due_at: (*due_at).into(),
                state: state.to_string(),
                given_at: given_at.map(Timestamp::from),
                notified_eta: notified_eta.map(Timestamp::from),
            },
        ),
        claim: clocks.claim.as_ref().map(|Claim { started_at, deadline, state }| ClaimFacts {
            started_at: (*started_at).into(),
            deadline: (*deadline).into(),
            state: state.to_string(),
        }),
        retention: clocks.retention.as_ref().map(|Retention { closed_at, at_least_until, until }| RetentionFacts {
            closed_at: (*closed_at).into(),
            at_least_until: (*at_least_until).into(),
            until: (*until).into(),
        }),
    }
}
