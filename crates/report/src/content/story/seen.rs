//! Who saw what, when: for each version, its upload, when each party first opened and downloaded it, what was decided.

use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::Timestamp;

use super::papers::verdict_in_words;
use super::told::{Exhibit, Told};
use super::{fill, say};
use crate::content::block::{Block, Part};
use crate::content::cell::{Anchor, Cell, Look};
use crate::content::table::{Table, left};
use crate::words;

/// When somebody first looked at a version, and first downloaded it.
#[derive(Debug, Default, Clone, Copy)]
struct Looks {
    opened: Option<Timestamp>,
    downloaded: Option<Timestamp>,
}

/// The looks at one version, by the address of who looked.
type OfVersion<'a> = BTreeMap<&'a str, Looks>;

/// A version with the looks at it.
struct Row<'a> {
    exhibit: Exhibit<'a>,
    looks: OfVersion<'a>,
}

pub(super) fn parts<'a>(told: &Rc<Told<'a>>) -> Vec<Part<'a>> {
    let exhibits = told.exhibits();
    let block = if told.entries().is_none() {
        Block::aside(say("the_log_was_left"))
    } else {
        let mut looks = looks(told);
        let row = |exhibit: Exhibit<'a>| Row {
            looks: looks.remove(exhibit.version.id.as_str()).unwrap_or_default(),
            exhibit,
        };
        let caption = say("for_each_paper");
        let rows: Vec<_> = exhibits.into_iter().map(row).collect();
        table().captioned(caption).bounded(told.rules.weight / 4, told.rules).dense().with(rows)
    };
    vec![Part { heading: say("who_saw_what").to_owned(), blocks: vec![block] }]
}

/// Returns when each version was first looked at and downloaded, by its id.
fn looks<'a>(told: &Told<'a>) -> BTreeMap<&'a str, OfVersion<'a>> {
    let mut all: BTreeMap<&str, OfVersion<'_>> = BTreeMap::new();
    for entry in told.entries().unwrap_or_default() {
        let downloaded = match entry.action.as_str() {
            "document_downloaded" => true,
            "document_previewed" => false,
            _ => continue,
        };
        let Some(version) = entry.meta["version_id"].as_str() else { continue };
        let looks = all.entry(version).or_default().entry(&entry.actor).or_default();
        let first = if downloaded { &mut looks.downloaded } else { &mut looks.opened };
        first.get_or_insert(entry.timestamp);
    }
    all
}

fn table<'a>() -> Table<Row<'a>> {
    Table {
        columns: vec![
            left(say("exhibit_heading"), 7.5, |row: &Row<'_>| {
                let number = row.exhibit.number;
                Cell::default().linked(Look::Strong, number.to_string(), Anchor::Exhibit(number))
            }),
            left(say("document"), 27.0, |row| {
                let Exhibit { told, document, version, .. } = &row.exhibit;
                Cell::text(fill("title_and_version", &[("1", &told.title(document)), ("2", &version.number)]))
            }),
            left(say("uploaded_utc"), 18.5, |row| {
                let Exhibit { told, version, .. } = &row.exhibit;
                Cell::text(words::minute(version.uploaded_at)).with(Look::Muted, told.name(&version.uploaded_by))
            }),
            left(say("first_opened_utc"), 25.0, |row| {
                if row.looks.is_empty() {
                    return Cell::default().with(Look::Muted, say("nobody"));
                }
                row.looks.iter().fold(Cell::default(), |cell, (address, looks)| {
                    let opened = looks.opened.map(|at| fill("opened", &[("1", &words::minute(at))]));
                    let downloaded = looks.downloaded.map(|at| fill("downloaded", &[("1", &words::minute(at))]));
                    let name = row.exhibit.told.name(address);
                    cell.with(Look::Strong, name).with_some(Look::Text, opened).with_some(Look::Text, downloaded)
                })
            }),
            left(say("decided_utc"), 22.0, |row| {
                let Exhibit { told, version, .. } = &row.exhibit;
                // All of them, as they were made: what somebody knew when is the question here.
                let first = version.decisions.iter().take(LISTED);
                let cell = first.fold(Cell::default(), |cell, decision| {
                    let verdict = verdict_in_words(&decision.verdict);
                    let said = format!("{verdict}, {}", words::minute(decision.decided_at));
                    cell.with(Look::Text, said).with(Look::Muted, told.name(&decision.by))
                });
                let more = version.decisions.len().saturating_sub(LISTED);
                cell.with_some(Look::Muted, (more > 0).then(|| fill("and_more_decisions", &[("more", &more)])))
            }),
        ],
        empty: say("no_upload"),
    }
}

/// The number of decisions that are listed of a version.
const LISTED: usize = 8;
