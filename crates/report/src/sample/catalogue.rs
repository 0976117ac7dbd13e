//! The types of the sample's documents, as the server's catalogue has them.

/// A type: code, name, category, requirement, criticality and gate.
pub(super) type Type = [&'static str; 6];

const CATALOGUE: &[Type] = &[
    ["Q88", "Vessel particulars questionnaire (Q88 / VPQ)", "vetting", "required", "high", "clearance"],
    [
        "STS_CL1",
        "STS checklist 1: prior fixture / compatibility questionnaire",
        "checklist",
        "required",
        "high",
        "clearance",
    ],
    ["SIRE", "SIRE / CDI inspection report or date", "vetting", "conditional", "med", "clearance"],
    ["CREW_MATRIX", "Officer matrix", "crew", "conditional", "med", "clearance"],
    ["CLASS_CERT", "Class certificate with class status report", "class", "required", "high", "clearance"],
    ["SAFETY_CERT", "Cargo ship safety certificates", "statutory", "required", "high", "clearance"],
    ["IOPP", "IOPP certificate with supplement Form B", "statutory", "conditional", "high", "clearance"],
    ["ISM_SMC", "Safety management certificate with company DOC", "statutory", "required", "high", "clearance"],
    ["STS_PLAN", "Approved STS operations plan", "statutory", "conditional", "high", "clearance"],
    ["P_AND_I", "P&I certificate of entry", "insurance", "required", "high", "clearance"],
    [
        "CLC",
        "CLC certificate (with bunker and wreck removal certificates)",
        "insurance",
        "conditional",
        "high",
        "clearance",
    ],
    [
        "SANCTIONS",
        "Sanctions screening of vessel, owner, manager and cargo parties",
        "compliance",
        "required",
        "high",
        "clearance",
    ],
    ["AIS_DECL", "AIS continuity declaration", "compliance", "required", "high", "clearance"],
    [
        "OWNER_CONSENT",
        "Owner / Master clearance reply on the nominated vessel",
        "clearance",
        "required",
        "high",
        "planning",
    ],
    ["COMPAT", "Ship-to-ship compatibility and mooring study", "planning", "required", "high", "clearance"],
    ["MOORING_PLAN", "Mooring, general arrangement and manifold drawings", "planning", "required", "high", "clearance"],
    ["RISK_ASSESS", "Operation-specific risk assessment", "planning", "required", "high", "planning"],
    ["POAC_QUAL", "POAC / STS superintendent CV and certificates", "provider", "required", "high", "planning"],
    ["FENDER_CERT", "Fender certificates and inspection log", "provider", "required", "high", "planning"],
    ["HOSE_CERT", "Cargo hose test certificates", "provider", "conditional", "high", "planning"],
    ["PROVIDER_VER", "STS service provider verification and insurance", "provider", "optional", "med", "planning"],
    ["NOTIF_48H", "Coastal State notification with acknowledgement", "authority", "conditional", "high", "arrival"],
    ["LOI", "Letters of indemnity / charterers' STS instructions", "commercial", "conditional", "high", "transfer"],
];

/// Returns the type with this code.
pub(super) fn by_code(code: &str) -> Type {
    CATALOGUE.iter().copied().find(|[known, ..]| *known == code).expect("the sample names types of its catalogue")
}
