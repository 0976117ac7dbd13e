//! How to verify the file, and what it was made from.

use std::collections::BTreeSet;

use crate::content::block::{Block, Part};
use crate::content::cell::{Cell, Look};
use crate::content::context::{Context, Proof};
use crate::content::notes::{how_to_check, listed};
use crate::words;

/// Returns the closing section. `uncovered` are the characters that were printed as code points.
pub(crate) fn verifying(context: &Context, tagged: bool, uncovered: &BTreeSet<char>) -> Part<'static> {
    let log = &context.record.log;
    let mut blocks = vec![Block::Text(
        Look::Text,
        "This report was drawn from the record that is attached as record.json: what the room's log tells up to the moment \
         that the report shows, and nothing that happened afterwards. The receipt that is attached as proof.tlog proves that \
         the log states this report. One command checks the receipt, the record and every byte of the file, and needs no \
         server:"
            .to_owned(),
    )];
    blocks.extend(how_to_check(log.key.as_deref()));
    if matches!(context.proof, Proof::Receipt) {
        let said = "Any other program may check the same. The server has the specification from which one can be written, at \
                    /verify/format, and a verifier that is one page, needs no network and runs in a browser, at \
                    /verify/offline.";
        blocks.push(Block::Text(Look::Text, said.to_owned()));
    }
    blocks.push(Block::Pairs(made_from(context, tagged)));
    if let Some(adopted) = context.record.last_adoption() {
        blocks.push(Block::Text(Look::Text, words::adoption(adopted)));
    }
    if !uncovered.is_empty() {
        let said = format!(
            "Characters that the font set does not have, or that have no visible form, are printed as their code points, each \
             in a box: {}. The attached record holds the exact text.",
            listed(uncovered)
        );
        blocks.push(Block::Text(Look::Text, said));
    }
    Part { heading: "How to verify this file".to_owned(), blocks }
}

/// Returns what the file was made from, which a verifier prints as well.
fn made_from(context: &Context, tagged: bool) -> Vec<(String, Cell)> {
    let (record, log) = (&context.record, &context.record.log);
    let pair = |label: &str, cell: Cell| (label.to_owned(), cell);
    let mut pairs = vec![
        pair("Record SHA-256", Cell::code(&context.sha256)),
        pair(
            "Log",
            Cell::text(format!("its first {} entries", words::count(log.size)))
                .with_some(Look::Code, log.origin.as_deref()),
        ),
        pair("Root of the log", Cell::code(&log.root).with(Look::Muted, "of the tree over these entries (RFC 6962)")),
        pair("Snapshot", Cell::code(&record.snapshot.id)),
        pair("Room", Cell::code(&record.room.id)),
    ];
    let left_out = crate::content::left_out(record);
    if !left_out.is_empty() {
        pairs.push(pair("Left out on request", Cell::text(left_out.join(", "))));
    }
    let again = match context.proof {
        Proof::Receipt => "the same record, renderer and fonts give this file again, but for its receipt and its seal",
        Proof::None | Proof::Inside(_) => "the same record, proof, renderer and fonts give this file again",
    };
    pairs.push(pair(
        "Drawn by",
        Cell::text(format!("{}, fonts “{}”", context.renderer_in_print(), context.fonts)).with(Look::Muted, again),
    ));
    let form = if tagged {
        "PDF/A-3a for archives, PDF/UA-1 for those who do not see it"
    } else {
        "PDF/A-3b for archives; not tagged for those who do not see it, because of its more than 2,000 rows: a snapshot in JSON \
         or CSV holds the same record"
    };
    pairs.push(pair("Form", Cell::text(form)));
    pairs
}
