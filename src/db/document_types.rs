//! The table `document_types`: the catalogue of documents that rooms ask for.

use room::{CargoProfile, DocumentType, Role, Roles};

use super::{Row, Tx};
use crate::error::{Error, Result};

const COLUMNS: &str = "code, position, name, category, scope, requirement, profiles, criticality, validity_days,
    warn_days, gate, aliases, enabled, basis, must_approve";
/// Separates the items of a list within a column.
const BETWEEN: char = '|';
/// Stands for all cargo profiles.
const ALL_PROFILES: &str = "*";

fn from_row(row: &Row) -> Result<DocumentType> {
    let (profiles, aliases): (String, String) = (row.get(6)?, row.get(11)?);
    let profiles = profiles.split(BETWEEN).filter(|word| ![ALL_PROFILES, ""].contains(word));
    let profiles: Result<_, _> = profiles.map(str::parse).collect();
    Ok(DocumentType {
        code: row.get(0)?,
        position: row.get(1)?,
        name: row.get(2)?,
        category: row.get(3)?,
        scope: row.get(4)?,
        requirement: row.get(5)?,
        profiles: profiles.map_err(|_| Error::internal("document_types: an unknown profile"))?,
        criticality: row.get(7)?,
        validity_days: row.get(8)?,
        warn_days: row.get(9)?,
        gate: row.get(10)?,
        aliases: aliases.split(BETWEEN).filter(|alias| !alias.is_empty()).map(str::to_owned).collect(),
        enabled: row.get(12)?,
        basis: row.get(13)?,
        must_approve: row.get::<Option<Roles>>(14)?.map(|roles| roles.iter().collect()).unwrap_or_default(),
    })
}

/// Returns cargo profiles as the column has them.
pub fn profiles_as_text(profiles: &[CargoProfile]) -> String {
    if profiles.is_empty() {
        return ALL_PROFILES.to_owned();
    }
    profiles.iter().map(|profile| profile.word()).collect::<Vec<_>>().join("|")
}

/// Returns roles as a column has them that is NULL where there are none.
pub fn roles_as_text(roles: &[Role]) -> Option<Roles> {
    Roles::of(roles.iter().copied())
}

/// Returns aliases as the column has them.
pub fn aliases_as_text(aliases: &[String]) -> String {
    aliases.join("|")
}

/// Returns the catalogue, in its order.
pub async fn all(tx: &mut Tx) -> Result<Vec<DocumentType>> {
    tx.rows(&format!("SELECT {COLUMNS} FROM document_types ORDER BY position, code"), &[])
        .await?
        .iter()
        .map(from_row)
        .collect()
}
