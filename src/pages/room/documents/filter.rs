//! Which documents of a room are shown. The filter is in the address, so that a view can be bookmarked and sent to
//! somebody.

use room::{DocumentState, DocumentStatus, VesselId};

use crate::{
    http::{Bounds, FromPairs, Given, Kind},
    pages::kit::show::label,
};

/// Which documents are to be listed.
#[derive(Debug, Clone, Default)]
pub(super) struct DocumentQuery {
    pub(super) show: Option<StatusFilter>,
    pub(super) of: Option<VesselFilter>,
    pub(super) name: String,
    /// How many earlier versions of the open document to pass over.
    pub(super) older: i64,
    /// Whether all that waits for the caller is selected already.
    pub(super) pick: bool,
}

/// The status of the documents that are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatusFilter {
    /// Documents with this status.
    Status(DocumentStatus),
    /// Documents that wait for a decision of the caller.
    Mine,
}

/// The vessel of the documents that are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VesselFilter {
    /// Documents of the STS operation itself, of no vessel.
    Operation,
    /// Documents of this vessel.
    Vessel(VesselId),
}

/// How many earlier versions can be passed over.
const OLDER: Bounds = Bounds { least: 0, most: None, default: Some(0) };
/// The word in the address for what waits for the caller.
const MINE: &str = "mine";
/// The word in the address for documents of no vessel.
pub(super) const OPERATION: &str = "operation";

impl StatusFilter {
    pub(super) const ALL: [Self; 6] = [
        Self::Mine,
        Self::Status(DocumentStatus::Missing),
        Self::Status(DocumentStatus::UnderReview),
        Self::Status(DocumentStatus::Rejected),
        Self::Status(DocumentStatus::Expired),
        Self::Status(DocumentStatus::Approved),
    ];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Status(status) => status.word(),
            Self::Mine => MINE,
        }
    }

    pub(super) fn words(self) -> String {
        match self {
            Self::Status(status) => label(status.word()),
            Self::Mine => "Waits for me".into(),
        }
    }
}

impl FromPairs for DocumentQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        ("show", Kind::Text, "Where they stand: a status, or `mine`"),
        ("of", Kind::Text, "Whose they are: a vessel's id, or `operation`"),
        ("q", Kind::Text, "A part of the name, of the type's code or of the newest file's name"),
        ("older", Kind::Number(OLDER), "Earlier versions of the open document to pass over"),
        ("pick", Kind::Flag, "Whether all that waits for the caller is selected"),
    ];

    fn read(given: &mut Given) -> Self {
        // A browser also sends the fields of the search that were left empty.
        let mut text = |name: &str| given.text(name).filter(|text| !text.trim().is_empty());
        let (show, of, name) = (text("show"), text("of"), text("q").unwrap_or_default().trim().to_owned());
        let show = show.and_then(|word| {
            let show = StatusFilter::ALL.into_iter().find(|show| show.word() == word);
            if show.is_none() {
                given.fault("show", format!("must be one of {MINE}, {}", DocumentStatus::WORDS.join(", ")));
            }
            show
        });
        let of = of.and_then(|word| {
            let of = if word == OPERATION {
                Some(VesselFilter::Operation)
            } else {
                word.parse().ok().map(VesselFilter::Vessel)
            };
            if of.is_none() {
                given.fault("of", format!("must be a vessel's id or `{OPERATION}`"));
            }
            of
        });
        Self { show, of, name, older: given.number("older", OLDER), pick: given.flag("pick") }
    }
}

impl DocumentQuery {
    /// Returns whether any document may be left out.
    pub(super) fn is_filtered(&self) -> bool {
        self.show.is_some() || self.of.is_some() || !self.name.is_empty()
    }

    /// Returns the filter as a query: `?show=missing`, or nothing.
    pub(super) fn to_query(&self) -> String {
        self.to_query_with(self.show)
    }

    /// As [`Self::to_query`], with another status.
    pub(super) fn to_query_with(&self, show: Option<StatusFilter>) -> String {
        // `older` and `pick` are left out: they belong to one look, and links lead to others.
        let given = [
            ("show", show.map(|show| show.word().to_owned())),
            ("of", self.of.map(VesselFilter::word)),
            ("q", (!self.name.is_empty()).then(|| self.name.clone())),
        ];
        let given: Vec<_> = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let query = serde_html_form::to_string(given).unwrap_or_default();
        if query.is_empty() { query } else { format!("?{query}") }
    }

    /// Returns whether a document fits, whatever its status: the views above the list count by status themselves.
    pub(super) fn fits(&self, document: &DocumentState) -> bool {
        let slot = &document.slot;
        let searched = self.name.to_lowercase();
        let file = document.in_force().map_or("", |newest| &newest.version.file_name);
        let names = [&*slot.name, &slot.document_type, file];
        let of = match self.of {
            None => true,
            Some(VesselFilter::Operation) => slot.vessel.is_none(),
            Some(VesselFilter::Vessel(vessel)) => slot.vessel == Some(vessel),
        };
        of && (searched.is_empty() || names.into_iter().any(|name| name.to_lowercase().contains(&searched)))
    }
}

impl VesselFilter {
    /// Returns the filter as it stands in the address.
    pub(super) fn word(self) -> String {
        match self {
            Self::Operation => OPERATION.into(),
            Self::Vessel(vessel) => vessel.to_string(),
        }
    }
}
