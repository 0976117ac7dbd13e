//! The cockpit: the viewer's rooms, each with its standing and its tasks.

use room::{Phase, Role, RoomState, Standing, bounds::LONGEST_LINE, search};

use super::todo::{self, Todo};
use crate::{
    app::App,
    db::{
        self, Page, Tx,
        rooms::{RoomOrder, Search},
        seek::{Found, Place, Seek},
    },
    domain::rooms,
    error::{Error, Result},
};

/// The most words that a search may have.
const MOST_WORDS: usize = 8;

/// A room of the cockpit.
#[derive(Debug, Clone)]
pub struct Row {
    /// The state of the room.
    pub state: RoomState,
    /// The standing of the STS operation.
    pub standing: Standing,
    /// The tasks in the room; a closed one has none.
    pub todo: Todo,
}

impl Row {
    /// Returns whether the ETA has passed and no transfer has begun.
    pub fn is_late(&self) -> bool {
        self.state.now > self.state.room.sts_eta && self.state.room.phase < Phase::Transfer
    }
}

/// The account that looks at the cockpit.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// The address of the account, by which parties are found.
    pub email: String,
    /// Whether the account is an admin's, who sees every room.
    pub is_admin: bool,
    /// The roles that may decide on documents.
    pub deciders: Vec<Role>,
}

/// The filter of the rooms.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Folded words, each of which is part of something that the room is found by.
    pub words: Vec<String>,
    /// Only rooms in this phase.
    pub phase: Option<Phase>,
    /// Whether closed rooms are included.
    pub closed: bool,
    /// Only rooms in which something waits for the viewer.
    pub waits_for_me: bool,
    /// The order of the open rooms.
    pub order: RoomOrder,
}

/// What a room is found by, as people are told.
pub const SEARCHED: &str = "title, place, description, vessels (name, IMO number), parties (name, company, address) and \
                            documents (type, file name)";

/// Splits the text of a search for rooms into its words, and folds them.
pub fn words(typed: &str) -> Result<Vec<String>> {
    let words = search::words(typed);
    if words.is_empty() && !typed.trim().is_empty() {
        return Err(Error::field("q", "has nothing to search for: what it is made of is not seen, or is an accent"));
    }
    if typed.chars().count() > LONGEST_LINE || words.len() > MOST_WORDS {
        let most = format!("must be at most {MOST_WORDS} words and {LONGEST_LINE} characters long");
        return Err(Error::field("q", most));
    }
    Ok(words)
}

/// Returns a part of the rooms that the filter lets through.
pub async fn read(app: &App, viewer: Viewer, wanted: Wanted, seek: &Seek) -> Result<Found<Row>> {
    let (now, retention_years, in_tx) = (app.now(), app.config.retention_years, app.clone());
    let Wanted { words, phase, closed, waits_for_me, order } = wanted;
    // Something can only wait for a party, so the search leaves out rooms in which the viewer, an admin, is none.
    let among = waits_for_me.then(|| viewer.email.clone());
    let conditions = Search { words, phase, closed, among, order };
    let (seek, all) = (seek.clone(), Page { limit: i64::MAX, offset: 0 });
    let read = async move |tx: &mut Tx| {
        let party = (!viewer.is_admin).then_some(viewer.email.as_str());
        // What waits for somebody follows from the state, which SQL does not know: read all rooms, and cut afterwards.
        let part = if waits_for_me { all.into() } else { seek.clone() };
        let (rooms, total, page) = db::rooms::search(tx, party, &conditions, &part).await?;
        let mut rows = Vec::new();
        for room in rooms {
            rows.push(row(rooms::state::of(tx, &in_tx, room, now).await?, &viewer, retention_years));
        }
        if !waits_for_me {
            return Ok((rows, total, page));
        }
        let passed = match &seek.from {
            Some(anchor) => db::rooms::passed(tx, party, &conditions, anchor).await?,
            None => 0,
        };
        let passed = usize::try_from(passed).unwrap_or(usize::MAX);
        let place = Place { before: passed, through: passed };
        seek.cut(rows, |row| !row.todo.waiting_for_me.is_empty(), |_, _| Some(place))
    };
    app.db.read_at_length(read).await
}

fn row(state: RoomState, viewer: &Viewer, retention_years: u32) -> Row {
    let standing = Standing::of(&state, retention_years);
    let todo = match state.room.phase {
        // A closed room has no tasks.
        Phase::Closed => Todo::default(),
        _ => todo::of(&state, &standing, &viewer.email, &viewer.deciders),
    };
    Row { state, standing, todo }
}
