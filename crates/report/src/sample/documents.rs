//! The documents of the sample, made from its slots.

use jiff::civil::Date;

use super::catalogue;
use super::made_up::{digest, hour, uuid};
use super::room::PARTIES;
use super::slots::{Expiry, OF_FENDER_BARGE, OF_FJORD_VENTURE, OF_IONIAN_GRACE, OF_THE_ROOM, Slot, Upload, Verdict};
use crate::record::{DecisionFacts, DocumentFacts, VersionFacts, VesselFacts, WaiverFacts};

/// Returns the documents of the vessels in their order, then the room's own.
pub(super) fn documents(vessels: &[VesselFacts]) -> Vec<DocumentFacts> {
    let of_vessels = [OF_IONIAN_GRACE, OF_FJORD_VENTURE, OF_FENDER_BARGE].into_iter().zip(vessels);
    let slots = of_vessels
        .flat_map(|(slots, vessel)| slots.iter().map(|slot| (slot, Some(vessel.id.clone()))))
        .chain(OF_THE_ROOM.iter().map(|slot| (slot, None)));
    (0..).zip(slots).map(|(index, (slot, vessel))| document(index, slot, vessel)).collect()
}

fn document(index: u64, slot: &Slot, vessel_id: Option<String>) -> DocumentFacts {
    let [document_type, name, category, requirement, criticality, gate] =
        catalogue::by_code(slot.code).map(str::to_owned);
    let versions = (1..).zip(slot.versions).map(|(number, upload)| version(index * 100 + number, number, upload));
    DocumentFacts {
        id: uuid("document", index),
        document_type,
        name,
        category,
        vessel_id,
        requirement,
        criticality,
        gate,
        must_approve: Vec::new(),
        awaited: Vec::new(),
        awaits_another_side: false,
        status: slot.status.to_owned(),
        waiver: slot.waiver.map(|reason| WaiverFacts {
            reason: reason.to_owned(),
            by: PARTIES[0][2].to_owned(),
            at: hour(48),
        }),
        versions: versions.collect(),
    }
}

fn version(seed: u64, number: u64, upload: &Upload) -> VersionFacts {
    let (file_name, by, at, expiry, notes, verdicts) = upload;
    let [role, _, email, ..] = PARTIES[*by];
    let (expires_on, expiry_assumed) = match expiry {
        Expiry::Never => (None, false),
        Expiry::On(year, month, day) => (Date::new(*year, *month, *day).ok(), false),
        Expiry::Assumed(year, month, day) => (Date::new(*year, *month, *day).ok(), true),
    };
    let decisions = (0..).zip(*verdicts).map(|(index, verdict)| decision(seed * 100 + index, verdict));
    VersionFacts {
        id: uuid("version", seed),
        number,
        file_name: (*file_name).to_owned(),
        media_type: media_type(file_name).to_owned(),
        file_size: 100_000 + seed * 7_919 % 900_000,
        sha256: digest("version", seed),
        expires_on,
        expiry_assumed,
        expiry: None,
        date_waived: None,
        withdrawn: None,
        notes: notes.map(str::to_owned),
        uploaded_by: email.to_owned(),
        uploaded_by_role: role.to_owned(),
        uploaded_at: hour(*at),
        decisions: decisions.collect(),
    }
}

fn media_type(file_name: &str) -> &'static str {
    match file_name.rsplit('.').next() {
        Some("pdf") => "application/pdf",
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    }
}

fn decision(seed: u64, verdict: &Verdict) -> DecisionFacts {
    let (by, verdict, comment, at) = *verdict;
    let [role, _, email, ..] = PARTIES[by];
    DecisionFacts {
        id: uuid("decision", seed),
        by: email.to_owned(),
        role: role.to_owned(),
        verdict: verdict.to_owned(),
        comment: comment.map(str::to_owned),
        decided_at: hour(at),
    }
}
