//! The vessels of the sample, and their clearance by the parties.

use super::made_up::{hour, uuid};
use super::room::PARTIES;
use crate::record::{ApprovalFacts, VesselFacts};

/// Returns the vessels: two tankers, and a barge without an IMO number.
pub(super) fn vessels() -> Vec<VesselFacts> {
    vec![ionian_grace(), fjord_venture(), fender_barge()]
}

fn ionian_grace() -> VesselFacts {
    VesselFacts {
        imo_number: Some("9389019".to_owned()),
        vessel_type: Some("Crude oil tanker, Aframax".to_owned()),
        flag: Some("Greece".to_owned()),
        owner: Some("Aegean Tankers S.A.".to_owned()),
        charterer: Some("Blackstone Energy DMCC".to_owned()),
        length_m: Some(249.97),
        beam_m: Some(43.8),
        draught_m: Some(14.9),
        gross_tonnage: Some(62_877),
        deadweight_t: Some(112_871),
        year_built: Some(2009),
        class_society: Some("Lloyd's Register".to_owned()),
        ..named(0, "MT Ionian Grace", "discharging")
    }
}

fn fjord_venture() -> VesselFacts {
    VesselFacts {
        imo_number: Some("9512331".to_owned()),
        vessel_type: Some("Crude oil tanker, Suezmax".to_owned()),
        flag: Some("Norway (NIS)".to_owned()),
        owner: Some("Nordfjord Shipping AS".to_owned()),
        length_m: Some(274.2),
        beam_m: Some(48.04),
        draught_m: Some(17.15),
        gross_tonnage: Some(81_380),
        deadweight_t: Some(158_574),
        year_built: Some(2012),
        class_society: Some("DNV".to_owned()),
        ..named(1, "MT Fjord Venture", "receiving")
    }
}

fn fender_barge() -> VesselFacts {
    VesselFacts {
        no_imo_reason: Some("Unpowered fender barge of 64 GT: no IMO number is issued below 100 GT.".to_owned()),
        vessel_type: Some("Fender barge".to_owned()),
        flag: Some("Greece".to_owned()),
        gross_tonnage: Some(64),
        ..named(2, "Gytheio Φ-2", "other")
    }
}

fn named(index: u64, name: &str, role: &str) -> VesselFacts {
    VesselFacts {
        id: uuid("vessel", index),
        name: name.to_owned(),
        imo_number: None,
        no_imo_reason: None,
        role: role.to_owned(),
        status: "active".to_owned(),
        vessel_type: None,
        flag: None,
        owner: None,
        charterer: None,
        length_m: None,
        beam_m: None,
        draught_m: None,
        gross_tonnage: None,
        deadweight_t: None,
        year_built: None,
        class_society: None,
        added_at: hour(2 + index),
    }
}

/// The clearances: vessel, party, status, comment and hour.
const APPROVALS: &[(usize, usize, &str, Option<&str>, u64)] = &[
    (0, 2, "approved", None, 150),
    (
        0,
        3,
        "approved_with_subjects",
        Some("Subject to Master's confirmation that the cargo is delivered within vapour pressure limits."),
        152,
    ),
    (1, 1, "pending", None, 140),
    (
        1,
        4,
        "rejected",
        Some("Officer matrix shows less than one year in rank for both the Master and the Chief Officer."),
        161,
    ),
];

/// Returns the parties' clearances of the vessels.
pub(super) fn approvals(vessels: &[VesselFacts]) -> Vec<ApprovalFacts> {
    let approval = |(index, (vessel, party, status, comment, at)): (u64, &(usize, usize, &str, Option<&str>, u64))| {
        let [role, _, email, _, side] = PARTIES[*party];
        ApprovalFacts {
            id: uuid("approval", index),
            vessel_id: vessels[*vessel].id.clone(),
            by: email.to_owned(),
            role: role.to_owned(),
            side: (!side.is_empty()).then(|| side.to_owned()),
            status: (*status).to_owned(),
            comment: comment.map(str::to_owned),
            decided_at: hour(*at),
        }
    };
    (0..).zip(APPROVALS).map(approval).collect()
}
