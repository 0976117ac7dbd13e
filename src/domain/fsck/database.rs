//! Checks the database itself: its files, and the objects of its schema.

use room::Log;

use super::finding::{Finding, Kind, Location, Remedy};
use crate::{
    db::schema_objects::{self, Objects},
    domain::fsck::run::Run,
    error::{Error, Result},
};

/// Checks the database's files and the objects of its schema, before anything in it is read.
pub(super) async fn check(run: &mut Run<'_>) -> Result<()> {
    let faults = run.app.db.read_at_length(async |tx| schema_objects::self_check(tx).await).await;
    match faults {
        Ok(faults) => {
            for fault in faults {
                run.app.db.note_damage(fault.clone());
                report(run, Kind::Database, "the database's own check", fault);
            }
        }
        Err(error) if is_of_the_check(&error) => return Err(error),
        Err(error) => report(run, Kind::Database, "the database's own check", format!("it fails: {error}")),
    }
    let present = run.app.db.read_at_length(async |tx| schema_objects::present(tx).await).await?;
    match schema_objects::expected(&run.app.db).await {
        Ok(expected) => compare(run, &expected, &present),
        Err(error) if is_of_the_check(&error) => return Err(error),
        Err(error) => {
            // On PostgreSQL it takes the right to create a schema, which a careful operator may have kept.
            let fault = format!("its objects cannot be compared with what the migrations make: {error}");
            run.add(Finding { remedy: Remedy::NotNeeded, ..finding(Kind::Schema, "the schema", fault) });
        }
    }
    Ok(())
}

/// Returns whether an error says nothing of what is checked, but that the check cannot go on.
pub(super) fn is_of_the_check(error: &Error) -> bool {
    error.is_of_the_moment() || matches!(error, Error::Setup(_))
}

fn compare(run: &mut Run<'_>, expected: &Objects, present: &Objects) {
    for (name, definition) in expected {
        match present.get(name) {
            None => report(run, Kind::Schema, name, "it is missing".to_owned()),
            Some(found) if found != definition => {
                report(run, Kind::Schema, name, "it is not what the migrations make".to_owned());
            }
            Some(_) => {}
        }
    }
    // A further index or table does no harm, and may be an operator's own. A trigger changes what is written.
    for name in present.keys().filter(|name| name.starts_with("trigger ") && !expected.contains_key(*name)) {
        report(run, Kind::Schema, name, "it is not one of the schema".to_owned());
    }
}

fn finding(kind: Kind, what: &str, fault: String) -> Finding {
    let location = Location { log: Log::Platform, title: None };
    Finding { log: None, ..Finding::new(&location, kind, what, fault) }
}

fn report(run: &mut Run<'_>, kind: Kind, what: &str, fault: String) {
    run.add(finding(kind, what, fault));
}
