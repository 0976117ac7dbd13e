//! The table `document_types`: the catalogue of documents that rooms ask for.

use room::{CargoProfile, DocumentType};

use super::{Row, Tx};
use crate::error::{Error, Result};

const COLUMNS: &str = "code, position, name, category, scope, requirement, profiles, criticality, validity_days,
    warn_days, gate, aliases, enabled, basis";
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
    })
}

/// Returns cargo profiles as the column has them.
pub fn profiles_as_text(profiles: &[CargoProfile]) -> String {
    if profiles.is_empty() {
        return ALL_PROFILES.to_owned();
    }
    profiles.iter().map(|profile| profile.word()).collect::<Vec<_>>().join("|")
}

/// Returns aliases as the column has them.
pub fn aliases_as_text(aliases: &[String]) -> String {
    aliases.join("|")
}

/// Stores a document type, which may be new or changed.
pub async fn put(tx: &mut Tx, kind: &DocumentType) -> Result<()> {
    tx.exec(
        &format!(
            "INSERT INTO document_types ({COLUMNS})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT (code) DO UPDATE SET name = ?3, category = ?4, scope = ?5, requirement = ?6, profiles = ?7,
                criticality = ?8, validity_days = ?9, warn_days = ?10, gate = ?11, aliases = ?12, enabled = ?13,
                basis = ?14"
        ),
        &[
            &kind.code,
            &kind.position,
            &kind.name,
            &kind.category,
            &kind.scope,
            &kind.requirement,
            &profiles_as_text(&kind.profiles),
            &kind.criticality,
            &kind.validity_days,
            &kind.warn_days,
            &kind.gate,
            &aliases_as_text(&kind.aliases),
            &kind.enabled,
            &kind.basis,
        ],
    )
    .await
    .map(drop)
}

/// Returns the catalogue, in its order.
pub async fn all(tx: &mut Tx) -> Result<Vec<DocumentType>> {
    tx.rows(&format!("SELECT {COLUMNS} FROM document_types ORDER BY position, code"), &[])
        .await?
        .iter()
        .map(from_row)
        .collect()
}
