//! The closing section of the PDF: how the document was made and how to check it.

use std::collections::BTreeSet;

use super::block::{Block, Part};
use super::cell::Look;
use super::context::{Context, Proof};
use crate::words;

/// The number of code points that are listed by name. The list says how many more there are.
const LISTED: usize = 120;

/// Returns the closing section. `uncovered` are the characters that were printed as code points.
pub(crate) fn about(context: &Context, tagged: bool, uncovered: &BTreeSet<char>) -> Part<'static> {
    let log = &context.record.log;
    let mut blocks = vec![
        text(match context.proof {
            Proof::Receipt => {
                "This document was drawn from the record that the room's log gives up to the moment that it shows. \
                 Nothing that happened in the room afterwards is in it. All times are in UTC."
            }
            Proof::None | Proof::Inside(_) => {
                "This document was drawn from a record that was frozen when the snapshot was taken. \
                 Nothing that happened in the room afterwards is in it. All times are in UTC."
            }
        }),
        text(
            "The record itself is attached to this file as record.json. To check that it is the \
             one this document speaks of, save the attachment (for example with “pdfdetach \
             -saveall”) and compute its SHA-256 (“sha256sum record.json”). The result must be:",
        ),
        code(&context.sha256),
    ];
    blocks.extend([text(position(context)), code(&log.root)]);
    if context.edition.rules().adoption {
        blocks.extend(context.record.last_adoption().map(|adopted| text(words::adoption(adopted))));
    }
    match context.proof {
        Proof::None => {}
        Proof::Inside(_) => {
            blocks.push(text(PROOF));
            blocks.extend(how_to_check(log.key.as_deref()));
        }
        Proof::Receipt => {
            blocks.push(text(RECEIPT));
            blocks.extend(how_to_check(log.key.as_deref()));
            blocks.extend([text(FORMAT), code("/verify/format"), code("/verify/offline")]);
        }
    }
    blocks.extend([
        text(rendered_by(context)),
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

/// What is said of a proof that the file was drawn with.
const PROOF: &str = "That the log holds this entry is proven by proof.tlog, which is attached as well: a \
    tlog-proof (C2SP) with the entry, its place in the tree and the log's signed checkpoint. This command checks \
    the proof, the record and every byte of this document, and needs no server:";

/// What is said of the receipt, which is not there yet when the file is drawn.
const RECEIPT: &str = "When this document was finished, the room's log stated its SHA-256 in an entry “Snapshot \
    rendered”. The receipt for that entry is attached as proof.tlog: a tlog-proof (C2SP) with the entry, its place \
    in the tree and the log's signed checkpoint. The receipt, and a seal if there is one, stand behind the end of \
    this document and change nothing in it; what precedes them is what the log states. This command checks the \
    receipt, the record and every byte of this document, and needs no server:";

/// What is said of other verifiers. A report does not know the address of its server.
const FORMAT: &str = "Any other program may check the same. The server has the specification from which one can be \
    written, and a verifier that is one page, needs no network and runs in a browser. They are at";

/// Returns the sentence on which entries of the log the record is of. The root hash follows it.
fn position(context: &Context) -> String {
    let size = words::count(context.record.log.size);
    match context.proof {
        Proof::Receipt => format!(
            "It shows the room as of the first {size} entries of its log. The root hash of the tree over them \
             (RFC 6962) is:"
        ),
        Proof::None | Proof::Inside(_) => format!(
            "The room's log states the same value in its entry “Snapshot created”. Before that \
             entry the log held {size} entries, and the root hash of the tree over them (RFC 6962) was:"
        ),
    }
}

/// Returns the sentences on what gives the file again.
fn rendered_by(context: &Context) -> String {
    let fonts = &context.fonts;
    match context.proof {
        Proof::Receipt => format!(
            "Rendered by {} with the font set “{fonts}”. The same record, renderer and font set give this document \
             again, byte for byte, but for its receipt and its seal.",
            context.renderer_in_print(),
        ),
        Proof::None | Proof::Inside(_) => format!(
            "Rendered by {} with the font set “{fonts}”. The same record, proof, renderer and font set give \
             this file again, byte for byte.",
            context.renderer,
        ),
    }
}

/// Returns the part that says how to check the proof.
pub(super) fn how_to_check(key: Option<&str>) -> Vec<Block<'static>> {
    let mut blocks = vec![
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

pub(super) fn listed(uncovered: &BTreeSet<char>) -> String {
    let codes = uncovered.iter().take(LISTED).map(|c| format!("U+{:04X}", u32::from(*c)));
    let list = codes.collect::<Vec<_>>().join(", ");
    match uncovered.len().saturating_sub(LISTED) {
        0 => list,
        more => format!("{list} and {} more", words::count(more as u64)),
    }
}
