//! Sealing a PDF: a real digital signature (`PAdES`), with the time of an authority where one is set up.
//!
//! The seal is kept before the file is stored, and whoever comes first has made it: so a file that is
//! made again, by another worker or in years, has the same bytes.

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

/// What the authority's clock and the server's may be apart; a stamp of another time is none of this seal.
const CLOCKS_APART: Duration = Duration::from_mins(10);
/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 300;

/// Seals the file of a snapshot, with the seal that it has, or with a new one that is kept.
pub async fn seal(app: &App, snapshot: &Snapshot, unsealed: Vec<u8>) -> Result<Vec<u8>> {
    let (id, unsealed) = (snapshot.id, Arc::new(unsealed));
    let kept = app.db.read(async |tx| db::seals::find(tx, id).await).await?;
    let other = match kept {
        Some(kept) if fits(&unsealed, &kept).await? => return put_on(unsealed, kept).await,
        // Of a file that was drawn otherwise, by another version or with other fonts, and never stored.
        other => other.map(|seal| seal.cms),
    };
    let made = make(app, &unsealed).await?;
    let keep = async move |tx: &mut db::Tx| {
        if let Some(other) = &other {
            db::seals::drop_unused(tx, id, other).await?;
        }
        db::seals::keep(tx, id, &made).await?;
        db::seals::find(tx, id).await
    };
    let kept = app.db.write(keep).await?.ok_or(Error::NotFound("snapshot"))?;
    put_on_fitting(unsealed, kept).await
}

/// The file again with the seal that was kept; the file as it is where none was.
pub async fn seal_again(app: &App, snapshot: &Snapshot, unsealed: Vec<u8>) -> Result<Vec<u8>> {
    let id = snapshot.id;
    match app.db.read(async |tx| db::seals::find(tx, id).await).await? {
        Some(kept) => put_on_fitting(Arc::new(unsealed), kept).await,
        None => Ok(unsealed),
    }
}

/// Whether the seal is one of these bytes.
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
                // Some of it may be the authority's own words.
                let why: String = why.chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect();
                tracing::warn!(why, "a report is sealed without a trusted time");
                note = Some(format!("no trusted time: {why}"));
            }
        }
    }
    let (file, made, trusted) = (Arc::clone(unsealed), seal.clone(), authorities(app)?);
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

/// Does what takes a while for a large file where nobody waits behind it.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| Error::internal(format!("the sealing failed: {error}")))?;
    done.map_err(|fault| Error::internal(format!("the file cannot be sealed: {fault}")))
}

/// The seal with the authority's time in it, or why there is none.
async fn stamp(app: &App, seal: &Seal) -> Result<Seal, String> {
    let trusted = authorities(app).map_err(|error| error.to_string())?;
    let nonce = app.nonce();
    let request = timestamp::request(seal, nonce).map_err(|fault| fault.to_string())?;
    let answer = authority::ask(&app.config.timestamp_url, request).await?;
    let stamped = timestamp::accept(seal, nonce, &answer, &trusted).map_err(|fault| fault.to_string())?;
    Ok(stamped)
}

/// The authorities whose time counts; any where none are named.
fn authorities(app: &App) -> Result<Authorities> {
    keys::authorities(&app.config)
}
