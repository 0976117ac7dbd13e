//! Compares the heads of logs with those that are remembered outside the database.

use super::{
    finding::{Finding, Kind, Location, Remedy},
    proofs::Witness,
};
use crate::{
    app::App,
    db::fsck::LogRows,
    domain::{
        fsck::run::Run,
        log::heads::{Comparison, compare},
    },
    evidence::{Checkpoint, CompactRange},
};

/// What the findings are about.
const WHAT: &str = "the largest head that was signed";

/// Compares the head of a log with the one that is remembered, and reports it if it is behind. Returns a witness if the
/// entries have to tell.
pub(super) fn check(run: &mut Run<'_>, location: &Location, rows: &LogRows) -> Option<Witness> {
    let signed = run.remembered.remove(&location.log)?;
    match compared(run.app, location, rows, &signed) {
        Comparison::Level => None,
        Comparison::Larger => {
            let (size, root) = (signed.size, signed.root);
            Some(Witness { size, root, leaf: None, kind: Kind::Head, what: WHAT.into() })
        }
        Comparison::Behind(why) => {
            run.add(finding(location, why));
            None
        }
    }
}

/// Reports the logs that are remembered and of which the database has nothing.
pub(super) fn report_lost(run: &mut Run<'_>) {
    let mut lost: Vec<_> = run.remembered.drain().filter(|(_, signed)| signed.size > 0).collect();
    lost.sort_by_key(|(log, _)| log.key());
    for (log, signed) in lost {
        let why = format!("{} entries of the log were signed, and the database has none", signed.size);
        run.add(finding(&Location { log, title: None }, why));
    }
}

fn finding(location: &Location, why: String) -> Finding {
    Finding::new(location, Kind::Head, WHAT, why).with(Remedy::Continue)
}

fn compared(app: &App, location: &Location, rows: &LogRows, signed: &Checkpoint) -> Comparison {
    let log = location.log;
    let head = rows.head.as_ref().and_then(|head| {
        let range = CompactRange::from_parts(u64::try_from(head.size).ok()?, &head.frontier)?;
        let origin = head.origin.clone().unwrap_or_else(|| log.origin(app.log_key().name()));
        Some(Checkpoint { origin, size: range.size(), root: range.root() })
    });
    // A head that is missing or damaged is a finding by itself. What is left of the entries tells whether some are gone.
    let present = head.unwrap_or_else(|| Checkpoint { size: rows.entries.unsigned_abs(), ..signed.clone() });
    compare(log, &present, signed)
}
