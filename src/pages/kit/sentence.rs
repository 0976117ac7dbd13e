//! Entries of a log as sentences with links. The words are in [`room::sentence`].

use std::collections::HashMap;

use maud::{Markup, html};
use room::{
    RoomState,
    sentence::{self, Piece},
};

use super::{show::label, who::Who, words};
use crate::db::{activity::Entry, snapshots::Titled};

/// The things that sentences can call by their names and link to.
#[derive(Default)]
pub(crate) struct Known<'a> {
    room: Option<&'a RoomState>,
    snapshots: HashMap<String, String>,
    who: Who,
}

impl<'a> Known<'a> {
    /// Returns what is in a room now; what was deleted since is named as the entry has it.
    pub(crate) fn in_room(room: &'a RoomState, snapshots: Vec<Titled>, who: Who) -> Self {
        let snapshots = snapshots.into_iter().map(|snapshot| (snapshot.id.to_string(), snapshot.title)).collect();
        Self { room: Some(room), snapshots, who }
    }

    /// Returns the names of people.
    pub(crate) fn who(&self) -> &Who {
        &self.who
    }

    fn piece(&self, piece: &Piece<'_>) -> Markup {
        match (piece, self.room) {
            (Piece::Person(address), _) => self.who.named(address),
            (Piece::Document { id, .. }, Some(room)) => document(id, room).unwrap_or_else(|| words::plain(piece)),
            (Piece::Snapshot { id, .. }, Some(room)) => self.snapshot(id, room).unwrap_or_else(|| words::plain(piece)),
            _ => words::plain(piece),
        }
    }

    /// Returns a snapshot by its title, with a link. `None` if it was deleted since.
    fn snapshot(&self, id: &str, room: &RoomState) -> Option<Markup> {
        let title = self.snapshots.get(id)?;
        Some(html! { a href={ "/rooms/" (room.room.id) "/snapshots/" (id) } { "“" (title) "”" } })
    }
}

/// Returns a document by its name, with a link. `None` if it is not open any more.
fn document(id: &str, room: &RoomState) -> Option<Markup> {
    let document = room.documents.iter().find(|document| document.slot.id.to_string() == id)?;
    Some(html! { a href={ "/rooms/" (room.room.id) "/documents/" (id) } { (room.title_of(&document.slot)) } })
}

/// Returns an entry as what follows the name of who did it.
pub(crate) fn render_entry(entry: &Entry, known: &Known<'_>) -> Markup {
    html! {
        @match sentence::of_entry(&entry.action, &entry.meta) {
            Some(pieces) => { @for piece in &pieces { (known.piece(piece)) } },
            None => (label(&entry.action)),
        }
    }
}
