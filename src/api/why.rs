//! The reason of a `DELETE`, which comes in its body: addresses are kept in logs and histories, and people's words do
//! not belong there.

use room::bounds::OptionalReason;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::{FromPairs, Given, Json, Kind};

/// Why something is asked for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    /// Why.
    #[serde(default)]
    #[schema(value_type = Option<OptionalReason>, example = "The claim is settled")]
    reason: Option<String>,
}

impl Why {
    /// Returns the reason that came with the request, if it had a body and that a reason.
    pub(super) fn of(body: Option<Json<Self>>) -> Option<String> {
        body.and_then(|Json(why)| why.reason)
    }
}

/// A query that takes no parameters, and refuses a `reason` with a hint where it belongs.
pub(super) struct NoReason;

impl NoReason {
    /// Refuses a `reason` in the query.
    pub(super) fn refuse(given: &mut Given) {
        if given.unchecked("reason").is_some() {
            given.fault("reason", "belongs in the body, as JSON: `{\"reason\": \"…\"}`; addresses are kept in logs");
        }
    }
}

impl FromPairs for NoReason {
    const PARAMETERS: &[(&str, Kind, &str)] = &[];

    fn read(given: &mut Given) -> Self {
        Self::refuse(given);
        Self
    }
}
