//! The closing section of the PDF: how the document was made and how to check it.

use std::collections::BTreeSet;

use super::block::{Block, Part};
use super::cell::Look;
use super::context::Context;
use crate::words;

/// The number of code points that are listed by name. The list says how many more there are.
const LISTED: usize = 120;

/// Returns the closing section. `uncovered` are the characters that were printed as code points.
pub(crate) fn about(context: &Context, tagged: bool, uncovered: &BTreeSet<char>) -> Part<'static> {
    let log = &context.record.log;
    let mut blocks = vec![
        text(
            "This document was drawn from a record that was frozen when the snapshot was taken. \
             Nothing that happened in the room afterwards is in it. All times are in UTC.",
        ),
        text(
            "The record itself is attached to this file as record.json. To check that it is the \
             one this document speaks of, save the attachment (for example with “pdfdetach \
             -saveall”) and compute its SHA-256 (“sha256sum record.json”). The result must be:",
        ),
        code(&context.sha256),
        text(format!(
            "The room's log states the same value in its entry “Snapshot created”. Before that \
             entry the log held {} entries, and the root hash of the tree over them (RFC 6962) was:",
            words::count(log.size),
        )),
        code(&log.root),
    ];
    if context.edition.rules().adoption {
        blocks.extend(context.record.last_adoption().map(|adopted| text(words::adoption(adopted))));
    }
    if context.proof.is_some() {
        blocks.extend(how_to_check(log.key.as_deref()));
    }
    blocks.extend([
        text(format!(
            "Rendered by {} with the font set “{}”. The same record, proof, renderer and font set give \
             this file again, byte for byte.",
            context.edition.name(),
            context.fonts,
        )),
        text(if tagged {
            "This file is written as PDF/A-3a for archiving and as PDF/UA-1, tagged for assistive \
             technology."
        } else {
            "This file is written as PDF/A-3b for archiving. It is not tagged for assistive \
             technology, because it has more than 2,000 table rows; a snapshot in JSON or CSV \
             holds the same record in a form that is easier to process."
        }),
    ]);
    if !uncovered.is_empty() {
        blocks.push(text(format!(
            "Characters that the font set does not have, or that have no visible form, are \
             printed as their code points, each in a box: {}. The attached record holds the exact \
             text.",
            listed(uncovered),
        )));
    }
    Part { heading: "About this document".to_owned(), blocks }
}

/// Returns the part that says how to check the proof.
fn how_to_check(key: Option<&str>) -> Vec<Block<'static>> {
    let mut blocks = vec![
        text(
            "That the log holds this entry is proven by proof.tlog, which is attached as well: a \
             tlog-proof (C2SP) with the entry, its place in the tree and the log's signed \
             checkpoint. This command checks the proof, the record and every byte of this \
             document, and needs no server:",
        ),
        code("sts-clearance verify FILE --key KEY"),
        text(
            "KEY is the log's public key. Whoever forges a document can print any key in it: ask a \
             party you trust, or the server, which tells it at",
        ),
        code("/.well-known/sts-clearance/log-key"),
    ];
    // Only as a hint, below the warning: a forged document names the key of its forger.
    if let Some(key) = key {
        blocks.extend([text("When this snapshot was taken, the key was:"), code(key)]);
    }
    blocks
}

fn text(text: impl Into<String>) -> Block<'static> {
    Block::Text(Look::Text, text.into())
}

fn code(code: &str) -> Block<'static> {
    Block::Text(Look::Code, code.to_owned())
}

fn listed(uncovered: &BTreeSet<char>) -> String {
    let codes = uncovered.iter().take(LISTED).map(|c| format!("U+{:04X}", u32::from(*c)));
    let list = codes.collect::<Vec<_>>().join(", ");
    match uncovered.len().saturating_sub(LISTED) {
        0 => list,
        more => format!("{list} and {} more", words::count(more as u64)),
    }
}
