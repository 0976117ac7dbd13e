//! Taking the schema back by some migrations, with an entry that says which rows this deletes.

use room::{Event, Log};

use super::{actor::Actor, operation::OpenLog};
use crate::{app::App, db::migrations, domain::log, error::Result};

/// Takes back every migration after `to`, and returns their names. Refused if that deletes rows, unless `rows_may_go`.
pub async fn take_back(app: &App, by: &Actor, to: &str, rows_may_go: bool) -> Result<Vec<&'static str>> {
    let (in_tx, by, to) = (app.clone(), by.clone(), to.to_owned());
    let (steps, files) = app
        .db
        .write(async move |tx| {
            let way = migrations::way_down(tx, &to, rows_may_go).await?;
            // Before the steps, while the tables and columns that an entry needs are still there.
            if way.log_remains && !way.steps.is_empty() {
                let event = Event::SchemaTakenBack { migrations: way.steps.clone(), rows_deleted: way.rows.clone() };
                let mut log = OpenLog::lock(tx, &in_tx, Log::Platform, &by).await?;
                log::keys::register_in(tx, &mut log).await?;
                log.append(tx, &event).await?;
            }
            let files = migrations::down(tx, &way).await?;
            Ok((way.steps, files))
        })
        .await?;
    // Files go after the commit: if they went before it and it failed, rows would name files that are gone.
    for file_url in files {
        app.files.delete(&file_url).await?;
    }
    Ok(steps)
}
