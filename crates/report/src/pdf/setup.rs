//! How the PDF writer is set up, for reports and plain papers alike.

use jiff::Timestamp;
use krilla::SerializeSettings;
use krilla::configure::{Accessibility, Archival, Configuration, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::error::KrillaError;
use krilla::geom::Point;
use krilla::metadata::DateTime;
use krilla::outline::{Outline, OutlineNode};

use super::flow::Bookmark;
use super::style;
use crate::content;
use crate::error::ReportError;
use crate::text::{Unseen, plain};
use crate::words;

/// The language of a report, which PDF/UA-1 demands (ISO 14289-1, 7.2).
pub(super) const LANGUAGE: &str = "en";

/// Returns a title for those who do not see the page: for screen readers and lists of documents.
pub(super) fn title_of(text: &str, unseen: Unseen) -> String {
    // Bookmarks and windows show one line, so a longer title is cut.
    let title = plain(text, 300, unseen);
    if title.is_empty() { content::UNTITLED.to_owned() } else { title }
}

pub(super) fn settings(tagged: bool) -> Result<SerializeSettings, ReportError> {
    Ok(SerializeSettings {
        configuration: configuration(tagged)?,
        enable_tagging: tagged,
        ..SerializeSettings::default()
    })
}

fn configuration(tagged: bool) -> Result<Configuration, ReportError> {
    let builder = ConfigurationBuilder::new();
    let builder = if tagged {
        // Level A of PDF/A-3 demands tags, level B does not. PDF/UA-1 is for tagged files alone.
        builder.with_archival_validator(Archival::A3_A).with_accessibility_validator(Accessibility::UA1)
    } else {
        builder.with_archival_validator(Archival::A3_B)
    };
    builder.finish().map_err(|error| ReportError::Pdf(format!("{error:?}")))
}

/// Returns the PDF writer's error, with each rule that was broken.
pub(super) fn export_error(error: &KrillaError) -> ReportError {
    ReportError::Pdf(match error {
        KrillaError::Validation(broken) => {
            let rules: Vec<String> = broken.iter().map(|(rule, _)| format!("{rule:?}")).collect();
            format!("{error}: {}", rules.join(", "))
        }
        _ => error.to_string(),
    })
}

pub(super) fn outline(bookmarks: Vec<Bookmark>) -> Outline {
    let mut outline = Outline::new();
    for bookmark in bookmarks {
        let place = Point::from_xy(style::LEFT, bookmark.y);
        let destination = XyzDestination::new(bookmark.page, place);
        outline.push_child(OutlineNode::new(bookmark.title, destination));
    }
    outline
}

/// Returns a time as the PDF writer wants it. A report states no other time than that of its snapshot.
pub(super) fn date(at: Timestamp) -> DateTime {
    let (year, [month, day, hour, minute, second]) = words::calendar(at);
    DateTime::new(year)
        .month(month)
        .day(day)
        .hour(hour)
        .minute(minute)
        .second(second)
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}
