//! Which folder may use which: the layers as rows, from the top down.
//!
//! A folder or file may import only from rows below its own. Folders in one inner list are one room, and may use each
//! other; the rooms of a row may not.

use super::imports::Import;

/// The rows, each a list of rooms. A room is one or more folders, or a file in `src`. `dir` stands for the files
/// directly in it, `dir/*` also for those in its subfolders.
#[rustfmt::skip]
const ROWS: &[&[&[&str]]] = &[
    &[&["src/main.rs"]],
    &[&["src/cli/*"]],
    &[&["src/web"], &["src/jobs"], &["src/witness"]],
    &[&["src/api"], &["src/pages", "src/pages/admin", "src/pages/room/*"]],
    &[&["src/pages/kit"]],
    &[&["src/http"]],
    &[&["src/domain/backup"]],
    &[&["src/domain"], &["src/domain/lifecycle"], &["src/domain/downloads"], &["src/domain/news"], &["src/domain/fsck"]],
    &[&["src/domain/snapshots/*"]],
    &[&["src/domain/clearance"], &["src/domain/retention"]],
    &[&["src/domain/documents"]],
    &[&["src/domain/rooms"]],
    &[&["src/domain/accounts"], &["src/domain/heads_log"], &["src/domain/start"]],
    &[&["src/domain/mail"]],
    &[&["src/domain/log"]],
    &[&["src/domain/input"], &["src/policy.rs"]],
    &[&["src/app.rs"]],
    &[&["src/db", "src/db/projections"]],
    &[&["src/db/engine/*"]],
    &[&["src/at_hand"], &["src/children"], &["src/heads"], &["src/keys"], &["src/telemetry.rs"]],
    &[&["src/config.rs"]],
    &[&["src/witnesses.rs"], &["src/mail"]],
    &[&["src/authority.rs"], &["src/live.rs"], &["src/files"], &["src/evidence/*"], &["src/refusals.rs"], &["src/backups.rs"]],
    &[&["src/exchange.rs"], &["src/hashing.rs"], &["src/in_place.rs"], &["src/shares.rs"], &["src/network.rs"], &["src/portion.rs"], &["src/clock.rs"], &["src/random.rs"]],
    &[&["src/error.rs"]],
    &[&["src/lib.rs"]],
    &[&["crates/report/src/*"], &["crates/seal/src/*"], &["crates/preview/src/*"]],
    &[&["crates/room/src/*"], &["crates/pdf/src/*"]],
];

/// Returns the row and the room of a file, or `None` if no row has it.
fn room_of(file: &str) -> Option<(usize, usize)> {
    let fits = |place: &str| match place.strip_suffix("/*") {
        Some(folder) => file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')),
        None if file == place => true,
        None => file.strip_prefix(place).is_some_and(|rest| rest.rfind('/') == Some(0)),
    };
    let in_room = |(row, rooms): (usize, &&[&[&str]])| {
        rooms.iter().position(|places| places.iter().any(|place| fits(place))).map(|room| (row, room))
    };
    ROWS.iter().enumerate().find_map(in_room)
}

/// Returns the folders that are in no row.
pub(super) fn without_a_row(files: &[String]) -> Vec<String> {
    let mut folders: Vec<_> = files
        .iter()
        .filter(|file| room_of(file).is_none())
        .map(|file| super::imports::folder(file).display().to_string())
        .collect();
    folders.sort();
    folders.dedup();
    folders
}

/// Returns a sentence for each import that neither leads down nor stays in its room.
pub(super) fn upwards(imports: &[Import]) -> Vec<String> {
    let leads_up = |import: &&Import| {
        let (by, from) = (room_of(&import.by), room_of(&import.from));
        by != from && by.zip(from).is_some_and(|(by, from)| from.0 <= by.0)
    };
    let named = |import: &Import| format!("{} takes {} from {}", import.by, import.what, import.from);
    imports.iter().filter(leads_up).map(named).collect()
}
