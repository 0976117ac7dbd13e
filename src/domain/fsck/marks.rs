//! Holds the states that folds may start from against the marks that the logs have.

use std::collections::HashSet;

use room::Log;
use sha2::{Digest, Sha256};

use super::{
    facts::LogFacts,
    finding::{Finding, Kind, Location, Remedy},
    run::{Mode, Run},
};
use crate::{
    db::{self, marks::Mark},
    error::Result,
};

/// Compares the state that is kept for the newest mark of a log with the hash that its entry has. A missing state is no
/// fault: then the log is folded from its first entry.
pub(super) async fn check(run: &mut Run<'_>, location: &Location, kept: Option<&Mark>, facts: &LogFacts) -> Result<()> {
    let Some(Mark { seq, state }) = kept else { return Ok(()) };
    let is_marked = facts
        .mark
        .as_ref()
        .is_some_and(|(marked, sha256)| marked == seq && *sha256 == hex::encode(Sha256::digest(state)));
    // With entries missing, the mark may be among them.
    if is_marked || !facts.whole {
        return Ok(());
    }
    let fault = match &facts.mark {
        Some((marked, sha256)) => {
            format!("it is not the state of which entry {marked}, the newest mark of the log, has the SHA-256 {sha256}")
        }
        None => "the log has no mark".to_owned(),
    };
    report(run, location, (format!("log_marks of entry {seq}"), fault), &location.log.key()).await
}

/// Reports states that belong to no log.
pub(super) async fn look_for_left_overs(run: &mut Run<'_>, logs: &HashSet<String>) -> Result<()> {
    let location = Location { log: Log::Platform, title: None };
    for key in run.app.db.read(async |tx| db::marks::logs(tx).await).await? {
        if !logs.contains(&key) {
            let found = (format!("log_marks of `{key}`"), "there is no such log".to_owned());
            report(run, &location, found, &key).await?;
        }
    }
    Ok(())
}

async fn report(run: &mut Run<'_>, location: &Location, (what, fault): (String, String), key: &str) -> Result<()> {
    let remedy = match run.mode {
        Mode::Look => Remedy::Repair,
        Mode::Repair => {
            let key = key.to_owned();
            run.app.db.write(async move |tx| db::marks::remove(tx, &key).await).await?;
            Remedy::Repaired
        }
    };
    run.add(Finding::new(location, Kind::Row, what, fault).with(remedy));
    Ok(())
}
