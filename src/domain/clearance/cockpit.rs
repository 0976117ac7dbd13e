//! The cockpit: the viewer's rooms, each with its standing and its tasks.

use room::{Phase, Role, RoomState, Standing, bounds::LONGEST_LINE};

use super::todo::{self, Todo};
use crate::{
    app::App,
    db::{
        self, Page, Tx,
        rooms::{RoomOrder, Search},
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
    /// Words, each of which is in the title, the location or the name of a vessel.
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

/// Splits the text of a search for rooms into its words.
pub fn words(typed: &str) -> Result<Vec<String>> {
    let words: Vec<_> = typed.split_whitespace().map(ToOwned::to_owned).collect();
    if typed.chars().count() > LONGEST_LINE || words.len() > MOST_WORDS {
        let most = format!("must be at most {MOST_WORDS} words and {LONGEST_LINE} characters long");
        return Err(Error::field("q", most));
    }
    Ok(words)
}

/// Returns a page of the rooms that the filter lets through, and how many there are.
pub async fn read(app: &App, viewer: Viewer, wanted: Wanted, page: Page) -> Result<(Vec<Row>, i64)> {
    let (now, retention_years, in_tx) = (app.now(), app.config.retention_years, app.clone());
    let Wanted { words, phase, closed, waits_for_me, order } = wanted;
    // Something can only wait for a party, so the search leaves out rooms in which the viewer, an admin, is none.
    let among = waits_for_me.then(|| viewer.email.clone());
    let search = Search { words, phase, closed, among, order };
    let all = Page { limit: i64::MAX, offset: 0 };
    let read = async move |tx: &mut Tx| {
        let party = (!viewer.is_admin).then_some(viewer.email.as_str());
        // What waits for somebody follows from the state, which SQL does not know: read all rooms, and page afterwards.
        let part = if waits_for_me { all } else { page };
        let (rooms, total) = db::rooms::search(tx, party, &search, part).await?;
        let mut rows = Vec::new();
        for room in rooms {
            let row = row(rooms::state::of(tx, &in_tx, room, now).await?, &viewer, retention_years);
            if !waits_for_me || !row.todo.waiting_for_me.is_empty() {
                rows.push(row);
            }
        }
        Ok(if waits_for_me { page_of(rows, page) } else { (rows, total) })
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

fn page_of(rows: Vec<Row>, page: Page) -> (Vec<Row>, i64) {
    let [limit, offset] = [page.limit, page.offset].map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    (rows.into_iter().skip(offset).take(limit).collect(), total)
}
