//! Seals a PDF with a digital signature (`PAdES`), and with the time of an authority if one is set up.
//!
//! The seal is kept in the database before the file is stored, and the first one is kept for good. A file that is made
//! again, by another worker or in years, therefore has the same bytes.

use std::{sync::Arc, time::Duration};

use room::Time;
use seal::{Authorities, Fault, Seal, timestamp};

use crate::{
    app::App,
    authority,
    db::{
        self,
        seals::{SealSays, StoredSeal},
        snapshots::Snapshot,
    },
    error::{Error, Result},
    keys,
};

/// How far the authority's clock and the server's may be apart before it is logged and noted with the seal.
const CLOCKS_APART: Duration = Duration::from_mins(10);
/// The longest reason for a missing time that is kept with a seal, in characters.
const LONGEST_REASON: usize = 300;

/// Seals the file of a snapshot with the seal that it has, or with a new one, which is stored first.
pub async fn seal(app: &App, snapshot: &Snapshot, unsealed: Vec<u8>) -> Result<Vec<u8>> {
    let (id, unsealed) = (snapshot.id, Arc::new(unsealed));
    let kept = app.db.read(async |tx| db::seals::find(tx, id).await).await?;
    let other = match kept {
        Some(kept) if fits(&unsealed, &kept).await? => return put_on(unsealed, kept).await,
        // A seal that does not fit is of a file that another version of the program, or other fonts, drew. It may be
        // replaced, but only as long as no file with it was stored.
        other => other.map(|seal| seal.cms),
    };
    // Outside of the transaction: the authority may take seconds to reply, and other writers must not wait for it.
    let made = make(app, &unsealed).await?;
    let keep = async move |tx: &mut db::Tx| {
        if let Some(other) = &other {
            db::seals::drop_unused(tx, id, other).await?;
        }
        db::seals::keep(tx, id, &made).await?;
        // Read back: if another worker stored its seal meanwhile, that one stands, and `made` is dropped.
        db::seals::find(tx, id).await
    };
    let kept = app.db.write(keep).await?.ok_or(Error::NotFound("snapshot"))?;
    put_on_fitting(unsealed, kept).await
}

/// Puts the seal that was kept on a file that was drawn again. Returns the file unchanged if the snapshot has no seal.
pub async fn seal_again(app: &App, snapshot: &Snapshot, unsealed: Vec<u8>) -> Result<Vec<u8>> {
    let id = snapshot.id;
    match app.db.read(async |tx| db::seals::find(tx, id).await).await? {
        Some(kept) => put_on_fitting(Arc::new(unsealed), kept).await,
        None => Ok(unsealed),
    }
}

/// Returns whether the seal signs these bytes. Whether its authority is trusted does not matter here.
async fn fits(unsealed: &Arc<Vec<u8>>, kept: &StoredSeal) -> Result<bool> {
    let (file, seal) = (Arc::clone(unsealed), Seal { at: kept.says.sealed_at.into(), cms: kept.cms.clone() });
    let checked = tokio::task::spawn_blocking(move || seal::check(&file, &seal, &Authorities::none())).await;
    Ok(checked.map_err(|error| Error::internal(format!("the sealing failed: {error}")))?.is_ok())
}

async fn put_on_fitting(unsealed: Arc<Vec<u8>>, kept: StoredSeal) -> Result<Vec<u8>> {
    if fits(&unsealed, &kept).await? {
        return put_on(unsealed, kept).await;
    }
    Err(Error::internal("the seal that was kept is of other bytes: the file is drawn otherwise than it was"))
}

async fn put_on(unsealed: Arc<Vec<u8>>, kept: StoredSeal) -> Result<Vec<u8>> {
    let seal = Seal { at: kept.says.sealed_at.into(), cms: kept.cms };
    aside(move || seal::apply(&unsealed, &seal)).await
}

async fn make(app: &App, unsealed: &Arc<Vec<u8>>) -> Result<StoredSeal> {
    let (identity, at, file) = (app.seal_identity()?, app.now().into(), Arc::clone(unsealed));
    let mut seal = aside(move || seal::sign(&file, &identity, at)).await?;
    let mut note = Some("no time-stamp authority is set up: the time of the seal is the server's word".to_owned());
    if !app.config.timestamp_url.is_empty() {
        match stamp(app, &seal).await {
            Ok(stamped) => (seal, note) = (stamped, None),
            Err(why) => {
                // Some of it may be the authority's own text, and it goes into the log of the room: no control
                // characters, and no more than a line or two.
                let why: String = why.chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect();
                tracing::warn!(why, "a report is sealed without a trusted time");
                note = Some(format!("no trusted time: {why}"));
            }
        }
    }
    let (file, made, trusted) = (Arc::clone(unsealed), seal.clone(), authorities(app)?);
    // What is stored about the seal is what a reader's check finds in it, not what was meant to be in it.
    let checked = aside(move || seal::check(&file, &made, &trusted)).await?;
    let told = checked.trusted_time.as_ref().map(|trusted| Time::from(trusted.time));
    if let Some(told) = told.filter(|told| told.apart(app.now()) > CLOCKS_APART) {
        tracing::warn!(%told, "the time-stamp authority's clock and this server's are apart");
        note = Some(format!("the authority's clock said {told} when the server's said {}", app.now()));
    }
    let says = SealSays {
        sealed_at: seal.at.into(),
        signer: checked.signer,
        self_made: checked.self_made,
        trusted_time: told,
        note,
    };
    Ok(StoredSeal { says, cms: seal.cms })
}

/// Runs work that takes long for a large file on a thread for blocking work, where it holds up no other request.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| Error::internal(format!("the sealing failed: {error}")))?;
    done.map_err(|fault| Error::internal(format!("the file cannot be sealed: {fault}")))
}

/// Returns the seal with the authority's time in it, or the reason why there is none.
async fn stamp(app: &App, seal: &Seal) -> Result<Seal, String> {
    let trusted = authorities(app).map_err(|error| error.to_string())?;
    // With a nonce (RFC 3161 §2.4.1), so that an older reply of the authority cannot be played back.
    let nonce = app.nonce();
    let request = timestamp::request(seal, nonce).map_err(|fault| fault.to_string())?;
    let answer = authority::ask(&app.config.timestamp_url, request).await?;
    let stamped = timestamp::accept(seal, nonce, &answer, &trusted).map_err(|fault| fault.to_string())?;
    Ok(stamped)
}

/// Returns the authorities whose time is trusted; if the configuration names none, any is.
fn authorities(app: &App) -> Result<Authorities> {
    keys::authorities(&app.config)
}
