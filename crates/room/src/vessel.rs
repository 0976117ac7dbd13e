//! What a room knows of a vessel, in the form in which clients send it too.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    VesselRole, VesselStatus,
    bounds::{Beam, Draught, ImoNumber, Length, Line, OptionalLine, OptionalReason, Tonnage, YearBuilt},
};

/// What is known of a vessel that takes part in the STS operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VesselDetails {
    /// The vessel's name, 1 to 255 characters.
    #[schema(value_type = Line, example = "Aegean Star")]
    pub name: String,
    /// IMO number: seven digits, the last of which checks the others.
    #[serde(default)]
    #[schema(value_type = Option<ImoNumber>, example = "9074729")]
    pub imo_number: Option<String>,
    /// Why it has no IMO number, for units such as barges; the log keeps the reason.
    #[serde(default)]
    #[schema(value_type = Option<OptionalReason>)]
    pub no_imo_reason: Option<String>,
    /// What it does in the transfer.
    pub role: VesselRole,
    /// Whether it takes part, or was withdrawn.
    #[serde(default = "active")]
    #[schema(default = "active")]
    pub status: VesselStatus,
    /// What kind of ship it is, in words.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine>, example = "Aframax crude tanker")]
    pub vessel_type: Option<String>,
    /// The State whose flag it flies.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine>)]
    pub flag: Option<String>,
    /// The company that owns it.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine>)]
    pub owner: Option<String>,
    /// The company that charters it.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine>)]
    pub charterer: Option<String>,
    /// Length over all, in metres.
    #[serde(default)]
    #[schema(value_type = Option<Length>)]
    pub length_m: Option<f64>,
    /// Beam, in metres.
    #[serde(default)]
    #[schema(value_type = Option<Beam>)]
    pub beam_m: Option<f64>,
    /// Summer draught, in metres.
    #[serde(default)]
    #[schema(value_type = Option<Draught>)]
    pub draught_m: Option<f64>,
    /// Gross tonnage, which has no unit.
    #[serde(default)]
    #[schema(value_type = Option<Tonnage>)]
    pub gross_tonnage: Option<i64>,
    /// Deadweight, in tonnes.
    #[serde(default)]
    #[schema(value_type = Option<Tonnage>)]
    pub deadweight_t: Option<i64>,
    /// The year in which it was built.
    #[serde(default)]
    #[schema(value_type = Option<YearBuilt>)]
    pub year_built: Option<i64>,
    /// The society that classes it.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine>)]
    pub class_society: Option<String>,
}

fn active() -> VesselStatus {
    VesselStatus::Active
}
