//! What a server looks at before it starts: whether what it finds belongs together. Nothing is made, signed or changed
//! before.
//!
//! Each thing that is found ends the start with a sentence, unless the operator has said beforehand that it is known.
//! Some of it is only ever found because something was lost, and a server that went on would cover the loss: by an
//! empty database, by a key that nobody trusts, by a second history.
//!
//! `survey.rs` looks at what lies in the places that the settings name, `found.rs` has what can be found and the
//! sentences. What vanishes later is noticed by those who use it ([`crate::in_place`]).

mod found;
mod lock;
mod survey;

use std::time::Duration;

use found::Found;
pub use found::Known;
pub use lock::{Held, hold};
use room::Log;
pub use survey::Survey;

use crate::{
    app::{self, App},
    config::Config,
    db::{
        self, Db, Looked,
        migrations::{self, LOG_PROOFS},
    },
    domain::log,
    error::Result,
    files::Trial,
};

/// How long the database's own check may take. At about 1 GB in a second, larger databases are left to the daily check.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a first start takes from its key to its database, at most, and how often it is looked for.
const FIRST_START: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How many of the newest files are looked up.
const FILES: i64 = 20;

/// What the look at a database has shown.
pub struct Opening {
    /// With which key the server is to be opened.
    pub signing: Signing,
    /// What is damaged, if that is known.
    pub damage: Option<String>,
}

impl Opening {
    const USUAL: Self = Self { signing: Signing::Usual, damage: None };
}

/// With which key a server is to be opened.
pub enum Signing {
    /// With the one that the settings give, which is made if there is none yet.
    Usual,
    /// With none of which anything is kept: for this reason, the logs are only read.
    Nothing(String),
}

/// Looks at the database, before it is served, and at the key that signs its logs.
///
/// # Errors
///
/// Fails if something is found that is not `known`.
pub async fn look_at_database(config: &Config, survey: &Survey, known: &[Known]) -> Result<Opening> {
    let url = config.database_url();
    if survey.database == survey::Database::Missing {
        return survey.refuse_loss(config, known).map(|()| Opening::USUAL);
    }
    let db = Db::open(&url)?;
    let damage = match Db::look_over(&url, PATIENCE).await? {
        Looked::Damaged(fault) => Some(fault),
        Looked::Sound => None,
        Looked::Unfinished => {
            tracing::info!(
                "the database is too large to be looked at as a whole at the start; the daily check does so"
            );
            None
        }
    };
    if let Some(fault) = damage.clone() {
        Found::Damage { url, fault }.unless(known)?;
    }
    if migrations::is_new(&db).await? {
        survey.refuse_loss(config, known)?;
        return Ok(Opening::USUAL);
    }
    Ok(Opening { signing: look_at_key(&db, config, survey, known).await?, damage })
}

/// Refuses to begin a database where other things say that there was one. A key by itself may be of a first start that is
/// under way beside this one: it is given a moment.
///
/// # Errors
///
/// Fails if there are such things, or if they cannot be looked at.
pub async fn refuse_to_begin_anew(config: &Config) -> Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        let survey = Survey::make(config)?;
        let is_missing = survey.database == survey::Database::Missing;
        if !is_missing && !migrations::is_new(&Db::open(&config.database_url())?).await? {
            return Ok(());
        }
        let refused = survey.refuse_loss(config, &[]);
        if refused.is_ok() || !survey.has_key_alone() || waited >= FIRST_START {
            return refused;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        waited += LOOK_AGAIN;
    }
}

/// Looks whether the logs are signed with a key for which the one of this server vouches.
async fn look_at_key(db: &Db, config: &Config, survey: &Survey, known: &[Known]) -> Result<Signing> {
    if !migrations::has(db, LOG_PROOFS).await? {
        return Ok(Signing::Usual);
    }
    // Where there is no key, one that was never seen stands for the one that would be made.
    let key = match &survey.key {
        Some(key) => key.clone(),
        None => app::passing_key()?.public().to_owned(),
    };
    let roots = log::trust::roots_with(config, Some(&key));
    let Some(signers) = db.read(async move |tx| log::heads::signed_by_another(tx, roots).await).await? else {
        return Ok(Signing::Usual);
    };
    let (url, why) = (config.database_url(), format!("the logs are signed with {signers}"));
    match &survey.key {
        Some(key) => Found::OtherKey { url, signers, key: key.clone() }.unless(known)?,
        None => Found::NoKey { url, signers, file: config.log_key_file() }.unless(known)?,
    }
    Ok(Signing::Nothing(why))
}

/// Looks at what was signed, and at the file store.
///
/// # Errors
///
/// Fails if something is found that is not `known`.
pub async fn look_at_app(app: &App, known: &[Known]) -> Result<()> {
    look_at_heads(app, known).await?;
    match app.files.try_out().await {
        Trial::Passed => {}
        Trial::Failed(fault) => Found::WeakStore { directory: app.files.directory().into(), fault }.unless(known)?,
        // A full disk keeps nobody from reading.
        Trial::NotMade(error) => tracing::error!(error, "the file store takes no files at the moment"),
    }
    look_at_files(app, known).await
}

/// Looks whether the database has all that was signed, as far as this server remembers it.
///
/// # Errors
///
/// Fails if it has not, and that is not `known`.
pub async fn look_at_heads(app: &App, known: &[Known]) -> Result<()> {
    if !migrations::has(&app.db, LOG_PROOFS).await? {
        return Ok(());
    }
    let behind = log::heads::behind_what_was_signed(app).await?;
    let Some((log, why)) = behind.first() else { return Ok(()) };
    Found::Behind { logs: behind.len(), first: name(*log), why: why.clone() }.unless(known)?;
    // From here on `/readyz` says so.
    log::heads::look_over(app).await
}

fn name(log: Log) -> String {
    match log {
        Log::Platform => "the platform's log".to_owned(),
        Log::Room(room) => format!("the log of the room {room}"),
    }
}

/// Looks whether the store has any of the files that the database names last. If one of them is there, it is the right
/// store, and `fsck` names what is missing in it.
async fn look_at_files(app: &App, known: &[Known]) -> Result<()> {
    if !migrations::has_files(&app.db).await? {
        return Ok(());
    }
    let named = app.db.read(async |tx| db::files::newest_named(tx, FILES).await).await?;
    for key in &named {
        if app.files.find(key).await.is_ok() {
            return Ok(());
        }
    }
    match named.into_iter().next() {
        None => Ok(()),
        Some(first) => Found::NoFiles { directory: app.files.directory().into(), first }.unless(known),
    }
}
