//! The catalogue's types of documents, and which operations ask for them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    CargoProfile, Criticality, Phase, Requirement, Scope,
    bounds::{Aliases, Days, Gate, Line, OptionalLine, Profiles, TypeCode},
};

/// A type of document that operations ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentType {
    /// Capital letters, digits and `_`; never changed.
    #[schema(value_type = TypeCode, example = "BUNKER_MSDS")]
    pub code: String,
    /// Name.
    #[schema(value_type = Line)]
    pub name: String,
    /// Such as `statutory`, `insurance`, `cargo`.
    #[schema(value_type = Line)]
    pub category: String,
    /// What it is asked of.
    pub scope: Scope,
    /// Whether it is needed.
    pub requirement: Requirement,
    /// The cargo profiles that ask for it; none for all.
    #[serde(default)]
    #[schema(value_type = Profiles)]
    pub profiles: Vec<CargoProfile>,
    /// How much hangs on it.
    pub criticality: Criticality,
    /// Days that a version is valid where its uploader names no day.
    #[serde(default)]
    #[schema(value_type = Option<Days>)]
    pub validity_days: Option<i64>,
    /// Days before its end from which it is told to run out.
    #[serde(default)]
    #[schema(value_type = Option<Days>)]
    pub warn_days: Option<i64>,
    /// The phase that is not entered (`clearance`: not left) without it.
    #[schema(value_type = Gate)]
    pub gate: Phase,
    /// Other codes that uploads may use.
    #[serde(default)]
    #[schema(value_type = Aliases)]
    pub aliases: Vec<String>,
    /// Whether rooms open slots for it.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub enabled: bool,
    /// The rule or practice it rests on.
    #[serde(default)]
    #[schema(value_type = OptionalLine)]
    pub basis: String,
    /// Place in the catalogue.
    #[serde(skip)]
    pub position: i64,
}

fn yes() -> bool {
    true
}

impl DocumentType {
    /// Whether an operation with this cargo asks for it; without a cargo, what all ask for.
    pub fn fits(&self, profile: Option<CargoProfile>) -> bool {
        self.profiles.is_empty() || profile.is_some_and(|profile| self.profiles.contains(&profile))
    }
}
