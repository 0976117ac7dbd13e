//! The reason of a `DELETE`. It comes in the body and not in the query, since URLs are kept in logs and histories,
//! where people's words do not belong.

use room::bounds::OptionalReason;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::{FromPairs, Given, Json, Kind};

/// The body of a request that can have a reason.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    /// The reason of the request.
    #[serde(default)]
    #[schema(value_type = Option<OptionalReason>, example = "The claim is settled")]
    reason: Option<String>,
}

impl Why {
    /// Returns the reason that came with the request. `None` if it had no body, or a body without a reason.
    pub(super) fn of(body: Option<Json<Self>>) -> Option<String> {
        body.and_then(|Json(why)| why.reason)
    }
}

/// A query without parameters. It refuses a `reason` with a hint that this belongs in the body.
pub(super) struct NoReason;

impl NoReason {
    /// Notes a fault if the query has a `reason`.
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
