//! The types of documents in the catalogue, and which STS operations ask for them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    CargoProfile, Criticality, Phase, Requirement, Role, Scope,
    bounds::{Aliases, Days, DecidingRoles, Gate, Line, OptionalLine, Profiles, TypeCode},
};

/// A type of document that STS operations ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentType {
    /// Capital letters, digits and `_`; never changed.
    #[schema(value_type = TypeCode, example = "BUNKER_MSDS")]
    pub code: String,
    /// What people call it, 1 to 255 characters.
    #[schema(value_type = Line)]
    pub name: String,
    /// The group that it is listed in, such as `statutory`, `insurance` or `cargo`.
    #[schema(value_type = Line)]
    pub category: String,
    /// Whether each vessel has a document of this type, or the room has one.
    pub scope: Scope,
    /// Whether the slot has to be filled.
    pub requirement: Requirement,
    /// The cargo profiles that ask for it; an empty list stands for all.
    #[serde(default)]
    #[schema(value_type = Profiles)]
    pub profiles: Vec<CargoProfile>,
    /// How critical it is to the STS operation.
    pub criticality: Criticality,
    /// Days that a version is valid if its uploader gives no expiry.
    #[serde(default)]
    #[schema(value_type = Option<Days>)]
    pub validity_days: Option<i64>,
    /// Days after the end of the STS operation within which a version that expires is listed as expiring soon.
    #[serde(default)]
    #[schema(value_type = Option<Days>)]
    pub warn_days: Option<i64>,
    /// The phase that cannot be entered without it (`clearance`: cannot be left).
    #[schema(value_type = Gate)]
    pub gate: Phase,
    /// The roles of which each has to approve a version before its document is approved: in their order, each once. An
    /// empty list: of nobody in particular, but not of a vessel's own side alone.
    #[serde(default)]
    #[schema(value_type = DecidingRoles)]
    pub must_approve: Vec<Role>,
    /// Other codes by which uploads may name it.
    #[serde(default)]
    #[schema(value_type = Aliases)]
    pub aliases: Vec<String>,
    /// Whether rooms open new slots for it.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub enabled: bool,
    /// The rule or the practice that asks for it.
    #[serde(default)]
    #[schema(value_type = OptionalLine)]
    pub basis: String,
    /// Its position in the catalogue.
    #[serde(skip)]
    pub position: i64,
}

fn yes() -> bool {
    true
}

impl DocumentType {
    /// Returns whether an STS operation with this cargo asks for it. One whose cargo is not known asks only for what
    /// all profiles ask for.
    pub fn fits(&self, profile: Option<CargoProfile>) -> bool {
        self.profiles.is_empty() || profile.is_some_and(|profile| self.profiles.contains(&profile))
    }
}

/// A type as the logs have it: without what it does not name, as it was before types could name it.
pub mod in_the_log {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::DocumentType;
    use crate::changes::fields_of;

    /// The field that is left out where it is empty.
    const MUST_APPROVE: &str = "must_approve";

    /// Writes the type in the form of the log.
    ///
    /// # Errors
    ///
    /// Fails if the serializer does.
    pub fn serialize<S: Serializer>(kind: &DocumentType, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = fields_of(kind);
        if kind.must_approve.is_empty() {
            fields.remove(MUST_APPROVE);
        }
        fields.serialize(serializer)
    }

    /// Reads the type in the form of the log.
    ///
    /// # Errors
    ///
    /// Fails if a field is missing, unknown or of another type.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DocumentType, D::Error> {
        DocumentType::deserialize(deserializer)
    }
}
