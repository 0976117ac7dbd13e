//! The check of everything stored. One of the servers on a database makes it at regular intervals.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::time;

use super::lease;
use crate::{
    app::App,
    db::{
        self,
        fsck_runs::{Due, Found},
    },
    domain::fsck::{self, Finding, Mode, Outcome, Watch},
    error::{Error, Result},
};

/// How often to look whether a check is due, and how long to wait after the start, when a server has other things to
/// do.
const LOOK: Duration = Duration::from_mins(1);
/// How long a check holds its lease without renewing it. After that, its server is taken to have ended.
const LEASE: Duration = Duration::from_mins(2);
/// How often a check renews its lease.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How long after the beginning of a check that did not come to its end the next one is due.
const RETRY: Duration = Duration::from_hours(1);
/// How many findings are logged and kept.
const KEPT: usize = 100;

/// Checks whenever a check is due, without end.
pub(super) async fn watch(app: App) {
    let mut tick = time::interval_at(time::Instant::now() + LOOK, LOOK);
    loop {
        tick.tick().await;
        match AssertUnwindSafe(check_where_due(&app)).catch_unwind().await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, "a check of what is stored could not be made"),
            Err(_) => tracing::error!("a check of what is stored panicked; it is left to its lease"),
        }
    }
}

/// Makes a check if one is due and no other server is making one. Returns whether it did.
pub async fn check_where_due(app: &App) -> Result<bool> {
    let Some(period) = app.config.fsck_period() else { return Ok(false) };
    // A wrong clock would take a check of another server for long ago, or its own for one of the future.
    if app.clock_offset.check().is_err() {
        return Ok(false);
    }
    let (id, now, due) = (app.new_id(), app.now(), Due { period, retry: RETRY });
    // Asked twice: the read, once a minute on every server, takes no write transaction; the write decides between
    // servers that both found the check due.
    if !app.db.read(async move |tx| db::fsck_runs::is_due(tx, due, now).await).await?
        || !app.db.write(async move |tx| db::fsck_runs::begin(tx, id, due, now, now.after(LEASE)).await).await?
    {
        return Ok(false);
    }
    // It only looks. A repair draws files again and replaces damaged ones, over which a person has to decide.
    let mut watch = LogErrors { logged: 0 };
    let renew = || {
        let (app, until) = (app.clone(), app.now().after(LEASE));
        async move { app.db.write(async move |tx| db::fsck_runs::renew(tx, id, until).await).await }.boxed()
    };
    let Some(outcome) = lease::keep(HEARTBEAT, renew, fsck::run(app, Mode::Look, &mut watch)).await? else {
        tracing::warn!("a check of what is stored took too long to say so; another server has it");
        return Ok(false);
    };
    if let Err(error) = &outcome {
        tracing::error!(%error, "a check of what is stored came to no end; it is made again in an hour");
    }
    let (found, now) = (summary(outcome)?, app.now());
    let damaged: u64 = found.damaged.values().sum();
    tracing::info!(
        logs = found.logs,
        entries = found.entries,
        records = found.records,
        files = found.files,
        damaged,
        "checked what is stored"
    );
    app.db.write(async move |tx| db::fsck_runs::finish(tx, id, now, &found).await).await?;
    Ok(true)
}

/// Returns the row of a check, with the first findings. A check that did not come to its end has an error instead.
fn summary(outcome: Result<Outcome>) -> Result<Found> {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return Ok(Found { findings: "[]".into(), error: Some(error.to_string()), ..Found::default() }),
    };
    let kept = &outcome.findings[..outcome.findings.len().min(KEPT)];
    Ok(Found {
        logs: outcome.checked.logs,
        entries: outcome.checked.entries,
        records: outcome.checked.records,
        files: outcome.checked.files,
        damaged: outcome.damaged.iter().map(|(kind, damaged)| ((*kind).to_owned(), *damaged)).collect(),
        findings: serde_json::to_string(kept).map_err(|error| Error::internal(error.to_string()))?,
        error: None,
    })
}

/// Logs each damage in a line of its own, up to [`KEPT`] of them.
struct LogErrors {
    logged: usize,
}

impl Watch for LogErrors {
    fn found(&mut self, finding: &Finding) {
        if !finding.is_damage() {
            return;
        }
        if self.logged < KEPT {
            let (kind, log, what) = (finding.kind.word(), finding.log.as_deref().unwrap_or("-"), &finding.what);
            tracing::error!(kind, log, what, fault = finding.fault, "something stored is damaged");
        } else if self.logged == KEPT {
            tracing::error!("more is damaged; `sts-clearance fsck` tells all of it");
        }
        self.logged += 1;
    }
}
