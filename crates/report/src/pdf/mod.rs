//! The PDF snapshot: lays the sections out on pages, then draws them as PDF/A-3.
//!
//! Layout comes first and as a whole, since the footer of every page states how many there are.

mod draw;
mod flow;
mod furniture;
mod paper;
mod part;
mod setup;
mod style;
mod table;
mod tags;

use ::pdf::PLACEHOLDER;
use krilla::Document;
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::metadata::Metadata;

use crate::content::{self, Part, Proof};
use crate::error::ReportError;
use crate::names::{PROOF_FILE, RECORD_FILE};
use crate::progress::fraction;
use crate::source::{Rendered, Source};
use crate::text::{Fonts, Shaper, plain};

pub use paper::paper;

use draw::Pen;
use flow::{Flow, LaidOut};
use furniture::Furniture;
use setup::{LANGUAGE, date, export_error, outline, settings, title_of};

/// What precedes the name of the font set among the keywords.
pub(crate) const FONTS_KEYWORD: &str = "font set: ";

/// The largest number of table rows in a tagged report. Beyond it, tags would be most of the file.
const TAGGED_ROWS: usize = 2_000;

/// The share of the work that is layout. The rest is drawing and export.
const LAYOUT_SHARE: f32 = 0.4;

/// The number of rows or pages between two reports of progress.
const STEP: usize = 50;

/// Renders the record as a PDF.
pub(crate) fn render(
    source: &Source<'_>,
    fonts: &Fonts,
    progress: &mut dyn FnMut(f32),
) -> Result<Rendered, ReportError> {
    let context = &source.context;
    let parts = content::parts(context);
    let rows = parts.iter().map(Part::rows).sum();
    let tagged = rows <= TAGGED_ROWS;
    let rules = context.edition.rules();
    let mut flow = Flow::new(Shaper::new(fonts, rules.unseen, rules.base), rules, tagged);
    part::title(&mut flow, &context.record);
    let mut done = 0;
    let mut row_done = || {
        done += 1;
        if done % STEP == 0 {
            progress(fraction(done, rows) * LAYOUT_SHARE);
        }
    };
    for part in parts {
        part::set(&mut flow, &part, context, &mut row_done);
    }
    // Laid out last: only now all characters are known that had to be printed as code points. The embedded fonts have
    // all those of this section itself.
    let about = content::closing(context, tagged, flow.shaper.uncovered());
    part::set(&mut flow, &about, context, &mut row_done);
    let LaidOut { pages, mut shaper, mut structure, bookmarks, anchors } = flow.finish();

    let mut document = Document::new_with(settings(tagged)?);
    let is_labelled = rules.story;
    let mut pen = Pen { document: &mut document, structure: &mut structure, fonts, anchors, is_labelled };
    for (index, page) in pages.iter().enumerate() {
        let furniture = Furniture::new(&mut shaper, source, index + 1, pages.len());
        pen.page(page, index + 1, &furniture)?;
        if index % STEP == STEP - 1 {
            let drawn = fraction(index, pages.len());
            progress(LAYOUT_SHARE + drawn * (0.9 - LAYOUT_SHARE));
        }
    }
    if tagged {
        document.set_tag_tree(structure.into_tree(LANGUAGE));
    }
    document.set_outline(outline(bookmarks));
    document.set_metadata(metadata(source, tagged));
    for file in attachments(source) {
        let attached = document.embed_file(file);
        attached.ok_or_else(|| ReportError::Pdf("the record cannot be attached".to_owned()))?;
    }
    let uncovered = shaper.uncovered().iter().copied().collect();
    let bytes = document.finish().map_err(|error| export_error(&error))?;
    Ok(Rendered { bytes, uncovered })
}

fn metadata(source: &Source<'_>, tagged: bool) -> Metadata {
    let (snapshot, room) = (&source.context.record.snapshot, &source.context.record.room);
    let unseen = source.context.edition.rules().unseen;
    let title = format!("{} – {}", title_of(&snapshot.title, unseen), title_of(&room.title, unseen));
    let tags = if tagged { "tagged" } else { "not tagged, because of its size" };
    Metadata::new()
        .title(title)
        .description(format!("{}; {tags}; record SHA-256 {}", content::KIND, source.context.sha256))
        .keywords(vec![format!("{FONTS_KEYWORD}{}", source.context.fonts)])
        .authors(vec![plain(&snapshot.created_by.name, 300, unseen)])
        .creator(source.context.renderer.clone())
        .producer(source.context.renderer.clone())
        .language(LANGUAGE.to_owned())
        .creation_date(date(snapshot.created_at))
        // The identifiers of a PDF are usually random. Derived from the record, they are the same in every render.
        .document_id(source.context.sha256.clone())
}

/// Returns the attachments: the record and the proof, for those who check the document.
fn attachments(source: &Source<'_>) -> Vec<EmbeddedFile> {
    let file = |path: &str, kind: &str, description: &str, association_kind, data: Vec<u8>| EmbeddedFile {
        path: path.to_owned(),
        mime_type: MimeType::new(kind),
        description: Some(description.to_owned()),
        association_kind,
        data: data.into(),
        modification_date: Some(date(source.context.record.snapshot.created_at)),
        compress: Some(true),
        location: None,
    };
    let record = file(
        RECORD_FILE,
        "application/json",
        "The record that this document was drawn from",
        AssociationKind::Source,
        source.bytes.to_vec(),
    );
    let proof = |description: &str, text: &str| EmbeddedFile {
        // A proof is mostly hashes, which do not compress. Plain, it can also be found with a text search.
        compress: Some(false),
        ..file(PROOF_FILE, "text/plain", description, AssociationKind::Supplement, text.as_bytes().to_vec())
    };
    let proof = match &source.context.proof {
        Proof::None => None,
        Proof::Inside(text) => Some(proof("The proof that the room's log holds this snapshot", text)),
        // Attached now, so that the receipt's update need not touch the catalog, the list of attachments or any page.
        Proof::Receipt => Some(proof("The receipt: the proof that the room's log states this document", PLACEHOLDER)),
    };
    std::iter::once(record).chain(proof).collect()
}
