//! The appendix: the exhibits with their hashes, and the lists that entries only count.

use std::rc::Rc;

use super::telling;
use super::told::{Exhibit, Told};
use super::{fill, say};
use crate::content::block::Part;
use crate::content::cell::{Anchor, Cell, Look};
use crate::content::table::{Table, left, right};
use crate::record::EntryFacts;
use crate::words;

type Listed<'a> = (Rc<Told<'a>>, &'a EntryFacts, String);

pub(super) fn parts<'a>(told: &Rc<Told<'a>>) -> Vec<Part<'a>> {
    let exhibits = told.exhibits();
    let mut parts = Vec::new();
    if !exhibits.is_empty() {
        let caption = say("every_file_that");
        let table = table().captioned(caption).bounded(told.rules.weight / 2, told.rules).dense();
        parts.push(Part { heading: say("appendix_exhibits").to_owned(), blocks: vec![table.with(exhibits)] });
    }
    let entries = told.entries().unwrap_or_default().iter();
    let lists: Vec<Listed<'_>> =
        entries.filter_map(|entry| Some((Rc::clone(told), entry, telling::list(told, entry)?))).collect();
    if !lists.is_empty() {
        let caption = say("what_entries_of");
        let table = listed().captioned(caption).bounded(told.rules.weight / 4, told.rules).dense();
        parts.push(Part { heading: say("appendix_lists").to_owned(), blocks: vec![table.with(lists)] });
    }
    parts
}

fn table<'a>() -> Table<Exhibit<'a>> {
    Table {
        columns: vec![
            right(say("number"), 6.0, |exhibit: &Exhibit<'_>| {
                Cell::text(exhibit.number.to_string()).at(Anchor::Exhibit(exhibit.number))
            }),
            left(say("document_and_file"), 32.0, |exhibit| {
                let Exhibit { told, document, version, .. } = exhibit;
                let title = fill("title_and_version", &[("1", &told.title(document)), ("2", &version.number)]);
                let withdrawn = version.withdrawn.as_ref().map(|withdrawn| {
                    fill(
                        "withdrawn_by",
                        &[
                            ("1", &told.name(&withdrawn.by)),
                            ("2", &words::minute(withdrawn.at)),
                            ("3", &withdrawn.reason),
                        ],
                    )
                });
                Cell::default()
                    .linked(Look::Text, title, Anchor::Document(document.id.clone()))
                    .with(Look::Muted, &version.file_name)
                    .with_some(Look::Alert, withdrawn)
            }),
            left(say("uploaded_utc"), 20.0, |exhibit| {
                let Exhibit { told, version, .. } = exhibit;
                let role = words::from_identifier(&version.uploaded_by_role).to_lowercase();
                Cell::text(words::minute(version.uploaded_at))
                    .with(Look::Muted, format!("{} ({role})", told.name(&version.uploaded_by)))
            }),
            right(say("bytes"), 11.0, |exhibit| Cell::text(words::count(exhibit.version.file_size))),
            left(say("sha_256"), 31.0, |exhibit| Cell::code(&exhibit.version.sha256)),
        ],
        empty: say("no_upload"),
    }
}

fn listed<'a>() -> Table<Listed<'a>> {
    Table {
        columns: vec![
            right(say("entry"), 8.0, |(_, entry, _): &Listed<'_>| {
                Cell::default()
                    .linked(Look::Text, entry.seq.to_string(), Anchor::Entry(entry.seq))
                    .at(Anchor::List(entry.seq))
            }),
            left(say("what"), 27.0, |(_, entry, _)| Cell::text(words::from_identifier(&entry.action))),
            left(say("list"), 65.0, |(_, _, list)| Cell::text(list)),
        ],
        empty: say("no_entry_has"),
    }
}
