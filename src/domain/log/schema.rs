//! The schema taken back: what it deletes is told to the log that remains.

use room::{Event, Log};

use super::{actor::Actor, operation::OpenLog};
use crate::{app::App, db::migrations, domain::log, error::Result};

/// Takes back every migration after `to`; answers their names.
pub async fn take_back(app: &App, by: &Actor, to: &str, rows_may_go: bool) -> Result<Vec<&'static str>> {
    let (in_tx, by, to) = (app.clone(), by.clone(), to.to_owned());
    let (steps, files) = app
        .db
        .write(async move |tx| {
            let way = migrations::way_down(tx, &to, rows_may_go).await?;
            // Beforehand, while there is everything that an entry needs.
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
    for file_url in files {
        app.files.delete(&file_url).await?;
    }
    Ok(steps)
}
