//! Taking the schema up, with the adoption of older logs, and back by some migrations, with an entry that says which
//! rows this deletes.

use room::{Event, Log, Party};
use serde_json::json;

use super::{
    actor::Actor,
    adoption::{self, Adopted},
    operation::OpenLog,
    platform_adoption,
};
use crate::{
    app::App,
    db::{
        self, Tx,
        migrations::{self, ADOPTION, LOG_PROOFS, SEVERAL_ROLES},
        projections::search,
    },
    domain::log,
    error::{Error, Result},
};

/// What bringing the schema up to date has done.
#[derive(Debug)]
pub struct BroughtUp {
    /// The names of the steps that were taken.
    pub steps: Vec<&'static str>,
    /// What became of the logs from before the last step.
    pub adopted: Adopted,
}

/// Applies every step of the schema that the database does not have, and adopts the logs that do not tell everything.
pub async fn bring_up(app: &App, by: &Actor) -> Result<BroughtUp> {
    let steps = migrations::up(&app.db, app.now()).await?;
    // Not in the transaction of the steps: each log has one of its own. If this is interrupted, the next start goes on.
    let adopted = adoption::adopt_logs(app, by, &steps).await?;
    fold_texts(app).await?;
    Ok(BroughtUp { steps, adopted })
}

/// Creates the schema of a database that has none, refuses one whose schema is not that of this program, and adopts the
/// logs that do not tell everything.
pub async fn prepare(app: &App, by: &Actor) -> Result<()> {
    migrations::prepare(&app.db, app.now()).await?;
    adoption::adopt_logs(app, by, &[]).await?;
    fold_texts(app).await
}

/// Refuses a database whose schema is not that of this program, and adopts the logs that do not tell everything.
pub async fn prepare_existing(app: &App, by: &Actor) -> Result<()> {
    migrations::check(&app.db).await?;
    adoption::adopt_logs(app, by, &[]).await?;
    fold_texts(app).await
}

/// Writes what a search finds rooms by, of those that an earlier version of the program has left without it: SQL cannot
/// fold texts.
async fn fold_texts(app: &App) -> Result<()> {
    let rooms = app.db.read(search::outdated).await?;
    if rooms.is_empty() {
        return Ok(());
    }
    let count = rooms.len();
    let write = async move |tx: &mut Tx| {
        for room in rooms {
            search::write_anew(tx, room).await?;
        }
        Ok(())
    };
    app.db.write(write).await?;
    tracing::info!(rooms = count, "folded the texts by which a search finds these rooms");
    Ok(())
}

/// Leaves each party the first of their roles, for a schema that has room for one. The logs tell it, so that they and the
/// rows agree when the schema goes up again.
async fn keep_first_roles(tx: &mut Tx, app: &App, by: &Actor) -> Result<()> {
    for room in db::parties::rooms_with_several_roles(tx).await? {
        let mut log = match OpenLog::lock(tx, app, Log::Room(room), by).await {
            // Nothing can be told in this one. Its rows lose the roles all the same.
            Err(Error::LogNotSound(_)) => continue,
            log => log?,
        };
        let parties: Vec<_> = log.room()?.parties.values().cloned().collect();
        for Party { id, email, role, roles, .. } in parties.into_iter().filter(|party| !party.roles.is_empty()) {
            let changes = json!({ "roles": { "from": roles, "to": [role] } });
            let changes = changes.as_object().cloned().unwrap_or_default();
            log.append(tx, &Event::PartyUpdated { party_id: id, email, changes }).await?;
        }
    }
    Ok(())
}

/// Takes back every migration after `to`, and returns their names. Refused if that deletes rows, unless `rows_may_go`.
pub async fn take_back(app: &App, by: &Actor, to: &str, rows_may_go: bool) -> Result<Vec<&'static str>> {
    let (in_tx, by, to) = (app.clone(), by.clone(), to.to_owned());
    let (steps, files) = app
        .db
        .write(async move |tx| {
            let way = migrations::way_down(tx, &to, rows_may_go).await?;
            // Before the steps, while the tables and columns that an entry needs are still there.
            if way.log_remains && !way.steps.is_empty() {
                let event = Event::SchemaTakenBack {
                    migrations: way.steps.iter().map(|step| (*step).into()).collect(),
                    rows_deleted: way.rows.iter().map(|(name, rows)| ((*name).into(), *rows)).collect(),
                };
                let mut log = OpenLog::lock(tx, &in_tx, Log::Platform, &by).await?;
                log::keys::register_in(tx, &mut log).await?;
                if way.steps.contains(&SEVERAL_ROLES) {
                    keep_first_roles(tx, &in_tx, &by).await?;
                }
                if way.steps.contains(&ADOPTION) {
                    adoption::end(tx, &in_tx, &by).await?;
                    platform_adoption::end(tx, &mut log).await?;
                }
                log.append(tx, &event).await?;
            }
            let files = migrations::down(tx, &way).await?;
            Ok((way.steps, files))
        })
        .await?;
    // After the commit, too: what signs the logs is gone, or the logs are, and what they become is no continuation.
    if steps.contains(&LOG_PROOFS) {
        app.heads.forget()?;
    }
    // Files go after the commit: if they went before it and it failed, rows would name files that are gone.
    for file_url in files {
        app.files.delete(&file_url).await?;
    }
    Ok(steps)
}
