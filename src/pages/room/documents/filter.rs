//! Which of a room's documents are shown: kept in the address, so that it can be sent to somebody.

use room::{DocumentState, DocumentStatus, VesselId};

use crate::{
    http::{Bounds, FromPairs, Given, Kind},
    pages::kit::show::label,
};

/// Which documents are asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) show: Option<Show>,
    pub(super) of: Option<Of>,
    pub(super) name: String,
    /// Of the document that is open, the earlier versions to pass over.
    pub(super) older: i64,
}

/// Where they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    /// So.
    Status(DocumentStatus),
    /// They wait for the decision of who looks.
    Mine,
}

/// Whose they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// The operation's own.
    Operation,
    /// A vessel's.
    Vessel(VesselId),
}

/// How many earlier versions can be passed over.
const OLDER: Bounds = Bounds { least: 0, most: None, default: Some(0) };
/// The word for what waits for who looks.
const MINE: &str = "mine";
/// The word for the operation's own.
pub(super) const OPERATION: &str = "operation";

impl Show {
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

impl FromPairs for Asked {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        ("show", Kind::Text, "Where they stand: a status, or `mine`"),
        ("of", Kind::Text, "Whose they are: a vessel's id, or `operation`"),
        ("q", Kind::Text, "A part of the name, of the type's code or of the newest file's name"),
        ("older", Kind::Number(OLDER), "Earlier versions of the open document to pass over"),
    ];

    fn read(given: &mut Given) -> Self {
        // A form sends what was left blank, too.
        let mut text = |name: &str| given.text(name).filter(|text| !text.trim().is_empty());
        let (show, of, name) = (text("show"), text("of"), text("q").unwrap_or_default().trim().to_owned());
        let show = show.and_then(|word| {
            let show = Show::ALL.into_iter().find(|show| show.word() == word);
            if show.is_none() {
                given.fault("show", format!("must be one of {MINE}, {}", DocumentStatus::WORDS.join(", ")));
            }
            show
        });
        let of = of.and_then(|word| {
            let of = if word == OPERATION { Some(Of::Operation) } else { word.parse().ok().map(Of::Vessel) };
            if of.is_none() {
                given.fault("of", format!("must be a vessel's id or `{OPERATION}`"));
            }
            of
        });
        Self { show, of, name, older: given.number("older", OLDER) }
    }
}

impl Asked {
    /// Whether anything is left out.
    pub(super) fn leaves_out(&self) -> bool {
        self.show.is_some() || self.of.is_some() || !self.name.is_empty()
    }

    /// Itself as a query: `?show=missing`, or nothing.
    pub(super) fn query(&self) -> String {
        self.query_of(self.show)
    }

    pub(super) fn query_of(&self, show: Option<Show>) -> String {
        let given = [
            ("show", show.map(|show| show.word().to_owned())),
            ("of", self.of.map(of_word)),
            ("q", (!self.name.is_empty()).then(|| self.name.clone())),
        ];
        let given: Vec<_> = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let query = serde_html_form::to_string(given).unwrap_or_default();
        if query.is_empty() { query } else { format!("?{query}") }
    }

    /// Whether a document is one of them, wherever it stands.
    pub(super) fn is_about(&self, document: &DocumentState) -> bool {
        let slot = &document.slot;
        let searched = self.name.to_lowercase();
        let file = document.newest().map_or("", |newest| &newest.version.file_name);
        let names = [&*slot.name, &slot.document_type, file];
        let of = match self.of {
            None => true,
            Some(Of::Operation) => slot.vessel.is_none(),
            Some(Of::Vessel(vessel)) => slot.vessel == Some(vessel),
        };
        of && (searched.is_empty() || names.into_iter().any(|name| name.to_lowercase().contains(&searched)))
    }
}

pub(super) fn of_word(of: Of) -> String {
    match of {
        Of::Operation => OPERATION.into(),
        Of::Vessel(vessel) => vessel.to_string(),
    }
}
