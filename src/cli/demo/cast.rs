//! Who and what the demo tells of: its people and its ships.

use crate::{
    db::vessels::Particulars,
    domain::{Actor, Role, Side, VesselRole, VesselStatus, parties::NewParty, vessels::NewVessel},
};

/// A person: the name in the address, role, name, company, side.
pub(super) type Person = (&'static str, Role, &'static str, &'static str, Option<Side>);

/// The accounts.
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
    Actor::User { email: email(address), name: name.into(), role }
}

pub(super) fn party(address: &str) -> NewParty {
    let (address, role, name, company, side) = *person(address);
    NewParty { role, name: name.into(), email: email(address), company: Some(company.into()), side }
}

fn person(address: &str) -> &'static Person {
    PEOPLE.iter().find(|(known, ..)| *known == address).unwrap_or(&PEOPLE[0])
}

/// The ships of the operation under way.
pub(super) fn tankers() -> [NewVessel; 3] {
    let aegean_star = Particulars {
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
        charterer: None,
    };
    let northern_light = Particulars {
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
    };
    let barge = Particulars { vessel_type: Some("Fender barge".into()), ..Particulars::default() };
    [
        vessel("Aegean Star", VesselRole::Discharging, Ok("9389019"), aegean_star),
        vessel("Northern Light", VesselRole::Receiving, Ok("9512331"), northern_light),
        vessel("Estrecho Dos", VesselRole::Other, Err("Unpowered fender barge: no IMO number is issued to her"), barge),
    ]
}

/// The ships of the operation that is over.
pub(super) fn bulkers() -> [NewVessel; 2] {
    let bulker = |year| Particulars {
        vessel_type: Some("Panamax bulk carrier".into()),
        flag: Some("Marshall Islands".into()),
        year_built: Some(year),
        class_society: Some("ClassNK".into()),
        ..Particulars::default()
    };
    [
        vessel("Laconia Trader", VesselRole::Discharging, Ok("9305609"), bulker(2005)),
        vessel("Cape Matapan", VesselRole::Receiving, Ok("9427639"), bulker(2010)),
    ]
}

fn vessel(name: &str, role: VesselRole, number: Result<&str, &str>, more: Particulars) -> NewVessel {
    let Particulars { vessel_type, flag, owner, charterer, length_m, beam_m, draught_m, .. } = more;
    NewVessel {
        name: name.into(),
        imo_number: number.ok().map(str::to_owned),
        no_imo_reason: number.err().map(str::to_owned),
        role,
        status: VesselStatus::Active,
        vessel_type,
        flag,
        owner,
        charterer,
        length_m,
        beam_m,
        draught_m,
        gross_tonnage: more.gross_tonnage,
        deadweight_t: more.deadweight_t,
        year_built: more.year_built,
        class_society: more.class_society,
    }
}
