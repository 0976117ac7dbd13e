//! The uploads and decisions of each document of the sample. Every state there is occurs.

use Expiry::{Assumed, Never, On};

/// A document: its type, its state and its versions.
pub(super) struct Slot {
    pub(super) code: &'static str,
    pub(super) status: &'static str,
    pub(super) waiver: Option<&'static str>,
    pub(super) versions: &'static [Upload],
}

/// A version: file, uploader, hour, last day, notes and decisions.
pub(super) type Upload = (&'static str, usize, u64, Expiry, Option<&'static str>, &'static [Verdict]);

/// The last day on which a version is valid.
pub(super) enum Expiry {
    Never,
    On(i16, i8, i8),
    Assumed(i16, i8, i8),
}

/// A decision: party, verdict, comment and hour.
pub(super) type Verdict = (usize, &'static str, Option<&'static str>, u64);

const YES: &str = "approved";
const SUBJECTS: &str = "approved_with_subjects";
const NO: &str = "rejected";

/// The parties that upload and decide, by their index: the owners of both vessels, and the charterer.
const IONIAN: usize = 1;
const FJORD: usize = 2;
const CHARTERER: usize = 3;

pub(super) const OF_IONIAN_GRACE: &[Slot] = &[
    slot(
        "Q88",
        "approved",
        &[
            (
                "Q88 Ionian Grace rev 11.pdf",
                IONIAN,
                3,
                On(2026, 11, 30),
                None,
                &[(
                    FJORD,
                    NO,
                    Some("Section 8: manifold height above deck is missing; tank cleaning record is of 2024."),
                    20,
                )],
            ),
            (
                "Q88 Ionian Grace rev 12.pdf",
                IONIAN,
                26,
                On(2026, 12, 16),
                Some("Sections 8 and 9 corrected"),
                &[
                    (FJORD, NO, Some("Manifold drawing still shows the arrangement before the 2023 dry-docking."), 30),
                    (CHARTERER, YES, None, 33),
                    (FJORD, SUBJECTS, Some("Subject to manifold arrangement being re-measured on arrival."), 52),
                ],
            ),
        ],
    ),
    slot(
        "STS_CL1",
        "approved",
        &[("checklist-1_ionian-grace_signed.pdf", IONIAN, 28, Never, None, &[(FJORD, YES, None, 53)])],
    ),
    slot(
        "SIRE",
        "approved",
        &[(
            "SIRE 2.0 report 2026-08-14.pdf",
            IONIAN,
            5,
            Assumed(2027, 8, 14),
            None,
            &[(CHARTERER, YES, None, 34), (FJORD, YES, None, 54)],
        )],
    ),
    slot(
        "CREW_MATRIX",
        "expired",
        &[("Officer matrix 10-Nov.xlsx", IONIAN, 6, Assumed(2026, 11, 24), None, &[(FJORD, YES, None, 54)])],
    ),
    slot(
        "CLASS_CERT",
        "approved",
        &[("LR class certificate + status 2026-11.pdf", IONIAN, 7, On(2029, 6, 30), None, &[(FJORD, YES, None, 55)])],
    ),
    slot(
        "IOPP",
        "approved",
        &[("IOPP + Supplement B.pdf", IONIAN, 7, On(2029, 6, 30), None, &[(FJORD, YES, None, 55)])],
    ),
    slot("ISM_SMC", "under_review", &[("SMC και DOC (Aegean Tankers).pdf", IONIAN, 9, On(2028, 3, 14), None, &[])]),
    slot(
        "P_AND_I",
        "approved",
        &[("P&I entry Ionian Grace 2026.pdf", IONIAN, 10, On(2027, 2, 20), None, &[(CHARTERER, YES, None, 35)])],
    ),
    slot(
        "SANCTIONS",
        "rejected",
        &[(
            "screening_9389019_2026-11-20.pdf",
            0,
            100,
            Assumed(2026, 11, 27),
            None,
            &[
                (FJORD, YES, None, 110),
                (
                    CHARTERER,
                    NO,
                    Some("Screening covers vessel and owner, not the technical manager. Run it again."),
                    120,
                ),
            ],
        )],
    ),
    slot("AIS_DECL", "missing", &[]),
    slot(
        "OWNER_CONSENT",
        "approved",
        &[("Consent Nordfjord → Ionian Grace.pdf", FJORD, 130, Never, None, &[(CHARTERER, YES, None, 131)])],
    ),
];

pub(super) const OF_FJORD_VENTURE: &[Slot] = &[
    slot(
        "Q88",
        "approved",
        &[("Q88_FJORD_VENTURE_nov26.pdf", FJORD, 8, On(2026, 12, 10), None, &[(IONIAN, YES, None, 60)])],
    ),
    slot("SIRE", "missing", &[]),
    slot(
        "CREW_MATRIX",
        "rejected",
        &[(
            "Offisersmatrise 14.11.xlsx",
            FJORD,
            11,
            Assumed(2026, 11, 28),
            None,
            &[(IONIAN, NO, Some("Less than one year in rank for both Master and Chief Officer."), 62)],
        )],
    ),
    slot(
        "CLASS_CERT",
        "approved",
        &[(
            "DNV class certificate.pdf",
            FJORD,
            12,
            On(2027, 12, 1),
            None,
            &[(
                IONIAN,
                SUBJECTS,
                Some("Condition of class no. 3 (ballast pump no. 2) to be closed before arrival."),
                63,
            )],
        )],
    ),
    slot("IOPP", "approved", &[("IOPP.pdf", FJORD, 12, On(2027, 12, 1), None, &[(IONIAN, YES, None, 63)])]),
    slot(
        "STS_PLAN",
        "under_review",
        &[("STS operations plan rev 4, approved by DNV for NMA.pdf", FJORD, 70, Never, None, &[])],
    ),
    slot(
        "P_AND_I",
        "approved",
        &[("Gard certificate of entry.pdf", FJORD, 13, On(2027, 2, 20), None, &[(IONIAN, YES, None, 64)])],
    ),
    slot(
        "MOORING_PLAN",
        "approved",
        &[
            ("mooring arrangement A3.pdf", FJORD, 14, Never, None, &[(IONIAN, NO, Some("Scan is not readable."), 40)]),
            (
                "mooring arrangement A3 (2).pdf",
                FJORD,
                44,
                Never,
                None,
                &[(IONIAN, NO, Some("Fairlead capacities are missing."), 50)],
            ),
            (
                "mooring arrangement A3 final.pdf",
                FJORD,
                58,
                Never,
                Some("With SWL of all fairleads and bitts"),
                &[(IONIAN, YES, None, 65), (CHARTERER, YES, None, 66)],
            ),
        ],
    ),
];

pub(super) const OF_FENDER_BARGE: &[Slot] = &[Slot {
    code: "CLASS_CERT",
    status: "missing",
    waiver: Some("Unclassed harbour craft; local survey certificate seen by the POAC."),
    versions: &[],
}];

pub(super) const OF_THE_ROOM: &[Slot] = &[
    slot("COMPAT", "under_review", &[("OPTIMOOR study rev B.pdf", 0, 90, Never, None, &[(FJORD, YES, None, 99)])]),
    slot(
        "RISK_ASSESS",
        "rejected",
        &[(
            "Risk assessment Laconian Gulf.docx",
            0,
            60,
            Never,
            None,
            &[(4, NO, Some("Weather limits for approach are missing; wind above 25 kn is not addressed."), 80)],
        )],
    ),
    slot(
        "POAC_QUAL",
        "approved",
        &[(
            "POAC CV and certificates.pdf",
            0,
            40,
            Assumed(2027, 11, 18),
            None,
            &[(IONIAN, YES, None, 70), (FJORD, YES, None, 71)],
        )],
    ),
    slot(
        "FENDER_CERT",
        "approved",
        &[("Fendring – sertifikat nr. 2026-0481.pdf", FJORD, 41, On(2027, 5, 2), None, &[(IONIAN, YES, None, 72)])],
    ),
    slot("HOSE_CERT", "missing", &[]),
    slot("NOTIF_48H", "under_review", &[("MARPOL reg 42 notice to HCG.pdf", 0, 146, Never, None, &[])]),
    Slot {
        code: "LOI",
        status: "missing",
        waiver: Some("Bills of lading travel with the vessel: no letter of indemnity is asked for."),
        versions: &[],
    },
];

const fn slot(code: &'static str, status: &'static str, versions: &'static [Upload]) -> Slot {
    Slot { code, status, waiver: None, versions }
}
