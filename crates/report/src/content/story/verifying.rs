//! How to verify the file, and what it was made from.

use std::collections::BTreeSet;

use super::{fill, say};
use crate::content::block::{Block, Part};
use crate::content::cell::{Cell, Look};
use crate::content::context::{Context, Proof};
use crate::content::notes::{how_to_check, listed};
use crate::words;

/// Returns the closing section. `uncovered` are the characters that were printed as code points.
pub(crate) fn verifying(context: &Context, tagged: bool, uncovered: &BTreeSet<char>) -> Part<'static> {
    let log = &context.record.log;
    let mut blocks = vec![Block::Text(Look::Text, say("this_report_was").to_owned())];
    blocks.extend(how_to_check(log.key.as_deref()));
    if matches!(context.proof, Proof::Receipt) {
        let said = say("any_other_program");
        blocks.push(Block::Text(Look::Text, said.to_owned()));
    }
    blocks.push(Block::Pairs(made_from(context, tagged)));
    if let Some(adopted) = context.record.last_adoption() {
        blocks.push(Block::Text(Look::Text, words::adoption(adopted)));
    }
    if !uncovered.is_empty() {
        let said = fill("characters_that_the", &[("1", &listed(uncovered))]);
        blocks.push(Block::Text(Look::Text, said));
    }
    Part { heading: say("how_to_verify").to_owned(), blocks }
}

/// Returns what the file was made from, which a verifier prints as well.
fn made_from(context: &Context, tagged: bool) -> Vec<(String, Cell)> {
    let (record, log) = (&context.record, &context.record.log);
    let pair = |label: &str, cell: Cell| (label.to_owned(), cell);
    let mut pairs = vec![
        pair(say("record_sha_256"), Cell::code(&context.sha256)),
        pair(
            say("log"),
            Cell::text(fill("its_first_entries", &[("1", &words::count(log.size))]))
                .with_some(Look::Code, log.origin.as_deref()),
        ),
        pair(say("root_of_the"), Cell::code(&log.root).with(Look::Muted, say("of_the_tree"))),
        pair(say("snapshot"), Cell::code(&record.snapshot.id)),
        pair(say("room"), Cell::code(&record.room.id)),
    ];
    let left_out = crate::content::left_out(record);
    if !left_out.is_empty() {
        pairs.push(pair(say("left_out_on"), Cell::text(left_out.join(", "))));
    }
    let again = match context.proof {
        Proof::Receipt => say("the_same_record"),
        Proof::None | Proof::Inside(_) => say("the_same_record_proof"),
    };
    pairs.push(pair(
        say("drawn_by"),
        Cell::text(fill("drawn_by_with_fonts", &[("1", &context.renderer_in_print()), ("2", &context.fonts)]))
            .with(Look::Muted, again),
    ));
    let form = if tagged { say("pdf_a_3a") } else { say("pdf_a_3b") };
    pairs.push(pair(say("form"), Cell::text(form)));
    pairs
}
