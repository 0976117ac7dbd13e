//! Which of a room's documents are shown: kept in the address, so that it can be sent to somebody.

use maud::{Markup, html};
use room::{DocumentState, DocumentStatus, VesselId};

use super::list::List;
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
const OPERATION: &str = "operation";

impl Show {
    const ALL: [Self; 6] = [
        Self::Mine,
        Self::Status(DocumentStatus::Missing),
        Self::Status(DocumentStatus::UnderReview),
        Self::Status(DocumentStatus::Rejected),
        Self::Status(DocumentStatus::Expired),
        Self::Status(DocumentStatus::Approved),
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Status(status) => status.word(),
            Self::Mine => MINE,
        }
    }

    fn words(self) -> String {
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

    fn query_of(&self, show: Option<Show>) -> String {
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
    fn is_about(&self, document: &DocumentState) -> bool {
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

fn of_word(of: Of) -> String {
    match of {
        Of::Operation => OPERATION.into(),
        Of::Vessel(vessel) => vessel.to_string(),
    }
}

impl List<'_> {
    /// Whether a document is shown.
    pub(super) fn takes(&self, document: &DocumentState) -> bool {
        self.asked.is_about(document) && self.asked.show.is_none_or(|show| self.stands_so(document, show))
    }

    fn stands_so(&self, document: &DocumentState, show: Show) -> bool {
        match show {
            Show::Mine => self.mine.contains(&document.slot.id),
            // What nobody waits for is not missed.
            Show::Status(DocumentStatus::Missing) => document.needed && document.status == DocumentStatus::Missing,
            Show::Status(status) => document.status == status,
        }
    }

    /// Where they stand, with how many there are of each: what is there to be seen, in one click.
    pub(super) fn views(&self) -> Markup {
        let about: Vec<_> = self.room.state.documents.iter().filter(|document| self.asked.is_about(document)).collect();
        let view = |show: Option<Show>, words: &str, count: usize| {
            html! {
                li {
                    a href={ (self.path) (self.asked.query_of(show)) }
                        aria-current=[(self.asked.show == show).then_some("true")] {
                        (words) " " span.num { (count) }
                    }
                }
            }
        };
        html! {
            nav.views aria-label="Where documents stand" {
                ul {
                    (view(None, "All", about.len()))
                    @for show in Show::ALL {
                        @let count = about.iter().filter(|document| self.stands_so(document, show)).count();
                        @if count > 0 || self.asked.show == Some(show) { (view(Some(show), &show.words(), count)) }
                    }
                }
            }
        }
    }

    /// The search by name and by whose they are.
    pub(super) fn search(&self) -> Markup {
        let of = self.asked.of.map(of_word).unwrap_or_default();
        html! {
            form.search method="get" action=(self.path) role="search" {
                @if let Some(show) = self.asked.show { input type="hidden" name="show" value=(show.word()); }
                div.field {
                    label for="search-q" { "Name" }
                    input id="search-q" name="q" type="search" value=(self.asked.name) autocomplete="off";
                }
                div.field {
                    label for="search-of" { "Of" }
                    select id="search-of" name="of" {
                        option value="" { "Everything" }
                        @for vessel in &self.room.state.vessels {
                            @let id = vessel.id.to_string();
                            option value=(id) selected[id == of] { (vessel.details.name) }
                        }
                        option value=(OPERATION) selected[of == OPERATION] { "The operation" }
                    }
                }
                button.secondary type="submit" { "Search" }
                @if self.asked.leaves_out() { a href=(self.path) { "Show all" } }
            }
        }
    }
}
