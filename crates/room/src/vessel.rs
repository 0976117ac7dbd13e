//! What a room knows of a vessel, in the form in which clients send it too.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    VesselRole, VesselStatus,
    bounds::{Beam, Draught, ImoNumber, Length, Line, OptionalLine, OptionalReason, Tonnage, YearBuilt},
    changes::differences,
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

/// Returns the fields in which the details of a vessel differ, in the form of the log.
pub fn changes(before: &VesselDetails, after: &VesselDetails) -> Map<String, Value> {
    differences(&LoggedDetails(before.clone()), &LoggedDetails(after.clone()))
}

/// A vessel's details in the form of the log.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct LoggedDetails(#[serde(with = "in_the_log")] pub(crate) VesselDetails);

/// A vessel's details as the log has them: lengths as decimal text, since not every program writes a float in the same
/// way, and the log's hashes cover the text.
pub mod in_the_log {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    use super::VesselDetails;
    use crate::{VesselRole, VesselStatus};

    #[derive(Serialize, Deserialize)]
    struct Logged {
        name: String,
        imo_number: Option<String>,
        no_imo_reason: Option<String>,
        role: VesselRole,
        status: VesselStatus,
        vessel_type: Option<String>,
        flag: Option<String>,
        owner: Option<String>,
        charterer: Option<String>,
        length_m: Option<String>,
        beam_m: Option<String>,
        draught_m: Option<String>,
        gross_tonnage: Option<i64>,
        deadweight_t: Option<i64>,
        year_built: Option<i64>,
        class_society: Option<String>,
    }

    /// Writes the details in the form of the log.
    ///
    /// # Errors
    ///
    /// Fails if the serializer does.
    pub fn serialize<S: Serializer>(details: &VesselDetails, serializer: S) -> Result<S::Ok, S::Error> {
        let details = details.clone();
        let text = |metres: Option<f64>| metres.map(|metres| metres.to_string());
        Logged {
            name: details.name,
            imo_number: details.imo_number,
            no_imo_reason: details.no_imo_reason,
            role: details.role,
            status: details.status,
            vessel_type: details.vessel_type,
            flag: details.flag,
            owner: details.owner,
            charterer: details.charterer,
            length_m: text(details.length_m),
            beam_m: text(details.beam_m),
            draught_m: text(details.draught_m),
            gross_tonnage: details.gross_tonnage,
            deadweight_t: details.deadweight_t,
            year_built: details.year_built,
            class_society: details.class_society,
        }
        .serialize(serializer)
    }

    /// Reads the details in the form of the log.
    ///
    /// # Errors
    ///
    /// Fails if a field is missing or of another type, or if a length is no decimal number.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<VesselDetails, D::Error> {
        let logged = Logged::deserialize(deserializer)?;
        let metres = |text: Option<String>| -> Result<Option<f64>, D::Error> {
            // Only the text that `serialize` writes: one length has one form in the log.
            let number = text.as_ref().map(|text| text.parse::<f64>().map_err(D::Error::custom)).transpose()?;
            if number.map(|number| number.to_string()) == text {
                Ok(number)
            } else {
                Err(D::Error::custom("a length in another form than the log's"))
            }
        };
        Ok(VesselDetails {
            name: logged.name,
            imo_number: logged.imo_number,
            no_imo_reason: logged.no_imo_reason,
            role: logged.role,
            status: logged.status,
            vessel_type: logged.vessel_type,
            flag: logged.flag,
            owner: logged.owner,
            charterer: logged.charterer,
            length_m: metres(logged.length_m)?,
            beam_m: metres(logged.beam_m)?,
            draught_m: metres(logged.draught_m)?,
            gross_tonnage: logged.gross_tonnage,
            deadweight_t: logged.deadweight_t,
            year_built: logged.year_built,
            class_society: logged.class_society,
        })
    }
}
