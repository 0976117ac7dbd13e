//! The appendix: the exhibits with their hashes, and the lists that entries only count.

use std::rc::Rc;

use super::telling;
use super::told::{Exhibit, Told};
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
        let caption =
            "Every file that was uploaded, with its hash: whoever has the file can see whether it is the one.";
        let table = table().captioned(caption).bounded(told.rules.weight / 2, told.rules).dense();
        parts.push(Part { heading: "Appendix: exhibits".to_owned(), blocks: vec![table.with(exhibits)] });
    }
    let entries = told.entries().unwrap_or_default().iter();
    let lists: Vec<Listed<'_>> =
        entries.filter_map(|entry| Some((Rc::clone(told), entry, telling::list(told, entry)?))).collect();
    if !lists.is_empty() {
        let caption = "What entries of the chronology say the number of.";
        let table = listed().captioned(caption).bounded(told.rules.weight / 4, told.rules).dense();
        parts.push(Part { heading: "Appendix: lists".to_owned(), blocks: vec![table.with(lists)] });
    }
    parts
}

fn table<'a>() -> Table<Exhibit<'a>> {
    Table {
        columns: vec![
            right("No.", 6.0, |exhibit: &Exhibit<'_>| {
                Cell::text(exhibit.number.to_string()).at(Anchor::Exhibit(exhibit.number))
            }),
            left("Document and file", 32.0, |exhibit| {
                let Exhibit { told, document, version, .. } = exhibit;
                let title = format!("{}, version {}", told.title(document), version.number);
                let withdrawn = version.withdrawn.as_ref().map(|withdrawn| {
                    format!(
                        "Withdrawn by {}, {}: “{}”",
                        told.name(&withdrawn.by),
                        words::minute(withdrawn.at),
                        withdrawn.reason
                    )
                });
                Cell::default()
                    .linked(Look::Text, title, Anchor::Document(document.id.clone()))
                    .with(Look::Muted, &version.file_name)
                    .with_some(Look::Alert, withdrawn)
            }),
            left("Uploaded (UTC)", 20.0, |exhibit| {
                let Exhibit { told, version, .. } = exhibit;
                let role = words::from_identifier(&version.uploaded_by_role).to_lowercase();
                Cell::text(words::minute(version.uploaded_at))
                    .with(Look::Muted, format!("{} ({role})", told.name(&version.uploaded_by)))
            }),
            right("Bytes", 11.0, |exhibit| Cell::text(words::count(exhibit.version.file_size))),
            left("SHA-256", 31.0, |exhibit| Cell::code(&exhibit.version.sha256)),
        ],
        empty: "Nothing was uploaded.",
    }
}

fn listed<'a>() -> Table<Listed<'a>> {
    Table {
        columns: vec![
            right("Entry", 8.0, |(_, entry, _): &Listed<'_>| {
                Cell::default()
                    .linked(Look::Text, entry.seq.to_string(), Anchor::Entry(entry.seq))
                    .at(Anchor::List(entry.seq))
            }),
            left("What", 27.0, |(_, entry, _)| Cell::text(words::from_identifier(&entry.action))),
            left("List", 65.0, |(_, _, list)| Cell::text(list)),
        ],
        empty: "No entry has a list.",
    }
}
