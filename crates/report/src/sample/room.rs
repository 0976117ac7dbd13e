//! The room of the sample, and its parties.

use jiff::{SignedDuration, Timestamp};

use super::made_up::{time, uuid};
use crate::record::{PartyFacts, RoomFacts};

/// The title of the room.
pub(super) const TITLE: &str = "MT Ionian Grace / MT Fjord Venture – 80,000 t crude, Laconian Gulf";

/// The planned duration of the operation, in hours.
const DURATION: u64 = 36;

/// The parties: role, name, e-mail address, company and side.
pub(super) const PARTIES: &[[&str; 5]] = &[
    ["broker", "Aoife Ní Dhomhnaill", "aoife@harbour-brokers.example", "Harbour Brokers Ltd", ""],
    ["owner", "Καλλιόπη Παπαδοπούλου", "k.papadopoulou@aegean-tankers.example", "Aegean Tankers S.A.", "discharging"],
    ["owner", "Øystein Bjørnå", "oystein.bjorna@nordfjord.example", "Nordfjord Shipping AS", "receiving"],
    ["charterer", "Дмитро Шевченко", "d.shevchenko@blackstone-energy.example", "Blackstone Energy DMCC", ""],
    ["seller", "יעל בן-דוד", "yael.ben-david@levant-trading.example", "Levant Trading Ltd", "discharging"],
    ["buyer", "ليلى الحسيني", "layla@gulf-refining.example", "شركة الخليج للتكرير (Gulf Refining)", "receiving"],
];

/// Returns the time at which the vessels are expected.
pub(super) fn eta() -> Timestamp {
    time(0) + SignedDuration::from_hours(212)
}

/// Returns the planned end of the operation.
pub(super) fn planned_end() -> Timestamp {
    eta() + SignedDuration::from_hours(DURATION.cast_signed())
}

/// Returns the facts of the room.
pub(super) fn room() -> RoomFacts {
    RoomFacts {
        id: uuid("room", 0),
        title: TITLE.to_owned(),
        location: "Laconian Gulf, OPL Gytheio, 36°28′N 022°51′E".to_owned(),
        sts_eta: eta(),
        planned_duration_hours: Some(DURATION),
        description: Some(
            "Transfer of about 80,000 t of crude oil from MT Ionian Grace (discharging) to MT \
             Fjord Venture (receiving), underway. POAC and equipment by the appointed STS \
             provider. Coastal State to be notified at least 48 hours before commencement \
             (MARPOL Annex I, regulation 42)."
                .to_owned(),
        ),
        cargo_profile: Some("oil".to_owned()),
        status: "active".to_owned(),
        phase: "clearance".to_owned(),
        created_at: time(0),
        created_by: PARTIES[0][2].to_owned(),
    }
}

/// Returns the parties of the room.
pub(super) fn parties() -> Vec<PartyFacts> {
    let party = |(index, [role, name, email, company, side]): (u64, &[&str; 5])| PartyFacts {
        id: uuid("party", index),
        role: (*role).to_owned(),
        name: (*name).to_owned(),
        email: (*email).to_owned(),
        resembles: Vec::new(),
        company: Some((*company).to_owned()),
        side: (!side.is_empty()).then(|| (*side).to_owned()),
        added_at: time(index * 1_260),
    };
    (0..).zip(PARTIES).map(party).collect()
}
