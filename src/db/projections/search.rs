//! What a search finds a room by: the rows of `search_texts`, folded, so that both databases compare them alike.
//!
//! One row is the room's, with the types of its slots; each party, each vessel and each version has another, so that an
//! upload writes no more than its own. All who may list a room may read all of this in it, so that one text is for all.

use std::collections::BTreeSet;

use room::{
    Document, Party, Room, RoomId, Version, Vessel, address,
    fold::{Part, State},
    search::{VERSION, fold},
};

use super::{
    Rows, Value, Values, keyed,
    write::{Change, put},
};
use crate::{
    db::{self, Tx},
    error::Result,
};

/// The name of the table.
const TABLE: &str = "search_texts";

fn row<'a>(id: impl ToString, room: RoomId, texts: impl IntoIterator<Item = &'a str>) -> Values {
    let texts: Vec<_> = texts.into_iter().collect();
    vec![Value::text(id), Value::text(room), Value::Integer(VERSION), Value::Text(fold(&texts.join("\n")))]
}

fn room_row<'a>(room: &Room, slots: impl Iterator<Item = &'a Document>) -> Values {
    // Each type once, although every vessel has a slot of it.
    let types: BTreeSet<_> = slots.flat_map(|slot| [&*slot.document_type, &*slot.name]).collect();
    let texts = [&*room.title, &*room.location].into_iter().chain(room.description.as_deref()).chain(types);
    row(room.id, room.id, texts)
}

fn party_row(room: RoomId, party: &Party) -> Values {
    let unicode = address::in_unicode(&party.email);
    let texts = [&*party.name, &*party.email, &*unicode].into_iter().chain(party.company.as_deref());
    row(party.id, room, texts)
}

fn vessel_row(room: RoomId, vessel: &Vessel) -> Values {
    let imo_number = vessel.details.imo_number.as_ref().map(|number| format!("IMO{number}"));
    row(vessel.id, room, [&*vessel.details.name].into_iter().chain(imo_number.as_deref()))
}

fn version_row(room: RoomId, version: &Version) -> Values {
    row(version.id, room, [&*version.file_name])
}

/// Returns the rows as the log of a room tells them.
pub(super) fn rows(state: &State) -> Rows {
    let room = state.room.id;
    let slots = state.documents.values();
    let versions = slots.clone().flat_map(|slot| &slot.uploads).map(|upload| version_row(room, &upload.version));
    let own = room_row(&state.room, slots.map(|slot| &slot.document));
    let parties = state.parties.values().map(|party| party_row(room, party));
    let vessels = state.vessels.values().map(|vessel| vessel_row(room, vessel));
    keyed([own].into_iter().chain(parties).chain(vessels).chain(versions))
}

/// Returns what becomes of the rows if these parts of a room have changed.
pub(super) fn changes(state: &State, parts: &[Part]) -> Vec<Change> {
    let room = state.room.id;
    let mut changes = Vec::new();
    if parts.iter().any(|part| matches!(part, Part::Room | Part::Document(_))) {
        let own = room_row(&state.room, state.documents.values().map(|slot| &slot.document));
        changes.push(Change::of(TABLE, &room, Some(own)));
    }
    changes.extend(parts.iter().filter_map(|part| match part {
        Part::Party(id) => Some(Change::of(TABLE, id, state.parties.get(id).map(|party| party_row(room, party)))),
        Part::Vessel(id) => Some(Change::of(TABLE, id, state.vessels.get(id).map(|vessel| vessel_row(room, vessel)))),
        Part::Version(document, id) => {
            let upload = state.upload(*document, *id);
            Some(Change::of(TABLE, id, upload.map(|upload| version_row(room, &upload.version))))
        }
        _ => None,
    }));
    changes
}

/// Returns the rooms that no search finds, since they are from before there were such rows, or by what another version
/// of the folding made of their texts.
pub async fn outdated(tx: &mut Tx) -> Result<Vec<RoomId>> {
    let sql = "SELECT r.id FROM rooms r
               WHERE NOT EXISTS (SELECT 1 FROM search_texts s WHERE s.id = r.id AND s.fold = ?1) ORDER BY r.id";
    tx.rows(sql, &[&VERSION]).await?.iter().map(|row| row.get(0)).collect()
}

/// Writes the rows of a room anew from its other rows.
pub async fn write_anew(tx: &mut Tx, room: RoomId) -> Result<()> {
    let Some(found) = db::rooms::find(tx, room).await? else { return Ok(()) };
    let slots = db::documents::all(tx, room).await?;
    let mut rows = vec![room_row(&found, slots.iter())];
    rows.extend(db::parties::all(tx, room).await?.iter().map(|party| party_row(room, party)));
    rows.extend(db::vessels::all(tx, room).await?.iter().map(|vessel| vessel_row(room, vessel)));
    rows.extend(db::document_versions::of_room(tx, room).await?.iter().map(|version| version_row(room, version)));
    tx.exec("DELETE FROM search_texts WHERE room_id = ?1", &[&room]).await?;
    for row in &rows {
        put(tx, TABLE, row).await?;
    }
    Ok(())
}
