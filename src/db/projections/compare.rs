//! Compares stored rows with those that a log tells.

use super::{Rows, Table, Values, id_of};

/// A row that is not what the log tells.
#[derive(Debug)]
pub struct Differing {
    /// The id of the row.
    pub id: String,
    /// What the log tells. `None` for a row that was added.
    pub told: Option<Values>,
    /// What is stored. `None` for a row that is missing.
    pub stored: Option<Values>,
}

impl Differing {
    /// Returns the positions of the columns that differ. None of them if the whole row is missing, or was added.
    pub fn columns(&self) -> Vec<usize> {
        let (Some(told), Some(stored)) = (&self.told, &self.stored) else { return Vec::new() };
        told.iter().zip(stored).enumerate().filter(|(_, (told, stored))| told != stored).map(|(at, _)| at).collect()
    }
}

/// Returns the rows of a table that are not what the log tells.
pub fn differing(table: &Table, told: &Rows, stored: Vec<Values>) -> Vec<Differing> {
    let mut found = Vec::new();
    let mut missing = told.clone();
    for row in stored {
        let id = id_of(&row);
        let told = missing.remove(&id);
        if told.as_ref() != Some(&row) {
            found.push(Differing { id, told, stored: Some(row) });
        }
    }
    // A request may have gone without an entry: it has run out, or whoever made it is no admin any more. Nothing can be
    // done by way of a request that is not there.
    if table.name != "confirmations" {
        found.extend(missing.into_iter().map(|(id, told)| Differing { id, told: Some(told), stored: None }));
    }
    found
}
