//! The documents that the demo's parties upload, and the decisions of the others on them.

use Fate::{Approved, Rejected, Replaced, Subjects, Unseen, Waived};

/// What becomes of a document.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    /// Uploaded, and not decided on yet.
    Unseen,
    /// Approved, without any subjects.
    Approved,
    /// Approved with these subjects.
    Subjects(&'static str),
    /// Rejected for this reason.
    Rejected(&'static str),
    /// Rejected for this reason, uploaded again, and approved then.
    Replaced(&'static str),
    /// Waived for this reason, and never uploaded.
    Waived(&'static str),
}

/// A document of the demo: what it is, and what becomes of it.
pub(super) struct Paper {
    /// The code of the document's type.
    pub(super) kind: &'static str,
    /// The index of the ship in [`super::cast::tankers`]; `None` for a document of the STS operation.
    pub(super) ship: Option<usize>,
    /// The name of the person who uploads it.
    pub(super) by: &'static str,
    /// The name of the person who decides on it.
    pub(super) judge: &'static str,
    /// The name of the file.
    pub(super) file: &'static str,
    /// For how many days from now it is valid; `None` if its uploader gives no day.
    pub(super) valid_days: Option<i64>,
    /// What becomes of the document.
    pub(super) fate: Fate,
}

/// A document of a ship, on which the other ship's owner decides.
const fn of(ship: usize, kind: &'static str, file: &'static str, valid_days: Option<i64>, fate: Fate) -> Paper {
    let (by, judge) = if ship == 0 { ("owner", "receiver") } else { ("receiver", "owner") };
    Paper { kind, ship: Some(ship), by, judge, file, valid_days, fate }
}

/// A document of the STS operation, on which the charterer decides.
const fn shared(
    kind: &'static str,
    by: &'static str,
    file: &'static str,
    valid_days: Option<i64>,
    fate: Fate,
) -> Paper {
    Paper { kind, ship: None, by, judge: "charterer", file, valid_days, fate }
}

/// The documents, in the order in which they are uploaded. Those that are not listed here are missing in the room.
#[rustfmt::skip]
pub(super) const PAPERS: &[Paper] = &[
    of(0, "Q88", "Q88 Aegean Star rev 11.pdf", Some(24), Replaced("Section 8: the manifold's height above deck is missing")),
    of(0, "STS_CL1", "Checklist 1 Aegean Star signed.pdf", None, Approved),
    of(0, "SIRE", "SIRE 2.0 Aegean Star.pdf", Some(263), Approved),
    of(0, "CREW_MATRIX", "Officer matrix Aegean Star.pdf", Some(12), Approved),
    of(0, "CREW_LIST", "Crew list Ελληνικά.pdf", None, Approved),
    of(0, "CLASS_CERT", "LR class certificate and status.pdf", Some(947), Subjects("Condition of class no. 3 (ballast pump no. 2) to be closed before arrival")),
    of(0, "SAFETY_CERT", "Safety certificates.pdf", Some(947), Approved),
    of(0, "LOAD_LINE", "International load line certificate.pdf", Some(947), Approved),
    of(0, "IOPP", "IOPP with Form B.pdf", Some(947), Approved),
    of(0, "ISM_SMC", "SMC and DOC Aegean Star.pdf", Some(480), Unseen),
    of(0, "ISSC", "ISSC.pdf", Some(480), Approved),
    of(0, "SOPEP", "SOPEP approval page.pdf", None, Approved),
    of(0, "STS_PLAN", "STS operations plan, approved.pdf", None, Approved),
    of(0, "P_AND_I", "P and I certificate of entry.pdf", Some(2), Approved),
    of(0, "CLC", "CLC certificate.pdf", Some(87), Approved),
    of(0, "SANCTIONS", "Screening Aegean Star.pdf", Some(6), Approved),
    of(0, "AIS_DECL", "AIS continuity declaration.pdf", None, Rejected("The gap of 7 hours on 14 November is not explained")),
    of(0, "OWNER_CONSENT", "Consent to Northern Light.pdf", None, Approved),
    of(0, "MOORING_PLAN", "General arrangement and manifold.pdf", None, Replaced("Fairlead capacities are not legible")),
    of(1, "Q88", "Q88_NORTHERN_LIGHT.pdf", Some(25), Approved),
    of(1, "STS_CL1", "Checklist 1 Северное сияние.pdf", None, Approved),
    of(1, "SIRE", "SIRE report Northern Light.pdf", Some(120), Approved),
    of(1, "CREW_LIST", "Crew list Northern Light.pdf", None, Unseen),
    of(1, "CLASS_CERT", "DNV class certificate.pdf", Some(611), Approved),
    of(1, "SAFETY_CERT", "Safety certificates DNV.pdf", Some(611), Approved),
    of(1, "LOAD_LINE", "Load line.pdf", Some(611), Approved),
    of(1, "IOPP", "IOPP.pdf", Some(611), Approved),
    of(1, "ISM_SMC", "SMC og DOC.pdf", Some(702), Approved),
    of(1, "ISSC", "ISSC Northern Light.pdf", Some(702), Approved),
    of(1, "SOPEP", "SOPEP.pdf", None, Approved),
    of(1, "STS_PLAN", "STS plan rev 4.pdf", None, Approved),
    of(1, "P_AND_I", "Gard certificate of entry.pdf", Some(86), Approved),
    of(1, "CLC", "", None, Waived("In ballast: she carries no oil as cargo before the transfer")),
    of(1, "SANCTIONS", "Screening Northern Light.pdf", None, Approved),
    of(1, "AIS_DECL", "AIS declaration.pdf", None, Approved),
    of(1, "MOORING_PLAN", "Mooring arrangement A3.pdf", None, Approved),
    shared("COMPAT", "broker", "Compatibility and mooring study.pdf", None, Subjects("To be run again if her draught on arrival exceeds 12.5 m")),
    shared("CARGO_CERTS", "seller", "Certificates of quantity, quality and origin.pdf", None, Unseen),
    shared("POAC_QUAL", "broker", "POAC CV and certificates.pdf", Some(210), Approved),
    shared("FENDER_CERT", "broker", "Fender certificates.pdf", Some(180), Approved),
    shared("HOSE_CERT", "broker", "Hose tests 2025.pdf", Some(-30), Unseen),
    shared("CARGO_SDS", "seller", "SDS crude oil.pdf", None, Approved),
    shared("RISK_ASSESS", "broker", "Risk assessment rev 2.pdf", None, Rejected("Wind above 25 knots during the approach is not addressed")),
    shared("PORT_PERMIT", "broker", "", None, Waived("Outside port limits: no permission is needed there")),
    shared("NOTIF_48H", "broker", "Notification to the coastal State.pdf", None, Approved),
];
