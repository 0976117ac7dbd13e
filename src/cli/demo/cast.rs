//! The people and the ships of the demo.

use room::{Role, Side, VesselDetails, VesselRole, VesselStatus};

use crate::domain::{log::Actor, rooms::parties::NewParty};

/// The password of every account of the demo.
pub(super) const PASSWORD: &str = "demo-clearance";
/// The title of the snapshot with which the story ends.
pub(super) const LAST_SNAPSHOT: &str = "Before the planning meeting";

/// A person: the name in the address, the role, the person's name, the company, the side.
pub(super) type Person = (&'static str, Role, &'static str, &'static str, Option<Side>);

/// The people who have accounts.
pub(super) const PEOPLE: [Person; 7] = [
    ("broker", Role::Broker, "Zoë Brandt-Müller", "Meridian Shipbrokers GmbH", None),
    ("owner", Role::Owner, "Ελένη Παπαδοπούλου", "Aegean Star Maritime A.E.", Some(Side::Discharging)),
    ("receiver", Role::Owner, "Наталья Соколова", "Northern Light Shipping", Some(Side::Receiving)),
    ("charterer", Role::Charterer, "José Ibáñez Calderón", "Calderón Trading S.A.", Some(Side::Receiving)),
    ("seller", Role::Seller, "خالد المنصوري", "Gulf Crude Supply", Some(Side::Discharging)),
    ("buyer", Role::Buyer, "Ingrid Sørensen", "Skagerrak Refining AS", Some(Side::Receiving)),
    ("admin", Role::Admin, "Platform Admin", "STS Clearance", None),
];

pub(super) fn email(address: &str) -> String {
    format!("{address}@demo.example")
}

pub(super) fn actor(address: &str) -> Actor {
    let (address, role, name, ..) = *person(address);
    Actor::User { email: email(address), name: name.into(), role, roles: role.into(), session: None }
}

pub(super) fn party(address: &str) -> NewParty {
    let (address, role, name, company, side) = *person(address);
    let (name, email, company) = (name.into(), email(address), Some(company.into()));
    NewParty { role: Some(role), roles: Vec::new(), name, email, company, side }
}

fn person(address: &str) -> &'static Person {
    PEOPLE.iter().find(|(known, ..)| *known == address).unwrap_or(&PEOPLE[0])
}

/// The ships of the STS operation that is under way.
pub(super) fn tankers() -> [VesselDetails; 3] {
    [
        VesselDetails {
            vessel_type: Some("Aframax crude tanker".into()),
            flag: Some("Greece".into()),
            owner: Some("Aegean Star Maritime A.E.".into()),
            length_m: Some(249.9),
            beam_m: Some(44.0),
            draught_m: Some(14.8),
            gross_tonnage: Some(62_877),
            deadweight_t: Some(112_871),
            year_built: Some(2009),
            class_society: Some("Lloyd's Register".into()),
            ..vessel("Aegean Star", VesselRole::Discharging, Ok("9389019"))
        },
        VesselDetails {
            vessel_type: Some("Suezmax crude tanker".into()),
            flag: Some("Norway (NIS)".into()),
            owner: Some("Northern Light Shipping".into()),
            charterer: Some("Calderón Trading S.A.".into()),
            length_m: Some(274.2),
            beam_m: Some(48.0),
            draught_m: Some(17.1),
            gross_tonnage: Some(81_380),
            deadweight_t: Some(158_574),
            year_built: Some(2012),
            class_society: Some("DNV".into()),
            ..vessel("Northern Light", VesselRole::Receiving, Ok("9512331"))
        },
        VesselDetails {
            vessel_type: Some("Fender barge".into()),
            ..vessel("Estrecho Dos", VesselRole::Other, Err("Unpowered fender barge: no IMO number is issued to her"))
        },
    ]
}

/// The ships of the STS operation that is over.
pub(super) fn bulkers() -> [VesselDetails; 2] {
    let bulker = |name, role, number, year_built| VesselDetails {
        vessel_type: Some("Panamax bulk carrier".into()),
        flag: Some("Marshall Islands".into()),
        year_built: Some(year_built),
        class_society: Some("ClassNK".into()),
        ..vessel(name, role, Ok(number))
    };
    [
        bulker("Laconia Trader", VesselRole::Discharging, "9305609", 2005),
        bulker("Cape Matapan", VesselRole::Receiving, "9427639", 2010),
    ]
}

/// Returns a vessel of which nothing is known but its name, its role, and its IMO number or the reason why it has none.
fn vessel(name: &str, role: VesselRole, number: Result<&str, &str>) -> VesselDetails {
    VesselDetails {
        name: name.into(),
        imo_number: number.ok().map(str::to_owned),
        no_imo_reason: number.err().map(str::to_owned),
        role,
        status: VesselStatus::Active,
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
    }
}
