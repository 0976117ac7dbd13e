//! What is known of a vessel.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    VesselRole, VesselStatus,
    bounds::{Beam, Draught, ImoNumber, Length, Line, OptionalLine, OptionalReason, Tonnage, YearBuilt},
};

/// A vessel of the operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VesselDetails {
    /// Name, 1 to 255 characters.
    #[schema(value_type = Line, example = "Aegean Star")]
    pub name: String,
    /// IMO number: seven digits, the last of which checks the others.
    #[serde(default)]
    #[schema(value_type = Option<ImoNumber>, example = "9074729")]
    pub imo_number: Option<String>,
    /// Why it has none, such as a barge; the log keeps it.
    #[serde(default)]
    #[schema(value_type = Option<OptionalReason>)]
    pub no_imo_reason: Option<String>,
    /// What it does in the transfer.
    pub role: VesselRole,
    /// Whether it takes part.
    #[serde(default = "active")]
    #[schema(default = "active")]
    pub status: VesselStatus,
    /// What kind of ship, in words.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine>, example = "Aframax crude tanker")]
    pub vessel_type: Option<String>,
    /// Flag State.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine>)]
    pub flag: Option<String>,
    /// Owner.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine>)]
    pub owner: Option<String>,
    /// Charterer.
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
    /// Year of build.
    #[serde(default)]
    #[schema(value_type = Option<YearBuilt>)]
    pub year_built: Option<i64>,
    /// Classification society.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine>)]
    pub class_society: Option<String>,
}

fn active() -> VesselStatus {
    VesselStatus::Active
}
