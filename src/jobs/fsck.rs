//! The check of everything stored, which one of the servers on a database makes every so often.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::time;
use uuid::Uuid;

use crate::{
    app::App,
    db::{
        self,
        fsck_runs::{Due, Found},
    },
    domain::fsck::{self, Finding, Mode, Outcome, Watch},
    error::{Error, Result},
};

/// How often to look whether it is due; a server that has just started has other things to do.
const LOOK: Duration = Duration::from_mins(1);
/// A check that is not renewed for this long has ended with its server.
const LEASE: Duration = Duration::from_mins(2);
/// How often a check renews its lease.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// A check that came to no end is made again after this long.
const RETRY: Duration = Duration::from_hours(1);
/// Findings that are logged and kept.
const KEPT: usize = 100;

/// Checks whenever it is due.
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

/// Checks where that is due and no other server is about it; answers whether it did.
pub async fn check_where_due(app: &App) -> Result<bool> {
    let Some(period) = app.config.fsck_period() else { return Ok(false) };
    let (id, now, due) = (app.new_id(), app.now(), Due { period, retry: RETRY });
    if !app.db.read(async move |tx| db::fsck_runs::is_due(tx, due, now).await).await?
        || !app.db.write(async move |tx| db::fsck_runs::begin(tx, id, due, now, now.after(LEASE)).await).await?
    {
        return Ok(false);
    }
    let mut watch = LogErrors { logged: 0 };
    let Some(outcome) = keep_lease(app, id, fsck::run(app, Mode::Look, &mut watch)).await? else {
        tracing::warn!("a check of what is stored took too long to say so; another server has it");
        return Ok(false);
    };
    if let Err(error) = &outcome {
        tracing::error!(%error, "a check of what is stored came to no end; it is made again in an hour");
    }
    let (found, now) = (found(outcome)?, app.now());
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

/// Renews the lease meanwhile; none where the check has been taken for ended.
async fn keep_lease<T>(app: &App, id: Uuid, work: impl Future<Output = T>) -> Result<Option<T>> {
    let mut work = std::pin::pin!(work);
    loop {
        if let Ok(done) = time::timeout(HEARTBEAT, &mut work).await {
            return Ok(Some(done));
        }
        let until = app.now().after(LEASE);
        if !app.db.write(async move |tx| db::fsck_runs::renew(tx, id, until).await).await? {
            return Ok(None);
        }
    }
}

fn found(outcome: Result<Outcome>) -> Result<Found> {
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

/// Logs damage, one line each.
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
