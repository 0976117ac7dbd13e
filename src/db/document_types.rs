//! `document_types`: the catalogue.

use super::{Row, Tx};
use crate::{
    domain::{CargoProfile, Criticality, Phase, Requirement, Scope},
    error::{Error, Result},
};

/// A type of document that operations ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentType {
    /// Code: `Q88`.
    pub code: String,
    /// Place in the catalogue.
    pub position: i64,
    /// Name.
    pub name: String,
    /// Such as `statutory`; a word of the catalogue's own.
    pub category: String,
    /// What it is asked of.
    pub scope: Scope,
    /// Whether it is needed, and when it may be waived.
    pub requirement: Requirement,
    /// The cargo profiles that ask for it; empty for all.
    pub profiles: Vec<CargoProfile>,
    /// How much hangs on it.
    pub criticality: Criticality,
    /// Days that a version is valid where nobody says otherwise.
    pub validity_days: Option<i64>,
    /// Days before its end from which it is told to run out.
    pub warn_days: Option<i64>,
    /// The phase that is not entered (`clearance`: not left) without it.
    pub gate: Phase,
    /// Codes of the earlier system.
    pub aliases: Vec<String>,
    /// Whether rooms open slots for it.
    pub enabled: bool,
    /// The rule or practice it rests on.
    pub basis: String,
}

impl DocumentType {
    /// Whether an operation with this cargo asks for it; without a cargo, what all ask for.
    pub fn fits(&self, profile: Option<CargoProfile>) -> bool {
        self.profiles.is_empty() || profile.is_some_and(|profile| self.profiles.contains(&profile))
    }
}

const COLUMNS: &str = "code, position, name, category, scope, requirement, profiles, criticality, validity_days,
    warn_days, gate, aliases, enabled, basis";
/// Parts lists within a column.
const BETWEEN: char = '|';
/// The profiles of a type that all ask for.
const ALL_PROFILES: &str = "*";

fn read(row: &Row) -> Result<DocumentType> {
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

fn joined(profiles: &[CargoProfile]) -> String {
    if profiles.is_empty() {
        return ALL_PROFILES.to_owned();
    }
    profiles.iter().map(|profile| profile.word()).collect::<Vec<_>>().join("|")
}

/// Stores a type, new or changed.
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
            &joined(&kind.profiles),
            &kind.criticality,
            &kind.validity_days,
            &kind.warn_days,
            &kind.gate,
            &kind.aliases.join("|"),
            &kind.enabled,
            &kind.basis,
        ],
    )
    .await
    .map(drop)
}

/// The catalogue, in its order.
pub async fn all(tx: &mut Tx) -> Result<Vec<DocumentType>> {
    tx.rows(&format!("SELECT {COLUMNS} FROM document_types ORDER BY position, code"), &[])
        .await?
        .iter()
        .map(read)
        .collect()
}
